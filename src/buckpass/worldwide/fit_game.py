"""Fitting the ordered logit and the game's specifications to the world's episodes, scored by conflict."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from jaxtyping import Array, Float

from buckpass.evidence.baselines import Blocks, Drawing, Fitting, Frame, half_normal
from buckpass.fitting.posterior import diagnose, moved_in
from buckpass.fitting.scoring import leave_one_out, pareto_k_limit
from buckpass.results.summary import summary
from buckpass.worldwide.free_riding import BOTH, HOST_SIDE, LOGIT, FreeRiding, WorldFit
from buckpass.worldwide.games import EpisodeGames, episode_games
from buckpass.worldwide.play import WorldGame, kappa_of
from buckpass.worldwide.program import rows_of, scale_of, world_logit
from buckpass.worldwide.record import WorldTables
from buckpass.worldwide.rules import LEVELS, Game

__all__ = ["BOTH_SIDES", "DRAWING", "SPECIFICATIONS", "alone", "fit_games", "fit_one", "settle"]

SPECIFICATIONS = (
    WorldGame("linear"),
    WorldGame("linear", interacts=False),
    WorldGame("log"),
    WorldGame("log", interacts=False),
)
BOTH_SIDES = WorldGame("linear", sides=True), WorldGame("linear", interacts=False, sides=True)
DRAWING = Drawing(warmup=300, draws=750)
MOST_AT_ONCE = 40  # conflicts left out by one run of a mixture
TURNS = 2  # of mode and nodes
TIMED = 20  # gradients over which one is timed


def fit_games(
    tables: WorldTables, about: Mapping[str, Any], the: Game, drawing: Drawing = DRAWING,
    tell: Callable[[WorldFit], None] = lambda fit: None, specifications: Sequence[WorldGame] = SPECIFICATIONS,
) -> FreeRiding:  # fmt: skip
    """The ordered logit and every specification of the game, fitted and scored by conflict.

    A fit that fails the tests of every other fit is kept with the reasons, and says nothing of κ.
    """
    scale = scale_of(tables.cells)
    fits, conflicts = [_logit(tables, drawing)], {}
    tell(fits[0])
    for game in specifications:
        rows, units = episode_games(tables, the, scale, game.sides)
        record = BOTH if game.sides else HOST_SIDE
        conflicts[record] = tuple(units)
        fitting = Fitting(game, rows, game.blocks(len(tables.powers)), drawing, draws_at_once=1)
        fits.append(fit_one(fitting, record, units))
        tell(fits[-1])
        jax.clear_caches()  # what was compiled for one specification serves no other
    whole = pl.concat([tables.cells.select("conflict_id", "host"), tables.against.select("conflict_id", "host")])
    host = dict(whole.unique("conflict_id", keep="first", maintain_order=True).iter_rows())
    hosts = {record: tuple(host[unit] for unit in units) for record, units in conflicts.items()}
    return FreeRiding(tables.powers, conflicts, hosts, tuple(fits), about["counts"], tuple(about["files"]))


def _logit(tables: WorldTables, drawing: Drawing) -> WorldFit:
    """The ordered logit with cutpoints by power and an effect of every conflict, on the same cells."""
    rows, units = rows_of(tables.cells, tables.powers, scale_of(tables.cells), "conflict_id")
    of_powers = [tables.cells.filter(pl.col("power") == power).height for power in tables.powers]
    model = world_logit(of_powers)
    blocks = model.blocks(len(LEVELS), rows.controls.shape[1], len(tables.powers))
    return fit_one(
        Fitting(model, rows, blocks, drawing, draws_at_once=50),
        HOST_SIDE,
        units,
        LOGIT,
        "ordered logit, cutpoints by power",
    )


def fit_one(
    fitting: Fitting, record: str, units: Sequence[int], its_id: str | None = None, name: str | None = None
) -> WorldFit:
    """Draw, test, and score one specification by conflict: importance sampling, and drawn again where that is not trusted."""
    began, every = time.perf_counter(), np.ones(len(units))
    frame = fitting.frame(every, settle(fitting) if isinstance(fitting.of, WorldGame) else None)
    u, diverging = fitting.draw(frame, every)
    seconds = time.perf_counter() - began
    moved = moved_in(u)
    tests = diagnose({"u": u}, diverging, moved)
    elpd, exact = _scored(fitting, frame, u, units)
    scores = {"draws": u.shape[0] * u.shape[1], "rhat_max": tests.rhat_max, "ess_bulk_min": tests.ess_bulk_min,
              "ess_tail_min": tests.ess_tail_min, "divergences": tests.divergences, "moved": float(moved.min()),
              "seconds": seconds, "seconds_with_scores": time.perf_counter() - began, "gradient_ms": _gradient_ms(fitting, u),
              "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "spread": _spread(fitting, u),
              }  # fmt: skip
    kappas = {name: _kappa(fitting, u, name) for name in ("kappa", "kappa_rivals")}
    return WorldFit(its_id or fitting.of.id, name or fitting.of.name, fitting.of.says, record, tuple(np.round(elpd, 4).tolist()),
                    exact, scores=scores, reasons=tests.reasons, **kappas)  # fmt: skip


def _game(fitting: Fitting) -> WorldGame:
    """The game that is fitted."""
    assert isinstance(fitting.of, WorldGame)
    return fitting.of


def alone(fitting: Fitting) -> Fitting:
    """The same game with κ = 0 on the same record; what is compiled for it serves every record of this shape."""
    game, powers = _game(fitting).alone(), fitting.rows.controls.shape[1]
    return Fitting(game, fitting.rows, game.blocks(powers), fitting.drawing)


def settle(
    fitting: Fitting, rows: EpisodeGames | None = None, beside: Fitting | None = None
) -> Float[np.ndarray, " d"]:
    """The posterior's mode; the quadrature's nodes are put where they belong at the mode of the same game with κ = 0.

    rows : another record of the same shape. beside : `alone` of the fitting; made anew by default.
    """
    game, fitting.rows = _game(fitting), fitting.rows if rows is None else rows
    every, u = np.ones(fitting.rows.of_crisis.shape[1]), np.zeros(fitting.size)
    if game.interacts and game.has_effect:
        beside = beside or alone(fitting)
        settle(beside, fitting.rows)
        fitting.rows = eqx.tree_at(lambda r: r.sites, fitting.rows, beside.rows.sites)
    for _ in range(TURNS):
        u = fitting.mode(every, u)
        fitting.rows = settled(game, fitting.blocks, u, fitting.rows)
    return u


@partial(jax.jit, static_argnums=(0, 1))
def settled(game: WorldGame, blocks: Blocks, u: Float[Array, " d"], rows: EpisodeGames) -> EpisodeGames:
    """`WorldGame.settled` at a point of the posterior's coordinates."""
    parts = blocks.split(u)
    spread = half_normal(parts[-1])[0] if blocks.spread else jnp.zeros(())
    return game.settled(parts, rows, spread)


def _scored(fitting: Fitting, frame: Frame, u: np.ndarray, units: Sequence[int]) -> tuple[np.ndarray, int]:
    told = fitting.log_likelihood(u)
    one = xr.DataArray(told, dims=("chain", "draw", "crisis"), coords={"crisis": list(units)})
    found = leave_one_out(one)
    elpd, doubtful = found.elpd.copy(), np.flatnonzero(found.k > pareto_k_limit(u.shape[0] * u.shape[1]))
    for part in np.array_split(doubtful, -(-len(doubtful) // MOST_AT_ONCE)) if len(doubtful) else ():
        elpd[part] = fitting.exact_together(frame, part.tolist(), elpd[part])
    return elpd, len(doubtful)


def _gradient_ms(fitting: Fitting, u: np.ndarray) -> float:
    at, every = u[:, -1].mean(axis=0), np.ones(fitting.rows.of_crisis.shape[1])
    fitting.energy(at, every)
    began = time.perf_counter()
    for _ in range(TIMED):
        fitting.energy(at, every)
    return 1000 * (time.perf_counter() - began) / TIMED


def _spread(fitting: Fitting, u: np.ndarray) -> float:
    """Mean of the standard deviation of conflicts' effects; 0 where they have none."""
    at = jnp.asarray(u[..., -1:])
    return float(half_normal(at).mean()) if fitting.blocks.spread else 0.0


def _kappa(fitting: Fitting, u: np.ndarray, name: str) -> dict[str, float] | None:
    names = getattr(fitting.of, "slopes", ())
    if name not in names:
        return None
    found = np.asarray(kappa_of(jnp.asarray(u[..., fitting.blocks.levels + names.index(name)]))).ravel()
    return summary(found).as_dict() | {"below": float((found < 0).mean())}
