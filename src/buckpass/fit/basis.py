"""On which fitted explanation an answer about a crisis rests, and what the reader must be told of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from buckpass.case import Case
from buckpass.case.problems import BuckpassError
from buckpass.fit.explanations import explanation, explanations
from buckpass.fit.files import load_posteriors, posterior_file
from buckpass.fit.model import interacts
from buckpass.fit.posterior import Posterior

__all__ = ["NoUsablePosterior", "best_first", "best_posterior", "how_chosen", "notes_of", "posterior_for"]


class NoUsablePosterior(BuckpassError):
    """There is no posterior with which a crisis can be solved."""


def best_posterior(posteriors: Mapping[str, Posterior], wanted: str | None = None) -> Posterior:
    """The posterior asked for, else the best-scoring explanation whose diagnostics passed (bounds do not compete).

    Raises
    ------
    NoUsablePosterior
        None was given, the one asked for is not there, or none passed its diagnostics.
    """
    if not posteriors:
        raise NoUsablePosterior("no posterior of this case: fit it first, `buckpass fit CASE -o FOLDER`")
    if wanted is None:
        for best in best_first(posteriors).values():
            return best
        why = "; ".join(f"{p.explanation}: {', '.join(p.diagnostics.reasons)}" for p in posteriors.values())
        raise NoUsablePosterior(f"no fit passed its diagnostics, so none is a basis for an answer ({why}); fit again")
    if wanted not in posteriors:
        explanation(wanted)
        raise NoUsablePosterior(f"{wanted} has not been fitted; there are {', '.join(posteriors)}")
    return posteriors[wanted]


def posterior_for(case: Case, folder: Path | None = None, wanted: str | None = None) -> Posterior:
    """What `best_posterior` picks of a case's posteriors; where one is asked for, the files of the others are left alone.

    Raises
    ------
    NoUsablePosterior
        The one asked for is not there, or none passed its diagnostics.
    PosteriorFileError
        There is none, one is damaged, or it was fitted to another version of the case.
    """
    asked = [wanted] if wanted and ((folder or case.folder / "posteriors") / posterior_file(wanted)).is_file() else None
    return best_posterior(load_posteriors(case, folder, asked), wanted)


def best_first(posteriors: Mapping[str, Posterior]) -> dict[str, Posterior]:
    """Those whose diagnostics passed, the best-scoring first, bounds last."""
    bounds = {e.id for e in explanations() if e.is_bound}
    passed = [p for p in posteriors.values() if p.diagnostics.passed]
    return {p.explanation: p for p in sorted(passed, key=lambda p: (p.explanation in bounds, -p.elpd))}


def how_chosen(posterior: Posterior, wanted: str | None) -> str:
    """Why this explanation answers: it was asked for, or it predicts the record best."""
    if wanted is not None:
        return ""
    return (
        f"{posterior.explanation} is the explanation that predicts this record best; --explanation asks another, and "
        "`buckpass compare` says how far apart they are."
    )


def notes_of(posterior: Posterior) -> tuple[str, ...]:
    """What a reader must know of the explanation behind an answer."""
    theory = explanation(posterior.explanation)
    notes = [f"Explanation {theory.id} ({theory.name}): {theory.says}."]
    if not interacts(theory):
        notes.append("Under it what others do changes nothing by assumption: no buck is passed.")
    if not posterior.diagnostics.passed:
        notes.append(
            f"Its fit failed its diagnostics ({', '.join(posterior.diagnostics.reasons)}): no basis for a verdict."
        )
    return tuple(notes)
