"""One cell of a table, as a person or a spreadsheet wrote it, to its value; nothing ambiguous is guessed."""

from __future__ import annotations

import calendar
import math
import re
from datetime import date

FIRST_YEAR, LAST_YEAR = 1800, 2100  # what a case can speak of
DATE_FORM = "write YYYY-MM-DD (or YYYY-MM, or YYYY)"
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}", re.ASCII)
_WORDED = re.compile(r"(?i)[a-z]{3,9}[ -]\d{2,4}|\d{1,2}[ -][a-z]{3,9}[ -]\d{2,4}", re.ASCII)
_PARTIAL = re.compile(r"\d{1,2}(?:-\d{1,2})?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[,. \u00a0\u202f']\d{3})+", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def parse_date(text: str) -> tuple[date, date]:
    """The first and the last day that a date cell names: `2022-01` gives 1 and 31 January.

    Accepted: ISO dates and partial dates, 31.12.2021 (dots: day first), 12/31/2021 or 31/12/2021 where only one
    reading is possible. Raises ValueError saying what to write instead.
    """
    text = text.strip()
    year, month, day = _date_parts(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{text!r} lies in the year {year}, outside {FIRST_YEAR} to {LAST_YEAR}: {DATE_FORM}")
    try:
        if month is None:
            return date(year, 1, 1), date(year, 12, 31)
        if day is None:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        return date(year, month, day), date(year, month, day)
    except (ValueError, calendar.IllegalMonthError):
        raise ValueError(f"{text!r} is not a day of the calendar: {DATE_FORM}") from None


def _date_parts(text: str) -> tuple[int, int | None, int | None]:
    if len(text) > 40:
        raise ValueError(f"a date was expected: {DATE_FORM}")
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
        return int(year), int(month) if month else None, int(day) if day else None
    if found := _DAY_FIRST.fullmatch(text):
        return int(found[3]), int(found[2]), int(found[1])
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _SLASHED.fullmatch(text):
        return _slashed_parts(text, int(found[1]), int(found[3]), int(found[4]))
    raise ValueError(_why_no_date(text))


def _slashed_parts(text: str, first: int, second: int, year: int) -> tuple[int, int, int]:
    if first <= 12 and second <= 12 and first != second:
        raise ValueError(
            f"{text!r} can be read as {year}-{first:02d}-{second:02d} or {year}-{second:02d}-{first:02d}: {DATE_FORM}"
        )
    return (year, second, first) if first > 12 else (year, first, second)


def _why_no_date(text: str) -> str:
    if re.fullmatch(r"\d{5}", text, re.ASCII):
        return f"{text!r} looks like a spreadsheet's day number: format the column as text and {DATE_FORM}"
    if _SHORT_YEAR.fullmatch(text):
        return (
            f"{text!r} has a year of two digits: give the column the format YYYY-MM-DD and save again, or {DATE_FORM}"
        )
    if _WORDED.fullmatch(text):
        return f"{text!r} is a date in words (a spreadsheet may have rewritten it): {DATE_FORM}"
    return f"{text[:40]!r} is not a date: {DATE_FORM}"


def parse_span(text: str) -> tuple[date, date]:
    """First and last day of a date or an ISO span: `2014-02/2014-05`, `2000-08-18/25`, `2021-07-01/09-01`."""
    start_text, end_text = _ends(text)
    if end_text is None:
        return parse_date(start_text)
    start = parse_date(start_text)
    end = parse_date(_complete(start_text, end_text))
    if end[1] < start[0]:
        raise ValueError(f"{text!r} ends before it starts: write the earlier date first")
    return start[0], end[1]


def parse_beginning(text: str) -> tuple[date, date]:
    """The earliest and the latest day on which a date or span can have begun: `2014-02/2014-05` gives 1 and 28 February."""
    return parse_date(_ends(text)[0])


def _ends(text: str) -> tuple[str, str | None]:
    """The two sides of a span; a date alone has no second."""
    text = text.strip()
    if any(form.fullmatch(text) for form in (_SLASHED, _YEAR_FIRST, _SHORT_YEAR)):
        return text, None
    start, slash, end = text.partition("/")
    return start.strip(), end.strip() if slash else None


def _complete(start: str, end: str) -> str:
    """An ISO span may leave out of its end what its start has said: the year, or the year and the month."""
    if not _PARTIAL.fullmatch(end):
        return end
    said = start.split("-")[:1] if "-" in end else start.split("-")[:-1]
    return "-".join([*said, end])


def parse_number(text: str) -> float:
    """A finite number; a decimal comma is read where it can be nothing else (`0,47`; `1,234` is refused)."""
    text = text.strip()
    if _PLAIN.fullmatch(text):
        value = float(text)
    elif _THOUSANDS.fullmatch(text):
        raise ValueError(
            f"{text!r} has a separator that may mark thousands or decimals: write digits with a decimal point"
        )
    elif _DECIMAL_COMMA.fullmatch(text):
        value = float(text.replace(",", "."))
    else:
        raise ValueError(_why_no_number(text))
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large a number")
    return value


def _why_no_number(text: str) -> str:
    if text.startswith(("=", "@")):
        return f"{text[:40]!r} is a formula; formulas are never computed: paste its value"
    if text.startswith("#"):
        return f"{text[:40]!r} is a spreadsheet's error value: put the number, or leave the cell empty"
    if text.lower() in {"nan", "na", "n/a", "null", "none", "-", "?", "inf", "-inf"}:
        return f"{text!r} is not a number: leave the cell empty where the value is not known"
    return f"{text[:40]!r} is not a number: write digits with a decimal point"


def parse_integer(text: str) -> int:
    """A whole number; `5.0`, which spreadsheets and data frames write, is 5."""
    value = parse_number(text)
    if value != int(value):
        raise ValueError(f"{text.strip()!r} is not a whole number")
    return int(value)


def parse_yes_no(text: str) -> bool | None:
    """yes or no; empty and `unknown` are missing, never no."""
    word = text.strip().lower()
    if word in {"", "unknown"}:
        return None
    if word in {"yes", "true", "1"}:
        return True
    if word in {"no", "false", "0"}:
        return False
    raise ValueError(f"{text.strip()[:40]!r} is neither yes nor no: write yes, no, or unknown")


def parse_list(text: str) -> tuple[str, ...]:
    """The items of a cell joined by `;`."""
    return tuple(item.strip() for item in text.split(";") if item.strip())
