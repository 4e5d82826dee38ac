"""A fit in which the patron moves first is answered as it was fitted, or refused by name; never as if all moved at once."""

import re
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import buckpass
from buckpass.ask.explain import explain
from buckpass.ask.solve import solve_crises, solve_crisis
from buckpass.ask.tip import tip
from buckpass.ask.whatif import whatif
from buckpass.bargain import agreement
from buckpass.case import Claim, load_case
from buckpass.changes import parse_overrides
from buckpass.evidence.comparing import compare
from buckpass.evidence.predictive_checks import predictive_checks
from buckpass.evidence.studies.decisive_cases import decisive_cases
from buckpass.evidence.studies.power_study import power_study
from buckpass.fitting.layout import EFFECT
from buckpass.game.order import first_mover, patron_first
from buckpass.game.payoffs import crises_of
from buckpass.game.setting import setting_of
from buckpass.ledger.ledger import assess_claim
from buckpass.model.coefficients import coefficients_from
from buckpass.page.what_ifs import card_what_ifs
from buckpass.predict.rung_probabilities import rung_probabilities
from buckpass.predict.which_fits import OrderNotPlayed
from buckpass.years import Plan, simulate
from buckpass.years.backtest import backtest
from buckpass.years.baseline import play
from drawn import prior_posterior
from made_posteriors import posterior_of, prior_sites

CRISIS, DRAWS = "kz_jan_2022", 6


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.fixture(scope="module")
def led(case):
    """Free riding, as if it had been fitted with the patron first.

    Others' work counts in full, and neither rungs nor names are worth anything by themselves: so the order matters.
    """
    sites = prior_sites(case, "FR", 2 * DRAWS)
    nothing = {name: 0 * sites[name] for name in ("rung.payoff", "stake.power", "cost.power")}
    plain = posterior_of(case, "FR", {**sites, **nothing, "kappa": 0 * sites["kappa"] + 1})
    return replace(plain, order="patron first")


@pytest.fixture(scope="module")
def together(led):
    """The same draws as if they had been fitted with all moving at once."""
    return replace(led, order="simultaneous")


def rungs(case, fit, n_draws=DRAWS):
    return [p.expected_rung.mean for p in solve_crisis(case, fit, CRISIS, (), n_draws).powers]


@pytest.mark.slow
def test_solve_gives_the_number_of_the_game_that_was_fitted(case, led, together):
    setting = setting_of(case)
    at = setting.names.crises.index(CRISIS)
    one = {name: jnp.asarray(draws) for name, draws in led.flat(DRAWS).items() if name != EFFECT}
    games = jax.vmap(lambda values: crises_of(setting, coefficients_from(setting, values)))(one)
    games = jax.tree.map(lambda a: a[:, at], games)
    played = patron_first(games, jnp.full(DRAWS, first_mover(setting)[at]))
    by_hand = np.asarray(jnp.sum(games.rung * played.strategy, axis=-1)).mean(0)
    np.testing.assert_allclose(rungs(case, led), by_hand, atol=1e-8)
    assert abs(rungs(case, led)[0] - rungs(case, together)[0]) > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("order", ["simultaneous", "patron first"])
def test_a_null_what_if_is_exactly_zero_under_both_orders(case, led, together, order):
    fit = led if order == "patron first" else together
    changes = parse_overrides(["RUS.capacity=1x", "severity=1x", "CHN.stake=1x"], case, CRISIS)
    found = whatif(case, fit, CRISIS, changes, DRAWS)
    assert found.is_null
    for power in found.powers:
        for change in (power.expected_rung.difference, power.residual.difference, power.payoff.difference, power.own):
            assert (change.mean, change.low, change.high) == (0.0, 0.0, 0.0)


@pytest.mark.slow
def test_channels_and_parts_add_up_where_the_patron_moves_first(case, led):
    changed = whatif(case, led, CRISIS, parse_overrides(["RUS.capacity=0.5x"], case, CRISIS), DRAWS)
    for power in changed.powers:
        sum_of_channels = power.own.mean + power.through_others.mean
        assert sum_of_channels == pytest.approx(power.expected_rung.difference.mean, abs=1e-12)
    gap = explain(case, led, CRISIS, "CHN", "RUS", DRAWS)
    assert sum(part.mean for part in gap.parts.values()) == pytest.approx(gap.gap.mean, abs=1e-12)


@pytest.mark.slow
def test_a_held_patron_is_answered_alike_under_both_orders(case, led, together):
    """When the first move is fixed nothing is left of the order: everybody answers the same act."""
    held = parse_overrides(["RUS.force=4"], case, CRISIS)
    one, other = (solve_crisis(case, fit, CRISIS, held, DRAWS).as_dict() for fit in (led, together))
    for a, b in zip(one["powers"], other["powers"], strict=True):
        for number in ("expected_rung", "residual", "payoff", "buck_passed"):
            assert a[number] == pytest.approx(b[number], abs=1e-8)
    assert one["p_stabilised"] == pytest.approx(other["p_stabilised"], abs=1e-9)


@pytest.mark.slow
def test_a_crisis_without_a_patron_does_not_care_who_would_move_first(case, led, together):
    crisis = next(
        c for c, first in zip(setting_of(case).names.crises, first_mover(setting_of(case)), strict=True) if first < 0
    )
    one, other = (solve_crises(case, fit, [crisis, CRISIS], (), DRAWS)[crisis] for fit in (led, together))
    assert one.p_stabilised.mean == pytest.approx(other.p_stabilised.mean, abs=1e-9)


OBEY = {
    "solve": lambda case, fit: rungs(case, fit),
    "whatif": lambda case, fit: [p.expected_rung.difference.mean for p in whatif(
        case, fit, CRISIS, parse_overrides(["RUS.capacity=0.5x"], case, CRISIS), DRAWS).powers],
    "tip": lambda case, fit: tip(case, fit, CRISIS, ["RUS.stake"], "expected_rung:CHN>1.5", n_draws=DRAWS).curve.mean(1),
    "explain": lambda case, fit: [p.mean for p in explain(case, fit, CRISIS, "CHN", "RUS", DRAWS).parts.values()],
    "cards": lambda case, fit: [w.rider.mean for w in card_what_ifs(case, fit, 2)[CRISIS]],
    "rung probabilities": lambda case, fit: rung_probabilities(setting_of(case, [CRISIS]), fit, DRAWS).mean(0).ravel(),
    "claims": lambda case, fit: _claim(
        case, fit, name="model.free_riding_index", power="CHN", theatre="central_asia"),
    "agreement": lambda case, fit: [p.p_keeps + (p.slack or (0,))[0] for p in agreement(
        case, {"FR": fit}, n_draws=DRAWS, years_ahead=(0,)).parties],
}  # fmt: skip
SLOW = ("tip", "cards", "claims", "agreement", "rung probabilities")  # each compiles a game of another size
REFUSE = {
    "solve --all": lambda case, fit, out: solve_crisis(case, fit, CRISIS, (), DRAWS, branch="all"),
    "futures": lambda case, fit, out: simulate(case, {"FR": fit}, (), Plan(years=1, histories=1)),
    "years of the dashboard": lambda case, fit, out: play(case, {"FR": fit}, ("RUS.capacity=0.9x",), 1),
    "backtest": lambda case, fit, out: backtest(case, {"FR": fit}, histories=1),
    "checks": lambda case, fit, out: predictive_checks(case, {"FR": fit}, n_draws=2),
    "compare": lambda case, fit, out: compare(case, {"FR": fit}).tables(),
    "decisive cases": lambda case, fit, out: decisive_cases(case, {"FR": fit, "BL": prior_posterior(case, "BL")}),
    "power study": lambda case, fit, out: power_study(case, fit, out),
}


def _claim(case, fit, **estimand):
    """Value of a claim that asks this of the model."""
    about = {"id": "T1", "text": "a sentence", "short": "short", "kind": "causal", "family": "model"}
    claim = Claim.model_validate({**about, "estimand": estimand, "expect": {"above": 0}})
    return [assess_claim(case, claim, {"FR": fit}).value]


@pytest.mark.parametrize("path", [pytest.param(p, marks=pytest.mark.slow) if p in SLOW else p for p in OBEY])
def test_what_is_answered_follows_the_order(case, led, together, path):
    one, other = (np.asarray(OBEY[path](case, fit), float) for fit in (led, together))
    assert np.abs(one - other).max() > 1e-5


@pytest.mark.parametrize("path", REFUSE)
def test_what_has_all_move_at_once_refuses_the_fit_by_name(case, led, tmp_path, path):
    with pytest.raises(OrderNotPlayed, match="FR was fitted with the patron first"):
        REFUSE[path](case, led, tmp_path / "study")


def test_draws_are_taken_in_one_place():
    """Whoever plays draws goes through `predict.drawing`, which obeys the order, or refuses: the years ahead and studies do.

    The others read draws as numbers and play nothing.
    """
    root = Path(buckpass.__file__).parent
    takers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"\.flat\(|\bcoefficients_of\(", path.read_text("utf-8")) and path.parent.name != "fitting"
    }
    read_only = {
        "evidence/studies/gathering.py", "evidence/identification.py", "evidence/term_summaries.py", "years/baseline.py",
    }  # fmt: skip
    assert takers - read_only == {
        "predict/drawing.py",
        "page/live_data.py",
        "years/world.py",
        "evidence/studies/power_study.py",
    }
