"""One change is the same change in every question, or it is refused by name: every path of the catalogue, every question."""

import dataclasses
from datetime import date

import jax
import numpy as np
import polars as pl
import pytest

from buckpass.bargain.arrangement import without_enforcement
from buckpass.bargain.theatre_year import changes_of_agreement, games_in, theatre_of
from buckpass.changes import BadOverride, parse_overrides
from buckpass.changes.idle import open_only
from buckpass.changes.paths import general_paths, override_paths
from buckpass.changes.scenario import changes_of, scenario_games, scenario_setting
from buckpass.game.setting import standard_of
from buckpass.predict.drawing import coefficients_of, draw_games
from buckpass.years.play import first_games
from buckpass.years.scenario import scenario_of
from buckpass.years.world import world_of
from drawn import prior_posterior

IDS = {"<POWER>": "BBB", "<HOST>": "DDD", "<ORGANISATION>": "PACT", "<PARTY>": "AAA"}
MORE = ("AAA.capacity=20", "BBB.capacity=0.2x", "BBB.force=0", "BBB.force=6", "AAA.force=3", "PACT.mandate=members",
        "PACT.consent=consensus", "PACT.consent=majority", "PACT.members=-BBB", "request=AAA", "severity=0.8x",
        "BBB.opinion@DDD=0.3", "absent=AAA", "AAA.stake=3")  # fmt: skip
QUESTIONS = ("crisis", "years", "agreement")
FIRST = 2021


def texts_of(case, ids, honoured=None):
    """One text for every path of the case, with its example, or the low end where the example is the case's own value."""
    texts = {}
    for path in override_paths(case).values():
        example = path.example
        for mark, name in ids.items():
            example = example.replace(mark, name)
        if path.form in case.settings.parameters:
            example = f"{case.quantity(path.form).low:.17g}"
        texts[f"{path.form}={example}"] = path
    more = {text: override_paths(case)[text.partition("=")[0]] for text in MORE if case.id == "my-case"}
    return {t: p for t, p in (texts | more).items() if honoured is None or set(honoured) <= set(p.honoured)}


def read(question, case, text):
    if question == "crisis":
        return changes_of([text], case, case.settings.focus.crisis)
    return scenario_of(case, [text]) if question == "years" else changes_of_agreement(case, [text])


def test_every_path_of_the_catalogue_is_tried(toy):
    tried = {(p.attribute, bool(p.target)) for p in texts_of(toy, IDS).values()}
    assert {(p.attribute, bool(p.target)) for p in general_paths()} <= tried


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_refuses_by_name_what_it_cannot_honour(toy, question):
    for text, path in texts_of(toy, IDS).items():
        if question not in path.honoured:
            with pytest.raises(BadOverride) as refused:
                read(question, toy, text)
            assert path.form in str(refused.value)
            assert f"`buckpass {path.verbs[0]}`" in str(refused.value)


def made(case):
    """The case with a crisis of each type on the first day of the years ahead, as nobody has asked or been hit yet."""
    types, last = sorted(set(case.crises["type"])), case.crises.sort("start").row(-1, named=True)
    rows = [
        {**last, "crisis_id": kind, "type": kind, "start": date(FIRST, 1, 1), "end": None, "severity": 0.5, "asked": [],
         "help_requested": False, "own_stake": [], "assets": [], "claimants": []}
        for kind in types
    ]  # fmt: skip
    return case.replace(crises=pl.DataFrame(rows, schema=case.crises.schema), responses=case.responses.clear())


def begun_later(case):
    """The case with all of its crises begun on the first day after the record."""
    return case.replace(
        crises=case.crises.with_columns(pl.lit(date(FIRST, 1, 1)).alias("start"), pl.lit(None, pl.Date).alias("end"))
    )


def what_if_games(case, posterior, text, standard):
    """The games of a what-if in every crisis of a case, without the price of enforcement, and the names of their axes.

    No crisis has an effect of its own: in the years each is drawn when it happens.
    """
    overrides, ids = parse_overrides([text] if text else [], case), case.crises["crisis_id"].to_list()
    setting = scenario_setting(case, ids, overrides, standard)
    coefficients = without_enforcement(coefficients_of(posterior, setting))
    average = dataclasses.replace(coefficients, crisis_effect=0 * coefficients.crisis_effect)
    return scenario_games(draw_games(setting, average), setting, overrides), setting.names


def games_of_the_years(case, posterior, text):
    """The first games of the years ahead, of the cells in which nobody was asked before the change."""
    scenario = scenario_of(case, [text] if text else [], FIRST)
    world, labels = world_of(scenario, {posterior.explanation: posterior}, 3, 0)
    world = dataclasses.replace(
        world, coefficients=without_enforcement(world.coefficients),
        start=dataclasses.replace(world.start, commitments=0 * world.start.commitments),
    )  # fmt: skip
    games = jax.tree.map(lambda leaf: leaf[:: len(labels.requests)], first_games(world))
    return games, world.setting.names


def games_of_the_agreement(case, posterior, text):
    """The games of a year of the agreement, now."""
    changes = changes_of_agreement(case, [text] if text else [])
    theatre = theatre_of(case, changes, posterior, 1)
    return games_in(theatre, 0.0), theatre.setting.names


def check_same(one, other):
    """Two batches hold the same games, in single precision, whatever the vehicles of the first that nobody can use."""
    (reference, names), (games, other_names) = one, other
    kept = [names.options.index(option) for option in other_names.options]
    assert games.rungs == reference.rungs
    for name, value in vars(open_only(reference)).items():
        if name == "rungs":
            continue
        a, b = np.asarray(value), np.asarray(getattr(open_only(games), name))
        if name.endswith("_at") or name in ("is_open", "rung"):
            a, lost = a[..., kept], np.delete(a, kept, axis=-1)
            assert name != "is_open" or not lost.any(), "an option of the what-if is missing"
            b = np.broadcast_to(b, a.shape)
        assert np.allclose(a, b, rtol=2e-4, atol=2e-4), f"{name}: {a} where a what-if changes it, {b} here"


def refused_of(case, posterior, dated, games_of, texts):
    """Why some of the changes were refused, by text; the games of all others are the what-if's."""
    refused, standard = {}, standard_of(case)
    for text in texts:
        try:
            check_same(what_if_games(dated, posterior, text, standard), games_of(case, posterior, text))
        except BadOverride as reason:
            refused[text] = str(reason)
        except AssertionError as different:
            raise AssertionError(f"{text or 'no change'}: {different}") from different
    return refused


@pytest.fixture(scope="module")
def one_draw(toy):
    return prior_posterior(toy, "all", 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "dated", "games_of", "cannot"),
    [
        ("years", made, games_of_the_years, {"AAA.opinion@DDD=-0.2"}),
        ("agreement", begun_later, games_of_the_agreement, {"BBB.force=5", "BBB.force=6", "absent=AAA", "absent=BBB"}),
    ],
)
def test_a_change_is_the_same_change_of_the_games(toy, one_draw, question, dated, games_of, cannot):
    texts = ["", *texts_of(toy, IDS, ("crisis", question))]
    refused = refused_of(toy, one_draw, dated(toy), games_of, texts)
    assert set(refused) == cannot
    assert all(text in why and "`buckpass whatif`" in why for text, why in refused.items())
