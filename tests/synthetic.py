"""A made order of any size with known truth: settings, and responses drawn from the model itself."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from buckpass.case.ladder import Rungs
from buckpass.game.covariates import COVARIATES
from buckpass.game.crises import CrisisNames
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import log_choices
from buckpass.model.observations import Observations

RUNGS = np.array([0, 1, 2, 3, 4, 6, 5])
EFFORT = np.array([0.0, 0.05, 0.2, 0.4, 0.65, 0.9, 1.0])
COST = np.array([0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 1.0])
INDICATORS = {"border": 0.3, "own_stake": 0.2, "asked": 0.3, "domestic": 0.5}


def order(crises: int = 500, powers: int = 3, seed: int = 0) -> CrisisSetting:
    """A setting with random covariates, mixed alignments, one vehicle that every power may use."""
    rng = np.random.default_rng(seed)
    x = np.zeros((crises, powers, len(COVARIATES)))
    for k, name in enumerate(COVARIATES):
        if name == "severity":
            x[..., k] = rng.uniform(-0.5, 0.5, (crises, 1))
        elif name in INDICATORS:
            x[..., k] = rng.random((crises, powers)) < INDICATORS[name]
        elif name in ("distance", "capacity", "opinion", "trade"):
            x[..., k] = rng.normal(0, 0.5, (crises, powers))
    off = rng.uniform(-1, 1, (crises, powers, powers))
    alignment = np.where(np.eye(powers, dtype=bool), 1.0, off)
    at = {k: np.broadcast_to(v[RUNGS], (crises, powers, 7)).copy() for k, v in {"effort": EFFORT, "cost": COST}.items()}
    deploys = np.broadcast_to((RUNGS >= 5).astype(float), (crises, powers, 7))
    asked = x[..., list(COVARIATES).index("asked")]
    names = CrisisNames(tuple(f"k{i}" for i in range(crises)), tuple(f"P{i}" for i in range(powers)),
                        ("0", "1", "2", "3", "4", "6", "5@V"))  # fmt: skip
    return CrisisSetting(
        names=names, covariates=jnp.array(x), is_measured=jnp.ones(x.shape, bool),
        log_delivery=jnp.zeros((crises, powers)), severity=jnp.exp(jnp.array(x[:, 0, 0])), alignment=jnp.array(alignment),
        host_alignment=jnp.full((crises, powers), 0.5), effort_at=jnp.array(at["effort"]),
        cost_share_at=jnp.ones((crises, powers, 7)), presence_at=jnp.array(at["effort"] ** 2),
        influence_at=jnp.array(at["effort"]), deploys_at=jnp.array(deploys),
        unasked_at=jnp.array(deploys * (1 - asked[..., None])), is_open=jnp.ones((crises, powers, 7), bool),
        rung=jnp.array(np.broadcast_to(RUNGS, (crises, powers, 7)).copy()), cost_curve=jnp.array(COST),
        asked_relief=jnp.array(0.5), rungs=Rungs(7, words=1, deployment=5, through=5), vehicles=("V",),
    )  # fmt: skip


def play(setting: CrisisSetting, truth: Coefficients, seed: int = 0) -> Observations:
    """Responses drawn from the equilibrium under the true coefficients, one exact rung per power and crisis."""
    crises = crises_of(setting, truth)
    sigma = np.exp(np.asarray(log_choices(crises)[0]))
    rng = np.random.default_rng(seed)
    uniform = rng.random(sigma.shape[:2])[..., None]
    option = np.minimum((sigma.cumsum(-1) < uniform).sum(-1), sigma.shape[-1] - 1)
    rung = np.take_along_axis(np.asarray(setting.rung), option[..., None], -1)[..., 0]
    crisis, power = np.indices(rung.shape)
    flat = rung.ravel()
    return Observations(crisis.ravel(), power.ravel(), flat, flat.copy(), np.ones(flat.size), rung.shape[0])
