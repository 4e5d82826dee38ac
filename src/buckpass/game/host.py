"""The host moves before anybody: whom does it ask, given what each request would bring and cost it?"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["HostStage", "request_log_probabilities", "request_payoffs"]


class HostStage(eqx.Module):
    """What the host weighs; axes crisis c, request ρ, power p.

    The crisis games of all requests are one batch whose crisis axis is (c, ρ) flattened, request fastest.
    """

    stake: Float[Array, " c"]  # V_h, value to the host of a job done, logit units
    price: Float[Array, "c p"]  # S_hj, price in sovereignty of owing j, logit units
    asked: Float[Array, "c ρ p"]  # 1 where request ρ asks power j (itself or through an organisation that it leads)
    is_possible: Bool[Array, "c ρ"]  # requests that the host could make in this crisis; at least one


def request_payoffs(stage: HostStage, security: Float[Array, " cρ"]) -> Float[Array, "c ρ"]:
    """U_h(ρ) = V_h [1 - E exp(-X_h) | ρ] - Σ_{j asked} S_hj.

    `security` is `estimands.host_security` of the batch of request games, so that the
    expectation is taken in the responders' equilibrium under ρ. In logit units.
    """
    brought = stage.stake[:, None] * security.reshape(stage.asked.shape[:2])
    return brought - jnp.einsum("crp,cp->cr", stage.asked, stage.price)


def request_log_probabilities(stage: HostStage, security: Float[Array, " cρ"]) -> Float[Array, "c ρ"]:
    """Log of the logit probability of each request; about -1e30 where it is not possible."""
    payoff = jnp.where(stage.is_possible, request_payoffs(stage, security), -1e30)
    return jax.nn.log_softmax(payoff, axis=-1)
