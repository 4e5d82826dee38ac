"""Changes looked at together: each in the case as the others leave it, so that what contradicts or enables is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from buckpass.case import Case
from buckpass.changes.in_case import Crisis, changed_case, why_nobody_decides
from buckpass.changes.overrides import Changes, Override, Unusable, raised_together, read_overrides
from buckpass.results.words import and_join

__all__ = ["parse_overrides", "problems_together", "refuse_everywhere"]

LONGEST_LIST = 8
Check = Callable[[Override, Case], None]  # in the case after all of the changes; raises `Unusable`


def parse_overrides(texts: Changes, case: Case, crisis: str | None = None) -> tuple[Override, ...]:
    """The changes that `PATH=VALUE` texts ask for, checked against the case (and one crisis, if given).

    Parameters
    ----------
    texts : one or several; a change that has been read may stand among them. `buckpass help paths` lists what can be changed.
    case, crisis : of which they are asked.

    Returns
    -------
    tuple of Override

    Raises
    ------
    BadOverride
        All problems at once: unknown paths with the nearest spelling, values out of range, powers not in the case,
        organisations that did not exist or did not have the power as member when the crisis began, contradictions.
    UnknownName
        The crisis is not in the case.
    """
    crises = [case.crisis(crisis)] if crisis is not None else []
    overrides, problems = read_overrides(texts, case)
    raised_together([*problems, *problems_together(case, crises, overrides)])
    return overrides


def problems_together(
    case: Case, crises: Sequence[Crisis], overrides: Sequence[Override], *checks: Check
) -> Iterator[str]:
    """What is wrong with changes in crises (rows as `Case.crisis` has them); nothing where no crisis is given."""
    after, made = case, []
    for override in overrides if crises else ():
        try:
            after = changed_case(after, crises, [override])
            made.append(override)
        except Unusable as reason:
            yield _problem(override, reason)
    for override in made:
        try:
            for check in (lambda o, changed: _check_somewhere(o, changed, crises), *checks):
                check(override, after)
        except Unusable as reason:
            yield _problem(override, reason)


def _problem(override: Override, reason: Unusable) -> str:
    return f"--set {override.text}: {reason}"


def _check_somewhere(override: Override, case: Case, crises: Sequence[Crisis]) -> None:
    """Raise `Unusable` where the change can mean nothing in any of these crises, by the case after all of the changes."""
    named = (override.subject, override.target, *override.ids)
    for organisation in (o for o in case.organisations if o in named):
        refuse_everywhere([case.why_not_there(organisation, crisis) for crisis in crises])
    if override.attribute == "members" and (reason := why_nobody_decides(case.organisation(override.subject))):
        raise Unusable(reason)
    if override.attribute == "force" and override.target:
        refuse_everywhere([case.why_not_there(override.target, crisis, override.subject) for crisis in crises])
    hosts = tuple(dict.fromkeys(host for crisis in crises for host in crisis["host"]))
    of_host = {"opinion": override.target, "access": override.target, "alignment": override.subject}
    host = of_host.get(override.attribute, "")
    if host in {*case.hosts} - {*hosts} and (override.attribute != "alignment" or host not in case.powers):
        which = crises[0]["crisis_id"] if len(crises) == 1 else f"any of the {len(crises)} crises asked about"
        raise Unusable(
            f"{host} is not the host of {which} ({and_join(hosts, most=LONGEST_LIST)}): nothing would change"
        )


def refuse_everywhere(reasons: Sequence[str | None]) -> None:
    """Raise `Unusable` where there is a reason in every crisis, with the first, and in how many more."""
    if reasons and all(reasons):
        more = f", nor in the other {len(reasons) - 1} crises asked about" if len(reasons) > 1 else ""
        raise Unusable(f"{reasons[0]}{more}")
