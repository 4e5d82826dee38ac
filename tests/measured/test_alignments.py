"""What is assumed of two states stands beside what is measured of them, and says that it does not move."""

import pytest

from buckpass.case import load_case
from buckpass.measured.alignments import alignments_table


@pytest.fixture(scope="module")
def shown(flagship):
    return alignments_table(flagship)


def test_a_number_in_periods_has_the_votes_of_each(shown):
    """Votes of China and Russia: the UN roll-call data of the case (Voeten), 39 % alike in 1993, 82 % in 2006, 79 % in 2019."""
    rows = [r for r in shown.rows() if (r["who"], r["counts"]) == ("China", "Russia")]
    assert [r["holds"] for r in rows] == ["1991 to 1996-04-25", "1996-04-26 to 2001-06-14", "2001-06-15 to 2025"]
    assert [r["assumed"] for r in rows] == [0.3, 0.5, 0.7]
    assert rows[2]["measured"].endswith("0.753 (2001) to 0.791 (2019), most 0.824 (2006)")


def test_a_constant_says_so_and_is_counted(shown, flagship):
    constant = {(a.theatre, a.of, a.with_) for a in flagship.settings.alignments if not (a.from_ or a.to)}
    assert f"{len(constant)} of 252 in all theatres are one number for all years, 1991 to 2025" in shown.note
    assert {r["holds"] for r in shown.rows() if (r["who"], r["counts"]) == ("China", "United States")} == {"constant"}


def test_treaties_of_defence_count_while_both_are_in_them(shown):
    by = {(r["who"], r["counts"]): r["treaties"] for r in shown.rows()}
    assert by["United States", "Turkey"] == "NATO"
    assert by["China", "Russia"] == ""  # the SCO is no treaty of defence
    assert "CSTO (4 of 4 hosts)" in by["each host", "Russia"]
    balkans = {(r["who"], r["counts"]): r["treaties"] for r in alignments_table(load_case("western-balkans")).rows()}
    assert (
        balkans["each host", "United States"] == "NATO (3 of 6 hosts)"
    )  # Slovenia from 2004, Albania and Croatia from 2009


def test_what_is_not_measured_is_counted_and_not_shown(flagship):
    bare = flagship.settings.measures.model_copy(update={"alignment": ()})
    without = alignments_table(flagship.replace(settings=flagship.settings.model_copy(update={"measures": bare})))
    assert all(r["treaties"] and not r["measured"] for r in without.rows())
    assert f"{42 - len(without)} of 42 numbers here" in without.note
