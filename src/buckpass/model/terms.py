"""Every quantity that a fit may estimate: its prior, its shape, its label, and where it enters the model (model §4)."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources

from buckpass.game.covariates import COVARIATES
from buckpass.game.setting import CrisisSetting
from buckpass.model.places import PLACES

__all__ = ["Prior", "Term", "UnwiredTerm", "entering", "model_file", "shape_of", "term", "terms", "terms_from"]


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
    rung above silence, vehicle or body that can be asked; scaled_by : the term whose value multiplies it, by its place.
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


@cache
def entering(place: str) -> str:
    """Name of the term that enters at a place where there is one ("" where none does)."""
    return next((one.name for one in terms() if one.enters == place), "")


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
        A term enters nowhere or where another does, is a slope on no covariate, changes nothing without one that is not there,
        or its prior is none.
    """
    found = tuple(_term(name, dict(entry)) for name, entry in content.items())
    at: dict[tuple[str, str | None], str] = {}
    for one in found:
        _refuse_unwired(one)
        if at.setdefault((one.enters, one.covariate), one.name) != one.name:
            raise UnwiredTerm(
                f"{one.name} in terms.toml enters where {at[one.enters, one.covariate]} does: one would be lost"
            )
    names = {place: name for (place, _), name in at.items()}
    return tuple(replace(one, scaled_by=_scale_of(one, names)) for one in found)


def _scale_of(one: Term, names: dict[str, str]) -> str | None:
    """The term that multiplies this one; what has to be there with it, is."""
    place = PLACES[one.enters]
    for wanted in (place.scaled_by, place.acts_on):
        if wanted is not None and wanted not in names:
            raise UnwiredTerm(f"{one.name} in terms.toml changes nothing without a term that enters {wanted!r}")
    return names[place.scaled_by] if place.scaled_by else None


def model_file(name: str) -> bytes:
    """A data file of this room."""
    return resources.files("buckpass.model").joinpath(name).read_bytes()


@cache
def _terms() -> tuple[Term, ...]:
    return terms_from(tomllib.loads(model_file("terms.toml").decode()))


def _term(name: str, entry: dict) -> Term:
    own = {key: entry.pop(key) for key in ("enters", "label", "unit", "covariate") if key in entry}
    dims = tuple(entry.pop("dims", ()))
    if unknown := entry.keys() - {one.name for one in fields(Prior)}:
        raise UnwiredTerm(f"{name} in terms.toml has {', '.join(sorted(unknown))}, which no term has")
    wrong = [key for key in ("mean", "sd", "a", "b") if type(entry.get(key, 1.0)) not in (int, float)]
    wrong += [key for key in ("sd", "a", "b") if key not in wrong and not 0 < entry.get(key, 1.0) < math.inf]
    if wrong:
        raise UnwiredTerm(
            f"{name} in terms.toml has {wrong[0]} = {entry[wrong[0]]!r}, which is no such number of a prior"
        )
    return Term(name, Prior(**entry), dims=dims, **{"enters": "", "label": name, "unit": "", **own})


def _refuse_unwired(one: Term) -> None:
    place = PLACES.get(one.enters)
    if place is None:
        raise UnwiredTerm(f"{one.name} in terms.toml enters {one.enters or 'nowhere'!r}; places: {', '.join(PLACES)}")
    if place.takes_covariate != (one.covariate is not None) or one.covariate not in (None, *COVARIATES):
        raise UnwiredTerm(f"{one.name} in terms.toml enters {one.enters!r} with covariate {one.covariate!r}; covariates: "
                          f"{', '.join(COVARIATES)}")  # fmt: skip
    if one.dims != place.dims or one.prior.family not in FAMILIES:
        raise UnwiredTerm(f"{one.name} in terms.toml has dims {one.dims} and family {one.prior.family!r}; "
                          f"{one.enters!r} takes dims {place.dims}, families are {', '.join(FAMILIES)}")  # fmt: skip
