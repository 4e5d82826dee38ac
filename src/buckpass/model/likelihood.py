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

from buckpass.game.choice import Choice, as_choice
from buckpass.game.crises import Crises
from buckpass.game.order import patron_first
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.model.anticipation import anticipate, nodes_of, payoffs, weights
from buckpass.model.coefficients import coefficients_from
from buckpass.model.effect import Sites, effect_nodes, interpolation, moments, rule
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading
from buckpass.model.requests import Requests, request_log_likelihood

__all__ = ["ORDERS", "Guess", "Likelihood", "LogLikelihood", "Order", "first_mover"]

Order = Literal["simultaneous", "patron first"]
ORDERS: tuple[Order, ...] = ("simultaneous", "patron first")
NODES = 9  # values of the crisis effect, placed where each crisis wants them
PLACING, PLACINGS = 9, 1  # nodes that say where, and how often they are asked
SOLVED = (
    3  # of them at which the game is solved; log R is all but linear in the effect, a parabola carries it to the others
)


class Guess(eqx.Module):
    """Where the answer lies nearly: the crisis effects by crisis, and log R at the nodes that are solved."""

    sites: Sites
    log_residual: Float[Array, "s p c"]


class LogLikelihood(eqx.Module):
    """Per crisis, in nats: the responses given the request, and the request (0 where unknown or not modelled).

    sites : what each crisis says of its effect; log_residual : log R at the nodes solved (0 where nothing is solved): the guess
    for points nearby.
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
        requests: Requests | None = None, nodes: int = NODES, solved: int = SOLVED,
    ):  # fmt: skip
        self.setting, self.seen, self.interacts, self.order = setting, seen, interacts, order
        self.requests, self.nodes, self.solved = requests, nodes, min(solved, nodes)
        self._patron = first_mover(setting) if order == "patron first" else np.full(seen.n_crises, -1)
        self._rungs, self._rung_of = setting.cost_curve.shape[0], np.asarray(setting.rung)[0, 0]
        self._layers = _layers(seen, len(setting.log_delivery[0]))
        self.placing, self.placings = max(PLACING, self.solved), PLACINGS if nodes > 1 else 0

    def __call__(
        self, values: Mapping[str, Array], reading: Reading, guess: Guess | None = None,
        host_moves: bool | Array | None = None,
    ) -> LogLikelihood:  # fmt: skip
        """Log-likelihood per crisis. guess : near the answer; host_moves : whether the host's choice counts (None: it does
        wherever requests were given), as data."""
        kind = self.setting.severity.dtype
        near: Guess = _as(kind, guess or self.nowhere())
        values = _as(kind, dict(values))
        coefficients = _as(kind, coefficients_from(self.setting, values))
        spread, at_nodes = coefficients.crisis_spread, self._at_nodes(coefficients, reading)
        sites, log_residual = near.sites, near.log_residual
        for _ in range(
            PLACINGS
        ):  # the guess places the nodes once more where they are wanted: no derivative is taken of that
            effect, log_weight = effect_nodes(sites, spread, self.placing)
            rough = at_nodes(effect, log_residual if self.interacts else None, self.placing)
            sites = lax.stop_gradient(moments(rough + log_weight, sites, self.placing))
        effect, log_weight = effect_nodes(sites, spread, self.nodes)
        if self.interacts:
            few, _ = effect_nodes(sites, spread, self.solved)
            log_residual = self._anticipated(coefficients, few, log_residual)
            by_node = at_nodes(effect, log_residual, self.nodes)
            led = np.flatnonzero(self._patron >= 0)
            if led.size:
                by_node = by_node.at[:, led].set(self._patron_first(coefficients, led, reading, effect[:, led]))
        else:
            by_node = at_nodes(effect, None, self.nodes)
        responses = logsumexp(by_node + log_weight, axis=0)
        sites = moments(lax.stop_gradient(by_node + log_weight), sites, self.nodes)
        return LogLikelihood(responses, self._request(values, coefficients, host_moves), sites, log_residual)

    def nowhere(self) -> Guess:
        """No knowledge of where the answer lies."""
        crises, powers = self.seen.n_crises, len(self.setting.log_delivery[0])
        return Guess(Sites(jnp.zeros(crises), jnp.zeros(crises)), jnp.zeros((self.solved, powers, crises)))

    def _at_nodes(self, coefficients: Coefficients, reading: Reading) -> Callable[..., Float[Array, "q c"]]:
        """A function of the effects at n nodes, and of log R at the nodes that are solved: log P(responses) at each node."""
        choice = as_choice(crises_of(self.setting, coefficients))
        if self.interacts:
            return lambda effect, log_residual, n: self._together(choice, reading, effect, log_residual, n)
        payoff = choice.offer - choice.stake[:, None] * jnp.exp(-choice.reach)
        weight = self._by_rung(weights(jnp.moveaxis(payoff, 1, 0)))
        ladder = jnp.arange(self._rungs)[:, None, None]

        def alone(effect: Array, log_residual: None, n: int) -> Array:
            lift = jnp.exp(ladder * effect - (self._rungs - 1) * jnp.maximum(effect, 0.0))
            return self._bands(weight[:, None] * lift[:, :, None], reading)

        return alone

    def _anticipated(self, coefficients: Coefficients, few: Array, guess: Array) -> Float[Array, "s p c"]:
        """log R where it is solved."""
        return anticipate(nodes_of(as_choice(crises_of(self.setting, coefficients)), self._rung_of, few), guess)

    def _together(
        self, choice: Choice, reading: Reading, effect: Array, log_residual: Array, n: int
    ) -> Float[Array, "q c"]:
        carry = interpolation(rule(self.solved)[0], rule(n)[0])
        carried = jnp.tensordot(jnp.asarray(carry, effect.dtype), log_residual, axes=1)
        payoff = payoffs(nodes_of(choice, self._rung_of, effect), carried)
        return self._bands(self._by_rung(weights(payoff)), reading)

    def _by_rung(self, weight: Float[Array, "o ..."]) -> Float[Array, "r ..."]:
        """Weights of the rungs; which option is of which rung is the same everywhere."""
        has_rung = np.arange(self._rungs)[:, None] == self._rung_of
        return jnp.tensordot(jnp.asarray(has_rung, weight.dtype), weight, axes=1)

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


def first_mover(setting: CrisisSetting) -> np.ndarray:
    """Position of the patron in each crisis where it is one of the powers and plays, −1 elsewhere."""
    is_patron = np.asarray(setting.covariate("patron")) * (np.asarray(setting.is_open).sum(axis=-1) > 1)
    return np.where(is_patron.any(axis=1), is_patron.argmax(axis=1), -1)


def rung_chances(crises: Crises, log_sigma: Float[Array, "c p o"], rungs: int) -> Float[Array, "c p r"]:
    """P(rung) of every power from its log probabilities of options."""
    return jnp.stack([jnp.sum(jnp.where(crises.rung == r, jnp.exp(log_sigma), 0.0), axis=-1) for r in range(rungs)], -1)
