"""Batches of crisis games for the tests of this room: random ones, and ones with a closed form."""

from dataclasses import fields

import jax.numpy as jnp
import numpy as np

from buckpass.case.ladder import Rungs
from buckpass.game.crises import Crises

RUNGS = Rungs(7, words=1, deployment=5, through=5)


def random_crises(seed=0, crises=8, powers=4, options=7, stake=4.0, dtype="float64", aligned=None) -> Crises:
    """Crisis games with log-normal prices and alignments uniform on [-1, 1] (or all `aligned`)."""
    draw = np.random.default_rng(seed)
    shape, ladder, rung = (crises, powers), np.linspace(0.0, 1.0, options), np.minimum(np.arange(options), 6)
    square = (crises, powers, powers)

    def positive(scale, shape=shape):
        return scale * np.exp(0.5 * draw.standard_normal(shape))

    deploys = np.where(rung >= 5, 1.0, 0.0)
    values = {
        "stake": positive(stake), "cost": positive(2.0), "backlash": positive(0.5), "norm": positive(0.2),
        "influence": positive(0.5), "barrier": positive(0.5), "delivery": positive(1.0),
        "severity": positive(1.0, (crises,)), "host_alignment": draw.uniform(-1, 1, shape),
        "alignment": draw.uniform(-1, 1, square) if aligned is None else np.full(square, aligned),
        "effort_at": ladder, "cost_at": ladder**1.5, "presence_at": np.where(rung >= 4, ladder, 0.0),
        "influence_at": ladder, "deploys_at": deploys, "barred_at": deploys, "rung": rung,
    }  # fmt: skip
    values["alignment"][:, np.arange(powers), np.arange(powers)] = 1.0
    return _filled((*shape, options), dtype, values)


def crisis_of(stake, cost, efforts, severity=1.0, rationality=1.0, alignment=None) -> Crises:
    """One crisis in which powers differ in stake and cost only, and an option costs what effort it takes (or one)."""
    powers, options = len(stake), len(efforts)
    unit = efforts if options > 2 else (efforts > 0).astype(float)
    square = np.ones((powers, powers)) if alignment is None else np.asarray(alignment, float)
    values = {
        "stake": stake, "cost": cost, "severity": severity, "rationality": rationality, "effort_at": efforts,
        "cost_at": unit, "alignment": square, "host_alignment": 1.0, "delivery": 1.0, "rung": np.arange(options),
    }  # fmt: skip
    return _filled((1, powers, options), "float64", values)


SHAPES = {"severity": 1, "rationality": 1, "alignment": 0}


def volunteers(count: int, rationality: float, room: int = 12) -> Crises:
    """The volunteer's dilemma of Diekmann (1985): stake 0.8, cost 0.2, one volunteer is enough.

    Always `room` powers, of which all but `count` have only silence open, so that one compiled solver serves all sizes.
    """
    game = crisis_of(np.full(room, 0.8), np.full(room, 0.2), np.array([0.0, 60.0]), 1.0, rationality)
    is_open = game.is_open.at[:, count:, 1:].set(False)
    return Crises(**{**vars(game), "is_open": is_open})


def _filled(shape, dtype, values) -> Crises:
    """Every field at its full shape; what is not given is 0 (1 for the rationality, open for the mask)."""
    arrays = {}
    for name in (field.name for field in fields(Crises) if field.name != "rungs"):
        axes = (
            (shape[0], shape[1], shape[1]) if name == "alignment" else shape[: SHAPES.get(name, 3 if _at(name) else 2)]
        )
        value = np.broadcast_to(values.get(name, 1.0 if name in ("rationality", "is_open") else 0.0), axes)
        kind = {"is_open": bool, "rung": int}.get(name, dtype)
        arrays[name] = jnp.asarray(np.array(value), kind)
    return Crises(rungs=RUNGS, **arrays)


def _at(name: str) -> bool:
    return name.endswith("_at") or name in ("is_open", "rung")
