"""Every game is solved from no knowledge of its answer, also where stakes are large and responses overshoot."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from buckpass.model.anticipation import Nodes, anticipate, payoffs, weights

GAMES, POWERS, RUNGS = 4000, 4, 6


def games(seed: int, stakes: float) -> Nodes:
    """Random games of single precision: cost rises along the ladder, powers are aligned or rivals."""
    rng = np.random.default_rng(seed)
    cost = np.cumsum(rng.exponential(1.0, (RUNGS, 1, POWERS, GAMES)), axis=0)
    reach = np.cumsum(rng.exponential(0.6, (RUNGS, POWERS, GAMES)), axis=0)
    stake = np.exp(rng.normal(stakes, 1.0, (POWERS, GAMES)))
    sign = rng.choice([-1.0, 0.0, 1.0], (POWERS, POWERS, GAMES)) * rng.random((POWERS, POWERS, GAMES))
    sign = np.triu(sign.transpose(2, 0, 1), 1)
    alignment = (sign + sign.transpose(0, 2, 1)).transpose(1, 2, 0)
    return Nodes(*(jnp.asarray(a, jnp.float32) for a in (-cost, stake, alignment, reach)))


@jax.jit
def solved(nodes: Nodes):
    point = anticipate(nodes, jnp.zeros((1, POWERS, GAMES), jnp.float32))
    weight = weights(payoffs(nodes, point))
    chance = weight / weight.sum(axis=0)
    left = jnp.exp(-nodes.alignment * nodes.reach[:, None])  # o i j c
    share = jnp.log(jnp.einsum("oijc,oqjc->qijc", left, chance))
    others = ~jnp.eye(POWERS, dtype=bool)[:, :, None]
    return point, jnp.where(others, share, 0.0).sum(axis=2)


@pytest.mark.slow
@pytest.mark.parametrize("stakes", [1.0, 3.0, 4.0])
def test_every_game_is_solved_and_its_answer_reproduces_itself(stakes):
    point, again = solved(games(7, stakes))
    assert np.isfinite(point).all()
    np.testing.assert_allclose(point, again, atol=0.02)
