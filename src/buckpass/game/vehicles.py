"""Whether an organisation would act: the chance that a proposal passes under each consent rule."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["CONSENT_RULES", "UnknownConsentRule", "consent_probability", "pass_probability"]

CONSENT_RULES = ("lead", "keys", "majority", "consensus")


class UnknownConsentRule(ValueError):
    """The consent rule is none of lead, keys, majority, consensus."""


def consent_probability(alignment_with_host: Float[np.ndarray, "... member"]) -> Float[np.ndarray, "... member"]:
    """Chance that a member agrees to act for the host's government: (1 + α_jh) / 2, α from -1 to 1."""
    return 0.5 * (1.0 + np.asarray(alignment_with_host))


def pass_probability(
    rule: str, consent: Float[np.ndarray, "... member"], has_key: Bool[np.ndarray, " member"] | None = None
) -> Float[np.ndarray, ...]:
    """Chance π that a proposal passes, members deciding independently.

    lead: 1. keys: product over the members that hold one, 0 where none does. majority: more than half say yes (Poisson-binomial tail).
    consensus: product over all.

    Raises
    ------
    UnknownConsentRule
        The rule is not one of `CONSENT_RULES`.
    """
    consent = np.asarray(consent)
    if rule == "lead":
        return np.ones(consent.shape[:-1], consent.dtype)
    if rule == "consensus":
        return np.prod(consent, axis=-1)
    if rule == "keys":
        key = np.ones(consent.shape[-1:], bool) if has_key is None else np.asarray(has_key)
        return np.prod(np.where(key, consent, 1.0), axis=-1) * key.any()
    if rule == "majority":
        return _more_than_half(consent)
    raise UnknownConsentRule(
        f"Consent rule {rule!r} is not known, so no chance to pass can be computed. "
        f"Use one of: {', '.join(CONSENT_RULES)}."
    )


def _more_than_half(consent: Float[np.ndarray, "... member"]) -> Float[np.ndarray, ...]:
    """P(yes votes > members / 2) by adding one member at a time to the distribution of the count."""
    members = consent.shape[-1]
    count = np.zeros((*consent.shape[:-1], members + 1), consent.dtype)
    count[..., 0] = 1.0
    for j in range(members):
        yes = consent[..., j, None]
        shifted = np.pad(count[..., :-1], [(0, 0)] * (count.ndim - 1) + [(1, 0)])
        count = (1.0 - yes) * count + yes * shifted
    return np.sum(count[..., members // 2 + 1 :], axis=-1)
