"""The record that carries a batch of crisis games between rooms, and pure changes to it: actions held, a power absent."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from buckpass.case.ladder import Rungs
from buckpass.game.arrays import namespace

__all__ = ["Crises", "CrisisNames", "absent", "force", "held", "plays"]


class CrisisNames(eqx.Module):
    """What the axes of a batch are called; carries no numbers and never enters a computation."""

    crises: tuple[str, ...] = eqx.field(static=True)
    powers: tuple[str, ...] = eqx.field(static=True)
    options: tuple[str, ...] = eqx.field(static=True)  # plain rungs ("0", "1", …), then vehicles ("5@ORG", …)


class Crises(eqx.Module):
    """A batch of crisis games, axes crisis c, power p (or pair p, p) and option o (model §2).

    Payoff of power i from option a when the others' strategies leave it the residual R_i::

        E[U_i(a)] = V_i - V_i R_i exp(-q_i e(a) / s) + G_i w(a) - C_i k(a) - B_i p(a) - N_i d(a) - Q_i u(a) + τ(a)

    Payoffs are in logit units (rationality 1). `alignment` has ones on its diagonal, and its off-diagonal
    already carries the scale κ. A power that is not in a crisis has only option 0 open.

    Values are positive except `influence` (≥ 0), `norm` (≥ 0), `barrier` (≥ 0); none is NaN: what is missing in the
    record was dealt with before this point.
    """

    stake: Float[Array, "c p"]  # V
    cost: Float[Array, "c p"]  # C
    backlash: Float[Array, "c p"]  # B, already scaled by (1 - ℓ) where the power was asked
    norm: Float[Array, "c p"]  # N, price on any deployment
    influence: Float[Array, "c p"]  # G
    barrier: Float[Array, "c p"]  # Q, price on a deployment nobody asked for, or that another's patronage excludes
    delivery: Float[Array, "c p"]  # q
    severity: Float[Array, " c"]  # s
    alignment: Float[Array, "c p p"]  # α_ij
    host_alignment: Float[Array, "c p"]  # α_hj: how the host counts j's effort
    rationality: Float[Array, " c"]  # λ, 1 unless a path is traced
    effort_at: Float[Array, "c p o"]  # e(a), scaled by the vehicle's chance to pass
    cost_at: Float[Array, "c p o"]  # k(a)
    presence_at: Float[Array, "c p o"]  # p(a)
    influence_at: Float[Array, "c p o"]  # w(a)
    deploys_at: Float[Array, "c p o"]  # d(a): 1 for a deployment, 0 else
    barred_at: Float[Array, "c p o"]  # u(a): 1 where `barrier` applies to this option
    rung_payoff_at: Float[Array, "c p o"]  # τ(a) + u·r(a): what a rung is worth by itself, and the crisis effect
    is_open: Bool[Array, "c p o"]  # option open to the power in the crisis
    rung: Int[Array, "c p o"]  # rung of the option
    rungs: Rungs = eqx.field(static=True)  # what the rungs are


def plays(games: Any) -> Bool[Array, "c p"]:
    """Whether each power has more open to it than silence; a host or a belligerent has not. Of games or of a setting."""
    return namespace(games.is_open).sum(games.is_open, axis=-1) > 1


def held(crises: Crises, rung: Int[Array, "... p"]) -> Bool[Array, "c p o"]:
    """The options open to each power with some held at a rung (-1: free); which vehicle, where several are open, is theirs.

    A held action need not have been open: where no option of the rung is, all of them are taken.
    """
    at_rung = crises.rung == rung[..., None]
    is_open = crises.is_open & at_rung
    xp = namespace(crises, rung)
    held_at = xp.where(xp.any(is_open, axis=-1, keepdims=True), is_open, at_rung)
    return xp.where((rung >= 0)[..., None], held_at, crises.is_open)


@jax.jit  # power and rung are no part of what is compiled
def force(crises: Crises, power: int, rung: int) -> Crises:
    """The same crises with one power held at one rung (see `held`); the others' responses are for the caller to re-solve."""
    only = jnp.where(jnp.arange(crises.is_open.shape[-2]) == power, rung, -1)
    return eqx.tree_at(lambda c: c.is_open, crises, held(crises, only))


def absent(crises: Crises, who: Bool[Array, " p"]) -> Crises:
    """The same crises without some powers: only silence is open to them, so they deliver nothing."""
    is_open = namespace(crises, who).where(who[:, None], crises.rung == 0, crises.is_open)
    return eqx.tree_at(lambda c: c.is_open, crises, is_open)
