"""Which parameter a claim stands or falls with, in which fits it is free, and how far the claim's theatre informs it (model §8).

What carries an estimand is data: `carried_by` and `informed_in` in estimands.toml. A claim about allies is carried by κ of the
aligned, one about rivals by κ of rivals, and neither borrows from the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from buckpass.case import Case
from buckpass.case.catalogue import estimands
from buckpass.case.names import in_a_sentence
from buckpass.evidence.gathered import Gathered
from buckpass.evidence.term_summaries import summaries
from buckpass.evidence.verdict_policy import Carrier
from buckpass.fitting.posterior import Posterior
from buckpass.ledger.finding import CannotCompute, Question
from buckpass.model.mechanisms import ALL, combination, mechanisms
from buckpass.model.terms import entering, term
from buckpass.results.words import and_join, quoted

__all__ = ["Carried", "called", "carried_by"]

ALIGNED, RIVALS = entering("kappa.aligned"), entering("kappa.rivals")
EVERY_FIT = "every fit"


@dataclass(frozen=True)
class Carried:
    """What a claim stands or falls with.

    terms : names of terms, none where the case counts the powers' work for nothing to each other. of : the power or
    organisation whose entry it is, of a term that has one for each. theatres : ids of those whose record has to inform it.
    is_fixed_without : whether a fit that fixes one of the terms fixes the quantity.
    """

    terms: tuple[str, ...]
    of: str | None
    theatres: tuple[str, ...]
    is_fixed_without: bool = True

    def assumed_in(self, explanation: str) -> str | None:
        """What a fit assumes where it fixes the quantity: "kappa = 0"; None where the quantity is free.

        >>> Carried(("kappa",), None, ("valley",)).assumed_in("BL+BA"), Carried(("kappa",), None, ()).assumed_in("all-DL")
        ('kappa = 0', None)
        """
        if not self.is_fixed_without:
            return None
        if not self.terms:
            return "alignment = 0"
        return and_join(f"{name.removesuffix('.level')} = 0" for name in self._fixed_in(explanation)) or None

    def assumed_in_words(self, explanation: str) -> str:
        """The same in a sentence; empty where the quantity is free.

        >>> Carried(("kappa", "enforcement"), None, ()).assumed_in_words("BL")
        "free riding's strength κ and the price on deployment of the party that forgoes it are 0"
        """
        if self.assumed_in(explanation) is None:
            return ""
        fixed = [called(name) for name in self._fixed_in(explanation)]
        return (
            f"{and_join(fixed)} {'is' if len(fixed) == 1 else 'are'} 0"
            if self.terms
            else "neither counts the other's work"
        )

    def _fixed_in(self, explanation: str) -> list[str]:
        return [name for name in self.terms if not combination(explanation).frees(name)]

    def carrier(self, case: Case, posteriors: Mapping[str, Posterior], kept: Gathered) -> Carrier:
        """The term that the theatres tell least of, with its contraction in the theatre that tells most of it."""
        told = [self._told(name, posteriors, kept) for name in self.terms]
        if not told:
            return Carrier("alignment", _named(case, self.theatres), None)
        least = min(range(len(told)), key=lambda n: max(told[n].values(), default=-np.inf))
        label = " ".join(filter(None, (called(self.terms[least]), self.of if term(self.terms[least]).dims else None)))
        if not told[least]:
            return Carrier(label, _named(case, self.theatres), None)
        where, most = max(told[least].items(), key=lambda one: one[1])
        return Carrier(label, _named(case, (where,)), most, len(told[least]))

    def _told(self, name: str, posteriors: Mapping[str, Posterior], kept: Gathered) -> dict[str, float]:
        """Contraction under all mechanisms by theatre, of those theatres whose record could be asked alone."""
        by_theatre = kept.theatres.get(ALL, {})
        if ALL not in posteriors or not by_theatre:
            return {}
        wanted = f"{name}[{self.of}]" if term(name).dims else name
        found = {one.name: one.contraction_by_theatre for one in summaries(posteriors[ALL], [name], by_theatre)}
        return {t: c for t in self.theatres if (c := found.get(wanted, {}).get(t)) is not None}


def called(name: str) -> str:
    """A term in a sentence: κ by the mechanism whose strength it is, any other by its label."""
    if name not in (ALIGNED, RIVALS):
        return f"the {term(name).label.removeprefix('the ')}"
    owner = next(one.name for one in mechanisms() if name in one.terms)
    return f"{quoted(owner)}'s strength κ"


def carried_by(question: Question) -> Carried:
    """What carries the claim, by its estimand's entry in estimands.toml.

    Raises
    ------
    CannotCompute
        The entry names nothing that carries a claim with these parameters.
    """
    estimand, given = question.claim.estimand, question.parameters
    assert estimand is not None
    entry = estimands()[estimand.name]
    fits = (one for one in entry.get("carried_by", ()) if one.get("when", {}).items() <= given.items())
    rule = next(fits, None)
    if rule is None:
        raise CannotCompute(f"nothing in estimands.toml says which parameter carries {estimand.name} of this kind")
    theatres = _theatres(question, entry.get("informed_in", "theatre"))
    terms = dict.fromkeys(rule.get("terms", ()))
    if "pair" in rule:
        terms |= dict.fromkeys(_kappas(question, rule["pair"], theatres))
    of = given[rule["of"]] if "of" in rule else None
    return Carried(tuple(terms), of, theatres, rule.get("free_in") != EVERY_FIT)


def _theatres(question: Question, parameter: str) -> tuple[str, ...]:
    """The claim's own theatres, else those of its crises, else that of its pair or the case's focus."""
    case, given = question.case, question.parameters
    named = given.get(parameter) or [case.crisis(c)["theatre"] for c in given.get("crises", ())]
    named = [named] if isinstance(named, str) else named or [question.theatre]
    return tuple(dict.fromkeys(case.theatre(name).id for name in named))


def _kappas(question: Question, pair: Sequence[str], theatres: Sequence[str]) -> Iterator[str]:
    """κ of the aligned, of rivals or of both, by how the case aligns those who respond with those they respond to."""
    case, given = question.case, question.parameters
    first, second = pair
    responding = [given[first], *(p for p in [given.get("also", {}).get("power")] if p)]
    for other in _forced(given) if second == "forced" else [given[second]]:
        for power in responding:
            signs = {np.sign(entry.value) for theatre in theatres for entry in case.alignments(theatre, power, other)}
            yield from (name for sign, name in ((1, ALIGNED), (-1, RIVALS)) if sign in signs)


def _forced(given: Mapping[str, Any]) -> list[str]:
    """Whose action the claim's scenarios force."""
    texts = [text for scenario in given.get("scenarios", ()) for text in scenario.get("set", ())]
    return list(dict.fromkeys(text.split(".force")[0].strip() for text in texts if ".force" in text))


def _named(case: Case, theatres: Sequence[str]) -> str:
    names = [in_a_sentence(case.theatre(name).name) for name in theatres]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
