"""A reader is told of a series in words: its id stands in files and in JSON alone."""

import re

import pytest

from buckpass.case import load_case
from buckpass.ledger import assess
from buckpass.measured import measure
from buckpass.measured.terminal import brief_tables, leading, share_tables
from buckpass.page.regional_map import positions_map


def ids_in(case, text):
    """Ids of series, of two words or more, in a text."""
    ids = [name for name in case.series["series"].unique() if "_" in name]
    return re.findall("|".join(rf"\b{name}\b" for name in sorted(ids)), text)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_no_table_shows_the_id_of_a_series(name):
    case = load_case(name)
    record = measure(case)
    for table in (*brief_tables(record), *share_tables(record.leaders, record.host_shares), leading(record.leaders)):
        assert ids_in(case, f"{table.title} {table.note} {table.rows()}") == [], table.title


def test_no_figure_and_no_claim_shows_the_id_of_a_series(flagship):
    shown = positions_map(flagship)
    assert ids_in(flagship, f"{shown.title} {shown.note}") == []
    for one in assess(flagship, {}).verdicts:
        said = " ".join([one.beside, one.reason, one.turns_on, *(f"{s['text']} {s['seen']}" for s in one.statements)])
        assert ids_in(flagship, said) == [], one.id


def test_a_series_without_a_name_is_told_by_the_words_of_its_id(toy):
    assert toy.series_name("trade_total") == "trade total"


@pytest.mark.slow
def test_an_amount_has_its_unit(flagship):
    for row in leading(measure(flagship).leaders).rows():
        assert row["in"]
