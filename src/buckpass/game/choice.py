"""How a power chooses when the others leave it a given residual, and what its choice leaves to them.

Inside this module the crisis axis is last, so that the compiler vectorises over crises; everywhere else it is first.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from buckpass.game.arrays import constant, crisis_last, log_sum_exp, namespace
from buckpass.game.crises import Crises

__all__ = [
    "Choice",
    "as_choice",
    "best_response",
    "choice_log_probabilities",
    "log_strategy",
    "option_payoffs",
    "slopes",
    "worked_out",
]

CLOSED = -1e30  # payoff of a closed option: finite, so that no gradient is NaN, and its probability is exactly 0
LARGEST_LOG_LOSS = 57.0  # e^57 logit units is far below -CLOSED and far above anything that a choice can feel


class Choice(eqx.Module):
    """A batch of crisis games reduced to what the fixed point in log R needs (model §2); crisis axis last.

    Power i's logit payoff is ``offer[i, a] - stake[i] · exp(log R_i - reach[i, a])``; the rationality λ is already in
    `stake` and `offer`, and a closed option's offer is `CLOSED`.
    """

    stake: Float[Array, "p c"]  # λ V
    offer: Float[Array, "p o c"]  # λ (τ + G w - C k - B p - N d - Q u)
    reach: Float[Array, "p o c"]  # q e / s
    alignment: Float[Array, "p p c"]  # α


def as_choice(crises: Crises) -> Choice:
    """The batch as the solver sees it: one stake, one offer and one reach per option."""
    xp = namespace(crises)
    price = (
        crises.rung_payoff_at
        + crises.influence[..., None] * crises.influence_at
        - crises.cost[..., None] * crises.cost_at
        - crises.backlash[..., None] * crises.presence_at
        - crises.norm[..., None] * crises.deploys_at
        - crises.barrier[..., None] * crises.barred_at
    )
    offer = xp.where(crises.is_open, crises.rationality[:, None, None] * price, CLOSED)
    reach = crises.delivery[..., None] * crises.effort_at / crises.severity[:, None, None]
    return Choice(
        stake=(crises.rationality[:, None] * crises.stake).T,
        offer=crisis_last(offer),
        reach=crisis_last(reach),
        alignment=crisis_last(crises.alignment),
    )


def worked_out(crises: Crises) -> Choice:
    """`as_choice`, behind a condition that always holds (no stake is −∞) and that the compiler cannot know: left in the open, it
    works the batch out again for each use, which cost half of a search and a third of the likelihood's gradient."""
    nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(as_choice, crises))
    return lax.cond(crises.stake[0, 0] != -jnp.inf, as_choice, lambda _: nothing, crises)


def loss(choice: Choice, log_residual: Float[Array, "p c"] | Float[Array, "p o c"]) -> Float[Array, "p o c"]:
    """What is lost of the stake under each option: λ V R exp(-q e / s), in logit units.

    A power that is seen before the others answer meets another residual after each of its options: log R then has its
    options as the middle axis. Log R enters up to `ceiling` only, where the option of most effort already loses e^57: beyond it the choice is that
    option to machine precision, and no exponential overflows.
    """
    xp = namespace(choice, log_residual)
    most = xp.max(xp.where(choice.offer > CLOSED, choice.reach, 0.0), axis=1)
    ceiling = LARGEST_LOG_LOSS + most - xp.log(xp.maximum(choice.stake, 1.0))
    met = log_residual if log_residual.ndim == choice.reach.ndim else log_residual[:, None]
    exponent = xp.minimum(met, constant(ceiling)[:, None]) - choice.reach
    return choice.stake[:, None] * xp.exp(xp.minimum(exponent, 70.0 if exponent.dtype == jnp.float32 else 600.0))


def choice_log_probabilities(choice: Choice, log_residual: Float[Array, "p c"]) -> Float[Array, "p o c"]:
    """Logit choice probabilities of every power at the given residuals, in logs: log σ_i(a)."""
    payoff = choice.offer - loss(choice, log_residual)
    return payoff - log_sum_exp(payoff, axis=1, keepdims=True)


def best_response(choice: Choice, log_residual: Float[Array, "p c"]) -> Float[Array, "p c"]:
    """Residuals that the powers leave each other when each answers `log_residual`.

    ``log R_i = Σ_{j≠i} log Σ_a σ_j(a) exp(-α_ij q_j e(a) / s)``, entirely in logs: no probability underflows.
    """
    xp = namespace(choice, log_residual)
    log_sigma = choice_log_probabilities(choice, log_residual)
    if (
        xp is np
    ):  # row by row: all at once is larger than the cache, and memory for it is asked of the system anew each time
        rows = (log_sum_exp(log_sigma - row[:, None] * choice.reach, axis=1) for row in choice.alignment)
        left = np.stack([*rows])
    else:
        left = log_sum_exp(log_sigma[None] - choice.alignment[:, :, None] * choice.reach[None], axis=2)
    return xp.sum(xp.where(others(choice), left, 0.0), axis=1)


def slopes(choice: Choice, log_residual: Float[Array, "p c"]) -> Float[Array, "p p c"]:
    """Jacobian of the best-response map, ∂ log R_i / ∂ log R_j: a difference of two means of the marginal loss."""
    log_sigma = choice_log_probabilities(choice, log_residual)
    marginal = -loss(choice, log_residual)
    tilted = jax.nn.softmax(log_sigma[None] - choice.alignment[:, :, None] * choice.reach[None], axis=2)
    slope = jnp.sum((tilted - jnp.exp(log_sigma)[None]) * marginal[None], axis=2)
    return jnp.where(others(choice), slope, 0.0)


def others(choice: Choice) -> Array:
    """True where the row's power and the column's power differ."""
    return ~namespace(choice).eye(choice.stake.shape[0], dtype=bool)[:, :, None]


def option_payoffs(crises: Crises, log_residual: Float[Array, "c p"] | Float[Array, "c p o"]) -> Float[Array, "c p o"]:
    """λ E[U_i(a)] - λ V_i of every option at the given residuals, crisis first; -1e30 where closed."""
    choice, xp = as_choice(crises), namespace(crises, log_residual)
    return xp.moveaxis(choice.offer - loss(choice, xp.moveaxis(log_residual, 0, -1)), -1, 0)


def log_strategy(crises: Crises, log_residual: Float[Array, "c p"] | Float[Array, "c p o"]) -> Float[Array, "c p o"]:
    """Log probabilities of every option at the given residuals, crisis first; a closed option stands at about -1e30."""
    xp = namespace(crises, log_residual)
    found = choice_log_probabilities(as_choice(crises), xp.moveaxis(log_residual, 0, -1))
    return xp.moveaxis(found, -1, 0)
