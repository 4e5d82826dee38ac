"""The chance that an organisation's members let a proposal pass, under its consent rule (model §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["UnknownConsentRule", "pass_probability"]


class UnknownConsentRule(ValueError):
    """A consent rule other than lead, keys, majority or consensus."""


def pass_probability(rule: str, consents: Mapping[str, float], keys: Sequence[str] = ()) -> float:
    """π, the chance that a proposal passes when members consent independently with the given probabilities.

    lead: 1, the lead decides. keys: the product over the named members (one whose consent is not given is left out).
    majority: the Poisson-binomial chance that more than half consent. consensus: the product over all.
    """
    chances = np.array(list(consents.values()), dtype=float)
    if rule == "lead":
        return 1.0
    if rule == "keys":
        return float(np.prod([consents[k] for k in keys if k in consents]))
    if rule == "majority":
        return float(consenting(chances)[len(chances) // 2 + 1 :].sum())
    if rule == "consensus":
        return float(np.prod(chances))
    raise UnknownConsentRule(f"consent rule {rule!r}; there are lead, keys, majority and consensus")


def consenting(chances: np.ndarray) -> np.ndarray:
    """Distribution of the number of consents (Poisson binomial), [0 … n], by adding one member at a time."""
    counts = np.array([1.0])
    for chance in chances:
        counts = np.convolve(counts, [1 - chance, chance])
    return counts
