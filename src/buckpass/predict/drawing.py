"""Crises under the draws of a fit: drawn, changed and solved, in the order of moves that it was made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

import equinox as eqx
import jax
import numpy as np
import polars as pl
from jaxtyping import ArrayLike, Float

from buckpass.case import Case
from buckpass.changes.overrides import Override
from buckpass.changes.scenario import scenario_games, scenario_setting
from buckpass.fitting.layout import EFFECT
from buckpass.fitting.posterior import Posterior
from buckpass.game.arrays import at_host
from buckpass.game.crises import Crises
from buckpass.game.order import first_mover
from buckpass.game.payoffs import Coefficients, crises_of, plain_coefficients
from buckpass.game.setting import CrisisSetting, Standard
from buckpass.game.solver import PRINCIPAL, Solved, SolverSettings, solve
from buckpass.model.coefficients import coefficients_from
from buckpass.model.places import PLACES
from buckpass.model.terms import entering, shape_of, terms
from buckpass.predict.which_fits import Basis, Fits, basis_of
from buckpass.results.summary import DRAWS

__all__ = ["Drawn", "coefficients_of", "draw", "draw_games", "drawn", "first_movers"]

SETTINGS = 4  # of which the games are kept that are the same under every draw


@dataclass(frozen=True)
class Drawn:
    """Some crises under draws of the fit of a basis.

    games : one of every crisis under every draw; draw-major: game d · n_crises + c is draw d of crisis c.
    first : position of the power that moves first in each game, None where all move at once. given : by crisis, what its game
    does not explain, in words.
    """

    basis: Basis
    setting: CrisisSetting
    coefficients: Coefficients
    games: Crises
    n_draws: int
    first: np.ndarray | None
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    case_hash: str = ""

    @property
    def crises(self) -> tuple[str, ...]:
        return self.setting.names.crises

    def said(self, crisis: str) -> dict[str, Any]:
        """What every answer about a crisis says of the fit that it rests on, and of what its game leaves out."""
        fit = self.basis.fit
        return {
            "explanation": self.basis.name, "weights": self.basis.weights, "notes": (*self.basis.notes, *self.given.get(crisis, ())),
            "n_draws": self.n_draws, "seed": fit.seed, "case_hash": self.case_hash,
            "record_hash": fit.case_hash,
        }  # fmt: skip

    def under(self, setting: CrisisSetting, overrides: Sequence[Override] = ()) -> Drawn:
        """The same draws in another setting of the crises, or of some of them, and with payoffs and actions changed."""
        own = self.coefficients if setting.names.crises == self.crises else self._effects_of(setting.names.crises)
        games = scenario_games(draw_games(setting, own), setting, overrides)
        first = first_movers(self.basis, self.n_draws, setting)
        return replace(self, setting=setting, coefficients=own, games=games, first=first)

    def _effects_of(self, crises: Sequence[str]) -> Coefficients:
        """The coefficients with the effects of some of the crises."""
        effects = np.asarray(self.coefficients.crisis_effect)[:, [self.crises.index(c) for c in crises]]
        return eqx.tree_at(lambda c: c.crisis_effect, self.coefficients, effects)

    def solved(self, settings: SolverSettings = PRINCIPAL) -> Solved:
        """Who does what in every game; raises `NoEquilibriumFound`."""
        return solve(self.games, settings, self.first, self.setting.names)

    def of(self, crisis: int, values):
        """One crisis's part of anything whose leading axis is that of the games."""
        return jax.tree.map(lambda a: a[crisis :: len(self.crises)], values)

    def by_draw(self, values: Float[ArrayLike, "dc ..."]) -> np.ndarray:
        """A result of the games as [draw, crisis, …]."""
        array = np.asarray(values)
        return array.reshape(-1, len(self.crises), *array.shape[1:])


def drawn(
    case: Case, given: Fits, crises: Sequence[str], overrides: Sequence[Override] = (), n_draws: int = DRAWS,
    standard: Standard | None = None,
) -> Drawn:  # fmt: skip
    """The named crises under draws of the fit that answers, after the overrides; the same draws whatever the overrides.

    Raises
    ------
    NoUsablePosterior, UnknownName, BadOverride
    """
    basis = basis_of(case, given)
    found = draw(basis, scenario_setting(case, crises, overrides, standard), n_draws, overrides)
    return replace(found, given=_taken_as_given(case, crises, basis.fit), case_hash=case.hash)


def _taken_as_given(case: Case, crises: Sequence[str], fit: Posterior) -> dict[str, tuple[str, ...]]:
    """By crisis, in words: what powers did against its government, which no game explains, who does not play in it, and where
    the fit has not seen it.
    """
    acts = case.acts(direction="against").filter(pl.col("crisis").is_in(list(crises)) & (pl.col("rung") > 0))
    against: dict[str, dict[str, None]] = {}
    for crisis, actor, step in acts.select("crisis", "actor", "rung").iter_rows():
        against.setdefault(crisis, {})[f"{actor} {case.settings.against.names[step]}"] = None
    seen = set(map(str, fit.score("crisis")))
    rows = {crisis: case.crisis(crisis) for crisis in crises}
    return {
        crisis: (
            *(f"{reason}." for power in case.powers if (reason := case.why_not_playing(power, row))),
            *([] if crisis in seen else [_unseen(case, row)]),
            *([f"Acts against the government are taken as given, not explained: {', '.join(told)}."]
              if (told := against.get(crisis)) else []),
        )
        for crisis, row in rows.items()
    }  # fmt: skip


def _unseen(case: Case, crisis: Mapping[str, Any]) -> str:
    """That the fit has not seen a crisis, why, and what its game lacks where its theatre has no alignments."""
    theatre = case.theatre(crisis["theatre"])
    why = "" if theatre.in_fit else f": its theatre, {theatre.id}, is measured only, and not in the fit"
    bare = not any(one.theatre == theatre.id for one in case.settings.alignments)
    lacks = f" {theatre.id} has no alignments, so nobody counts another's effort there." if bare else ""
    return f"The fit has not seen {crisis['crisis_id']}{why}; how it differs from others is drawn.{lacks}"


def draw(basis: Basis, setting: CrisisSetting, n_draws: int | None, overrides: Sequence[Override] = ()) -> Drawn:
    """The crises of a setting under evenly spaced draws of the fit (None: all)."""
    whole = coefficients_of(basis.fit, setting, n_draws)
    games = scenario_games(draw_games(setting, whole), setting, overrides)
    count = int(whole.kappa.shape[0])
    return Drawn(basis, setting, whole, games, count, first_movers(basis, count, setting))


def first_movers(basis: Basis, n_draws: int, setting: CrisisSetting) -> np.ndarray | None:
    """Position of the power that moves first in each game of a batch, -1 for nobody; None where nobody does anywhere."""
    leads = np.tile(first_mover(setting), n_draws)
    return leads if basis.fit.order != "simultaneous" and (leads >= 0).any() else None


def coefficients_of(posterior: Posterior, setting: CrisisSetting, n_draws: int | None = None) -> Coefficients:
    """Draws as `Coefficients` with a leading draw axis; `n_draws` evenly spaced ones (None: all)."""
    draws = posterior.flat(n_draws)
    effects = _effects(posterior, setting.names.crises, draws)
    setting, n = at_host(setting), len(effects)
    whole, plain = coefficients_from(setting, _every_term(draws, setting)), plain_coefficients(setting)
    by_draw = jax.tree.map(lambda values, one: np.broadcast_to(values, (n, *one.shape)), whole, plain)
    return eqx.tree_at(lambda c: c.crisis_effect, by_draw, effects)


def _every_term(draws: Mapping[str, np.ndarray], setting: CrisisSetting) -> dict[str, Any]:
    """Draws of every term of the games, one that the fit fixes at the value without effect."""
    n = len(next(iter(draws.values())))
    return {
        one.name: draws.get(one.name, np.full((n, *shape_of(one, setting)), one.off))
        for one in terms()
        if PLACES[one.enters].field
    }


def _effects(posterior: Posterior, crises: Sequence[str], draws: Mapping[str, np.ndarray]) -> np.ndarray:
    """The effect of each crisis [draw, crisis]: given its responses where the fit saw them, else drawn from N(0, σ²).

    A crisis that the fit has not seen is no average crisis: with an effect of 0 its probabilities would be too extreme. Its
    draws come from its name, so that it has the same alone and in company.
    """
    known = [str(c) for c in posterior.score("crisis")]
    spread = draws.get(entering("crisis"), np.zeros(len(next(iter(draws.values())))))
    columns = [
        draws[EFFECT][:, known.index(c)] if EFFECT in draws and c in known
        else spread * np.random.default_rng([*c.encode()]).standard_normal(len(spread))
        for c in crises
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def draw_games(setting: CrisisSetting, coefficients: Coefficients) -> Crises:
    """Games of every crisis under every draw; the crisis axis is draw-major: position d · n_crises + c.

    What does not depend on the draws is one array for all fits that are asked about one setting: four fifths of the games,
    without whose copies a ledger takes 1.0 GB instead of 1.55 and half the system's time.
    """
    given, (setting, coefficients) = _Itself(setting), at_host((setting, coefficients))
    games, n = crises_of(setting, coefficients), len(coefficients.kappa)
    one, alike = crises_of(setting, jax.tree.map(lambda values: values[0], coefficients)), _alike(given, n)

    def of_every_draw(name: str) -> np.ndarray:
        values, shape = getattr(games, name), getattr(one, name).shape
        if values.shape != shape:  # an axis of draws
            return np.broadcast_to(values, (n, *shape)).reshape(-1, *shape[1:])
        if name not in alike:
            alike[name] = np.broadcast_to(values, (n, *shape)).reshape(-1, *shape[1:])
        return alike[name]

    return replace(games, **{f.name: of_every_draw(f.name) for f in fields(games) if f.name != "rungs"})


@dataclass(frozen=True)
class _Itself:
    """A setting as a key: itself, whatever others are like it."""

    setting: CrisisSetting

    def __hash__(self) -> int:
        return id(self.setting)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.setting is other.setting


@lru_cache(maxsize=SETTINGS)
def _alike(given: _Itself, n_draws: int) -> dict[str, np.ndarray]:
    """What the games of a setting have in common under every draw, by field, filled by the first who asks."""
    return {}
