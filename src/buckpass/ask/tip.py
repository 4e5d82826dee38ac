"""At which value of an input an answer turns: the tipping point, draw by draw (model §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.ask.crossing import BadCrossing, Crossing, parse_crossing
from buckpass.ask.tipping_point import PhaseDiagram, Tipping
from buckpass.case import Case
from buckpass.case.problems import spelling_hint
from buckpass.changes.idle import idle_note
from buckpass.changes.in_case import present_value
from buckpass.changes.in_game import PAYOFFS
from buckpass.changes.overrides import BadOverride, Override
from buckpass.changes.paths import OverridePath, override_paths
from buckpass.changes.scenario import check_usable, scenario_games, scenario_setting
from buckpass.game import covariates
from buckpass.game.crises import Crises
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting, standard_of
from buckpass.game.solver import PRINCIPAL, solve
from buckpass.predict.drawing import drawn
from buckpass.predict.idle import idle_in
from buckpass.predict.numbers import quantities_of
from buckpass.predict.which_fits import Fits, basis_of
from buckpass.results.summary import DRAWS, Summary, interval
from buckpass.results.words import and_join

__all__ = ["BadCrossing", "Crossing", "PhaseDiagram", "Tipping", "parse_crossing", "tip", "tip_crises"]

GRID, PHASE_GRID, PHASE_DRAWS, HALVINGS = 25, 13, 50, 30
FACTORS = ("capacity", *PAYOFFS)  # inputs that are asked about as multiples of what they are
BOUNDS = {"capacity": (0.05, 4.0), "opinion": (-0.3, 0.3), **dict.fromkeys(PAYOFFS, (0.0, 4.0))}
WIDEST = 10.0  # a price put where there was none is looked for up to this many logit units


@dataclass(frozen=True)
class _Input:
    """One input that is varied: its path, whether as a factor, what it is now, the values tried, and why it moves nothing.

    still : what was found at both ends of the bounds, where no input of the game is other than it is now; else None.
    """

    path: OverridePath
    operation: Literal["set", "add", "scale"]
    present: float
    grid: np.ndarray
    still: str | None = None

    def override(self, value: float) -> Override:
        return Override(self.path, float(value), self.operation)

    @property
    def is_payoff(self) -> bool:
        return self.path.attribute in PAYOFFS

    @property
    def unit(self) -> str:
        return "times what it is" if self.operation == "scale" else self.path.unit

    def scale(self, x):
        """Coordinate in which settings change linearly: the log of a capacity, else the value itself."""
        return np.log(x) if self.path.attribute == "capacity" else np.asarray(x, float)

    def unscale(self, u):
        return np.exp(u) if self.path.attribute == "capacity" else np.asarray(u, float)


def tip(
    case: Case, posteriors: Fits, crisis: str, over: str | Sequence[str], crosses: str,
    bounds: Sequence[tuple[float, float]] | None = None, n_draws: int = DRAWS,
) -> Tipping | PhaseDiagram:  # fmt: skip
    """The value of one input (or the curve of two) at which an estimand crosses a threshold.

    Per draw the crossing nearest to the present value is found on a grid and refined by bisection to 1e-9 of its cell.

    Parameters
    ----------
    case, posteriors, crisis, n_draws : as `solve_crisis` takes them.
    over : one or two paths of `--set` that take a number: capacities and payoffs as multiples of what they are (a payoff that
        the explanation leaves at 0 as its value, in logit units), the rest as values.
    bounds : of each path, from and to (None: as far as it can go, or a few times what it is).
    crosses : the estimand and its threshold, such as "p_deploy:RUS>0.5".

    Returns
    -------
    Tipping or PhaseDiagram
        For one path, or for two.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, BadCrossing, BadOverride, UnknownName, NoEquilibriumFound
    """
    basis = basis_of(case, posteriors)
    over = (over,) if isinstance(over, str) else over
    if len(over) not in (1, 2) or len(set(over)) < len(over):
        raise BadCrossing(
            f"{len(over)} paths were given: one gives a tipping point, two different ones a phase diagram"
        )
    if bounds is not None and len(bounds) != len(over):
        raise BadCrossing(f"{len(bounds)} bounds were given for {len(over)} paths: give one pair for each, or none")
    asked = parse_crossing(crosses, case)
    case.crisis(crisis)
    play = _Play(case, basis, crisis, asked, n_draws if len(over) == 1 else min(n_draws, PHASE_DRAWS))
    size = GRID if len(over) == 1 else PHASE_GRID
    inputs = [_input(play, path, bounds[n] if bounds else None, size) for n, path in enumerate(over)]
    return _tipping(play, inputs[0]) if len(inputs) == 1 else _phase(play, inputs[0], inputs[1])


def tip_crises(
    case: Case, posteriors: Fits, crises: Sequence[str], over: str | Sequence[str], crosses: str,
    bounds: Sequence[tuple[float, float]] | None = None, n_draws: int = DRAWS,
) -> dict[str, Tipping | PhaseDiagram]:  # fmt: skip
    """`tip` of many crises; each has its own present values.

    Parameters
    ----------
    case, posteriors, over, crosses, bounds, n_draws : as `tip` takes them.
    crises : ids of crises of the case.

    Returns
    -------
    dict of str to Tipping or PhaseDiagram
        By crisis.

    Raises
    ------
    NoUsablePosterior, NotPosteriors, BadCrossing, BadOverride, UnknownName, NoEquilibriumFound
        As `tip` does.
    """
    return {crisis: tip(case, posteriors, crisis, over, crosses, bounds, n_draws) for crisis in crises}


class _Play:
    """A crisis under the draws of fits, played at any value of an input."""

    def __init__(self, case: Case, posteriors: Fits, crisis: str, asked: Crossing, n_draws: int):
        self.case, self.crisis, self.asked = case, crisis, asked
        self.standard = standard_of(case)
        self.given = drawn(case, posteriors, [crisis], (), n_draws, self.standard)
        self.n_draws = len(self.given.games.stake)

    def said(self, *more: str) -> dict[str, Any]:
        """What the answer says of its fit and its crisis, and more notes."""
        said = self.given.said(self.crisis)
        return {**said, "notes": (*said["notes"], *more)}

    def settings(self, overrides: Sequence[Sequence[Override]]) -> CrisisSetting:
        """Settings after each group of overrides, stacked on a leading axis."""
        many = [scenario_setting(self.case, [self.crisis], group, self.standard) for group in overrides]
        nameless = [one.nameless() for one in many]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *nameless)

    def games(self, settings: CrisisSetting, cell: np.ndarray, weight: np.ndarray) -> Crises:
        """One game per draw, its setting between two of those stacked."""
        return _games_between(settings, jnp.asarray(cell), jnp.asarray(weight), self.given.coefficients)

    def at(self, index: int | None, settings: CrisisSetting) -> Crises:
        """One game per draw, all at one of the settings stacked."""
        return self.games(settings, np.full(self.n_draws, index or 0), np.zeros(self.n_draws))

    def ask(self, games: Crises) -> np.ndarray:
        """The estimand of each draw's game."""
        value = quantities_of(games, solve(games, PRINCIPAL, self.given.first, self.given.setting.names))[
            self.asked.estimand
        ]
        return value[:, self.case.powers.index(self.asked.power)] if self.asked.power else value


@jax.jit
def _games_between(settings: CrisisSetting, cell, weight, coefficients: Coefficients) -> Crises:
    mixed = jax.tree.map(lambda leaf: _between(leaf, cell, weight), settings)
    severity = jnp.exp(_between(jnp.log(settings.severity), cell, weight))  # log severity is what inputs move linearly
    games = jax.vmap(crises_of)(replace(mixed, severity=severity), coefficients)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), games)


def _between(leaf, cell, weight):
    low = leaf[cell]
    if not jnp.issubdtype(leaf.dtype, jnp.floating):
        return low
    high = leaf[jnp.minimum(cell + 1, leaf.shape[0] - 1)]
    w = weight.reshape(-1, *(1 for _ in leaf.shape[1:]))
    return low + w * (high - low)


def _input(play: _Play, name: str, bounds: tuple[float, float] | None, size: int) -> _Input:
    paths = override_paths(play.case)
    if name not in paths or paths[name].value != "number":
        numbers = [form for form, path in paths.items() if path.value == "number"]
        raise BadCrossing(f"{name[:80]!r} is no number that can be varied — {spelling_hint(name, numbers)}")
    path = paths[name]
    operation = "scale" if path.attribute in FACTORS and _has_multiples(play, path) else path.operation
    present = 1.0 if operation == "scale" else present_value(play.case, play.case.crisis(play.crisis), path) or 0.0
    low, high = bounds or _bounds(play, path, operation, present)
    _check_bounds(path, operation, (low, high))
    one = _Input(path, operation, present, np.zeros(0))
    inner = np.linspace(one.scale(low), one.scale(high), size)
    if path.attribute == "alignment":  # rivalry and restraint switch where an alignment turns negative
        inner = np.unique(np.append(inner, [u for u in (-1e-9, 0.0) if low < u < high]))
    one = replace(one, grid=np.asarray(one.unscale(inner)))
    ends = [one.override(low), one.override(high)]
    try:
        check_usable(play.case, [play.crisis], ends)
    except BadOverride as bad:  # what the user typed was --over, perhaps with --between
        reasons = dict.fromkeys(reason.partition(": ")[2] for reason in bad.problems)
        raise BadOverride(f"--over {name}: {reason}" for reason in reasons) from None
    idle = idle_in(play.case, play.given, ends)[play.crisis]
    return replace(one, still=idle[0].removeprefix(ends[0].text)) if len(idle) == len(ends) else one


def _has_multiples(play: _Play, path: OverridePath) -> bool:
    """Whether multiples of an input mean something: not those of a payoff that the fit leaves at 0."""
    if path.attribute not in PAYOFFS:
        return True
    now = getattr(play.given.games, path.attribute)[:, play.case.powers.index(path.subject)]
    return bool(np.any(np.asarray(now) > 0))


def _check_bounds(path: OverridePath, operation: str, bounds: tuple[float, float]) -> None:
    low, high = bounds
    if not (low < high and np.isfinite(bounds).all()):
        raise BadCrossing(f"bounds {low:g} to {high:g} of {path.form}: give two numbers, the smaller first")
    lowest = path.low if operation != "scale" else (1e-6 if path.attribute == "capacity" else 0.0)
    highest = path.high if operation != "scale" else 1000.0
    if (lowest is not None and low < lowest) or (highest is not None and high > highest):
        raise BadOverride([f"--over {path.form}: {low:g} to {high:g} reaches outside {lowest:g} to {highest:g}"])


def _bounds(play: _Play, path: OverridePath, operation: str, present: float) -> tuple[float, float]:
    """Where an input is varied unless the user says so: as far as it can go, or a few times what it is."""
    if operation == "set" and path.attribute in PAYOFFS:
        return 0.0, WIDEST
    if path.attribute == "opinion":
        return _opinion_bounds(play, path)
    if path.attribute in BOUNDS:
        return BOUNDS[path.attribute]
    low = 0.0 if path.low is None else path.low
    high = 2 * abs(present) + 1.0 if path.high is None else path.high
    return low, min(high, max(2 * abs(present), 1.0))


def _opinion_bounds(play: _Play, path: OverridePath) -> tuple[float, float]:
    """The usual change of a share of the public, as far as there is a share to change."""
    low, high = BOUNDS["opinion"]
    known = covariates.opinion(play.case, play.case.crisis(play.crisis), path.subject)
    share = 0.5 if known is None else 1.0 / (1.0 + float(np.exp(-known)))
    return max(low, -share), min(high, 1.0 - share)


def _tipping(play: _Play, over: _Input) -> Tipping:
    now = play.ask(play.at(0, play.settings([[]])))
    if over.still is not None:
        return _found(play, over, now, np.full(play.n_draws, np.nan), np.tile(now, (len(over.grid), 1)))
    settings = play.settings([[]] if over.is_payoff else [[over.override(x)] for x in over.grid])

    def value(at: np.ndarray) -> np.ndarray:
        """The estimand with each draw's input at its own value, in the linear coordinate."""
        if over.is_payoff:
            games = play.at(0, settings)
            return play.ask(scenario_games(games, play.given.setting, [over.override(1.0)], over.unscale(at)))
        edges = over.scale(over.grid)
        cell = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2)
        return play.ask(play.games(settings, cell, (at - edges[cell]) / (edges[cell + 1] - edges[cell])))

    edges = over.scale(over.grid)
    curve = np.stack([value(np.full(play.n_draws, u)) for u in edges])
    crossing = over.unscale(_refined(play.asked, value, edges, curve, float(over.scale(over.present))))
    return _found(play, over, now, crossing, curve)


def _found(play: _Play, over: _Input, now: np.ndarray, crossing: np.ndarray, curve: np.ndarray) -> Tipping:
    crossed = crossing[np.isfinite(crossing)]
    middle = Summary(float(np.median(crossed)), *interval(crossed)) if crossed.size else None
    still = idle_note([over.path.form]) if over.still is not None else _same_everywhere(play, [over], curve)
    return Tipping(
        crisis=play.crisis, over=over.path.form, unit=over.unit, still=over.still,
        crosses=play.asked, bounds=(float(over.grid[0]), float(over.grid[-1])), present=over.present, value=middle,
        draws=crossing, share_crossing=crossed.size / crossing.size, share_holding=float(play.asked.holds(now).mean()),
        grid=over.grid, curve=curve, **play.said(*still),
    )  # fmt: skip


def _refined(
    asked: Crossing, value: Callable[[np.ndarray], np.ndarray], edges: np.ndarray, curve: np.ndarray, present: float
) -> np.ndarray:
    """Per draw, the switch of the condition nearest to the present value; NaN where there is none."""
    holds = asked.holds(curve)
    switches = holds[1:] != holds[:-1]  # cell, draw
    away = np.abs(0.5 * (edges[1:] + edges[:-1]) - present)[:, None]
    cell = np.argmin(np.where(switches, away, np.inf), axis=0)
    has = switches.any(axis=0)
    low, high, at_low = edges[cell], edges[cell + 1], np.take_along_axis(holds, cell[None], 0)[0]
    if not has.any():
        return np.full(low.shape, np.nan)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        same = asked.holds(value(middle)) == at_low
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.where(has, 0.5 * (low + high), np.nan)


def _phase(play: _Play, first: _Input, second: _Input) -> PhaseDiagram:
    both = (first, second)
    pairs = [
        [one.override(at) for one, at in zip(both, pair, strict=True) if one.still is None]
        for pair in product(first.grid, second.grid)
    ]
    groups = {tuple(o.text for o in pair): pair for pair in pairs}  # alike where an input moves nothing
    of_settings = {key: [o for o in pair if o.attribute not in PAYOFFS] for key, pair in groups.items()}
    keys = {tuple(o.text for o in group): group for group in of_settings.values()}  # payoffs change no setting
    settings, index = play.settings(list(keys.values())), {key: n for n, key in enumerate(keys)}
    found = {}
    for key, pair in groups.items():
        games = play.at(index[tuple(o.text for o in of_settings[key])], settings)
        found[key] = float(play.ask(scenario_games(games, play.given.setting, pair)).mean())
    means = [found[tuple(o.text for o in pair)] for pair in pairs]
    mean = np.array(means).reshape(len(first.grid), len(second.grid))
    still = [one.path.form + one.still for one in both if one.still is not None]
    return PhaseDiagram(
        crisis=play.crisis, over=(first.path.form, second.path.form),
        units=(first.unit, second.unit), crosses=play.asked, grids=(first.grid, second.grid), mean=mean,
        contour=_contour(mean - play.asked.threshold, first.grid, second.grid),
        **play.said(*idle_note(still), *_same_everywhere(play, both, mean.reshape(-1, 1))),
    )  # fmt: skip


def _same_everywhere(play: _Play, over: Sequence[_Input], found: np.ndarray) -> Iterator[str]:
    """That the measure [value of the inputs, draw] is the same at every value of inputs that do move the game."""
    moving = [one.path.form for one in over if one.still is None]
    if not moving or np.ptp(found, axis=0).any():
        return
    held = "what it is in each draw" if np.ptp(found) else f"{found[0, 0]:.3g}"
    verb = "is" if len(moving) == 1 else "are"
    yield f"{play.asked.measure} is {held} whatever {and_join(moving)} {verb}, though that changes the game."


def _contour(level: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Points where the level is 0 on the grid's lines, by linear interpolation."""
    points = []
    for i, j in np.ndindex(len(x), len(y) - 1):
        a, b = level[i, j], level[i, j + 1]
        if a * b < 0:
            points.append((float(x[i]), float(y[j] + (y[j + 1] - y[j]) * a / (a - b))))
    for i, j in np.ndindex(len(x) - 1, len(y)):
        a, b = level[i, j], level[i + 1, j]
        if a * b < 0:
            points.append((float(x[i] + (x[i + 1] - x[i]) * a / (a - b)), float(y[j])))
    return tuple(sorted(points))
