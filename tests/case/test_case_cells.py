"""Cells as people and spreadsheets write them: unambiguous ones are read, ambiguous ones are refused."""

import calendar
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case.reading.cells import parse_date, parse_integer, parse_list, parse_number, parse_span, parse_yes_no

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
FORMS = ("{0:%Y-%m-%d}", "{0:%d.%m.%Y}", "{0:%Y/%m/%d}", "{0.year}-{0.month}-{0.day}", "{0:%Y-%m-%d} 00:00:00")


@given(DAYS, st.sampled_from(FORMS))
def test_the_same_day_in_every_form(day, form):
    assert parse_date(form.format(day)) == (day, day)


@given(DAYS, st.sampled_from(("{0:%d/%m/%Y}", "{0:%m/%d/%Y}", "{0:%d-%m-%Y}")))
def test_slashes_are_read_only_where_one_reading_is_possible(day, form):
    text = form.format(day)
    if day.day > 12 or day.day == day.month:
        assert parse_date(text) == (day, day)
    else:
        with pytest.raises(ValueError, match=r"can be read as .* or .*: write YYYY-MM-DD"):
            parse_date(text)


@given(DAYS)
def test_partial_dates_span_their_month_and_year(day):
    first, last = parse_date(f"{day:%Y-%m}")
    assert (first.day, last.day) == (1, calendar.monthrange(day.year, day.month)[1])
    assert parse_date(f"{day:%Y}") == (date(day.year, 1, 1), date(day.year, 12, 31))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("44561", "day number"),
        ("5.1.22", "two digits"),
        ("05/01/22", "two digits"),
        ("Jan-22", "in words"),
        ("5 January 2022", "in words"),
        ("2022-13-01", "not a day of the calendar"),
        ("31.02.2021", "not a day of the calendar"),
        ("2022-00", "not a day of the calendar"),
        ("0000", "in the year 0, outside 1800 to 2100"),
        ("0025-09-16", "in the year 25, outside 1800 to 2100"),
        ("2125-09-16", "in the year 2125, outside 1800 to 2100"),
        ("=TODAY()", "not a date"),
        ("2022-01-05T13:00", "not a date"),
    ],
)
def test_what_is_no_date_says_what_to_write(text, why):
    with pytest.raises(ValueError, match=why) as caught:
        parse_date(text)
    assert "YYYY-MM-DD" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2014-02/2014-05", date(2014, 2, 1), date(2014, 5, 31)),
        ("2000-08-18/25", date(2000, 8, 18), date(2000, 8, 25)),
        ("2021-07-01/09-01", date(2021, 7, 1), date(2021, 9, 1)),
        ("2010-08/10-18", date(2010, 8, 1), date(2010, 10, 18)),
        ("1992/1997", date(1992, 1, 1), date(1997, 12, 31)),
        ("31/12/2021", date(2021, 12, 31), date(2021, 12, 31)),
        ("2021", date(2021, 1, 1), date(2021, 12, 31)),
    ],
)
def test_spans(text, first, last):
    assert parse_span(text) == (first, last)


def test_a_span_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match="ends before it starts"):
        parse_span("2021-07/2021-03")


def test_a_short_year_with_slashes_is_no_span():
    with pytest.raises(ValueError, match="two digits"):
        parse_span("15/03/05")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(number):
    assert parse_number(repr(number)) == number


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_come_back_also_as_data_frames_write_them(number):
    assert parse_integer(f"{number}") == parse_integer(f"{number}.0") == number


@pytest.mark.parametrize(
    ("text", "value"), [("0,47", 0.47), ("12,5", 12.5), ("0,345", 0.345), (" 7 ", 7.0), ("3e-05", 3e-5)]
)
def test_a_decimal_comma_is_read_where_it_can_be_nothing_else(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["1,234", "1.234.567", "12 345", "1,234,567", "1'000"])
def test_separators_that_may_mark_thousands_are_refused(text):
    with pytest.raises(ValueError, match="may mark thousands"):
        parse_number(text)


@pytest.mark.parametrize("text", ["=1+1", "@A1", "#REF!", "nan", "inf", "-", "1e999", "0x10", "1_000", "", "٣"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match=r"number|formula|error value|empty"):
        parse_number(text)


def test_a_number_with_a_point_and_three_digits_is_a_decimal_number():
    assert parse_number("1.234") == 1.234


WORDS = [("yes", True), ("No", False), ("TRUE", True), ("0", False), ("unknown", None)]


@pytest.mark.parametrize(("text", "value"), WORDS)
def test_yes_and_no(text, value):
    assert parse_yes_no(text) is value


def test_neither_yes_nor_no():
    with pytest.raises(ValueError, match="neither yes nor no"):
        parse_yes_no("maybe")


@given(st.lists(st.text("abcXYZ_-0 ", min_size=1).map(str.strip).filter(bool)))
def test_lists_come_back(items):
    assert parse_list("; ".join(items)) == tuple(items)
