"""Mandates, memberships and alignments hold from a day to a day, and the record and its games ask what held when."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case import load_case
from buckpass.case.difference import diff_cases
from buckpass.case.reading.reach import eligible_crises
from buckpass.case.schema import Period, in_force
from buckpass.changes import parse_overrides
from buckpass.changes.in_case import changed_case
from buckpass.game.setting import setting_of

CHANGE = date(2012, 1, 1)
ENTRY = """
theatre = "valley"
of = "AAA"
with = "BBB"
"""
LATER = "[[alignments]]" + ENTRY + 'from = 2012-01-01\nvalue = -0.4\nlabel = "assumed"\nreason = "they fell out"\n\n'
MANDATE = 'mandate = { hosts = "members", types = "any"'
TWO_MANDATES = """mandate = [
  { to = 2011-12-31, hosts = "members", types = ["insurgency_incursion"], reason = "attack from outside" },
  { from = 2012-01-01, hosts = "members", types = "any", reason = "unrest at home as well" },
]
"""


@pytest.fixture
def dated(folder):
    """The starting case in which one pair falls out in 2012 and the pact's mandate is widened in that year."""
    text = (folder / "case.toml").read_text("utf-8")
    lines = [TWO_MANDATES.rstrip() if line.startswith(MANDATE) else line for line in text.splitlines()]
    text = "\n".join(lines) + "\n"
    assert text.count(ENTRY) == 1
    assert "from = 2012-01-01, hosts" in text
    (folder / "case.toml").write_text(text.replace(ENTRY, ENTRY + "to = 2011-12-31\n") + "\n" + LATER, "utf-8")
    return load_case(folder)


def test_an_alignment_is_that_of_the_day(dated):
    assert dated.alignment("valley", "AAA", "BBB", CHANGE - timedelta(days=1)) == 0.3
    assert dated.alignment("valley", "AAA", "BBB", CHANGE) == -0.4


def test_games_take_the_alignment_of_the_day_on_which_the_crisis_began(dated):
    setting, powers = setting_of(dated), dated.powers
    starts = [dated.crisis(crisis)["start"] for crisis in setting.names.crises]
    found = np.asarray(setting.alignment)[:, powers.index("AAA"), powers.index("BBB")]
    assert found == pytest.approx([0.3 if start < CHANGE else -0.4 for start in starts])
    assert len(set(found.tolist())) == 2


def test_an_organisation_could_act_only_where_its_mandate_of_the_day_reached(dated, folder):
    assert dated.organisation("PACT").mandate(CHANGE).types == "any"
    reached = eligible_crises(dated, "PACT")
    for crisis in eligible_crises(dated, "PACT", "membership"):
        row = dated.crisis(crisis)
        assert (crisis in reached) == (row["start"] >= CHANGE or row["type"] == "insurgency_incursion")
    assert 0 < len(reached) < len(eligible_crises(dated, "PACT", "membership"))


def test_the_game_has_the_option_only_under_the_mandate_of_the_day(dated):
    setting = setting_of(dated)
    by_pact = setting.names.options.index("5@PACT")
    for c, crisis in enumerate(setting.names.crises):
        opened = bool(np.asarray(setting.is_open)[c, :, by_pact].any())
        assert opened == (crisis in eligible_crises(dated, "PACT")), crisis


def test_a_changed_alignment_is_changed_in_each_period(dated):
    crises = [dated.crisis(c) for c in dated.crises["crisis_id"]]
    changes = parse_overrides(["AAA.alignment@BBB=0.9"], dated, crises[0]["crisis_id"])
    after = changed_case(dated, crises, changes)
    assert [a.value for a in after.alignments("valley", "AAA", "BBB")] == [0.9, 0.9]


def test_periods_of_one_relation_are_told_apart_where_cases_differ(dated, folder):
    other = dated.settings.alignments[0].model_copy(update={"value": -0.9})
    changed = dated.replace(
        settings=dated.settings.model_copy(update={"alignments": (other, *dated.settings.alignments[1:])})
    )
    found = [(d.key, d.field, d.a, d.b) for d in diff_cases(dated, changed).differences]
    assert found == [("alignments[valley AAA BBB]", "value", "0.3", "-0.9")]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), st.integers(-10, 2600))
def test_periods_that_follow_each_other_hold_one_at_a_time(lengths, day):
    first, ends = date(2000, 1, 1), np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    periods = [
        Period.model_validate({"from": first + timedelta(days=a), "to": first + timedelta(days=b - 1)})
        for a, b in zip(starts, ends, strict=True)
    ]
    on = first + timedelta(days=day)
    holding = [p for p in periods if p.holds(on)]
    assert len(holding) == (0 <= day < ends[-1])
    assert in_force(periods, on) == (holding[0] if holding else None)
