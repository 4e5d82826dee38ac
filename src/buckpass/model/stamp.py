"""What the model says of a combination of mechanisms, as plain data: two fits of one model have it alike."""

from __future__ import annotations

from typing import Any

from buckpass.model.mechanisms import combination
from buckpass.model.terms import Term, terms

__all__ = ["model_stamp"]


def model_stamp(name: str) -> dict[str, dict[str, Any]]:
    """Each free term with the place where it enters and the covariates that it acts through, and its prior.

    Raises `UnknownExplanation`.
    """
    free = [one for one in terms() if combination(name).frees(one.name)]
    return {
        "explanation": {one.name: [one.enters, *_through(one)] for one in sorted(free, key=lambda t: t.name)},
        "priors": {one.name: {"family": one.prior.family, **{n: float(getattr(one.prior, n)) for n in ("mean", "sd", "a", "b")}}
                   for one in sorted(free, key=lambda t: t.name)},
    }  # fmt: skip


def _through(one: Term) -> list[str]:
    """Covariates that a term acts through; visible presence costs less where it was asked for."""
    own = [one.covariate] if one.covariate else []
    if one.enters.startswith("backlash"):
        own.append("asked")
    return own + {"host.severity": ["severity"], "host.exclusion": ["patron_other"]}.get(one.enters, [])
