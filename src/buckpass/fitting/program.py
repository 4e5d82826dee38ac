"""What is compiled for a record, once for all combinations of mechanisms: its log density, and a stretch of a NUTS chain."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float
from numpyro.infer.hmc import hmc
from numpyro.infer.hmc_util import euclidean_kinetic_energy
from numpyro.infer.util import ParamInfo

from buckpass.game.setting import CrisisSetting
from buckpass.model.coordinates import coordinates_of
from buckpass.model.effect import Sites
from buckpass.model.likelihood import Likelihood, Order
from buckpass.model.mechanisms import Combination
from buckpass.model.observations import Observations
from buckpass.model.readings import Reading, reading_of
from buckpass.model.requests import Requests

__all__ = ["BLOCK", "Described", "Frame", "Program"]

BLOCK = 25  # iterations of a chain in one compiled call; warm-up and draws share it, so it is compiled once
FARTHEST = 1.5  # of a first-order change of log R
LONGEST_FORCE = 3.0  # in units of what a force usually is in coordinates round as a ball: √d; near a fold longer ones fling a chain away
# Compiled in half the time: for what is called once a draw. A chain's stretch, called thousands of times, runs a fifth faster with
# all the compiler's means (25 iterations of four chains of the flagship's *all*: 12.5 s so, 10.0 s with them).
QUICKLY = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1}


class Frame(NamedTuple):
    """Where the sampler stands, as data: u = centre + spread·x, which coordinates are free, what is known of the answer.

    shares : logs of what the posterior of the whole record (first) and that without each crisis count in the density that is
    drawn from; a mixture of posteriors without a crisis lets one run leave them all out (Silva & Zanella 2022). guess : log R at
    x = 0; tilt : how it moves with x, to first order. Both only say where Newton starts.
    """

    centre: Float[Array, " d"]
    spread: Float[Array, "d d"]
    is_free: Bool[Array, " d"]
    host_moves: Bool[Array, ""]
    shares: Float[Array, " 1+c"]
    guess: Float[Array, "s p c"]
    tilt: Float[Array, "s p c d"]


class Described(NamedTuple):
    """A point in words of the model: terms, log-likelihoods per crisis, what each says of its effect, log R."""

    values: dict[str, Any]
    responses: Any
    request: Any
    sites: Any
    guess: Any


class Program:
    """The log density of one record under any combination of mechanisms, and NUTS on it (NumPyro's kernel), compiled once.

    What a combination sets free is data (`Frame.is_free`): a coordinate that is fixed has no momentum and no force, so it
    neither moves nor counts when a trajectory turns. Two programs serve every combination: with interaction and without.
    """

    def __init__(
        self, setting: CrisisSetting, seen: Observations, interacts: bool, order: Order = "simultaneous",
        requests: Requests | None = None, tree_depth: int = 6,
    ):  # fmt: skip
        self.setting, self.seen = setting, seen
        self.likelihood = Likelihood(_single(setting), seen, interacts, order, requests and requests.single())
        self.coordinates = coordinates_of(setting)
        self._init, self._step = hmc(potential_fn_gen=self._potential_gen, kinetic_fn=euclidean_kinetic_energy)
        self._tree_depth = tree_depth
        self.at = jax.jit(jax.value_and_grad(self._packed, has_aux=True), compiler_options=QUICKLY)
        self.described = jax.jit(self._settled, compiler_options=QUICKLY)
        self._block: Future | None = None

    def frame(self, combination: Combination) -> Frame:
        """The coordinates themselves, with no knowledge of the answer."""
        d, guess = self.coordinates.size, _single(self.likelihood.nowhere())
        tilt = jnp.zeros((*guess.shape, d), guess.dtype)
        moves = combination.has_host_stage and self.likelihood.requests is not None
        return Frame(
            jnp.zeros(d), jnp.eye(d), jnp.asarray(self.coordinates.free(combination)), jnp.asarray(moves),
            self.shares(), guess, tilt,
        )  # fmt: skip

    def shares(self, left_out: Mapping[int, float] | None = None) -> Float[Array, " 1+c"]:
        """`Frame.shares` of the posteriors without some crises by position, or of the posterior of the whole record."""
        found = np.full(1 + self.seen.n_crises, -np.inf)
        for crisis, share in ({-1: 0.0} if left_out is None else left_out).items():
            found[1 + crisis] = share
        return jnp.asarray(found)

    def compile_ahead(self, combination: Combination) -> None:
        """Start to compile the stretch of a chain in a thread of its own: half of a short fit is the compiler's."""
        if self._block is not None:
            return
        frame, x = self.frame(combination), jnp.zeros(self.coordinates.size)
        reading = reading_of(self.seen)
        state = self.state(x, jnp.zeros(()), x, jax.random.PRNGKey(0), frame, reading, 1.0)
        pool = ThreadPoolExecutor(1)
        lower = jax.jit(partial(_block, self._step)).lower
        self._block = pool.submit(lambda: lower(state, frame, reading).compile())
        pool.shutdown(wait=False)

    def block(self, state, frame: Frame, reading: Reading) -> tuple[Any, tuple[Array, Array, Array]]:
        """`BLOCK` iterations of a chain: the state after them; each one's x, whether it diverged, how likely its moves were."""
        assert self._block is not None, "compile_ahead comes first"
        return self._block.result()(state, frame, reading)

    def state(self, x: Array, energy: Array, slope: Array, key: Array, frame: Frame, reading: Reading, step: float):
        """A chain's state at a point, with a step size that stays until somebody sets another (`stepping`)."""
        state = self._init(
            ParamInfo(x, energy, shortened(slope)), 0, step_size=step, adapt_step_size=False, adapt_mass_matrix=False,
            dense_mass=False, max_tree_depth=self._tree_depth, model_args=(frame, reading), rng_key=key,
        )  # fmt: skip
        mass = frame.is_free.astype(x.dtype)
        adapt = state.adapt_state._replace(inverse_mass_matrix=mass, mass_matrix_sqrt=mass, mass_matrix_sqrt_inv=mass)
        return state._replace(adapt_state=adapt)

    def told(self, points: np.ndarray, frame: Frame, reading: Reading, threads: int) -> Described:
        """Points [point, d] in words of the model, the point's axis first."""
        with ThreadPoolExecutor(threads) as pool:
            found = np.stack(list(pool.map(lambda x: np.asarray(self.described(x, frame, reading)), points)))
        shapes, tree = jax.tree.flatten(self._shapes(), is_leaf=lambda of: type(of) is tuple)
        parts = np.split(found, np.cumsum([prod(shape) for shape in shapes])[:-1], axis=1)
        return jax.tree.unflatten(tree, [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)])

    def _shapes(self) -> Described:
        crises = (self.seen.n_crises,)
        values = {p.term.name: p.shape for p in self.coordinates.places}
        sites = Sites(crises, crises)  # pyright: ignore[reportArgumentType]  # shapes where arrays are
        return Described(values, crises, crises, sites, self.likelihood.nowhere().shape)

    def _packed(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> tuple[Array, Float[Array, " k"]]:
        """`_described` as one vector: fetching a dozen small arrays takes longer than working them out."""
        energy, described = self._described(x, frame, reading)
        return energy, ravel_pytree(described)[0]

    def _settled(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> Float[Array, " k"]:
        """A point in words from its own answer as the guess: what is kept of a draw depends on no frame."""
        own = self._described(x, frame, reading)[1].guess
        return self._packed(x, frame._replace(guess=own, tilt=jnp.zeros_like(frame.tilt)), reading)[1]

    def energy(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> Array:
        """The negative log density that is drawn from at a point, up to a constant."""
        return self._described(x, frame, reading)[0]

    def _potential_gen(self, frame: Frame, reading: Reading):
        return lambda x: self.energy(_pulled_back(x), frame, reading)

    def _described(self, x: Float[Array, " d"], frame: Frame, reading: Reading) -> tuple[Array, Described]:
        """`energy`, and the point in words: one function, compiled once for both."""
        u = frame.centre + frame.spread @ x
        values = self.coordinates.values(u, frame.is_free)
        guess = frame.guess + _near(frame.tilt @ x.astype(frame.tilt.dtype))
        total = self.likelihood(values, reading, lax.stop_gradient(guess), frame.host_moves)
        told = total.responses.astype(u.dtype) + total.request * reading.request_weight
        # The likelihood of the whole record, and of that without each crisis, over the former.
        without = jnp.concatenate([jnp.zeros(1), -told])
        log_density = self.coordinates.log_density(u, frame.is_free) + jnp.sum(told) + logsumexp(frame.shares + without)
        return -log_density, Described(values, total.responses, total.request, total.sites, total.log_residual)


def _single(tree):
    """In single precision: a likelihood of some hundred nats is exact to 1e-4, and what takes the time, exponentials, costs
    a quarter."""
    is_real = lambda a: jnp.issubdtype(jnp.result_type(a), jnp.floating)  # noqa: E731
    return jax.tree.map(lambda a: jnp.asarray(a, jnp.float32) if is_real(a) else a, tree)


@jax.custom_vjp
def _pulled_back(x: Array) -> Array:
    """x, with the gradient of what is made of it shortened: at a fold, where an equilibrium ends, it has no bound.

    A force may be any function of the place: NUTS accepts by the energy, and draws from the same posterior (Neal 2011).
    """
    return x


_pulled_back.defvjp(lambda x: (x, None), lambda _, slope: (shortened(slope),))


def _near(change: Array) -> Array:
    """A first-order change as long as it is small, then less and less: far out a straight line leads nowhere."""
    return FARTHEST * jnp.tanh(change / FARTHEST)


def stepping(state, step: float):
    """A chain's state with another step size."""
    size = jnp.asarray(step, state.adapt_state.step_size.dtype)
    return state._replace(adapt_state=state.adapt_state._replace(step_size=size))


def shortened(slope: Array) -> Array:
    """A force no longer than `LONGEST_FORCE` times its usual length."""
    longest = LONGEST_FORCE * jnp.sqrt(slope.size)
    return slope * (longest / jnp.maximum(jnp.linalg.norm(slope), longest))


def _block(step, state, frame: Frame, reading: Reading):
    def advance(state, _):
        after = step(state, (frame, reading), {})
        return after, (after.z, after.diverging, after.accept_prob)

    return lax.scan(advance, state, None, length=BLOCK)
