"""Verbs about many crises: fit, compare, claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buckpass.cli.arguments import AsJson, CaseRef, Seed
from buckpass.cli.compare_verb import Posteriors, compare
from buckpass.cli.printing import SAYS_NO, answer, errors_as_messages, tell, terminal_width, tracked

if TYPE_CHECKING:
    from buckpass.case import Case
    from buckpass.fitting.posterior import Posterior
    from buckpass.ledger import Judged
    from buckpass.model.likelihood import Order
    from buckpass.model.observations import Coding

__all__ = ["VERBS", "Posteriors"]

Basis = Annotated[str, typer.Option(help="Which codings count: all, or seen (drops recalled and absence rows).")]
Doubt = Annotated[int, typer.Option(min=0, max=3, help="Rungs by which every band of doubt is widened.")]
PER_CHAIN_WHEN_BUNDLED = 250
Kept = Annotated[
    int | None,
    typer.Option(min=100, help="Draws kept of each chain (default 400); up to four times as many where it wants them."),
]
Aim = Annotated[
    float | None,
    typer.Option(min=0.6, max=0.99, help="Acceptance aimed at (default 0.95); higher goes slower round sharp corners."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished fits of the same case, model and settings.")]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite posteriors that are there; with --resume, only those of others.")
]
Evidence = Annotated[
    bool, typer.Option(help="Also baselines, other codings and theatres by themselves, where all are fitted.")
]


def fit(
    case: CaseRef,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where posteriors are kept.")],
    explanation: Annotated[list[str] | None, typer.Option(help="Fit only these (repeatable); all by default.")] = None,
    resume: Resume = False,
    without: Annotated[list[str] | None, typer.Option(help="Leave a crisis out (repeatable).")] = None,
    basis: Basis = "all",
    doubt: Doubt = 0,
    seed: Seed = 20240620,
    order: Annotated[str, typer.Option(help="Who moves first: simultaneous, or patron first.")] = "simultaneous",
    readings: Annotated[bool, typer.Option(help="Also score under other readings of the record.")] = True,
    warmup: Annotated[int | None, typer.Option(min=100, help="Warm-up of each of 4 chains (default 400).")] = None,
    draws: Kept = None,
    target: Aim = None,
    bundle: Annotated[bool, typer.Option("--bundle", help="Keep 250 draws a chain: small enough to ship.")] = False,
    force: Force = False,
    evidence: Evidence = True,
    as_json: AsJson = False,
) -> None:
    """Fit the rival explanations to the record; a fit that fails its diagnostics is saved as failed."""
    with errors_as_messages():
        from buckpass.case import OutputExists, load_case
        from buckpass.fitting.fitting import FitPlan, posterior_file
        from buckpass.fitting.fitting import fit as fit_case
        from buckpass.model.mechanisms import combination as named

        loaded = load_case(case)
        names = tuple(named(e, loaded).id for e in explanation) if explanation else None
        coding = _coding(loaded, basis, doubt, without or ())
        plan = FitPlan(names, coding, _chains(seed, warmup, draws, target), _order(order), readings)
        there = [f for name in plan.names(loaded) if (f := output / posterior_file(name, plan.order)).exists()]
        if there and not (force or resume):
            raise OutputExists(f"{output} already holds {there[0].name}: --resume keeps it, --force overwrites it")
        posteriors = fit_case(
            loaded, output, plan, resume=resume, again=force, per_chain=PER_CHAIN_WHEN_BUNDLED if bundle else None,
            along=lambda fits, total: tracked(fits, "fitting", total),
        )  # fmt: skip
        if evidence and names is None and plan.order == "simultaneous":
            _gather(loaded, posteriors, output)
    _tell_fits(loaded, [_fit_row(p) for p in posteriors.values()], as_json)


def _gather(case: Case, posteriors: Mapping[str, Posterior], folder: Path) -> None:
    from buckpass.evidence.studies.gathering import gather

    gather(case, posteriors, folder, told=lambda step: typer.echo(step, err=True))


def _coding(case: Case, basis: str, doubt: int, without: Sequence[str]) -> Coding:
    """How the record is read, as the options say; what is not in the case is named."""
    from buckpass.case.coded import COUNTED
    from buckpass.model.observations import Coding

    bases = {"all": COUNTED, "seen": ("seen",)}
    for name in without:
        case.crisis(name)
    if basis not in bases:
        raise typer.BadParameter(f"--basis is {' or '.join(bases)}, not {basis!r}")
    return Coding(bases[basis], doubt, tuple(without))


def _order(order: str) -> Order:
    from buckpass.model.likelihood import ORDERS

    for known in ORDERS:
        if order == known:
            return known
    raise typer.BadParameter(f"--order is {' or '.join(map(repr, ORDERS))}, not {order!r}")


def _tell_fits(case: Case, rows: list[dict], as_json: bool) -> None:
    """One line a fit, and what to do where one failed; the exit code says so too."""
    if as_json:
        answer({"case_hash": case.hash, "record_hash": case.record_hash, "fits": rows})
    else:
        for row in rows:
            verdict = "passed" if row["passed"] else "FAILED: " + "; ".join(row["reasons"])
            took = "  kept  " if row["seconds"] is None else f"{row['seconds']:6.0f} s"
            tell(f"{row['id']:<11} {took}  R-hat {row['rhat_max']:.3f}  {verdict}")
        if not all(row["passed"] for row in rows):
            tell(
                "A failed fit is no basis for verdicts. Longer chains may help (--warmup 1000 --draws 1000), "
                "and where draws diverge smaller steps (--target 0.98)."
            )
    if not all(row["passed"] for row in rows):
        raise typer.Exit(SAYS_NO)


def _chains(seed: int, warmup: int | None, draws: int | None, target: float | None):
    """The sampler's settings, its own defaults where nothing was asked."""
    from buckpass.fitting.sampling import NutsSettings

    usual = NutsSettings(seed=seed)
    return replace(
        usual,
        warmup=warmup or usual.warmup,
        draws=draws or usual.draws,
        target_accept=target or usual.target_accept,
    )


def _fit_row(posterior) -> dict:
    d = posterior.diagnostics
    return {"id": posterior.explanation, "seconds": posterior.settings.get("seconds"), "rhat_max": d.rhat_max,
            "ess_min": min(d.ess_bulk_min, d.ess_tail_min), "divergences": d.divergences, "passed": d.passed,
            "reasons": list(d.reasons)}  # fmt: skip


def claims(
    case: CaseRef,
    posteriors: Posteriors = None,
    long: Annotated[bool, typer.Option("--long", help="Each claim with unit, n, reasons, rival and sources.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """The ledger: the claims of the author by verdict, each with its number and interval; --long says all of each.

    Claims about the record are also judged without recalled rows and with every band of doubt widened by one rung.
    """
    with errors_as_messages():
        from buckpass.cli.kept import kept_ledger

        found = kept_ledger(case, posteriors, seed, lambda: _judged(case, posteriors, seed))
        if as_json:
            changed = {one.condition: [c.__dict__ for c in one.changed] for one in found.under}
            answer(found.verdicts.as_dict() | {"changed_under": changed})
            return
        from buckpass.cli.ledger import brief_lines, ledger_lines

        for line in (ledger_lines if long else brief_lines)(found.verdicts, found.under, terminal_width()):
            tell(line)


def _judged(ref: str, posteriors: Path | None, seed: int) -> Judged:
    from buckpass.case import load_case
    from buckpass.evidence.gathered import gathered
    from buckpass.fitting.files import posteriors_or_none
    from buckpass.ledger import judged

    case = load_case(ref)
    fits = posteriors_or_none(case, posteriors)
    kept = gathered(case, fits, posteriors) if fits and posteriors else None
    return judged(case, fits, kept=kept, seed=seed, along=lambda claims: tracked(claims, "judging claims"))


VERBS = {"fit": fit, "compare": compare, "claims": claims}
