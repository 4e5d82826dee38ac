"""Mechanisms, and combinations of them: which terms of the one model a fit sets free (model §4)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from buckpass.case import Case
from buckpass.case.catalogue import ALL, ARGUMENT, BASE, explanation_parts
from buckpass.case.problems import spelling_hint
from buckpass.model.places import PLACES
from buckpass.model.terms import Prior, UnwiredTerm, entering, model_file, term, terms
from buckpass.results.words import and_join

__all__ = ["ALL", "ARGUMENT", "BASE", "Combination", "Mechanism", "UnknownExplanation", "argument_of", "base_terms", "combination", "mechanisms",
           "nested", "priors"]  # fmt: skip

INTERACTING = ("kappa.aligned", "kappa.rivals")


class UnknownExplanation(ValueError):
    """A combination names a mechanism that is not in mechanisms.toml, or a case's argument names none."""


@dataclass(frozen=True)
class Mechanism:
    """One way in which powers may come to act or not: its story in a sentence, and the terms that the story adds."""

    id: str
    name: str
    says: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Combination:
    """The controls and some mechanisms: their terms are free, every other is fixed where it has no effect.

    id : base, FR, FR+BL, all, all-FR: one spelling for one combination, whatever it was asked for as.
    """

    id: str
    mechanisms: tuple[str, ...]
    free_terms: tuple[str, ...]
    fixed: dict[str, float]

    def frees(self, name: str) -> bool:
        """Whether a term is estimated here."""
        return name in self.free_terms

    @property
    def name(self) -> str:
        """What it is called in words."""
        if self.id == BASE:
            return "base"
        without = [m.name for m in mechanisms() if m.id not in self.mechanisms]
        if self.id.startswith(ALL):
            return "all" if not without else f"all but {and_join(without)}"
        return " + ".join(m.name for m in mechanisms() if m.id in self.mechanisms)

    @property
    def says(self) -> str:
        """Its story in one sentence."""
        if self.id == BASE:
            return "controls only: what any analyst would hold constant"
        if self.id.startswith(ALL):
            return f"the controls and every mechanism{self.name.removeprefix(ALL)}"
        return "; ".join(m.says for m in mechanisms() if m.id in self.mechanisms)

    @property
    def interacts(self) -> bool:
        """Whether what others do enters a power's choice."""
        return any(term(name).enters in INTERACTING for name in self.free_terms)

    @property
    def has_host_stage(self) -> bool:
        """Whether the host's choice whom to ask is part of the likelihood."""
        return any(term(name).enters.startswith("host.") for name in self.free_terms)

    def __hash__(self) -> int:
        return hash(self.id)


@cache
def mechanisms() -> tuple[Mechanism, ...]:
    """All mechanisms in the order of mechanisms.toml."""
    known = {one.name for one in terms()}
    found = tuple(Mechanism(**{**entry, "terms": tuple(entry["terms"])}) for entry in _content()["mechanism"])
    used = {name for one in found for name in one.terms} | set(base_terms())
    if used != known:
        raise UnknownExplanation(f"terms.toml and mechanisms.toml differ in {', '.join(sorted(used ^ known))}")
    for one in found:
        _refuse_dead(one)
    return found


def _refuse_dead(mechanism: Mechanism) -> None:
    """A mechanism that frees a slope of what it leaves at nothing would have it drawn from its prior, in silence."""
    free = {term(name).enters: name for name in (*base_terms(), *mechanism.terms)}
    for place, name in free.items():
        wanted = PLACES[place].acts_on
        if wanted is not None and wanted not in free:
            raise UnwiredTerm(
                f"{mechanism.id} in mechanisms.toml frees {name}, which changes nothing without {entering(wanted)}"
            )


def base_terms() -> tuple[str, ...]:
    """The terms of the controls: free in every fit."""
    return tuple(_content()["base"])


def combination(name: str, case: Case | None = None) -> Combination:
    """A combination by name: base, FR, FR+BL, all, all-FR, or `argument` where the case declares one.

    Raises
    ------
    UnknownExplanation
        A mechanism that does not exist, or `argument` of a case that declares none.
    """
    ids = tuple(m.id for m in mechanisms())
    named = _argument(case) if name == ARGUMENT else _known(explanation_parts(name), name)
    wanted = set(ids) - named if name == ALL or name.startswith(f"{ALL}-") else named
    return _combination(tuple(i for i in ids if i in wanted))


def argument_of(case: Case) -> Combination | None:
    """The mechanisms that the case's argument names together; None where it names none."""
    return combination(ARGUMENT, case) if case.settings.argument else None


def nested(case: Case | None = None) -> tuple[Combination, ...]:
    """The combinations that the nested tests need: base, each mechanism alone, all, all without each, the argument."""
    ids = [m.id for m in mechanisms()]
    names = [BASE, *ids, ALL, *(f"{ALL}-{i}" for i in ids)]
    if case is not None and case.settings.argument:
        names.append(ARGUMENT)
    return tuple(dict.fromkeys(combination(name, case) for name in names))


def priors() -> dict[str, Prior]:
    """Prior of every term by name."""
    return {one.name: one.prior for one in terms()}


@cache
def _combination(ids: tuple[str, ...]) -> Combination:
    whole = tuple(m.id for m in mechanisms())
    without = [i for i in whole if i not in ids]
    if not ids:
        name = BASE
    elif len(without) <= 1:
        name = "-".join((ALL, *without))
    else:
        name = "+".join(ids)
    free = set(base_terms()) | {t for m in mechanisms() if m.id in ids for t in m.terms}
    return Combination(
        id=name, mechanisms=ids, free_terms=tuple(t.name for t in terms() if t.name in free),
        fixed={t.name: t.off for t in terms() if t.name not in free},
    )  # fmt: skip


def _argument(case: Case | None) -> set[str]:
    declared = () if case is None else case.settings.argument
    if case is None or not declared:
        of = "" if case is None else f" of {case.id}"
        raise UnknownExplanation(f"the case.toml{of} declares no argument: write argument = [\"FR\", \"BL\"] in it, or name "
                                 "the mechanisms, as in FR+BL")  # fmt: skip
    return _known(declared, "argument in case.toml")


def _known(ids, name: str) -> set[str]:
    known = [m.id for m in mechanisms()]
    for one in ids:
        if one not in known:
            raise UnknownExplanation(f"{name!r} names the mechanism {one[:40]!r}, which does not exist — "
                                     f"{spelling_hint(one, known)}. Combinations: base, FR, FR+BL, all, all-FR")  # fmt: skip
    return set(ids)


@cache
def _content() -> dict:
    return tomllib.loads(model_file("mechanisms.toml").decode())
