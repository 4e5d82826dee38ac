"""Every quantity that a fit may estimate: its prior, its shape, its label, and where it enters the model (model §4)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from buckpass.game.covariates import COVARIATES
from buckpass.game.setting import CrisisSetting
from buckpass.model.places import PLACES

__all__ = ["Prior", "Term", "UnwiredTerm", "model_file", "shape_of", "term", "terms", "terms_from"]


FAMILIES = ("normal", "half_normal", "beta")


class UnwiredTerm(ValueError):
    """A term of the registry enters the model nowhere, or nowhere that exists: it would be sampled in silence."""


@dataclass(frozen=True)
class Prior:
    """The prior of one term: a family with its numbers, and why."""

    family: str
    reason: str
    mean: float = 0.0
    sd: float = 1.0
    a: float = 1.0
    b: float = 1.0


@dataclass(frozen=True)
class Term:
    """One quantity that a fit may estimate.

    enters : a place of `places.PLACES`; covariate : where the place is a slope, on which; dims : one number per power,
    rung above silence, vehicle or body that can be asked; scaled_by : the term whose value multiplies it.
    """

    name: str
    prior: Prior
    enters: str
    label: str
    unit: str
    covariate: str | None = None
    dims: tuple[str, ...] = ()
    scaled_by: str | None = None

    @property
    def off(self) -> float:
        """The value at which the term has no effect."""
        return PLACES[self.enters].off


def terms() -> tuple[Term, ...]:
    """All terms in the order of terms.toml: the order of their coordinates."""
    return _terms()


def term(name: str) -> Term:
    """One term by its name."""
    return next(one for one in terms() if one.name == name)


def shape_of(one: Term, setting: CrisisSetting) -> tuple[int, ...]:
    """Shape of a term's value in a setting."""
    powers, vehicles = len(setting.names.powers), len(setting.vehicles)
    sizes = {
        "power": powers, "rung": setting.cost_curve.shape[0] - 1, "vehicle": vehicles, "body": powers + vehicles,
    }  # fmt: skip
    return tuple(sizes[dim] for dim in one.dims)


def terms_from(content: dict[str, dict]) -> tuple[Term, ...]:
    """Terms from the content of a registry.

    Raises
    ------
    UnwiredTerm
        A term enters nowhere, or is a slope on no covariate, or is scaled by nothing.
    """
    found = tuple(_term(name, dict(entry)) for name, entry in content.items())
    names = {one.name for one in found}
    scales = {one.scaled_by for one in found}
    for one in found:
        _refuse_unwired(one, names)
        if PLACES[one.enters].is_scale and one.name not in scales:
            raise UnwiredTerm(f"{one.name} in terms.toml scales no other term, so no value of it would change anything")
    return found


def model_file(name: str) -> bytes:
    """A data file of this room."""
    return resources.files("buckpass.model").joinpath(name).read_bytes()


@cache
def _terms() -> tuple[Term, ...]:
    return terms_from(tomllib.loads(model_file("terms.toml").decode()))


def _term(name: str, entry: dict) -> Term:
    own = {key: entry.pop(key) for key in ("enters", "label", "unit", "covariate", "scaled_by") if key in entry}
    dims = tuple(entry.pop("dims", ()))
    return Term(name, Prior(**entry), dims=dims, **{"enters": "", "label": name, "unit": "", **own})


def _refuse_unwired(one: Term, names: set[str]) -> None:
    place = PLACES.get(one.enters)
    if place is None:
        raise UnwiredTerm(f"{one.name} in terms.toml enters {one.enters or 'nowhere'!r}; places: {', '.join(PLACES)}")
    if place.takes_covariate != (one.covariate is not None) or one.covariate not in (None, *COVARIATES):
        raise UnwiredTerm(f"{one.name} in terms.toml enters {one.enters!r} with covariate {one.covariate!r}; covariates: "
                          f"{', '.join(COVARIATES)}")  # fmt: skip
    if one.scaled_by is not None and one.scaled_by not in names:
        raise UnwiredTerm(f"{one.name} in terms.toml is scaled by {one.scaled_by!r}, which is no term")
    if one.dims != place.dims or one.prior.family not in FAMILIES:
        raise UnwiredTerm(f"{one.name} in terms.toml has dims {one.dims} and family {one.prior.family!r}; "
                          f"{one.enters!r} takes dims {place.dims}, families are {', '.join(FAMILIES)}")  # fmt: skip
