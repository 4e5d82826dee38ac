"""Regressions that a mechanism has to beat, scored on the same rows, bands and left-out crises as the game (model §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr
from jax import lax
from jax.scipy.special import log_ndtr, ndtri
from jaxtyping import Array, Bool, Float
from numpyro.infer import MCMC, NUTS
from scipy.optimize import minimize

from buckpass.evidence.gathered import BaselineScore
from buckpass.evidence.regressions import Grouped, Rows, adjacent_category, by_crisis, cumulative, together
from buckpass.fitting.posterior import diagnose, moved_in
from buckpass.fitting.scoring import (
    leave_one_out,
    mixed_scores,
    pareto_k_limit,
    predictive_scores,
    with_exact,
)
from buckpass.game.setting import CrisisSetting
from buckpass.model.effect import NODES, Sites, effect_nodes, placed
from buckpass.model.observations import Observations

__all__ = [
    "BASELINES",
    "CONTROLS",
    "Baseline",
    "BaselineFit",
    "Blocks",
    "Drawing",
    "Fitting",
    "drawn",
    "fit_record",
    "half_normal",
    "rows_of",
]

CONTROLS = ("severity", "claim", "asked", "own_stake", "domestic", "distance", "capacity", "base")
SLOPE, SPREAD = 1.0, 1.5  # prior sd of a slope (logit per step); scale of the half-normal spread of the crisis effect
TYPICAL, FREEDOM = 0.7, 4.0  # differences between powers: typical size, degrees of freedom of what is known of it
DIFFERENCE = 1e-4  # step of the central differences of the gradient that give the curvature at the mode
UNLIKELY = 1e10  # energy where the density is no number: a search goes elsewhere
LEAST_CURVATURE = 0.2  # of the negative log posterior, in prior standard deviations: the priors alone give about 1


@dataclass(frozen=True)
class Drawing:
    """How a baseline is drawn: NumPyro's NUTS in coordinates round at the mode, the tests of the game's fits after it."""

    chains: int = 4
    warmup: int = 150
    draws: int = 800
    target_accept: float = 0.8
    tree_depth: int = 6
    seed: int = 20240620


AtNodes = Callable[[Float[Array, "q c"]], Float[Array, "q n"]]


class Blocks(NamedTuple):
    """How many coordinates each part of a baseline has, in this order: rung levels, slopes, powers, crisis spread."""

    levels: int
    slopes: int
    powers: int
    spread: int

    def split(self, u: Any) -> list[Array]:
        """The parts of a vector of all coordinates."""
        return jnp.split(u, np.cumsum(self)[:-1])


class Frame(NamedTuple):
    """Where the sampler stands: u = centre + spread·x."""

    centre: Float[Array, " d"]
    spread: Float[Array, "d d"]


@dataclass(frozen=True)
class Baseline:
    """A regression: how many coordinates it has for so many rungs, controls and powers, and log P(band) of every row.

    by_row : of coordinates, rows and values of the crisis effect, [node, row].
    """

    id: str
    name: str
    says: str
    blocks: Callable[[int, int, int], Blocks]
    by_row: Callable[[list[Array], Rows, Float[Array, "q n"]], Float[Array, "q n"]]

    def at_nodes(self, parts: list[Array], rows: Rows, spread: Array) -> AtNodes:
        """log P(band) of every row at values of the effect in its standard deviations."""
        return lambda in_sd: self.by_row(parts, rows, (spread * in_sd)[:, rows.crisis])

    def sites(self, rows: Rows) -> Sites | None:
        """Where the effect's nodes stand, as data; None: wherever the responses want them at every point."""
        return None


@dataclass(frozen=True)
class BaselineFit(BaselineScore):
    """A baseline as it was fitted.

    sites : draws [chain, draw, …] of levels, slopes, powers and spread, as far as it has them.
    """

    sites: Mapping[str, np.ndarray]


def fit_record(
    baseline: Baseline, setting: CrisisSetting, seen: Observations, drawing: Drawing | None = None, check: Sequence[int] = ()
) -> BaselineFit:  # fmt: skip
    """One baseline fitted to the coded responses of some crises.

    check : positions of crises, among those with a response, to leave out by refitting whatever their importance weights say.
    """
    scored = np.unique(seen.crisis)
    names = [setting.names.crises[k] for k in scored]
    powers, rungs = len(setting.names.powers), setting.cost_curve.shape[0]
    rows = rows_of(setting, seen)
    blocks = baseline.blocks(rungs, rows.controls.shape[1], powers)
    return Fitting(baseline, rows, blocks, drawing or Drawing()).run(names, check)


def drawn(
    baseline: Baseline, rows: Rows, shape: tuple[int, int], drawing: Drawing = Drawing()
) -> tuple[Float[np.ndarray, "chain draw d"], Bool[np.ndarray, "chain draw"]]:
    """Draws of a regression on rows that are no case's, in its standard coordinates, and which of them diverged.

    shape : how many rungs and powers.
    """
    rungs, powers = shape
    fitting = Fitting(baseline, rows, baseline.blocks(rungs, rows.controls.shape[1], powers), drawing)
    every = np.ones(rows.of_crisis.shape[1])
    return fitting.draw(fitting.frame(every), every)


def rows_of(setting: CrisisSetting, seen: Observations) -> Rows:
    """The record as a regression reads it: the game's controls, standardised as the game has them.

    A rung for which a power has no option (an organisation's, outside every organisation) counts with the next that it
    has: a regression knows a ladder, no options.
    """
    controls = np.column_stack([np.asarray(setting.covariate(name))[seen.crisis, seen.power] for name in CONTROLS])
    at, crisis = np.unique(seen.crisis, return_inverse=True)
    low = _reaching_down(setting, seen)
    return Rows(
        controls=jnp.asarray(controls), crisis=jnp.asarray(crisis), power=jnp.asarray(seen.power), low=jnp.asarray(low),
        high=jnp.asarray(seen.high), weight=jnp.asarray(seen.weight, dtype=float),
        of_crisis=jnp.asarray((crisis[:, None] == np.arange(len(at))).astype(float)),
    )  # fmt: skip


def _reaching_down(setting: CrisisSetting, seen: Observations) -> np.ndarray:
    """The lower end of each band, moved down over the rungs right below it that its power cannot take."""
    rungs = np.arange(setting.cost_curve.shape[0])
    rung, is_open = (np.asarray(a)[seen.crisis, seen.power] for a in (setting.rung, setting.is_open))
    has = ((rung[..., None] == rungs) & is_open[..., None]).any(axis=1)
    below = np.where(has & (rungs < seen.low[:, None]), rungs, -1).max(axis=1)
    return below + 1


def _multinomial(parts: list[Array], rows: Rows, effect: Float[Array, "q n"]) -> Array:
    levels, _, by_power, _ = parts
    own = by_power.reshape(-1, levels.size)[rows.power] if by_power.size else jnp.zeros(())
    return adjacent_category(_from_silence(levels + own), jnp.zeros(()), effect, rows.low, rows.high)


def _adjacent(parts: list[Array], rows: Rows, effect: Float[Array, "q n"]) -> Array:
    levels, slopes, powers, _ = parts
    return adjacent_category(_from_silence(levels), _index(slopes, powers, rows), effect, rows.low, rows.high)


def _ordered(parts: list[Array], rows: Rows, effect: Float[Array, "q n"]) -> Array:
    levels, slopes, powers, _ = parts
    return cumulative(_from_silence(levels)[:, 0], _index(slopes, powers, rows), effect, rows.low, rows.high)


def _index(slopes: Array, powers: Array, rows: Rows) -> Float[Array, " n"]:
    """η of every row."""
    return rows.controls @ (SLOPE * slopes) + powers[rows.power]


def _from_silence(levels: Float[Array, "... r"]) -> Float[Array, "r 1+n"]:
    """τ of every rung, silence first, the rung's axis first."""
    tau = jnp.atleast_2d(levels).T
    return jnp.concatenate([jnp.zeros((1, tau.shape[1])), tau])


def whole(rows: Grouped) -> Float[Array, " 1+c"]:
    """The shares of a mixture that is the posterior of the whole record."""
    return jnp.asarray(np.append(0.0, np.full(rows.of_crisis.shape[1], -np.inf)))


def half_normal(u: Float[Array, " 1"]) -> Array:
    """The spread of the crisis effect at a standard normal coordinate: a small one is a tail, not a funnel."""
    return SPREAD * -ndtri(0.5 * jnp.exp(log_ndtr(-u)))


BASELINES = (
    Baseline("one", "one distribution", "every power in every crisis alike", lambda r, k, p: Blocks(r - 1, 0, 0, 0), _multinomial),
    Baseline("by_power", "by power", "each power has its own distribution over the rungs, drawn towards the common one",
             lambda r, k, p: Blocks(r - 1, 0, p * (r - 1), 0), _multinomial),
    Baseline("ordered_logit", "ordered logit", "cumulative logit on the controls, with power and crisis effects",
             lambda r, k, p: Blocks(r - 1, k, p, 1), _ordered),
    Baseline("adjacent_logit", "adjacent-category logit", "log odds of each next rung on the controls, with power and crisis effects",
             lambda r, k, p: Blocks(r - 1, k, p, 1), _adjacent),
)  # fmt: skip


class Model(Protocol):
    """What can be fitted: its parts, and what they say of every row (`Baseline.at_nodes`)."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def says(self) -> str: ...

    def at_nodes(self, parts: list[Array], rows: Any, spread: Array) -> AtNodes: ...

    def sites(self, rows: Any) -> Sites | None: ...


class Fitting:
    """One model on one record, compiled once: refits give other weights to the crises.

    draws_at_once : of how many draws the likelihood is worked out side by side; None: all. nodes : of the effect's quadrature.
    """

    def __init__(
        self, of: Model, rows: Grouped, blocks: Blocks, drawing: Drawing, draws_at_once: int | None = None, nodes: int = NODES
    ):  # fmt: skip
        self.of, self.blocks, self.drawing, self.size = of, blocks, drawing, sum(blocks)
        self.rows: Any = rows
        self._nodes = nodes if blocks.spread else 1
        self._energy = jax.jit(
            jax.value_and_grad(lambda u, rows, weight: -self._log_density(u, rows, weight, whole(rows)))
        )
        self._sampler = MCMC(
            NUTS(self._model, adapt_mass_matrix=False, target_accept_prob=drawing.target_accept,
                 max_tree_depth=drawing.tree_depth),
            num_warmup=drawing.warmup, num_samples=drawing.draws, num_chains=drawing.chains, chain_method="sequential",
            progress_bar=False, jit_model_args=True,
        )  # fmt: skip
        of_crises = lambda u: self._by_crisis(u, self.rows)  # noqa: E731
        size = {"batch_size": draws_at_once}
        self._of_crises = jax.jit(
            jax.vmap(of_crises) if draws_at_once is None else lambda u: lax.map(of_crises, u, **size)
        )

    def run(self, names: list[str], check: Sequence[int] = ()) -> BaselineFit:
        """Draw, score, and leave out by refitting the crises whose importance weights are not trusted."""
        every = np.ones(len(names))
        frame = self.frame(every)
        u, diverging = self.draw(frame, every)
        sites = self._sites(u)
        diagnostics = diagnose(sites, diverging, moved_in(u))
        values = self.log_likelihood(u)
        scores = leave_one_out(xr.DataArray(values, dims=("chain", "draw", "crisis"), coords={"crisis": names}))
        doubtful = scores.k > pareto_k_limit(u.shape[0] * u.shape[1])
        again = {*np.flatnonzero(doubtful), *check} if diagnostics.passed else ()
        exact = {names[k]: self.exact(frame, k) for k in again}
        return BaselineFit(self.of.id, self.of.name, self.of.says, with_exact(scores, exact), diagnostics, sites)

    def exact(self, frame: Frame, crisis: int) -> float:
        """log p(responses of the crisis | all others), by drawing again without it (nats)."""
        weight = np.ones(self.rows.of_crisis.shape[1])
        weight[crisis] = 0.0
        u, _ = self.draw(frame, weight)
        return float(predictive_scores(self.log_likelihood(u)[..., crisis]))

    def exact_together(self, frame: Frame, crises: Sequence[int], expected: np.ndarray) -> np.ndarray:
        """`exact` of several crises by one run, from the mixture of the posteriors without each (`scoring.drawn_scores`)."""
        shares = np.full(1 + self.rows.of_crisis.shape[1], -np.inf)
        shares[1 + np.asarray(crises)] = expected
        u, _ = self.draw(frame, np.ones(len(shares) - 1), shares)
        told = self.log_likelihood(u)[..., list(crises)].reshape(-1, len(crises)).T
        return mixed_scores(told, -told, expected)

    def _log_density(self, u: Float[Array, " d"], rows: Any, weight: Array, shares: Float[Array, " 1+c"]) -> Array:
        """shares : logs of what the posterior of the whole record (first) and that without each crisis count in a mixture."""
        told = self._by_crisis(u, rows) * weight
        mixture = jax.nn.logsumexp(shares + jnp.concatenate([jnp.zeros(1), -told]))
        return self._log_prior(u) + jnp.sum(told) + mixture

    def _log_prior(self, u: Float[Array, " d"]) -> Array:
        """Every distribution over the rungs alike where nothing else acts; slopes and spread standard normal.

        What differs by power is normal with a variance that is scaled inverse χ², integrated out: a multivariate t (Gelman
        et al. 2013, §3.2). That is partial pooling without the funnel between the powers' effects and their spread.
        """
        levels, slopes, powers, spread = self.blocks.split(u)
        pooled = (FREEDOM + powers.size) * jnp.log1p(jnp.sum(powers**2) / (FREEDOM * TYPICAL**2))
        rest = jnp.sum(slopes**2) + jnp.sum(spread**2) + pooled
        return jnp.sum(jax.nn.log_softmax(jnp.concatenate([jnp.zeros(1), levels]))) - 0.5 * rest

    def _by_crisis(self, u: Float[Array, " d"], rows: Any) -> Float[Array, " c"]:
        """log P(responses) of every crisis, its effect integrated as that of the game is."""
        parts, crises = self.blocks.split(u), rows.of_crisis.shape[1]
        spread, has_effect = self._spread(parts), bool(self.blocks.spread)
        by_row, sites = self.of.at_nodes(parts, rows, spread), self.of.sites(rows)
        if not has_effect:
            sites = Sites(*[jnp.zeros(crises, u.dtype)] * 2)
        elif sites is None:
            sites = placed(lambda at: together(by_row(at), rows), crises, u.dtype)
        in_sd, log_weight = effect_nodes(sites, self._nodes)
        return by_crisis(by_row(in_sd), rows, log_weight)

    def _spread(self, parts: list[Array]) -> Array:
        return half_normal(parts[-1])[0] if self.blocks.spread else jnp.zeros(())

    def mode(self, weight: np.ndarray, start: np.ndarray | None = None) -> Float[np.ndarray, " d"]:
        """The mode of the posterior under weights of the crises."""
        start = np.zeros(self.size) if start is None else start
        return minimize(self.energy, start, (weight,), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x

    def frame(self, weight: np.ndarray, start: np.ndarray | None = None) -> Frame:
        """The mode, and a root of the covariance there: the posterior is nearly round."""
        u, steps = self.mode(weight, start), DIFFERENCE * np.eye(self.size)
        second = np.array([self.energy(u + s, weight)[1] - self.energy(u - s, weight)[1] for s in steps]) / (
            2 * DIFFERENCE
        )
        curvature, directions = np.linalg.eigh((second + second.T) / 2)
        return Frame(jnp.asarray(u), jnp.asarray(directions / np.sqrt(np.maximum(curvature, LEAST_CURVATURE))))

    def energy(self, u: np.ndarray, weight: np.ndarray, rows: Any = None) -> tuple[float, np.ndarray]:
        """The negative log posterior under weights of the crises, of other rows of the same shape too, and its gradient."""
        value, slope = self._energy(u, self.rows if rows is None else rows, weight)
        if not np.isfinite(value):
            return UNLIKELY, np.zeros(self.size)
        return float(value), np.asarray(slope)

    def _model(self, rows: Any, frame: Frame, weight: Array, shares: Array) -> None:
        x = numpyro.sample("x", dist.ImproperUniform(dist.constraints.real_vector, (), (self.size,)))
        numpyro.factor("posterior", self._log_density(frame.centre + frame.spread @ x, rows, weight, shares))

    def draw(self, frame: Frame, weight: np.ndarray, shares: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Draws [chain, draw, d] under weights of the crises, or from a mixture (`exact_together`), and which diverged."""
        of_each = whole(self.rows) if shares is None else jnp.asarray(shares)
        start_key, key = jax.random.split(jax.random.PRNGKey(self.drawing.seed))
        starts = jax.random.normal(start_key, (self.drawing.chains, self.size))
        self._sampler.run(
            key,
            self.rows,
            frame,
            jnp.asarray(weight),
            of_each,
            init_params={"x": starts},
            extra_fields=("diverging",),
        )
        x = np.asarray(self._sampler.get_samples(group_by_chain=True)["x"])
        diverging = np.asarray(self._sampler.get_extra_fields(group_by_chain=True)["diverging"])
        return np.asarray(frame.centre) + x @ np.asarray(frame.spread).T, diverging

    def log_likelihood(self, u: np.ndarray) -> Float[np.ndarray, "chain draw c"]:
        found = np.asarray(self._of_crises(u.reshape(-1, self.size)))
        return found.reshape(*u.shape[:2], -1)

    def _sites(self, u: np.ndarray) -> dict[str, np.ndarray]:
        levels, slopes, powers, spread = np.split(u, np.cumsum(self.blocks)[:-1], axis=-1)
        found = {"levels": levels, "slopes": SLOPE * slopes, "powers": powers,
                 "spread": np.asarray(half_normal(jnp.asarray(spread)))}  # fmt: skip
        return {name: draws for name, draws in found.items() if draws.shape[-1]}
