"""Relations that begin or end within the years ahead hold in their years, and forces that were sent away stay away."""

from datetime import date

import numpy as np
import pytest
from test_histories import TILE, YEARS, all_histories, played

from buckpass.case import Case
from buckpass.case.schema import Access, Alignment, Mandate
from buckpass.game.covariates import COLUMN
from buckpass.years.arrivals import past_of
from buckpass.years.grid import Grid, grid_of
from buckpass.years.indicators import BY_POWER
from buckpass.years.run import Plan, simulate
from buckpass.years.scenario import scenario_of
from buckpass.years.spells import relations_on, spells_of
from buckpass.years.tiles import play_tiles
from buckpass.years.world import world_of
from made_posteriors import said_of

FIRST = 2021
SHUT = {"power": "AAA", "host": "DDD", "act": "expelled", "from": "2023-06-01", "to": "2025-12-31"}
REQUESTS = ((), ("AAA",), ("PACT",))


def with_access(case: Case, *entries: dict) -> Case:
    access = tuple(Access.model_validate(entry) for entry in entries)
    return case.replace(settings=case.settings.model_copy(update={"access": access}))


def grid(case: Case) -> Grid:
    return grid_of(past_of(case, FIRST), REQUESTS, spells_of(case, FIRST, YEARS))


def by_spell(found: Grid, numbers) -> np.ndarray:
    """[spell, cell, power, …]"""
    array = np.asarray(numbers)
    return array.reshape(len(found.spells), -1, *array.shape[1:])


def may_deploy(found: Grid, power: int = 0) -> list[bool]:
    may = np.asarray(found.setting.is_open) & (np.asarray(found.setting.deploys_at) > 0)
    return [bool(spell[:, power].any()) for spell in by_spell(found, may)]


def test_a_spell_begins_where_a_relation_holds_on_new_years_day_that_did_not_a_year_before(toy):
    assert spells_of(toy, FIRST, YEARS) == (2021,)
    assert spells_of(with_access(toy, SHUT), FIRST, YEARS) == (2021, 2024, 2026)
    assert spells_of(with_access(toy, SHUT), FIRST, 4) == (2021, 2024)
    assert spells_of(with_access(toy, SHUT | {"from": "2024-01-01", "to": "2024-12-31"}), 2024, 8) == (2024, 2025)
    assert spells_of(
        with_access(toy, {k: v for k, v in SHUT.items() if k != "to"} | {"act": "withdrew"}), FIRST, 9
    ) == (2021,)


def test_a_closure_holds_from_its_first_to_its_last_year(toy):
    assert may_deploy(grid(with_access(toy, SHUT))) == [True, False, True]
    assert may_deploy(grid(with_access(toy, SHUT)), 1) == [True] * 3
    assert may_deploy(grid(with_access(toy, {k: v for k, v in SHUT.items() if k != "to"}))) == [True, False]
    assert may_deploy(grid(with_access(toy, SHUT | {"from": "2019-01-01", "to": "2022-06-30"}))) == [False, True]


def test_forces_that_were_sent_away_or_left_do_not_come_back_by_themselves(toy):
    def bases(case: Case) -> list[float]:
        found = grid(case)
        return by_spell(found, found.setting.covariates)[:, 0, 0, COLUMN["base"]].tolist()

    (there,) = bases(toy)
    there, shut, after = (*bases(with_access(toy, SHUT)), there)[:3]
    assert there > shut == after
    left = {"power": "AAA", "host": "DDD", "act": "withdrew", "from": "2018-01-01"}
    assert bases(with_access(toy, left)) == [after]
    assert bases(with_access(toy, left | {"from": "2015-01-01"})) == [there]  # the crisis of 2016 found it there again


def test_a_host_asks_no_power_to_which_it_is_closed(toy):
    found = grid(with_access(toy, SHUT))
    asked = by_spell(found, found.setting.covariates)[..., COLUMN["asked"]].reshape(3, -1, len(REQUESTS), 2)
    assert asked[:, :, 1, 0].all(axis=1).tolist() == [True, False, True]
    assert not asked[1, :, 1].any()
    other = grid(with_access(toy, SHUT | {"power": "BBB"}))
    kept = by_spell(other, other.setting.covariates)[..., COLUMN["asked"]].reshape(3, -1, len(REQUESTS), 2)
    assert kept[:, :, 1, 0].all()


@pytest.mark.slow
def test_the_power_deploys_in_no_history_while_it_is_shut_out_and_may_again_after(toy, posteriors):
    case = with_access(toy, SHUT)
    (rung,) = (world[BY_POWER.index("rung")] for world in played(case, posteriors))
    sent = [(year >= case.rungs.deployment).sum() for year in rung[:, :, 0]]
    assert [n > 0 for n in sent] == [True, True, True, False, False, True, True, True]
    (free,) = (world[BY_POWER.index("rung")] for world in played(toy, posteriors))
    assert np.array_equal(rung[:3], free[:3])  # nothing of it is felt before it begins


@pytest.mark.slow
def test_one_spell_is_played_as_years_without_dates_are(toy, posteriors):
    """A closure throughout is that of the first day, whether its end lies beyond the years or nowhere."""
    ends = with_access(toy, SHUT | {"from": "2020-01-01", "to": "2040-01-01"})
    lasts = with_access(toy, {k: v for k, v in SHUT.items() if k != "to"} | {"from": "2020-01-01"})
    one, other = (played(case, posteriors)[0] for case in (ends, lasts))
    assert np.array_equal(one, other)


def test_relations_on_a_day_are_those_that_hold_then(toy):
    pair = next(a for a in toy.settings.alignments if a.of == "BBB")
    first, then = (Alignment.model_validate(pair.model_dump(by_alias=True) | more) for more in
                   ({"to": date(2022, 3, 1), "value": 0.5, "low": None, "high": None},
                    {"from": date(2022, 3, 2), "value": -0.5, "low": None, "high": None}))  # fmt: skip
    others = tuple(a for a in toy.settings.alignments if a is not pair)
    pact = toy.settings.organisations[0]
    mandates = tuple(Mandate.model_validate({"hosts": "any", "types": "any"} | more) for more in
                     ({"to": "2023-12-31"}, {"from": "2024-01-01", "to": "2026-12-31"}))  # fmt: skip
    bodies = (
        pact.model_copy(update={"mandates": mandates, "ended": date(2025, 5, 5)}),
        *toy.settings.organisations[1:],
    )
    case = toy.replace(
        settings=toy.settings.model_copy(update={"alignments": (*others, first, then), "organisations": bodies})
    )
    assert spells_of(case, FIRST, YEARS) == (2021, 2023, 2024, 2026, 2027)
    where = (pair.theatre, "BBB", pair.with_, date(FIRST, 1, 1))
    assert [relations_on(case, date(y, 1, 1)).alignment(*where) for y in (2021, 2023)] == [0.5, -0.5]
    members = [relations_on(case, date(y, 1, 1)).members(pact.id, date(FIRST, 1, 1)) for y in (2024, 2026)]
    assert members == [pact_members(toy, pact.id), ()]
    covers = [relations_on(case, date(y, 1, 1)).organisation(pact.id).mandate(date(FIRST, 1, 1)) for y in (2024, 2027)]
    assert [m is not None for m in covers] == [True, False]


def pact_members(case: Case, organisation: str) -> tuple[str, ...]:
    return case.members(organisation, date(FIRST, 1, 1))


def test_the_worlds_of_a_dated_case_have_as_many_spells_as_their_years_need(toy, posteriors):
    case = with_access(toy, SHUT)
    world, labels = world_of(scenario_of(case, (), FIRST), posteriors, YEARS, 4)
    assert world.spell.tolist() == [0, 0, 0, 1, 1, 2]
    alone, _ = world_of(scenario_of(toy, (), FIRST), posteriors, YEARS, 4)
    assert world.asked.shape[0] == 3 * alone.asked.shape[0]
    tiles = list(play_tiles([world], 4, YEARS, TILE, 1))
    assert all(np.isfinite(one).all() for one in all_histories(tiles, 0)[0])
    assert labels.kinds == _labels(toy, posteriors).kinds


def _labels(case, posteriors):
    return world_of(scenario_of(case, (), FIRST), posteriors, YEARS, 4)[1]


def test_the_years_say_when_other_relations_begin_to_hold(toy, posteriors):
    plan, dated = Plan(years=YEARS, histories=10, seed=4, first_year=FIRST), with_access(toy, SHUT)
    told = "Other dated relations hold from 2024, 2026 on."
    assert told in simulate(dated, said_of(dated, posteriors), plan=plan).notes
    assert simulate(toy, posteriors, plan=plan).notes == ()


@pytest.mark.parametrize("text", ["AAA.access@DDD=open", "AAA.access@DDD=closed"])
def test_what_is_set_holds_in_every_year(toy, posteriors, text):
    changed = scenario_of(with_access(toy, SHUT), (text,), FIRST).case
    assert may_deploy(grid(changed)) == [text.endswith("open")]
