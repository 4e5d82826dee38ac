"""The game on episodes: the product's own pay-offs and equilibrium, with rung pay-offs by power and an effect of every conflict.

    U_i(a) = V_i [1 − R_i exp(−q_i e(a)/s)] + τ_{i,a} + η_i k(a) + u·level(a)

The index of covariates η moves the stake, log V = v + η, or it leaves the stake alone and moves the price, η k(a), up or below 0 (a
power need not value a government): the link is a choice. R_i is what the others leave undone, with alignments by side
(`games.by_side`); κ reaches below 0, as a sign that shocks are missing which powers share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import log_ndtr, ndtri
from jaxtyping import Array, Float

from buckpass.case.ladder import Rungs
from buckpass.evidence.baselines import AtNodes, Blocks
from buckpass.game.choice import as_choice
from buckpass.game.crises import Crises
from buckpass.model.anticipation import anticipate, nodes_of, payoffs, weights
from buckpass.model.effect import Sites, effect_nodes, moments
from buckpass.model.likelihood import log_within
from buckpass.worldwide.games import EpisodeGames, by_side
from buckpass.worldwide.program import RECENT
from buckpass.worldwide.rules import HIGHER, LEVELS, SLOPES

__all__ = ["LINKS", "WorldGame", "coordinate_of", "kappa_of"]

Link = Literal["log", "linear"]
LINKS: dict[Link, str] = {
    "log": "the index moves the logarithm of the stake",
    "linear": "the index moves the price, up or below 0; stakes differ by power only",
}
ACROSS = SLOPES.index(
    "rival_across"
)  # what another power did on the other side: where sides are in the game, an outcome of it
ROUNDS = 3  # in which nodes and what says where they belong settle
LEAST = -0.5  # of κ: far enough below 0 to say that something is missing; further down games have several equilibria
STAKE = 1.0  # mean of the logarithm of the general stake, as stake.level of the regional fits


def kappa_of(u: Array) -> Array:
    """κ at a standard normal coordinate: every value from `LEAST` to 1 alike before the record."""
    return LEAST + (1.0 - LEAST) * jnp.exp(log_ndtr(u))


def coordinate_of(kappa: float) -> float:
    """The coordinate at which κ has a value."""
    return float(ndtri((kappa - LEAST) / (1.0 - LEAST)))


@dataclass(frozen=True)
class WorldGame:
    """A specification of the game: link, whether κ is free (else 0), whether powers may take the opponents' side."""

    link: Link
    interacts: bool = True
    sides: bool = False
    has_effect: bool = True  # whether every conflict has an effect that powers share

    @property
    def id(self) -> str:
        """Its short name."""
        return f"game_{self.link}{'' if self.interacts else '_alone'}{'_sides' if self.sides else ''}"

    @property
    def name(self) -> str:
        """Its name in a table."""
        return f"game, {self.link} link{'' if self.interacts else ', κ = 0'}{', two sides' if self.sides else ''}{'' if self.has_effect else ', no shared effects'}"

    @property
    def says(self) -> str:
        """What it is."""
        return f"{LINKS[self.link]}; {'κ free' if self.interacts else 'nobody counts what others do'}"

    @property
    def has_stake(self) -> bool:
        """Whether a general stake can be told from the rungs' own pay-offs."""
        return self.interacts or self.link == "log"

    @property
    def slopes(self) -> tuple[str, ...]:
        """The slopes that are no covariate's come last."""
        extras = ("stake",) * self.has_stake + ("kappa", "kappa_rivals") * self.interacts
        if not self.sides:
            return *SLOPES, *extras
        given = tuple(name for name in SLOPES if name != SLOPES[ACROSS])
        return *given, *(f"{name}_against" for name in given), *extras

    def blocks(self, powers: int) -> Blocks:
        """Pay-offs of the options but silence; slopes; of each power the deviations of those, of `recent` and of its stake."""
        options = HIGHER * (1 + self.sides)
        return Blocks(options, len(self.slopes), powers * (options + 1 + self.has_stake), int(self.has_effect))

    def at_nodes(self, parts: list[Array], rows: EpisodeGames, spread: Array) -> AtNodes:
        """log P(bands) of every episode at values of its conflict's effect."""
        return lambda in_sd: self._told(parts, rows, spread, in_sd)[0].astype(in_sd.dtype)

    def sites(self, rows: EpisodeGames) -> Sites:
        """Where the nodes stand: data, so that no step of a sampler pays for placing them; the sum converges wherever they lie."""
        return rows.sites

    def settled(self, parts: list[Array], rows: EpisodeGames, spread: Array) -> EpisodeGames:
        """The games with their nodes where the responses want them at a point, were every power alone, and with what powers expect
        of each other there."""
        nodes = len(rows.guess)
        for _ in range(ROUNDS):
            in_sd, log_weight = effect_nodes(rows.sites, nodes)
            told, log_residual = self._told(parts, rows, spread, in_sd)
            if not self.interacts:
                sites = moments(told @ rows.of_crisis + log_weight, rows.sites, nodes)
                rows = eqx.tree_at(lambda r: r.sites, rows, sites)
        return eqx.tree_at(lambda r: r.guess, rows, log_residual)

    def _told(
        self, parts: list[Array], rows: EpisodeGames, spread: Array, in_sd: Float[Array, "q g"]
    ) -> tuple[Float[Array, "q c"], Float[Array, "q p c"]]:
        """log P(bands) of every episode, and log R, worked out in the precision of the games."""
        kind = rows.effort.dtype
        choice = as_choice(self.crises([part.astype(kind) for part in parts], rows))
        lift = np.abs(np.arange(rows.level.shape[0]) - (HIGHER if self.sides else 0))
        nodes = nodes_of(choice, lift, (spread * in_sd).astype(kind)[:, rows.crisis])
        known = len(rows.guess)
        guess = rows.guess if len(in_sd) == known else jnp.repeat(rows.guess[known // 2][None], len(in_sd), axis=0)
        log_residual = anticipate(nodes, lax.stop_gradient(guess)) if self.interacts else jnp.zeros_like(guess)
        return _bands(weights(payoffs(nodes, log_residual)), rows), log_residual

    def crises(self, parts: list[Array], rows: EpisodeGames) -> Crises:
        """The games as the product's own records of a crisis: no request, no unasked price, no backlash, no norm."""
        usual, slopes, own, _ = parts
        powers, options = rows.controls.shape[1], HIGHER * (1 + self.sides)
        own = own.reshape(powers, -1)
        there, across, extra = self._slopes(slopes)
        index = rows.controls @ there + rows.controls[..., RECENT] * own[:, options]
        stake, worth = self._stake_and_worth(index, extra, own[:, options + 1 :])
        none, off = jnp.zeros_like(rows.delivery), jnp.zeros_like(rows.effort)[None, None]
        helps = rows.effort >= 0
        shape = (*none.shape, options + 1)
        return Crises(
            stake=stake, cost=-worth, backlash=none, norm=none, influence=rows.controls @ across, barrier=none,
            delivery=rows.delivery, severity=rows.severity,
            alignment=by_side(rows, extra.get("kappa", 0.0), extra.get("kappa_rivals", 0.0)), host_alignment=none,
            rationality=jnp.ones_like(rows.severity), effort_at=jnp.broadcast_to(rows.effort, shape),
            cost_at=jnp.where(helps, rows.price, 0.0) + off, presence_at=off,
            influence_at=jnp.where(helps, 0.0, rows.price) + off, deploys_at=off, barred_at=off,
            rung_payoff_at=jnp.broadcast_to(self._with_silence(usual + own[:, :options]), shape), is_open=rows.is_open,
            rung=jnp.broadcast_to(rows.level, shape), rungs=RUNGS,
        )  # fmt: skip

    def _with_silence(self, payoff: Float[Array, "p h"]) -> Float[Array, "p o"]:
        at = HIGHER if self.sides else 0
        return jnp.concatenate([payoff[:, :at], jnp.zeros_like(payoff[:, :1]), payoff[:, at:]], axis=1)

    def _slopes(self, slopes: Array) -> tuple[Array, Array, dict[str, Any]]:
        """Slopes of help to the host and to its opponents, one a covariate, and the rest by name; κ on its own scale."""
        names, k = self.slopes, len(SLOPES)
        there, across = slopes[:k], jnp.zeros_like(slopes[:k])
        if self.sides:
            there, across = (jnp.insert(part, ACROSS, 0.0) for part in (slopes[: k - 1], slopes[k - 1 : 2 * k - 2]))
        extra = {name: slopes[n] for n, name in enumerate(names) if name in ("stake", "kappa", "kappa_rivals")}
        return there, across, {n: v if n == "stake" else kappa_of(v) for n, v in extra.items()}

    def _stake_and_worth(self, index: Array, extra: dict[str, Any], own: Float[Array, "p s"]) -> tuple[Array, Array]:
        """V of every episode and power, and η as far as it moves the price."""
        level = STAKE + extra.get("stake", 0.0) + (own[:, 0] if self.has_stake else 0.0)
        if self.link == "log":
            return jnp.exp(level + index), jnp.zeros_like(index)
        return jnp.broadcast_to(jnp.exp(level), index.shape), index

    def alone(self) -> WorldGame:
        """The same with κ = 0."""
        return replace(self, interacts=False)


RUNGS = Rungs(count=len(LEVELS), words=0, deployment=LEVELS.index(5), through=None)


def _bands(weight: Float[Array, "o q p c"], rows: EpisodeGames) -> Float[Array, "q c"]:
    """log P(low ≤ option ≤ high) at every node, summed over the powers of an episode as its cells count."""
    within = log_within(weight, rows.low, rows.high) - jnp.log(jnp.sum(weight, axis=0))
    return jnp.sum(rows.share * within, axis=1)
