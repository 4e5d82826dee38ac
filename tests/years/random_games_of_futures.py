"""Random crises in single precision, small enough stakes that most have one equilibrium."""

import jax
import jax.numpy as jnp
import numpy as np

from buckpass.case.ladder import Rungs
from buckpass.game.crises import Crises


def random_block(count: int, powers: int, options: int = 7) -> Crises:
    rng = np.random.default_rng(3)
    rung = np.broadcast_to(np.arange(options), (count, powers, options))
    steps = np.cumsum(rng.dirichlet(np.ones(options - 1), (count, powers)), axis=-1)
    ladder = np.concatenate([np.zeros((count, powers, 1)), steps], axis=-1)
    alignment = rng.uniform(-0.5, 1, (count, powers, powers))
    alignment[:, np.arange(powers), np.arange(powers)] = 1
    one = np.ones((count, powers))
    crises = Crises(
        stake=rng.uniform(0.5, 4, one.shape), cost=rng.uniform(0.5, 3, one.shape), backlash=0.3 * one, norm=0 * one,
        influence=0.2 * one, barrier=one, delivery=rng.uniform(0.5, 2, one.shape), severity=rng.uniform(0.5, 2, count),
        alignment=alignment, host_alignment=0.5 * one, rationality=np.ones(count), effort_at=ladder, cost_at=ladder,
        presence_at=ladder, influence_at=ladder, deploys_at=(rung >= 5) * 1.0, barred_at=0.0 * rung, rung_payoff_at=0.0 * rung,
        is_open=np.ones(rung.shape, bool), rung=rung,
        rungs=Rungs(options, words=1, deployment=5, through=5),
    )  # fmt: skip
    return jax.tree.map(
        lambda x: jnp.asarray(x, jnp.float32) if np.asarray(x).dtype == float else jnp.asarray(x), crises
    )
