"""One formula for arrays of NumPy, worked out as it is called, and for JAX's, compiled and differentiated.

Answers about a case come from NumPy: compiling what is asked once took most of a person's wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special

__all__ = ["at_host", "constant", "crisis_last", "exp_of_log", "log_sum_exp", "namespace", "on_host", "repeat_while"]

PLAIN = {np.ndarray, np.float64, float, int}
LEAST_LOG = -600.0  # NumPy takes four times as long where e^x underflows, as it does for every closed option


def namespace(*trees: Any) -> Any:
    """`jax.numpy` where one of the arrays is JAX's, else `numpy`."""
    unknown = [tree for tree in trees if type(tree) not in PLAIN]  # asked at every step: no tree is walked for an array
    if not unknown:
        return np
    return jnp if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(unknown)) else np


def on_host(*trees: Any) -> bool:
    """Whether all arrays are NumPy's."""
    return namespace(*trees) is np


def at_host(tree: Any) -> Any:
    """The same tree with NumPy's arrays; on a CPU nothing is copied."""
    return jax.tree.map(np.asarray, tree)


def constant(values: Any) -> Any:
    """The values, not to be differentiated."""
    return values if on_host(values) else lax.stop_gradient(values)


def crisis_last(values: Any) -> Any:
    """The first axis moved to the end; in NumPy moved in memory too, so that what follows runs along it."""
    return np.ascontiguousarray(np.moveaxis(values, 0, -1)) if on_host(values) else jnp.moveaxis(values, 0, -1)


def exp_of_log(values: Any) -> Any:
    """e^x of logs that are at most 0; in NumPy what is below 1e-260 stands there, to be summed with what is 1 or blotted out."""
    if not on_host(values):
        return jnp.exp(values)
    bounded = np.maximum(values, LEAST_LOG)
    return np.exp(bounded, out=bounded)


def log_sum_exp(values: Any, axis: int, keepdims: bool = False) -> Any:
    """log Σ exp along an axis."""
    if not on_host(values):
        return special.logsumexp(values, axis=axis, keepdims=keepdims)
    most = np.max(values, axis=axis, keepdims=True)
    total = np.log(np.sum(exp_of_log(values - most), axis=axis, keepdims=True)) + most
    return total if keepdims else np.squeeze(total, axis)


def repeat_while(unfinished: Callable, advance: Callable, state: tuple) -> tuple:
    """`lax.while_loop`, in Python where the arrays of the state are NumPy's."""
    if not on_host(state):
        return lax.while_loop(unfinished, advance, state)
    while unfinished(state):
        state = advance(state)
    return state
