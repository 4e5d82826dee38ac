"""The world's episodes as crisis games: who could act on which side, what is known of it, and what is fixed (model §2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, Bool, Float, Int

from buckpass.evidence.regressions import Grouped
from buckpass.model.effect import NODES, Sites
from buckpass.worldwide.program import Scale, level_of, standardised
from buckpass.worldwide.record import WorldTables
from buckpass.worldwide.rules import HIGHER, SLOPES, Game

__all__ = ["EpisodeGames", "by_side", "episode_games"]


class EpisodeGames(Grouped):
    """Every episode as a game; axes episode c, power p, option o, conflict g (`crisis`, `of_crisis`).

    Options are one ladder: own troops for the opponents at its lower end, nothing coded in the middle, own troops for the host at
    its upper end; without sides, its upper half. A power without a cell has only silence.
    """

    controls: Float[Array, "c p k"]  # covariates as the yardstick's model reads them
    low: Int[Array, "p c"]  # first option of the band
    high: Int[Array, "p c"]
    share: Float[Array, "p c"]  # what the cell counts, 0 where there is none
    is_open: Bool[Array, "c p o"]
    effort: Float[Array, " o"]  # for the host above 0, for its opponents below
    price: Float[Array, " o"]
    level: Int[Array, " o"]  # of help, whatever the side
    delivery: Float[Array, "c p"]
    severity: Float[Array, " c"]
    aligned: Float[Array, "c p p"]  # α of powers that are no rivals
    rivals: Float[Array, "c p p"]  # −α of those that are
    sites: Sites  # where the quadrature of each conflict's effect stands: data, settled at a mode
    guess: Float[Array, "q p c"]  # log R there: where Newton starts


def by_side(games: EpisodeGames, kappa: Array | float, kappa_rivals: Array | float) -> Float[Array, "c p p"]:
    """How much each power counts another's work, which has a sign by its side; ones on the diagonal.

    Whoever does the job on one side leaves less to do there and more across: so an ally rides, and a rival, whose α is below 0,
    keeps out on its side and is drawn in across. Both have the same sign in the residual, Π E exp(−κ|α| q e/s), and a κ each.
    """
    same = jnp.eye(games.aligned.shape[-1], dtype=games.aligned.dtype)
    return same + (1 - same) * (kappa * games.aligned + kappa_rivals * games.rivals)


def episode_games(
    tables: WorldTables, the: Game, scale: Scale, sides: bool, kind: Any = jnp.float32
) -> tuple[EpisodeGames, list[int]]:
    """The games of a record, and the conflicts in the order of their numbers.

    sides : whether powers that backed the opponents play, with what they gave them; else they have only silence in that episode.
    kind : the precision; in single a likelihood is exact to 1e-4 and takes half the time.
    """
    cells = _on_one_ladder(tables, sides)
    episodes = cells["episode_id"].unique(maintain_order=True).to_list()
    conflicts = cells["conflict_id"].unique(maintain_order=True).sort().to_list()
    c = cells["episode_id"].replace_strict({e: k for k, e in enumerate(episodes)}, return_dtype=pl.Int64).to_numpy()
    p = cells["power"].replace_strict({e: k for k, e in enumerate(tables.powers)}, return_dtype=pl.Int64).to_numpy()
    shape = (len(episodes), len(tables.powers))
    of = cells.group_by("episode_id", maintain_order=True).agg(pl.col("conflict_id", "war").first())
    conflict = np.searchsorted(conflicts, of["conflict_id"].to_numpy())
    signed = np.arange(-HIGHER if sides else 0, HIGHER + 1)
    level = np.abs(signed)
    plays = _spread(shape, c, p, np.ones(len(c)), 0.0) > 0
    aligned, rivals = _ties(tables, episodes, the)
    games = EpisodeGames(
        crisis=jnp.asarray(conflict), weight=jnp.ones(len(episodes)),
        of_crisis=jnp.asarray((conflict[:, None] == np.arange(len(conflicts))).astype(float)),
        controls=jnp.asarray(_spread((*shape, len(SLOPES)), c, p, standardised(cells, scale), 0.0)),
        low=jnp.asarray(_spread(shape, c, p, cells["first"].to_numpy(), -signed[0]).T),
        high=jnp.asarray(_spread(shape, c, p, cells["last"].to_numpy(), -signed[0]).T),
        share=jnp.asarray(_spread(shape, c, p, cells["weight"].to_numpy(), 0.0).T),
        is_open=jnp.asarray(plays[..., None] | (signed == 0)),
        effort=jnp.asarray(np.sign(signed) * np.array(the.effort)[level]), price=jnp.asarray(np.array(the.price)[level]),
        level=jnp.asarray(level), delivery=jnp.asarray(_delivery(cells, shape, c, p, the)),
        severity=jnp.asarray(np.array(the.severity)[of["war"].to_numpy().astype(int)]),
        aligned=jnp.asarray(aligned), rivals=jnp.asarray(rivals),
        sites=Sites(jnp.zeros(len(conflicts)), jnp.zeros(len(conflicts))), guess=jnp.zeros((NODES, *shape[::-1])),
    )  # fmt: skip
    return in_precision(games, kind), conflicts


def in_precision(games: EpisodeGames, kind: Any) -> EpisodeGames:
    """The games with what is worked out node by node in one precision; sums over episodes stay in double."""
    names = ("controls", "share", "effort", "price", "delivery", "severity", "aligned", "rivals", "guess")
    of = lambda g: [getattr(g, name) for name in names]  # noqa: E731
    return eqx.tree_at(of, games, [value.astype(kind) for value in of(games)])


def _on_one_ladder(tables: WorldTables, sides: bool) -> pl.DataFrame:
    """The cells with the first and last option of their band on the ladder of options."""
    ends = (level_of(tables.cells[name].to_numpy()) for name in ("low", "high"))
    first, last = (end + HIGHER * sides for end in ends)
    found = tables.cells.with_columns(first=pl.Series(first, dtype=pl.Int64), last=pl.Series(last, dtype=pl.Int64))
    if not sides:
        return found
    low, high = (level_of(tables.against[name].to_numpy()) for name in ("low", "high"))
    other = tables.against.with_columns(
        first=pl.Series(HIGHER - high, dtype=pl.Int64), last=pl.Series(HIGHER - low, dtype=pl.Int64)
    )
    return pl.concat([found, other.select(pl.col(name).cast(kind) for name, kind in found.schema.items())])


def _spread(shape: Sequence[int], c: np.ndarray, p: np.ndarray, values: np.ndarray, empty: float) -> np.ndarray:
    """Values of the cells as an array [episode, power, …], another value where there is no cell."""
    found = np.full(shape, empty, dtype=values.dtype)
    found[c, p] = values
    return found


def _delivery(cells: pl.DataFrame, shape: Sequence[int], c: np.ndarray, p: np.ndarray, the: Game) -> np.ndarray:
    """q of every power, its geometric mean over the powers of an episode 1; a power whose capability is unknown has the usual one."""
    capability = cells["capability"].cast(pl.Float64).to_numpy()
    is_known = np.isfinite(capability) & (capability > 0)
    known = np.where(is_known, capability, capability[is_known].mean() if is_known.any() else 1.0)
    log_q = the.delivery.capability * np.log(known) + the.delivery.distance * cells["distance"].to_numpy()
    held, count = _spread(shape, c, p, log_q, 0.0), _spread(shape, c, p, np.ones(len(c)), 0.0)
    return np.exp(np.where(count > 0, held - held.sum(axis=1, keepdims=True) / count.sum(axis=1, keepdims=True), 0.0))


def _ties(tables: WorldTables, episodes: Sequence[str], the: Game) -> tuple[np.ndarray, np.ndarray]:
    """|α| of pairs that are no rivals, and of those that are, [episode, power, power]."""
    at = {name: k for k, name in enumerate(episodes)}, {name: k for k, name in enumerate(tables.powers)}
    size = len(tables.powers)
    aligned, rivals = np.full((len(episodes), size, size), the.alignment.other), np.zeros((len(episodes), size, size))
    for episode, one, other, tie in tables.pairs.select("episode_id", "power", "other", "tie").iter_rows():
        if episode in at[0]:
            place = at[0][episode], at[1][one], at[1][other]
            aligned[place] = the.alignment.ally if tie == "ally" else 0.0
            rivals[place] = -the.alignment.rival if tie == "rival" else 0.0
    return aligned, rivals
