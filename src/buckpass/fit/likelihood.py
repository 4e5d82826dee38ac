"""The likelihood of the record under one explanation, one reading of the record and one order of moves (model §2, §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.fit.alone import alone_coefficients, alone_setting
from buckpass.fit.explanations import Explanation
from buckpass.fit.model import bands, coefficients_from, interacts, log_choices
from buckpass.fit.observations import Observations
from buckpass.fit.readings import Reading
from buckpass.fit.requests import Requests, request_log_likelihood
from buckpass.game.crises import Crises
from buckpass.game.order import first_mover, patron_first
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import log_choices as solved_log_choices

__all__ = ["ORDERS", "Likelihood", "LogLikelihood", "Order"]

Order = Literal["simultaneous", "patron first"]
ORDERS: tuple[Order, ...] = ("simultaneous", "patron first")


class LogLikelihood(eqx.Module):
    """Per crisis, in nats: the responses given the request, and the request (0 where unknown or not modelled).

    log_residual is log R of every power, all moving at once: a guess for points nearby; 0 where nothing is solved.
    """

    responses: Float[Array, " c"]
    request: Float[Array, " c"]
    log_residual: Float[Array, "c p"]


class Likelihood:
    """Log-likelihood of the record under one explanation, as a pure function of its terms and of a reading.

    Where nobody's effort counts for anybody else (κ off) each row of the record is a game of one and nothing is
    solved. Otherwise crises are solved whole, and a guess of log R saves most of the search.
    Under *patron first* the crises that have a patron among the powers are solved after each of its moves.
    """

    def __init__(
        self, explanation: Explanation, setting: CrisisSetting, seen: Observations, order: Order = "simultaneous",
        requests: Requests | None = None,
    ):  # fmt: skip
        self.explanation, self.setting, self.seen, self.order = explanation, setting, seen, order
        self.requests = requests if explanation.has_host_stage else None
        self.is_solved = interacts(explanation)
        if not self.is_solved:
            self._rows = alone_setting(setting, seen.crisis, seen.power)
        self._patron = first_mover(setting) if order == "patron first" else np.full(seen.n_crises, -1)

    def __call__(self, values: Mapping[str, Array], reading: Reading, guess: Array | None = None) -> LogLikelihood:
        """Log-likelihood per crisis; `guess` is log R near the answer, as the answer nearby has it."""
        coefficients = self.coefficients(values)
        if not self.is_solved:
            by_row = self._alone(coefficients, reading)
            responses = self._by_crisis(by_row * reading.weight)
            log_residual = jnp.zeros(self.setting.log_delivery.shape)
        else:
            responses, log_residual = self._solved(crises_of(self.setting, coefficients), reading, guess)
        return LogLikelihood(responses, self._request(values, coefficients), log_residual)

    def coefficients(self, values: Mapping[str, Array]) -> Coefficients:
        """The model's coefficients at these values of the free terms."""
        return coefficients_from(self.explanation, self.setting, values.__getitem__)

    def _alone(self, coefficients: Coefficients, reading: Reading) -> Float[Array, " n"]:
        games = crises_of(self._rows, alone_coefficients(coefficients, self.seen.power))
        rows = np.arange(len(self.seen))
        return bands(log_choices(games, False)[:, 0], games.rung[rows, 0], games.is_open[rows, 0], reading)

    def _solved(self, crises: Crises, reading: Reading, guess: Array | None) -> tuple[Array, Array]:
        log_sigma, log_residual = solved_log_choices(crises, guess=guess)
        mine = log_sigma[self.seen.crisis, self.seen.power]
        rung, is_open = (a[self.seen.crisis, self.seen.power] for a in (crises.rung, crises.is_open))
        together = self._by_crisis(bands(mine, rung, is_open, reading) * reading.weight)
        led = np.flatnonzero(self._patron >= 0)
        if not led.size:
            return together, log_residual
        after = self._patron_first(jax.tree.map(lambda a: a[led], crises), led, reading)
        return together.at[led].set(after), log_residual

    def _patron_first(self, crises: Crises, led: np.ndarray, reading: Reading) -> Float[Array, " led"]:
        """Σ over what the patron may have done of its chance times that of everybody's bands after it, in logs."""
        played = patron_first(crises, jnp.asarray(self._patron[led]))
        at = np.full(self.seen.n_crises, -1)
        at[led] = np.arange(led.size)
        rows = np.flatnonzero(at[self.seen.crisis] >= 0)
        crisis, power = at[self.seen.crisis[rows]], self.seen.power[rows]
        some = jax.tree.map(lambda a: a[rows] if a.shape == (len(self.seen),) else a, reading)
        rung, is_open = crises.rung[crisis, power], crises.is_open[crisis, power]
        after = jnp.moveaxis(played.log_strategy[crisis, :, power], 1, 0)
        by_move = jax.vmap(lambda one: bands(one, rung, is_open, some))(after)
        summed = jnp.zeros((led.size, by_move.shape[0])).at[crisis].add((by_move * some.weight).T)
        return logsumexp(played.log_first + summed, axis=1)

    def _request(self, values: Mapping[str, Array], coefficients: Coefficients) -> Float[Array, " c"]:
        if self.requests is None:
            return jnp.zeros(self.seen.n_crises)
        return request_log_likelihood(self.requests, coefficients, values)

    def _by_crisis(self, by_row: Float[Array, " n"]) -> Float[Array, " c"]:
        return jnp.zeros(self.seen.n_crises).at[self.seen.crisis].add(by_row)
