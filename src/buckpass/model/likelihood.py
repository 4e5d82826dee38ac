"""The likelihood of the record under any combination of mechanisms, one reading and one order of moves (model §2, §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.game.choice import CLOSED, Choice, worked_out
from buckpass.game.crises import Crises
from buckpass.game.order import first_mover, patron_first
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.model.anticipation import anticipate, nodes_of, payoffs, weights
from buckpass.model.coefficients import coefficients_from
from buckpass.model.effect import NODES, Sites, carried, effect_nodes, moments, placed, solved_at
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading
from buckpass.model.requests import Requests, request_log_likelihood

__all__ = ["ORDERS", "Likelihood", "LogLikelihood", "Order"]

Order = Literal["simultaneous", "patron first"]
ORDERS: tuple[Order, ...] = ("simultaneous", "patron first")
SOLVED, SPAN = (
    9,
    3.2,
)  # values of the effect at which the game is solved, and how far they reach, in standard deviations


class LogLikelihood(eqx.Module):
    """Per crisis, in nats: the responses given the request, and the request (0 where unknown or not modelled).

    sites : what each crisis says of its effect; log_residual : log R where the game is solved (0 where it is not): where Newton
    starts at points nearby.
    """

    responses: Float[Array, " c"]
    request: Float[Array, " c"]
    sites: Sites
    log_residual: Float[Array, "s p c"]


class Likelihood:
    """Log-likelihood of the record as a pure function of values of the terms and of a reading.

    Every crisis has an effect u ~ N(0, σ_u²) of its own that adds u·r to the pay-off of rung r for all powers; it is
    integrated out crisis by crisis (`effect.py`). Where nobody's effort counts for anybody else (`interacts` false: no κ
    is free) nothing is solved. It is worked out in the
    precision of the setting. Under *patron first* the crises that have a
    patron among the powers are solved after each of its moves.
    """

    def __init__(
        self, setting: CrisisSetting, seen: Observations, interacts: bool, order: Order = "simultaneous",
        requests: Requests | None = None, nodes: int = NODES, solved: int = SOLVED, span: float = SPAN,
    ):  # fmt: skip
        self.setting, self.seen, self.interacts, self.order = setting, seen, interacts, order
        self.requests, self.nodes, self._known = requests, nodes, solved_at(solved, span)
        self._patron = first_mover(setting) if order == "patron first" else np.full(seen.n_crises, -1)
        self._rungs, self._rung_of = setting.cost_curve.shape[0], np.asarray(setting.rung)[0, 0]
        self._layers = _layers(seen, len(setting.log_delivery[0]))

    def __call__(
        self, values: Mapping[str, Array], reading: Reading, guess: Float[Array, "s p c"] | None = None,
        host_moves: bool | Array | None = None,
    ) -> LogLikelihood:  # fmt: skip
        """Log-likelihood per crisis.

        guess : log R nearly (`nowhere`: no knowledge); it says where Newton starts, never where nodes stand, so that where the
        game has one equilibrium the answer does not depend on it. host_moves : whether the host's choice counts (None: it does
        wherever requests were given), as data.
        """
        kind = self.setting.severity.dtype
        values = _as(kind, dict(values))
        coefficients = _as(kind, coefficients_from(self.setting, values))
        choice, spread = worked_out(crises_of(self.setting, coefficients)), coefficients.crisis_spread
        log_residual = _as(kind, self.nowhere() if guess is None else guess)
        if self.interacts:
            known = jnp.broadcast_to(jnp.asarray(self._known, kind)[:, None], log_residual.shape[::2])
            log_residual = anticipate(nodes_of(choice, self._rung_of, spread * known), log_residual)
        at_nodes = self._at_nodes(choice, reading, spread, log_residual)
        none = jnp.zeros(self.seen.n_crises, kind)
        sites = placed(at_nodes, self.seen.n_crises, kind) if self.nodes > 1 else Sites(none, none)
        in_sd, log_weight = effect_nodes(sites, self.nodes)
        by_node = at_nodes(in_sd)
        led = np.flatnonzero(self._patron >= 0)
        if self.interacts and led.size:
            by_node = by_node.at[:, led].set(self._patron_first(coefficients, led, reading, spread * in_sd[:, led]))
        responses = logsumexp(by_node + log_weight, axis=0)
        sites = moments(lax.stop_gradient(by_node + log_weight), sites, self.nodes)
        return LogLikelihood(responses, self._request(values, coefficients, host_moves), sites, log_residual)

    def nowhere(self) -> Float[Array, "s p c"]:
        """No knowledge of where the answer lies."""
        return jnp.zeros((len(self._known), len(self.setting.log_delivery[0]), self.seen.n_crises))

    def _at_nodes(
        self, choice: Choice, reading: Reading, spread: Array, log_residual: Float[Array, "s p c"]
    ) -> Callable[[Float[Array, "q c"]], Float[Array, "q c"]]:
        """log P(responses) at values of the effect in its standard deviations."""
        if self.interacts:

            def together(in_sd: Array) -> Array:
                nodes = nodes_of(choice, self._rung_of, spread * in_sd)
                payoff = payoffs(nodes, carried(in_sd, self._known, log_residual))
                return self._bands(self._by_rung(weights(payoff)), reading)

            return together
        payoff = choice.offer - choice.stake[:, None] * jnp.exp(-choice.reach)
        log_weight = self._log_by_rung(jnp.moveaxis(payoff, 1, 0))
        ladder = jnp.arange(self._rungs)[:, None, None]

        def alone(in_sd: Array) -> Array:
            lifted = log_weight[:, None] + (ladder * (spread * in_sd))[:, :, None]
            return self._bands(jnp.exp(lifted - lax.stop_gradient(jnp.max(lifted, axis=0))), reading)

        return alone

    def _by_rung(self, weight: Float[Array, "o ..."]) -> Float[Array, "r ..."]:
        """Weights of the rungs; which option is of which rung is the same everywhere."""
        has_rung = np.arange(self._rungs)[:, None] == self._rung_of
        return jnp.tensordot(jnp.asarray(has_rung, weight.dtype), weight, axes=1)

    def _log_by_rung(self, payoff: Float[Array, "o ..."]) -> Float[Array, "r ..."]:
        """Their logs: what is next to nothing at an effect of 0 may be all there is at another, and may not vanish before."""
        has_rung = (np.arange(self._rungs)[:, None] == self._rung_of).reshape(self._rungs, -1, *[1] * (payoff.ndim - 1))
        most = lax.stop_gradient(jnp.max(jnp.where(has_rung, payoff, CLOSED), axis=1))
        return most + jnp.log(
            jnp.maximum(self._by_rung(jnp.exp(payoff - most[self._rung_of])), jnp.finfo(payoff.dtype).tiny)
        )

    def _bands(self, weight: Float[Array, "r q p c"], reading: Reading) -> Float[Array, "q c"]:
        """log P(low ≤ rung ≤ high) at every node, summed over the responses of each crisis."""
        log_all = jnp.log(jnp.sum(weight, axis=0))
        found = jnp.zeros_like(log_all[:, 0])
        for layer in self._layers:
            row = np.maximum(layer, 0)
            share = jnp.where(layer >= 0, reading.weight[row], 0.0).astype(weight.dtype)
            log_band = log_within(weight, reading.low[row], reading.high[row])
            found = found + jnp.sum(share * (log_band - log_all), axis=1)
        return found

    def _patron_first(
        self, coefficients: Coefficients, led: np.ndarray, reading: Reading, effect: Float[Array, "q led"]
    ) -> Float[Array, "q led"]:
        """Σ over what the patron may have done of its chance times that of everybody's bands after it, in logs."""
        some = self.setting.select(led.tolist())
        at = np.full(self.seen.n_crises, -1)
        at[led] = np.arange(led.size)
        rows = np.flatnonzero(at[self.seen.crisis] >= 0)
        crisis, power = at[self.seen.crisis[rows]], self.seen.power[rows]
        own = jax.tree.map(lambda a: a[rows] if a.shape == (len(self.seen),) else a, reading)

        def at_node(u: Array) -> Array:
            games = crises_of(some, eqx.tree_at(lambda c: c.crisis_effect, coefficients, u))
            played = patron_first(games, jnp.asarray(self._patron[led]))
            log_chance = jnp.moveaxis(played.log_strategy[crisis, :, power], -1, 0)  # option, row, first move
            weight = jnp.moveaxis(self._by_rung(jnp.exp(log_chance)), 1, -1)
            by_move = (log_within(weight, own.low, own.high) - jnp.log(jnp.sum(weight, axis=0))) * own.weight
            summed = jnp.zeros((led.size, by_move.shape[0])).at[crisis].add(by_move.T)
            return logsumexp(played.log_first + summed, axis=1)

        return lax.map(at_node, effect)

    def _request(self, values: Mapping[str, Array], coefficients: Coefficients, host_moves) -> Float[Array, " c"]:
        none = jnp.zeros(self.seen.n_crises, self.setting.severity.dtype)
        if self.requests is None or host_moves is False:
            return none
        requests = self.requests

        def told() -> Array:
            return request_log_likelihood(requests, coefficients, values).astype(none.dtype)

        return told() if host_moves is None else lax.cond(host_moves, told, lambda: none)


def _as(kind, tree: Any) -> Any:
    """Every number with a fraction in one precision: that of the setting."""
    return jax.tree.map(lambda a: jnp.asarray(a, kind) if jnp.issubdtype(jnp.result_type(a), jnp.floating) else a, tree)


def log_within(weight: Float[Array, "r ..."], low: Array, high: Array) -> Array:
    """Log of the weight of the rungs of a band; low and high have the last axes of the weights."""
    ladder = jnp.arange(len(weight)).reshape(-1, *(1 for _ in weight.shape[1:]))
    inside = jnp.sum(jnp.where((low <= ladder) & (ladder <= high), weight, 0.0), axis=0)
    return jnp.log(jnp.maximum(inside, jnp.finfo(weight.dtype).tiny))


def _layers(seen: Observations, powers: int) -> list[np.ndarray]:
    """Row of the record at each [power, crisis], −1 where there is none; a layer for every coder."""
    found: list[np.ndarray] = []
    for row, (c, p) in enumerate(zip(seen.crisis, seen.power, strict=True)):
        layer = next((one for one in found if one[p, c] < 0), None)
        if layer is None:
            layer = np.full((powers, seen.n_crises), -1)
            found.append(layer)
        layer[p, c] = row
    return found


def rung_chances(crises: Crises, log_sigma: Float[Array, "c p o"], rungs: int) -> Float[Array, "c p r"]:
    """P(rung) of every power from its log probabilities of options."""
    return jnp.stack([jnp.sum(jnp.where(crises.rung == r, jnp.exp(log_sigma), 0.0), axis=-1) for r in range(rungs)], -1)
