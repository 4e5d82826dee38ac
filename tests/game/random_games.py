"""Random batches of crisis games for the tests of this room."""

import jax.numpy as jnp
import numpy as np

from buckpass.game.crises import Crises


def random_crises(seed=0, crises=8, powers=4, options=7, stake=4.0, dtype="float64", aligned=None) -> Crises:
    """Crisis games with log-normal prices and alignments uniform on [-1, 1] (or all `aligned`)."""
    draw = np.random.default_rng(seed)
    shape, ladder = (crises, powers), np.linspace(0.0, 1.0, options)
    alignment = draw.uniform(-1, 1, (crises, powers, powers)) if aligned is None else np.full((crises, powers, powers), aligned)
    alignment[:, np.arange(powers), np.arange(powers)] = 1.0

    def positive(scale, shape=shape):
        return scale * np.exp(0.5 * draw.standard_normal(shape))

    def table(values):
        return np.broadcast_to(values, (crises, powers, options)).copy()

    rung = np.minimum(np.arange(options), 6)
    floats = dict(
        stake=positive(stake), cost=positive(2.0), backlash=positive(0.5), norm=positive(0.2), influence=positive(0.5),
        barrier=positive(0.5), delivery=positive(1.0), severity=positive(1.0, (crises,)), alignment=alignment,
        host_alignment=draw.uniform(-1, 1, shape), rationality=np.ones(crises), effort_at=table(ladder),
        cost_at=table(ladder**1.5), presence_at=table(np.where(rung >= 4, ladder, 0.0)), influence_at=table(ladder),
        deploys_at=table(np.where(rung >= 5, 1.0, 0.0)), barred_at=table(np.where(rung >= 5, 1.0, 0.0)),
    )
    arrays = {name: jnp.asarray(value, dtype) for name, value in floats.items()}
    return Crises(is_open=jnp.ones((crises, powers, options), bool), rung=jnp.asarray(table(rung)), **arrays)
