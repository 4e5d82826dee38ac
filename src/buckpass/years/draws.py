"""Random numbers that belong to a decision: each is a function of (seed, purpose, history, year, host, power)."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt

__all__ = ["PURPOSES", "normal", "uniform"]

PURPOSES = (
    "draw", "arrival", "type", "severity", "ask", "request", "own stake", "choice", "stabilised",
    "capacity shock", "trade shock", "crisis effect",
)  # fmt: skip
STRIDES = (0x9E3779B9, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F)  # odd constants of Knuth (golden ratio), murmur3 and xxhash


def uniform(
    seed: UInt[Array, ""], purpose: str, history: Any, year: Any = 0, host: Any = 0, power: Any = 0
) -> Float[Array, ...]:
    """One uniform number in (0, 1) per key, float32; arguments broadcast.

    Counter-based: the key is folded in, one part after the other, by an invertible mixer of 32-bit words ("lowbias32",
    Wellons 2018, bias below that of murmur3), so a number depends on nothing but its key: not on what else was drawn,
    in which order, where, or in how large a batch. Two purposes never share a stream.
    """
    word = _mix(seed ^ _word((PURPOSES.index(purpose) + 1) * STRIDES[0]))
    for part, stride in zip((history, year, host, power), STRIDES, strict=True):
        word = _mix(word ^ (_word(part) * _word(stride) + _word(stride >> 7)))
    return ((word >> 9).astype(jnp.float32) + 0.5) * jnp.float32(2.0**-23)  # 23 bits: with 24 the largest rounds to 1


def normal(
    seed: UInt[Array, ""], purpose: str, history: Any, year: Any = 0, host: Any = 0, power: Any = 0
) -> Float[Array, ...]:
    """One standard normal number per key: the quantile of `uniform`'s."""
    return jnp.float32(2.0**0.5) * lax.erf_inv(2.0 * uniform(seed, purpose, history, year, host, power) - 1.0)


def _word(value) -> UInt[Array, ...]:
    if isinstance(value, int):
        return jnp.asarray(value & 0xFFFFFFFF, jnp.uint32)
    return jnp.asarray(value).astype(jnp.uint32)


def _mix(word: UInt[Array, ...]) -> UInt[Array, ...]:
    word = (word ^ (word >> 16)) * jnp.uint32(0x7FEB352D)
    word = (word ^ (word >> 15)) * jnp.uint32(0x846CA68B)
    return word ^ (word >> 16)
