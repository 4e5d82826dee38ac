"""The ladder of responses: its rungs, what each of them is, and what a ladder cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_serializer

from buckpass.case.entries import Entry, Label, Line, Share, SourceKeys, Text
from buckpass.case.problems import clip, spelling_hint
from buckpass.results.words import and_join

FEWEST_RUNGS, MOST_RUNGS = 3, 12  # silence, something between, a deployment; more shades than a reader tells apart
THROUGH, ALONE = "deployment through an organisation", "unilateral deployment"
STANDARD = ("silence", "statement", "mediation", "aid", "security assistance", THROUGH, ALONE)
ROLES = ("words", "deploys", "through_organisation")


@dataclass(frozen=True)
class Rungs:
    """The numbers of a ladder's rungs, from 0 (silence) up: all that measuring, solving and fitting ask of a ladder.

    count : how many there are. words : the highest that is words only (0: none is). deployment : the lowest that is a
    deployment; all above it are too. through : the one at which an organisation acts, each vehicle an option of its own;
    None where the ladder has none.
    """

    count: int
    words: int
    deployment: int
    through: int | None

    @property
    def top(self) -> int:
        """The highest rung."""
        return self.count - 1

    @property
    def span(self) -> str:
        """Its numbers, as "0–6"."""
        return f"0–{self.top}"

    @property
    def beyond_words(self) -> int:
        """The lowest rung that is more than words."""
        return self.words + 1

    @property
    def plain(self) -> tuple[int, ...]:
        """The rungs that a power reaches by itself; they are the first options of a game, the vehicles follow."""
        return tuple(rung for rung in range(self.count) if rung != self.through)

    def option_order(self, options: int) -> list[int]:
        """Positions of a game's options, so many in all, in the order of their rungs."""
        alone = len(self.plain)
        below = alone if self.through is None else self.through
        return [*range(below), *range(alone, options), *range(below, alone)]


def _scaled(numbers: tuple[float, ...]) -> tuple[float, ...]:
    if any(b < a for a, b in pairwise(numbers)):
        raise ValueError("each rung needs at least the value of the rung below it")
    if numbers[0] != 0 or numbers[-1] != 1:
        seen = f"runs from {numbers[0]:g} to {numbers[-1]:g}"
        raise ValueError(
            f"{seen}: silence takes, costs, shows and gains nothing, so write 0.0 first, and 1.0 at the top"
        )
    return numbers


Values = Annotated[tuple[Share, ...], Field(min_length=FEWEST_RUNGS, max_length=MOST_RUNGS), AfterValidator(_scaled)]


class Ladder(Entry):
    """The rungs of response, what they are, and their four attributes from 0 at silence to 1 at the top.

    The first rung is silence. `words`, `deploys` and `through_organisation` name rungs; where they are left out, the rungs
    that have the standard ladder's names have its roles.
    """

    names: Annotated[tuple[Line, ...], Field(min_length=FEWEST_RUNGS, max_length=MOST_RUNGS)] = Field(
        description="from silence up; their places in the list are the numbers that responses.csv uses"
    )
    words: tuple[str, ...] | None = Field(
        None, validate_default=True, description="the rungs above silence that are words only (default: statement)"
    )
    deploys: tuple[str, ...] | None = Field(
        None, validate_default=True, description="the rungs that are deployments: the top of the ladder"
    )
    through_organisation: str | None = Field(
        None, validate_default=True, description="the one deployment at which an organisation's vehicle is chosen"
    )
    effort: Values
    cost: Values
    presence: Values
    influence: Values
    label: Label
    reason: Text = ""
    sources: SourceKeys = ()

    @property
    def rungs(self) -> Rungs:
        """The numbers of the rungs by what they are."""
        names = self.names
        words, deploys = _given(self.words, names, ("statement",)), _given(self.deploys, names, (THROUGH, ALONE))
        through = self.through_organisation or (THROUGH if THROUGH in names else None)
        return Rungs(
            len(names), len(words), len(names) - len(deploys), None if through is None else names.index(through)
        )

    @property
    def scale(self) -> str:
        """The ladder in a phrase: its lowest and its highest rung."""
        return f"rung, 0 {self.names[0]} to {self.rungs.top} {self.names[-1]}"

    @field_validator("names")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{clip(name)!r} stands twice: a rung is told by its name, so give each its own")
        return names

    @field_validator("words")
    @classmethod
    def _words_first(cls, words: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        names = info.data.get("names")
        if names is None:
            return words
        if words is None and "statement" not in names:
            raise ValueError(
                f'no rung is named "statement", so say which rungs are words only: words = ["{names[1]}"], or [] for none'
            )
        seen = _given(words, names, ("statement",))
        if {*seen} != {*names[1 : 1 + len(seen)]}:
            raise ValueError(f"words only are the rungs next to silence: {', '.join(names[1 : 1 + len(seen)])} there")
        return words

    @field_validator("deploys")
    @classmethod
    def _deployments_last(cls, deploys: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        names = info.data.get("names")
        if names is None:
            return deploys
        seen = _given(deploys, names, (THROUGH, ALONE))
        if not seen:
            raise ValueError(f'no rung is a deployment: name those that are, deploys = ["{names[-1]}"]')
        if {*seen} != {*names[-len(seen) :]}:
            above = [n for n in names[min(map(names.index, seen)) :] if n not in seen]
            raise ValueError(
                f"{_listed(above)} above a deployment and not one itself: deployments are the top of the ladder, so add "
                "it to deploys or put it lower"
            )
        words = _given(info.data.get("words"), names, ("statement",))
        if len(words) + len(seen) >= len(names):
            raise ValueError("silence, words and deployments each need rungs of their own, and silence the first")
        return deploys

    @field_validator("through_organisation", mode="before")
    @classmethod
    def _one_through(cls, through: Any, info: ValidationInfo) -> Any:
        names = info.data.get("names")
        if isinstance(through, list):
            raise ValueError("an organisation's act has one rung, at which each vehicle is an option: name one rung")
        if names is None or not ({"deploys"} & info.data.keys()) or (through is None and THROUGH not in names):
            return through
        deploys = _given(info.data["deploys"], names, (THROUGH, ALONE))
        if (through or THROUGH) not in deploys:
            raise ValueError(
                f"{clip(through or THROUGH)!r} is none of the deployments ({', '.join(deploys)}): name one"
            )
        if len(deploys) == 1:
            raise ValueError(
                "a power outside every organisation could not deploy: the ladder needs a rung for that too"
            )
        return through

    @field_validator("effort", "cost", "presence", "influence")
    @classmethod
    def _one_each(cls, values: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        names = info.data.get("names")
        if names is None:
            return values
        if len(values) != len(names):
            raise ValueError(f"{len(values)} values for {len(names)} rungs: give one for each of names, in their order")
        lowest = (
            len(names) - len(_given(info.data["deploys"], names, (THROUGH, ALONE))) if "deploys" in info.data else -1
        )
        if info.field_name == "effort" and not values[lowest]:
            raise ValueError(f"{clip(names[lowest])!r} is a deployment and takes no effort: give it more than 0")
        return values

    @model_serializer(mode="wrap")
    def _as_given(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Roles that were left out stay out, so that a ladder that says nothing of them is what it was."""
        return {key: value for key, value in handler(self).items() if key not in ROLES or value is not None}


def _given(role: tuple[str, ...] | None, names: tuple[str, ...], standard: tuple[str, ...]) -> tuple[str, ...]:
    """The rungs that are named for a role; left out, those of the standard ladder that this one has."""
    if role is None:
        return tuple(name for name in standard if name in names)
    for name in role:
        if name not in names:
            raise ValueError(f"{clip(name)!r} is no rung of names: {spelling_hint(name, names)}")
    return tuple(dict.fromkeys(role))


def _listed(names: list[str]) -> str:
    return f"{and_join(map(repr, names))} {'stands' if len(names) == 1 else 'stand'}"
