"""What an equilibrium is asked: responses, buck passed, burden and benefit, outcome (model §3).

Every function is pure, differentiable where the quantity is, and returns crisis first, then power. Where a power moves
first (`order.PlayedInOrder`) each gives the expectation before anybody has moved: the powers' moves are independent only
given that one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from jaxtyping import Array, Float

from buckpass.game.arrays import namespace
from buckpass.game.choice import log_strategy, option_payoffs
from buckpass.game.crises import Crises, force
from buckpass.game.fixed_point import DEFAULT_SETTINGS, Equilibrium, SolverSettings, solve_strategies
from buckpass.game.order import PlayedInOrder

__all__ = [
    "alone_strategy",
    "benefit_share",
    "buck_passed",
    "burden_share",
    "cross_response",
    "expected_effort",
    "expected_payoff",
    "expected_rung",
    "free_riding_index",
    "host_security",
    "p_anybody_picks",
    "p_at_least",
    "p_deploys",
    "p_nobody",
    "p_stabilised",
    "residual",
    "response",
    "stake_secured",
]

Solved = Equilibrium | PlayedInOrder


def _over_first_moves(estimand: Callable[..., Array]) -> Callable[..., Array]:
    """The estimand of one equilibrium, or its expectation over what the first mover does."""

    @wraps(estimand)
    def expected(crises: Crises, found: Solved, *given) -> Array:
        if isinstance(found, Equilibrium):
            return estimand(crises, found, *given)
        return found.expected(lambda one: estimand(crises, one, *given))

    return expected


def response(crises: Crises, strategy: Float[Array, "c p o"]) -> Float[Array, "c p r"]:
    """Probability of each rung of the ladder, from silence up, vehicles summed."""
    xp = namespace(crises, strategy)
    return xp.stack([xp.sum(xp.where(crises.rung == r, strategy, 0.0), -1) for r in range(crises.rungs.count)], -1)


def p_at_least(crises: Crises, equilibrium: Solved, rung: int) -> Float[Array, "c p"]:
    """P(rung ≥ r) of each power."""
    xp = namespace(crises, equilibrium)
    return xp.sum(xp.where(crises.rung >= rung, equilibrium.strategy, 0.0), axis=-1)


def p_deploys(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """P(deployment) of each power, by any vehicle or none."""
    return p_at_least(crises, equilibrium, crises.rungs.deployment)


def expected_rung(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """Mean rung of each power; the ladder is ordinal, so read it as a summary, not a quantity of effort."""
    return (crises.rung * equilibrium.strategy).sum(axis=-1)


def expected_effort(crises: Crises, strategy: Float[Array, "c p o"]) -> Float[Array, "c p"]:
    """Mean effort ē = Σ σ(a) e(a), on the ladder's scale (0 silence, 1 top)."""
    return (crises.effort_at * strategy).sum(axis=-1)


def alone_strategy(crises: Crises) -> Float[Array, "c p o"]:
    """What each power would do if nobody else acted: its logit choice at R = 1."""
    xp = namespace(crises)
    return xp.exp(log_strategy(crises, xp.zeros_like(crises.stake)))


def buck_passed(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """q (ē alone - ē in equilibrium): above 0 the power rides on the others, below 0 they draw it in."""
    alone = expected_effort(crises, alone_strategy(crises))
    return crises.delivery * (alone - expected_effort(crises, equilibrium.strategy))


def residual(found: Solved) -> Float[Array, "c p"]:
    """R: share of the job that the others leave undone for each power; above 1 they make it worse."""
    if isinstance(found, Equilibrium):
        return namespace(found).exp(found.log_residual)
    return found.expected(lambda one: namespace(one).exp(one.log_residual))


@_over_first_moves
def stake_secured(crises: Crises, equilibrium: Equilibrium) -> Float[Array, "c p"]:
    """V [1 - E exp(-X)]: stake that the crisis leaves secured to each power; negative where rivals undo more."""
    left = namespace(equilibrium).exp(equilibrium.log_residual)
    return crises.stake * (1.0 - _own_shortfall(crises, equilibrium) * left)


@_over_first_moves
def expected_payoff(crises: Crises, equilibrium: Equilibrium) -> Float[Array, "c p"]:
    """λ E[U_i] of each power in logit units: what it gains and pays in all, 0 where nobody does anything."""
    payoff = (crises.rationality[:, None] * crises.stake)[..., None] + option_payoffs(crises, equilibrium.log_residual)
    return namespace(payoff).where(crises.is_open, equilibrium.strategy * payoff, 0.0).sum(axis=-1)


def burden_share(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """Share of the expected cost Σ C k borne by each power; zero for all where nobody bears any."""
    return _share(crises.cost * (equilibrium.strategy * crises.cost_at).sum(axis=-1))


def benefit_share(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """Share of the stake secured that falls to each power; a power whose stake is undone has a share of zero."""
    secured = stake_secured(crises, equilibrium)
    return _share(namespace(secured).maximum(secured, 0.0))


def free_riding_index(crises: Crises, equilibrium: Solved) -> Float[Array, "c p"]:
    """Benefit share minus burden share (Olson & Zeckhauser 1966): above 0 the power gets more than it pays for."""
    return benefit_share(crises, equilibrium) - burden_share(crises, equilibrium)


def p_stabilised(crises: Crises, equilibrium: Solved) -> Float[Array, " c"]:
    """1 - E exp(-Σ α_hj q_j e_j / s), seen from the host; 0 where rivals of the host undo more than is done."""
    secured = host_security(crises, equilibrium)
    return namespace(secured).maximum(secured, 0.0)


@_over_first_moves
def host_security(crises: Crises, equilibrium: Equilibrium) -> Float[Array, " c"]:
    """1 - E exp(-X_h), which is negative where the host is left worse off than with nobody there."""
    reach = crises.delivery[..., None] * crises.effort_at / crises.severity[:, None, None]
    xp = namespace(crises, equilibrium)
    factors = xp.sum(equilibrium.strategy * xp.exp(-crises.host_alignment[..., None] * reach), axis=-1)
    return 1.0 - xp.exp(xp.sum(xp.log(factors), axis=-1))


@_over_first_moves
def p_nobody(crises: Crises, equilibrium: Equilibrium) -> Float[Array, " c"]:
    """Probability that nobody goes beyond words."""
    xp = namespace(crises, equilibrium)
    words = xp.where(crises.rung < crises.rungs.beyond_words, equilibrium.strategy, 0.0)
    return words.sum(axis=-1).prod(axis=-1)


@_over_first_moves
def p_anybody_picks(crises: Crises, equilibrium: Equilibrium, option: int) -> Float[Array, " c"]:
    """Probability that at least one power picks an option (a deployment through one organisation)."""
    return 1.0 - (1.0 - equilibrium.strategy[:, :, option]).prod(axis=1)


def cross_response(
    crises: Crises, pair: tuple[int, int], rungs: tuple[int, int], settings: SolverSettings = DEFAULT_SETTINGS
) -> Float[Array, " c"]:
    """Change in one power's expected effort when another is moved from one rung to the next, all else re-solved.

    `pair` is (responder i, mover j), `rungs` the mover's rung before and after. Severity and request are held.
    Below 0 the responder rides, above 0 it balances, 0 it does not care.
    """
    responder, mover = pair
    before, after = (solve_strategies(force(crises, mover, rung), settings).strategy for rung in rungs)
    return (expected_effort(crises, after) - expected_effort(crises, before))[:, responder]


def _own_shortfall(crises: Crises, equilibrium: Equilibrium) -> Float[Array, "c p"]:
    reach = crises.delivery[..., None] * crises.effort_at / crises.severity[:, None, None]
    return (equilibrium.strategy * namespace(reach).exp(-reach)).sum(axis=-1)


def _share(amount: Float[Array, "c p"]) -> Float[Array, "c p"]:
    xp, total = namespace(amount), amount.sum(axis=-1, keepdims=True)
    return xp.where(total > 0, amount / xp.where(total > 0, total, 1.0), 0.0)
