"""The likelihood of the record under any combination of mechanisms, one reading and one order of moves (model §2, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.game.choice import as_choice
from buckpass.game.crises import Crises
from buckpass.game.order import patron_first
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.model.alone import alone_coefficients, alone_setting
from buckpass.model.anticipation import anticipate, nodes_of, payoffs
from buckpass.model.coefficients import coefficients_from
from buckpass.model.effect import Sites, effect_nodes, moments
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading
from buckpass.model.requests import Requests, request_log_likelihood

__all__ = ["ORDERS", "Guess", "Likelihood", "LogLikelihood", "Order", "first_mover"]

Order = Literal["simultaneous", "patron first"]
ORDERS: tuple[Order, ...] = ("simultaneous", "patron first")
NODES = 9  # of the crisis effect, placed where each crisis wants them


class Guess(eqx.Module):
    """Where the answer lies nearly: the crisis effects by crisis, and log R at their nodes."""

    sites: Sites
    log_residual: Float[Array, "p q c"]


class LogLikelihood(eqx.Module):
    """Per crisis, in nats: the responses given the request, and the request (0 where unknown or not modelled).

    sites : what each crisis says of its effect; log_residual : log R at the nodes (0 where nothing is solved): the guess
    for points nearby.
    """

    responses: Float[Array, " c"]
    request: Float[Array, " c"]
    sites: Sites
    log_residual: Float[Array, "p q c"]


class Likelihood:
    """Log-likelihood of the record as a pure function of values of the terms and of a reading.

    Every crisis has an effect u ~ N(0, σ_u²) of its own that adds u·r to the pay-off of rung r for all powers; it is
    integrated out crisis by crisis (`effect.py`). Where nobody's effort counts for anybody else (`interacts` false: no κ
    is free) each row of the record is a game of one and nothing is solved. Under *patron first* the crises that have a
    patron among the powers are solved after each of its moves.
    """

    def __init__(
        self, setting: CrisisSetting, seen: Observations, interacts: bool, order: Order = "simultaneous",
        requests: Requests | None = None, nodes: int = NODES,
    ):  # fmt: skip
        self.setting, self.seen, self.interacts, self.order = setting, seen, interacts, order
        self.requests, self.nodes = requests, nodes
        self._rows = alone_setting(setting, seen.crisis, seen.power)
        self._patron = first_mover(setting) if order == "patron first" else np.full(seen.n_crises, -1)
        self._rungs = setting.cost_curve.shape[0]
        self._layers = _layers(seen, len(setting.log_delivery[0]))
        self._of_crisis = (seen.crisis[:, None] == np.arange(seen.n_crises)).astype(float)

    def __call__(
        self, values: Mapping[str, Array], reading: Reading, guess: Guess | None = None,
        host_moves: bool | Array | None = None,
    ) -> LogLikelihood:  # fmt: skip
        """Log-likelihood per crisis. guess : near the answer; host_moves : whether the host's choice counts (None: it does
        wherever requests were given), as data."""
        guess = guess or self.nowhere()
        coefficients = coefficients_from(self.setting, values)
        effect, log_weight = effect_nodes(guess.sites, coefficients.crisis_spread, self.nodes)
        if self.interacts:
            by_node, log_residual = self._solved(coefficients, reading, effect, guess.log_residual)
        else:
            by_node, log_residual = self._alone(coefficients, reading, effect), guess.log_residual
        responses = logsumexp(by_node + log_weight, axis=0)
        sites = moments(lax.stop_gradient(by_node + log_weight), effect, coefficients.crisis_spread)
        return LogLikelihood(responses, self._request(values, coefficients, host_moves), sites, log_residual)

    def nowhere(self) -> Guess:
        """No knowledge of where the answer lies."""
        crises, powers = self.seen.n_crises, len(self.setting.log_delivery[0])
        rows = np.bincount(self.seen.crisis, minlength=crises).astype(float)
        return Guess(Sites(jnp.zeros(crises), jnp.asarray(rows)), jnp.zeros((powers, self.nodes, crises)))

    def _alone(self, coefficients: Coefficients, reading: Reading, effect: Array) -> Float[Array, "q c"]:
        games = crises_of(self._rows, alone_coefficients(coefficients, self.seen.power))
        choice = as_choice(games)
        payoff = (choice.offer - choice.stake[:, None] * jnp.exp(-choice.reach))[0]
        weight = self._by_rung(jnp.exp(payoff - jnp.max(payoff, axis=0)), games.rung[:, 0].T)
        ladder = jnp.arange(self._rungs)[:, None, None]
        lift = jnp.exp(ladder * effect - (self._rungs - 1) * jnp.maximum(effect, 0.0))
        return self._bands(weight[:, None] * lift[:, :, self.seen.crisis], reading)

    def _solved(
        self, coefficients: Coefficients, reading: Reading, effect: Array, guess: Array
    ) -> tuple[Float[Array, "q c"], Float[Array, "p q c"]]:
        crises = crises_of(self.setting, coefficients)
        nodes = nodes_of(as_choice(crises), jnp.moveaxis(crises.rung, 0, -1).astype(effect.dtype), effect)
        log_residual = anticipate(nodes, guess)
        payoff = payoffs(nodes, log_residual)
        weight = jnp.exp(payoff - jnp.max(payoff, axis=1, keepdims=True))
        by_rung = self._by_rung(jnp.moveaxis(weight, 1, 0), jnp.moveaxis(crises.rung, 0, -1).swapaxes(0, 1)[:, :, None])
        together = self._on_grid(by_rung, reading)
        led = np.flatnonzero(self._patron >= 0)
        if led.size:
            after = self._patron_first(coefficients, led, reading, effect[:, led])
            together = together.at[:, led].set(after)
        return together, log_residual

    def _by_rung(self, weight: Float[Array, "o ... n"], rung: Array) -> Float[Array, "r ... n"]:
        """Weights of options summed over those of each rung."""
        return jnp.stack([jnp.sum(jnp.where(rung == r, weight, 0.0), axis=0) for r in range(self._rungs)])

    def _bands(self, weight: Float[Array, "r q n"], reading: Reading) -> Float[Array, "q c"]:
        """log P(low ≤ rung ≤ high) at every node, summed over the rows of each crisis."""
        return self._summed(self._log_bands(weight, reading), reading)

    def _log_bands(self, weight: Float[Array, "r q n"], reading: Reading) -> Float[Array, "q n"]:
        ladder = jnp.arange(self._rungs)[:, None, None]
        inside = jnp.sum(jnp.where((ladder >= reading.low) & (ladder <= reading.high), weight, 0.0), axis=0)
        least = jnp.finfo(weight.dtype).tiny
        return jnp.log(jnp.maximum(inside, least)) - jnp.log(jnp.sum(weight, axis=0))

    def _on_grid(self, weight: Float[Array, "r p q c"], reading: Reading) -> Float[Array, "q c"]:
        """The same from all powers of all crises: without picking rows, which the compiler does slowly."""
        ladder = jnp.arange(self._rungs)[:, None, None, None]
        least = jnp.finfo(weight.dtype).tiny
        log_all = jnp.log(jnp.sum(weight, axis=0))
        found = jnp.zeros(weight.shape[2:], weight.dtype)
        for layer in self._layers:
            is_seen, row = (layer >= 0)[:, None], np.maximum(layer, 0)
            low, high = (of[row][:, None] for of in (reading.low, reading.high))
            inside = jnp.sum(jnp.where((ladder >= low) & (ladder <= high), weight, 0.0), axis=0)
            log_band = jnp.log(jnp.maximum(inside, least)) - log_all
            found = found + jnp.sum(jnp.where(is_seen, reading.weight[row][:, None] * log_band, 0.0), axis=0)
        return found

    def _summed(self, by_row: Float[Array, "q n"], reading: Reading) -> Float[Array, "q c"]:
        return (by_row * reading.weight) @ self._of_crisis

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
        rung = np.asarray(some.rung)[crisis, power].T[:, None]

        def at_node(u: Array) -> Array:
            played = patron_first(crises_of(some, eqx.tree_at(lambda c: c.crisis_effect, coefficients, u)),
                                  jnp.asarray(self._patron[led]))  # fmt: skip
            chance = jnp.exp(jnp.moveaxis(played.log_strategy[crisis, :, power], 0, -1))  # f o n
            by_move = self._log_bands(self._by_rung(jnp.moveaxis(chance, 1, 0), rung), own) * own.weight
            summed = jnp.zeros((led.size, by_move.shape[0])).at[crisis].add(by_move.T)
            return logsumexp(played.log_first + summed, axis=1)

        return lax.map(at_node, effect)

    def _request(self, values: Mapping[str, Array], coefficients: Coefficients, host_moves) -> Float[Array, " c"]:
        none = jnp.zeros(self.seen.n_crises, self.setting.severity.dtype)
        if self.requests is None or host_moves is False:
            return none
        told = (lambda: request_log_likelihood(self.requests, coefficients, values))
        return told() if host_moves is None else lax.cond(host_moves, told, lambda: none)


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
