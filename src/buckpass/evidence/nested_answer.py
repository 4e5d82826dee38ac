"""The answer of the nested tests for a reader: a sentence, one screen of tables, one JSON object (model §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.evidence.gathered import BaselineScore, Gathered
from buckpass.evidence.influence import Hinge, hangs_on_cells, hangs_on_crises
from buckpass.evidence.nested import Added, NestedTests, Optimism, nested
from buckpass.evidence.term_summaries import TermSummary, summaries
from buckpass.fitting.differences import HOSTS_TOGETHER, ScoreGap, by_host
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import LeaveOneOut, score_gap, score_total
from buckpass.model.mechanisms import ALL, ARGUMENT, BASE, Mechanism, argument_of, mechanisms
from buckpass.results.table import ResultTable
from buckpass.results.words import and_join, fixed, quoted, sentence

__all__ = ["NestedAnswer", "nested_answer"]

MOST_NAMES = 4  # in one sentence
TOGETHER = {ALL: "all together", ARGUMENT: "those of the argument together"}
LEADS = 2  # the least that a hinge moves: who leads
MOST_HINGES = 6  # of the crises and cells on which the leader hangs, as many as a screen takes
NOTE = (
    f"Nats of log score, each crisis left out in turn; ± one standard error, {HOSTS_TOGETHER}. Over base: with it, "
    "against the controls only; given the rest: all over all without it. A difference within two standard errors is none, and so is "
    "one that is beyond them only for having been the best of several."
)


MISSING = (
    "Regressions, and what it hangs on in single cells, were not worked out beside these fits, or for this reading; "
    "buckpass fit CASE -o FOLDER, without --explanation, does both for the record as coded."
)


@dataclass(frozen=True)
class Against:
    """A baseline, and what base predicts better than it (None where they were scored on other crises)."""

    of: BaselineScore
    base_over: ScoreGap | None


@dataclass(frozen=True)
class NestedAnswer:
    """What each mechanism adds, what that owes to chance and hangs on, and what regressions make of the same record.

    terms : of each mechanism, under all mechanisms where that fit passed, else under the mechanism alone. whole : the
    fit of all mechanisms, whatever its diagnostics; None where there is none. argument : the mechanisms that the case's
    argument names.
    """

    case: Case
    tests: NestedTests
    hinges: tuple[Hinge, ...]
    baselines: tuple[Against, ...]
    terms: Mapping[str, Sequence[TermSummary]]
    whole: Posterior | None
    argument: tuple[str, ...]

    @property
    def headline(self) -> str:
        """In sentences: who adds most, who ties, what is left given the rest, and how base does beside regressions."""
        parts = [
            _leading(self.tests, self.hinges),
            _together(self.tests, self.hinges),
            _given_the_rest(self.tests, self.hinges),
            _beside(self.baselines),
        ]
        return " ".join(part for part in parts if part)

    def table(self) -> ResultTable:
        """What mechanisms add; the title says who leads."""
        return self._mechanisms()

    def tables(self) -> tuple[ResultTable, ...]:
        """One screen: what mechanisms add, baselines, and what the leader hangs on."""
        return self._tables(MOST_HINGES)

    def whole_tables(self) -> tuple[ResultTable, ...]:
        """The same with all that the leader hangs on."""
        return self._tables(len(self.hinges))

    def _tables(self, most: int) -> tuple[ResultTable, ...]:
        return tuple(one for one in (self._mechanisms(), self._baselines(), self._hangs_on(most)) if len(one))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        tests = self.tests
        argument = tests.argument
        return {
            "headline": self.headline,
            "baselines": [_baseline(one, self.case) for one in self.baselines],
            "base": _total(tests.base),
            "all": {**_total(tests.all), "over_base": _over(tests.all_over_base), **_diagnosed(self.whole)},
            "mechanisms": [self._mechanism(one) for one in tests.mechanisms],
            "argument": {
                "mechanisms": list(self.argument),
                **_total(argument),
                "over_base": _over(tests.argument_over_base),
            }
            if self.argument
            else None,
            "leader": tests.leader,
            "ties": list(tests.ties),
            "optimism": tests.optimism._asdict(),
            "optimism_given_the_rest": tests.optimism_given._asdict(),
            "hangs_on": [one.as_dict() for one in self.hinges],
        }

    def _mechanism(self, one: Added) -> dict[str, Any]:
        return {
            "id": one.id, "name": _named(one.id).name, "alone": _over(one.alone), "given_the_rest": _over(one.given_the_rest),
            "beats_base": one.id in self.tests.beating_base,
            "beats_the_rest": one.id in self.tests.beating_the_rest, "terms": [t.as_dict() for t in self.terms.get(one.id, ())],
        }  # fmt: skip

    def _mechanisms(self) -> ResultTable:
        tests = self.tests
        rows = [("base", "controls only", _score(tests.base), "", "")]
        rows += [(m.id, _named(m.id).name, "", _gap(m.alone), _gap(m.given_the_rest)) for m in _ranked(tests)]
        rows.append((ALL, "all mechanisms", _score(tests.all), _gap(tests.all_over_base), ""))
        if self.argument:
            rows.append(
                (ARGUMENT, " + ".join(self.argument), _score(tests.argument), _gap(tests.argument_over_base), "")
            )
        frame = pl.DataFrame(rows, schema=["id", "mechanism", "score", "over base", "given the rest"], orient="row")
        note = NOTE if self.baselines else f"{NOTE} {MISSING}"
        return ResultTable(frame, self.headline, {}, note, (), self.case.hash)

    def _baselines(self) -> ResultTable:
        rows = [
            (b.of.name, _score(score_total(self.case, b.of.scores)), _gap(b.base_over))
            for b in self.baselines if b.of.diagnostics.passed
        ]  # fmt: skip
        failed = [
            f"{b.of.name} failed: {b.of.diagnostics.reasons[0]}." for b in self.baselines if not b.of.diagnostics.passed
        ]
        frame = pl.DataFrame(rows, schema=["baseline", "score", "base over it"], orient="row")
        return ResultTable(frame, "The same crises predicted by regressions", {}, " ".join(failed), (), self.case.hash)

    def _hangs_on(self, most: int) -> ResultTable:
        told = [
            h for h in self.hinges if self.tests.beating_base or _weight(h) < LEADS
        ]  # where none beats base, none leads
        ranked = sorted(told, key=_weight)
        rows = [(_in_words(h), _then(h, self.tests)) for h in ranked[:most]]
        more = len(told) - len(rows)
        frame = pl.DataFrame(rows, schema=["it hangs on", "otherwise"], orient="row")
        note = f"and {more} more: `buckpass compare {self.case.id} --json` has all." if more > 0 else ""
        return ResultTable(
            frame,
            "Crises and cells that decide who leads and what beats the controls",
            {},
            note,
            (),
            self.case.hash,
        )


def nested_answer(
    case: Case, scores: Mapping[str, LeaveOneOut], posteriors: Mapping[str, Posterior], kept: Gathered
) -> NestedAnswer:
    """The nested tests of a case's fits, with all that is kept beside them.

    Parameters
    ----------
    scores : of the fits that passed, under one reading. posteriors : all fits. kept : what was worked out of them.

    Raises
    ------
    BaseNotEstimable
        The fit of the controls alone is missing or failed.
    """
    argument = argument_of(case)
    ids = tuple(m.id for m in mechanisms())
    clusters = by_host(case, next(iter(scores.values())).crises)
    tests = nested(scores, clusters, ids, argument and argument.id)
    cells = {name: one for name, one in kept.cells.items() if name in scores}
    hinges = (*hangs_on_crises(tests, scores, clusters, argument and argument.id), *hangs_on_cells(tests, cells))
    return NestedAnswer(
        case, tests, hinges,
        tuple(_against(one, scores[BASE], case) for one in kept.baselines.values()),
        {m.id: _terms(m, posteriors, kept) for m in mechanisms()}, posteriors.get(ALL), argument.mechanisms if argument else (),
    )  # fmt: skip


def _against(one: BaselineScore, base: LeaveOneOut, case: Case) -> Against:
    same = one.scores.crises == base.crises and one.diagnostics.passed
    return Against(one, score_gap(case, base, one.scores) if same else None)


def _terms(mechanism: Mechanism, posteriors: Mapping[str, Posterior], kept: Gathered) -> list[TermSummary]:
    for name in (ALL, mechanism.id):
        if name in posteriors and posteriors[name].diagnostics.passed:
            return summaries(posteriors[name], mechanism.terms, kept.theatres.get(name))
    return []


def _named(mechanism: str) -> Mechanism:
    return next(m for m in mechanisms() if m.id == mechanism)


def _spoken(mechanism: str) -> str:
    """Its name as it stands in a sentence."""
    return quoted(_named(mechanism).name)


def _ranked(tests: NestedTests) -> list[Added]:
    return sorted(tests.mechanisms, key=lambda one: -one.alone.diff if one.alone else float("inf"))


def _leading(tests: NestedTests, hinges: Sequence[Hinge]) -> str:
    if tests.leader is None:
        return "Beside the controls no mechanism has been fitted, or scored under this reading."
    lead = tests[tests.leader]
    assert lead.alone is not None
    tested, picked = tests.optimism.tested, _picked(lead.alone, tests.optimism)
    beats = lead.id in tests.beating_base
    adds = "adds most" if lead.alone.diff > 0 else "comes nearest"
    adds += ", not measurably" if tests.beating_base and not beats else ""
    most = f"{_spoken(lead.id)} {adds} ({_gap(lead.alone)} nats{picked})"
    if not tests.beating_base:
        tied = f", and {_listed(tests.ties)} {'ties' if len(tests.ties) == 1 else 'tie'} with it" if tests.ties else ""
        on = _hangs_on(sum(any(m not in TOGETHER for m in h.gained) for h in hinges))
        return (
            f"No mechanism predicts this record measurably better than the controls alone: {most}{tied}"
            f"{on and f'; that none does {on}'}."
        )
    others = [m for m in tests.beating_base if m != lead.id]
    beat = (
        f"; {_listed(others)}{' also' * beats} {'beats' if len(others) == 1 else 'beat'} the controls" if others else ""
    )
    if as_good := [m for m in others if m in tests.ties]:
        who = "" if as_good == others else f", and {_listed(as_good)}"
        beat += f"{who or ' and'} {'ties' if len(as_good) == 1 else 'tie'} with it"
    tied = f", though {_listed(no_better)} cannot be told from it" if (
        no_better := [m for m in tests.ties if m not in others]) else ""  # fmt: skip
    rest = f"; no other beats the controls by itself{tied}" if len(tests.beating_base) < tested else ""
    hung = [f"That {_spoken(m)} beats the controls {on}."
            for m in tests.beating_base if (on := _hangs_on(sum(m in h.lost for h in hinges)))]  # fmt: skip
    return " ".join([f"{sentence(most)}{beat}{rest}.", *hung])


def _together(tests: NestedTests, hinges: Sequence[Hinge]) -> str:
    """What all mechanisms at once, and those of the argument, predict better than the controls, and on how many crises that hangs."""
    argued = ("Those of the argument together", ARGUMENT, tests.argument_over_base)
    named = (("All together", ALL, tests.all_over_base), argued)
    alone = [one.alone for one in tests.mechanisms]  # an argument of one mechanism has been told
    return " ".join(_over_base(who, key, gap, hinges) for who, key, gap in named if gap and gap not in alone)


def _over_base(who: str, key: str, gap: ScoreGap, hinges: Sequence[Hinge]) -> str:
    if gap.is_gain:
        said = f"predict {gap.diff:.1f} ± {gap.se:.1f} nats better than the controls"
    elif gap.is_tie:
        said = f"do not predict measurably better than the controls ({_gap(gap)} nats)"
    else:
        said = f"predict {-gap.diff:.1f} ± {gap.se:.1f} nats worse than the controls"
    on = _hangs_on(sum(key in (*h.gained, *h.lost) for h in hinges))
    return f"{who} {said}{on and f'; that {on}'}."


def _hangs_on(turning: int) -> str:
    """How many crises an answer hangs on, each by itself; empty where it hangs on none."""
    return f"hangs on {'a single crisis' if turning == 1 else f'any one of {turning} crises'}" if turning else ""


def _given_the_rest(tests: NestedTests, hinges: Sequence[Hinge]) -> str:
    tested = sorted((one for one in tests.mechanisms if one.given_the_rest), key=_given, reverse=True)
    if not tested:
        return ""
    kept = tests.beating_the_rest
    best = next((one for one in tested if one.id in kept), tested[0])
    most = f"{_gap(best.given_the_rest)} nats{_picked(best.given_the_rest, tests.optimism_given)}"
    some = "" if len(tested) == len(tests.mechanisms) else (
        f" of the {len(tested)} of {len(tests.mechanisms)} for which this was fitted ({_listed([one.id for one in tested])})")  # fmt: skip
    if not kept:
        leading = f": {_spoken(best.id)} adds most ({most})" if len(tested) > 1 and _given(best) > 0 else ""
        on = _hangs_on(sum(bool(h.gained_given) for h in hinges))
        return f"Given all the others, none{some} adds anything measurable{leading}{on and f'; that none does {on}'}."
    if len(kept) == 1:
        said = f"Given all the others, {_listed(kept)} still adds to the score ({most})"
        on = _hangs_on(sum(best.id in h.lost_given for h in hinges))
        others = f" No other{some} does." if some else ""
        return f"{said}{on and f'; that {on}'}.{others}"
    return f"Given all the others, {_listed(kept)} still add to the score{some and ','}{some}, most {_spoken(best.id)} ({most})."


def _given(one: Added) -> float:
    return one.given_the_rest.diff if one.given_the_rest is not None else float("-inf")


def _picked(gap: ScoreGap | None, optimism: Optimism) -> str:
    """What the best of several owes to having been picked, and whether it is still more than two standard errors without that."""
    if gap is None or optimism.tested < 2:
        return ""
    less = gap.is_gain and not gap.is_gain_beyond(optimism.expected)
    return f"; the best of {optimism.tested} looks {optimism.expected:.1f} too good by chance" + (
        ", and without that it is within two standard errors of none" if less else ""
    )


def _beside(baselines: Sequence[Against]) -> str:
    scored = [b for b in baselines if b.base_over is not None]
    if not scored:
        return ""
    best = max(scored, key=lambda b: b.of.scores.total)
    gap = best.base_over
    assert gap is not None
    if gap.is_tie:
        return f"Base predicts as well as the best regression ({best.of.name}: {_gap(gap)})."
    return f"Base predicts {abs(gap.diff):.1f} ± {gap.se:.1f} nats {_better(gap)} than the best regression ({best.of.name})."


def _better(gap: ScoreGap) -> str:
    return "better" if gap.diff > 0 else "worse"


def _listed(ids: Sequence[str]) -> str:
    """Names in a sentence, the first few where there are many."""
    return and_join((TOGETHER.get(i) or _spoken(i) for i in ids), most=MOST_NAMES)


def _weight(hinge: Hinge) -> int:
    """What a hinge moves: first what beats the controls, then what adds to the rest, then who leads."""
    return 0 if hinge.gained or hinge.lost else 1 if hinge.gained_given or hinge.lost_given else LEADS


def _in_words(hinge: Hinge) -> str:
    if hinge.power is None:
        return f"without {hinge.crisis}"
    return f"{hinge.power} in {hinge.crisis} coded {hinge.rung}"


def _then(hinge: Hinge, tests: NestedTests) -> str:
    said = [f"{_spoken(hinge.leader_without)} leads"] if hinge.leader_without not in (None, tests.leader) else []
    said += [
        f"{_listed(ids)} {one if len(ids) == 1 and ids[0] not in TOGETHER else many} the controls"
        for ids, one, many in ((hinge.gained, "beats", "beat"), (hinge.lost, "no longer beats", "no longer beat"))
        if ids
    ]
    said += [f"{_listed(ids)} {how} to the others" for ids, how in
             ((hinge.gained_given, "adds"), (hinge.lost_given, "no longer adds")) if ids]  # fmt: skip
    return "; ".join(said)


def _gap(gap: ScoreGap | None) -> str:
    return "–" if gap is None else f"{fixed(gap.diff, 1, '+')} ± {gap.se:.1f}"


def _score(total: ScoreGap | None) -> str:
    return "–" if total is None else f"{fixed(total.diff, 1)} ± {total.se:.1f}"


def _over(gap: ScoreGap | None) -> dict[str, float] | None:
    return gap and gap.as_dict()


def _total(total: ScoreGap | None) -> dict[str, float | None]:
    return {"elpd": total and total.diff, "se": total and total.se, "se_by_crisis": total and total.se_by_crisis}


def _diagnosed(whole: Posterior | None) -> dict[str, Any]:
    d = whole.diagnostics if whole is not None else None
    return {"rhat_max": d and d.rhat_max, "ess_min": d and min(d.ess_bulk_min, d.ess_tail_min),
            "divergences": None if d is None else d.divergences}  # fmt: skip


def _baseline(one: Against, case: Case) -> dict[str, Any]:
    s, d = one.of.scores, one.of.diagnostics
    total = score_total(case, s) if d.passed else None
    return {
        "id": one.of.id, "name": one.of.name, "says": one.of.says, **_total(total), "base_over": one.base_over and one.base_over.as_dict(), "rhat_max": d.rhat_max,
        "ess_min": min(d.ess_bulk_min, d.ess_tail_min), "divergences": d.divergences, "failed": list(d.reasons),
        "refitted": int(s.is_exact.sum()),
    }  # fmt: skip
