"""Which fits answer a question, and how much each counts: the one policy of terminal, page, dashboard, claims and years.

Questions are answered under *all*, the fit in which every mechanism is free and others' doubt is in its draws; where it did
not pass its diagnostics, under the fit that predicts best. Nothing outside this module weighs explanations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from buckpass.case import Case
from buckpass.case.problems import BuckpassError, clip
from buckpass.fitting.files import fit_command, load_posteriors, posterior_file
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import rankable
from buckpass.model.mechanisms import ALL, combination, nested

if TYPE_CHECKING:
    from buckpass.model.likelihood import Order

__all__ = [
    "Basis", "Fits", "NoUsablePosterior", "NotPosteriors", "OrderNotPlayed", "basis_among", "basis_for", "basis_of", "best_first",
    "best_freeing", "by_id", "fits_of", "refuse_in_order",
]  # fmt: skip

WHERE_SAID = "`buckpass help mechanisms` says what each mechanism is"


class NoUsablePosterior(BuckpassError):
    """There is no posterior with which the question can be answered; the message says why."""


class NotPosteriors(BuckpassError):
    """Something else was given where posteriors are asked for."""


class OrderNotPlayed(BuckpassError):
    """A posterior in which the patron moves first was given to what is played with all moving at once."""


@dataclass(frozen=True)
class Basis:
    """The fit that answers a question. is_asked : somebody named it instead of leaving it to the policy."""

    fit: Posterior
    is_asked: bool = False

    @property
    def name(self) -> str:
        return self.fit.explanation

    @property
    def weights(self) -> dict[str, float]:
        """How much each fit counts in the answer, as JSON has it."""
        return {self.name: 1.0}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the fit behind an answer."""
        return _notes_of(self.fit)

    @property
    def how_chosen(self) -> str:
        """Why this fit answers; empty where somebody asked for it."""
        if self.is_asked:
            return ""
        why = "has every mechanism free" if self.name == ALL else "is the fit that predicts this record best"
        return f"{self.name} {why}; --explanation asks another, and `buckpass compare` says how far apart they are."


Fits = Posterior | Mapping[str, Posterior] | Basis | None


def basis_of(case: Case, given: Fits) -> Basis:
    """The fit that answers a question about a case. Stacking weights are no probabilities, so fits are not averaged.

    given : one posterior answers alone; of many *all* does, or where it failed its diagnostics the one that predicts best.

    Raises
    ------
    NoUsablePosterior
        None was given, one is of another record, or none passed its diagnostics.
    """
    if isinstance(given, Basis):
        return given
    if not given:
        raise NoUsablePosterior(
            f"no posterior of {case.id}: fit it first, {fit_command(case, case.folder / 'posteriors')}"
        )
    fits_of(case, given)
    return basis_among(given)


def basis_among(given: Fits) -> Basis:
    """`basis_of` fits whose record has been looked at: what is played may be that record after a change."""
    if isinstance(given, Basis):
        return given
    if isinstance(given, Posterior):
        return Basis(given, is_asked=True)
    passed = _passed(given or {})
    return Basis(passed[ALL] if ALL in passed else next(iter(best_first(passed).values())))


def by_id(given: Posterior | Mapping[str, Posterior]) -> Mapping[str, Posterior]:
    """One posterior or several by explanation; `NotPosteriors` where anything else was given, as the name of a case."""
    fits = {given.explanation: given} if isinstance(given, Posterior) else given
    if not (isinstance(fits, Mapping) and all(isinstance(fit, Posterior) for fit in fits.values())):
        raise NotPosteriors(
            f"posteriors by id are wanted, such as `buckpass.posteriors(case)` gives, or one of them: {clip(repr(given), 80)} is neither"
        )
    return fits


def fits_of(case: Case, given: Posterior | Mapping[str, Posterior]) -> Mapping[str, Posterior]:
    """`by_id`; `NoUsablePosterior` where one was not fitted to what this case's record is."""
    fits = by_id(given)
    for name, fit in fits.items():
        if fit.case_hash != case.record_hash:
            other = f"another version of {case.id}" if fit.case_id == case.id else fit.case_id
            raise NoUsablePosterior(
                f"{name} was fitted to {other} (record {fit.case_hash[:12]}, that of the case given is {case.record_hash[:12]}): "
                "give the case that it was fitted to, with the change as an override, or fit this one, "
                f"{fit_command(case, case.folder / 'posteriors')}"
            )
    return fits


def basis_for(
    case: Case, folder: Path | None = None, wanted: str | None = None, order: Order = "simultaneous"
) -> Basis:
    """`basis_of` a case's kept posteriors; where one is asked for, the files of the others are left alone.

    Raises
    ------
    NoUsablePosterior
        The one asked for is not there, or none passed its diagnostics.
    PosteriorFileError
        There is none, one is damaged, or it was fitted to another version of the case.
    """
    if wanted is None:
        return basis_of(case, load_posteriors(case, folder, order=order))
    wanted, place = combination(wanted, case).id, folder or case.folder / "posteriors"
    files = {one.id: place / posterior_file(one.id, order) for one in nested(case)}
    there = [name for name, path in files.items() if path.is_file()]
    if there and not (place / posterior_file(wanted, order)).is_file():
        raise NoUsablePosterior(_not_fitted(wanted, there, fit_command(case, place, (wanted,), order)))
    return basis_of(case, load_posteriors(case, folder, [wanted], order)[wanted])


def best_first(posteriors: Mapping[str, Posterior]) -> dict[str, Posterior]:
    """Those whose diagnostics passed, the best-scoring first; those that cannot be ranked come last."""
    passed = {e: p for e, p in posteriors.items() if p.diagnostics.passed}
    if len(passed) < 2:  # nothing to rank, so no scores are read
        return passed
    ranked = rankable(passed)[0]
    return dict(sorted(passed.items(), key=lambda one: -one[1].elpd if one[0] in ranked else float("inf")))


def best_freeing(posteriors: Mapping[str, Posterior], term: str, preferred: tuple[str, ...] = ()) -> Posterior | None:
    """The first preferred fit that passed, else the best-scoring one in which a term is free; None where there is none."""
    passed = best_first(posteriors)
    free = [e for e in (*preferred, *passed) if e in passed and combination(e).frees(term)]
    return passed[free[0]] if free else None


def refuse_in_order(posteriors: Mapping[str, Posterior], what: str) -> None:
    """Raise `OrderNotPlayed` where a patron moves first in one of the fits, for what has all move at once."""
    led = [e for e, p in posteriors.items() if p.order != "simultaneous"]
    if led:
        raise OrderNotPlayed(
            f"{', '.join(led)} was fitted with the {posteriors[led[0]].order}, and {what} would be played with all moving "
            "at once, which is another game; give the posterior that was fitted without an order"
        )


def _passed(posteriors: Mapping[str, Posterior]) -> dict[str, Posterior]:
    if not posteriors:
        raise NoUsablePosterior("no posterior of this case: fit it first, `buckpass fit CASE -o FOLDER`")
    passed = {e: p for e, p in posteriors.items() if p.diagnostics.passed}
    if not passed:
        why = "; ".join(f"{e}: {', '.join(p.diagnostics.reasons)}" for e, p in posteriors.items())
        raise NoUsablePosterior(f"no fit passed its diagnostics, so none is a basis for an answer ({why}); fit again")
    return passed


def _not_fitted(wanted: str, there: Sequence[str], command: str) -> str:
    return f"{wanted} has not been fitted; there are {', '.join(there) or 'none'}: fit it, {command}"


def _notes_of(posterior: Posterior) -> tuple[str, ...]:
    theory = combination(posterior.explanation)
    known = theory.id if theory.name == theory.id else f"{theory.id} ({theory.name})"
    is_short = len(theory.mechanisms) <= 1
    notes = [f"Explanation {known}: {theory.says if is_short else WHERE_SAID}."]
    if posterior.order != "simultaneous":
        notes.append("The treaty patron moves first, and the others see what it does.")
    if not theory.interacts:
        notes.append("Under it what others do changes nothing by assumption: no buck is passed.")
    if not posterior.diagnostics.passed:
        notes.append(
            f"Its fit failed its diagnostics ({', '.join(posterior.diagnostics.reasons)}): no basis for a verdict."
        )
    return tuple(notes)
