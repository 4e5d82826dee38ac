"""The answer in plain words: who did less how often, whether the reasons that were named predict it, and what that hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from buckpass.case import Case
from buckpass.case.catalogue import ALL, ARGUMENT
from buckpass.page.findings import FREE_RIDING
from buckpass.page.results import ReportResults
from buckpass.page.side_by_side import SideBySide, side_by_side
from buckpass.page.theme import VERDICT_WORDS
from buckpass.page.wording import spoken
from buckpass.results.words import and_join, count_of, quoted, sentence

if TYPE_CHECKING:
    from buckpass.evidence.influence import Hinge
    from buckpass.evidence.nested import NestedTests
    from buckpass.fitting.differences import ScoreGap

__all__ = ["answer", "hangs_on"]

ALONE = "circumstances alone"
NO_BETTER = "no better"
SUCH_AS = "such as distance, strength and danger"
MOST = 3  # names in one sentence
TOGETHER = {ALL: "all reasons together", ARGUMENT: "the reasons of the argument together"}


def answer(case: Case, results: ReportResults) -> tuple[str, ...]:
    """Sentences that need no training: the verdict on the claim that the question is, where the case names one; what happened; and
    why, as far as the record can tell; each with its doubt.

    Parameters
    ----------
    case, results : the case and what was computed of it; without fits the second sentence says so.

    Returns
    -------
    tuple of str
        Two or three; the numbers behind them are those of `findings.finding`.
    """
    return (*_judged(case, results), _happened(case), _why(results))


def _judged(case: Case, results: ReportResults) -> list[str]:
    """The verdict on the claim that the question is; nothing where the case names none, or it could not be judged."""
    asked = [v for v in results.verdicts if v.id == case.settings.focus.claim and v.verdict != "not_computed"]
    return [f"{sentence(VERDICT_WORDS[v.verdict])} ({v.id}: “{v.short}”)." for v in asked]


def hangs_on(case: Case, results: ReportResults) -> tuple[str, ...]:
    """What the answer hangs on, a sentence each: single crises, single codings, verdicts that another coding changes."""
    tests = results.nested.tests if results.nested is not None else None
    said = []
    if results.nested is not None and tests is not None and tests.leader is not None:
        hinges = [h for h in results.nested.hinges if tests.beating_base or h.gained or h.lost]  # else none leads
        crises, cells = ([h for h in hinges if (h.power is None) == is_crisis] for is_crisis in (True, False))
        said.append(_crises(case, tests, crises))
        said += [_cells(case, cells)] if cells else []
    return (*said, *_verdicts(results))


def _happened(case: Case) -> str:
    focus, seen = case.settings.focus, side_by_side(case)
    rider, provider, where = (spoken(case, one) for one in (focus.rider, focus.provider, focus.theatre))
    if not seen.n:
        return f"In no crisis of {where} is it known both what {rider} and what {provider} did."
    more = (
        f"more in {seen.more}{_surely(seen.surely_more, seen.more, seen.more_for_itself)}"
        if seen.more
        else "more in none"
    )
    same = f"the same in {seen.same or 'none'}{_in_words(seen)}"
    if not seen.less:
        return f"In none of {count_of(seen.n, 'crisis', 'crises')} of {where} did {rider} do less than {provider}: it did {more} and {same}."
    return (
        f"{sentence(rider)} did less than {provider} in {seen.less} of {count_of(seen.n, 'crisis', 'crises')} of {where}"
        f" ({seen.surely_less or 'none'} beyond doubt{_told_only(case, seen)}), {more} and {same}."
    )


def _surely(sure: int, of: int, own: int) -> str:
    """How many beyond doubt and, of those in which the rider did more, how many were for ends of its own."""
    whose = f"; {'' if of == 1 else 'all ' if own == of else f'{own} '}for ends of its own" if own else ""
    return f" ({sure or 'none'} beyond doubt{whose})"


def _told_only(case: Case, seen: SideBySide) -> str:
    """Of the crises in which the rider did less, in how many the provider did no more than speak."""
    provider, n = spoken(case, case.settings.focus.provider), seen.less_in_words
    return f"; in {n if n < seen.less else 'each'} {provider} only spoke" if n else ""


def _in_words(seen: SideBySide) -> str:
    """Of the crises in which both did the same, in how many that was silence or words."""
    words = seen.same_in_words
    return f" (in {words if words < seen.same else 'each'} no more than words)" if words else ""


def _why(results: ReportResults) -> str:
    model = results.model
    if model is None:
        return "Why, the record alone cannot say: no explanation has been tested against it yet."
    ranked = [f for f in model.fits if f.difference is not None]
    if not ranked or model.refusal:
        return "Why, this page cannot say: no test of an explanation against the record can be relied on."
    if results.nested is None:
        best, *others = ranked
        pairs = {frozenset(p) for p in model.indistinguishable}
        same = [f.name for f in others if frozenset((best.id, f.id)) in pairs]
        doubt = f", but {and_join(same, most=MOST)} may do so as well" if same else ""
        return f"Of {count_of(len(ranked), 'explanation')} tried, {best.name} best predicts who does how much{doubt}."
    return _tested(results.nested.tests, results.nested.argument, results.nested.hinges)


def _tested(tests: NestedTests, argument: Sequence[str], hinges: Sequence[Hinge]) -> str:
    """What the reasons named by the case, else free riding, predict beyond circumstances; which single reason helps most."""
    named, over = argument, tests.argument_over_base
    if not named or over is None:
        named, over = (FREE_RIDING,), next((m.alone for m in tests.mechanisms if m.id == FREE_RIDING), None)
    how = "" if over is None else _how(tests, named, over)
    single = _single(tests, named, "" if how == NO_BETTER else f" than {ALONE}")
    if not how:
        return _sentence(single or f"why, this page cannot say: no reason was compared with {ALONE}")
    together = "" if len(named) == 1 else " together"
    verb = "predicts" if len(named) == 1 else "predict"
    key = named[0] if len(named) == 1 else ARGUMENT
    lost = sum(key in h.lost for h in hinges)
    without = f" (not so without {'one of them' if lost == 1 else f'any one of {lost} of them'})" if lost else ""
    seen = f"as far as {count_of(len(tests.crises), 'crisis', 'crises')} can tell"
    doubt = f", {seen}{without}" if how == NO_BETTER or lost else ""
    names = and_join(_name(m) for m in named)
    said = f"{names}{together} {verb} who does how much {how} than {ALONE}, {SUCH_AS}{doubt}"
    return _sentence(f"{said}; {single}" if single else said)


def _how(tests: NestedTests, named: Sequence[str], over: ScoreGap) -> str:
    """How the reasons named predict beside circumstances; a single one as it is judged among all."""
    is_better = named[0] in tests.beating_base if len(named) == 1 else over.is_gain
    return "better" if is_better else "worse" if over.diff < 0 and not over.is_tie else NO_BETTER


def _single(tests: NestedTests, named: Sequence[str], than: str) -> str:
    """Which single reason helps most, and which ones may help as much; empty where that has been said."""
    tried = [m for m in tests.mechanisms if m.alone is not None]
    if tests.leader is None or (len(tried) == 1 and tuple(named) == (tests.leader,)):
        return ""
    if not tests.beating_base:
        what = (
            _name(tests.leader) + " by itself" if len(tried) == 1 else f"none of {len(tried)} reasons tried one by one"
        )
        return f"{what} does {'no better' if len(tried) == 1 else 'better'}{than}"
    if tests.leader not in tests.beating_base:
        some = tests.beating_base
        return f"of {count_of(len(tried), 'reason')} tried one by one, {and_join([_name(m) for m in some], most=MOST)} {'does' if len(some) == 1 else 'do'} better{than}"
    doubt = (
        f", though {and_join([_name(m) for m in tests.ties], most=MOST)} may help as much"
        if tests.ties
        else ", clearly ahead of the rest"
    )
    return f"of {count_of(len(tried), 'reason')} tried one by one, {_name(tests.leader)} helps most{doubt if len(tried) > 1 else ''}"


def _sentence(said: str) -> str:
    return f"{sentence(said)}."


def _crises(case: Case, tests: NestedTests, hinges: Sequence[Hinge]) -> str:
    """The crises without which another reason leads, or other reasons, or all together, do better than circumstances."""
    ranked = sorted(hinges, key=lambda h: (not (h.gained or h.lost), h.leader_without == tests.leader))
    if not ranked:
        return "On no single crisis: without any one of them the same would be said."
    first, rest = ranked[0], ranked[1:]
    alike = sum(_turns(one, tests) == _turns(first, tests) for one in rest)
    counts = ((alike, "as much"), (len(rest) - alike, "something else"))
    others = "".join(f"; {n} more {'crisis decides' if n == 1 else 'crises decide'} {what}" for n, what in counts if n)
    where, theatre = "single crises" if rest else "one crisis", case.settings.focus.theatre
    away = sum(case.crisis(h.crisis)["theatre"] != theatre for h in ranked)
    outside = (
        f" ({away} of these {len(ranked)} {'lies' if away == 1 else 'lie'} outside {spoken(case, theatre)})"
        if rest and away
        else ""
    )
    return f"On {where}: without {_named_crisis(case, first.crisis)}, {_then(first, tests)}{others}{outside}."


def _turns(hinge: Hinge, tests: NestedTests) -> set[tuple[str, str | None]]:
    """Single reasons of which a crisis decides whether they do better; where it decides it of none, all that it decides."""
    turned: set[tuple[str, str | None]] = {*(("gained", m) for m in hinge.gained), *(("lost", m) for m in hinge.lost)}
    single = {one for one in turned if one[1] not in TOGETHER}
    return single or turned or {("leader", hinge.leader_without if tests.beating_base else None)}


def _then(hinge: Hinge, tests: NestedTests) -> str:
    moves = bool(tests.beating_base) and hinge.leader_without not in (None, tests.leader)
    said = [f"{_name(hinge.leader_without)} would help most"] if moves else []
    said += [f"{and_join([_name(m) for m in ids], most=MOST)} would do {how} than {ALONE}"
             for ids, how in ((hinge.gained, "better"), (hinge.lost, "no better")) if ids]  # fmt: skip
    return and_join(said)


def _cells(case: Case, hinges: Sequence[Hinge]) -> str:
    """How many codings of one response, each within its doubt, put another reason first; one as the example."""
    first = hinges[0]
    example = f"had what {spoken(case, first.power or '')} did in {_named_crisis(case, first.crisis)} been coded {first.rung}, {_name(first.leader_without)} would help most"
    others = f"; {len(hinges) - 1} more" if len(hinges) > 1 else ""
    return f"On how single responses are coded: {example}{others}."


def _verdicts(results: ReportResults) -> list[str]:
    changed = {c.id for one in results.under for c in one.changed}
    tested = max((len(one.verdicts) for one in results.under), default=0)
    if not tested:
        return []
    how = "if what was only recalled is left out, or every doubt is a step wider"
    if not changed:
        stay = (
            "verdict on the record alone stays as it is"
            if tested == 1
            else f"{tested} verdicts on the record alone stay as they are"
        )
        return [f"The {stay} {how}."]
    return [f"{len(changed)} of {count_of(tested, 'verdict')} on the record alone would change {how}."]


def _named_crisis(case: Case, crisis: str) -> str:
    return f"“{case.crisis(crisis)['name']}”"


def _name(mechanism: str | None) -> str:
    from buckpass.model.mechanisms import mechanisms  # loads the model: only where there is a fit

    name = TOGETHER.get(mechanism or "") or next((m.name for m in mechanisms() if m.id == mechanism), mechanism or "")
    return quoted(name)
