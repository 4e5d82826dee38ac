"""Claims about rates of acts: of one actor, of organisations compared, and of what ran through an organisation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.case.problems import repeated
from buckpass.case.reading.which_crises import Truth, counted, counting, in_words, nobody_looked
from buckpass.evidence.verdict_policy import Word, agreed
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_beside, places_of, up_to
from buckpass.ledger.record_atoms import Atom, judged, truth_of_all
from buckpass.measured.activity import Activity, activity_of
from buckpass.measured.burden import rank_correlation
from buckpass.measured.coding import in_theatre
from buckpass.measured.rates import Rate, p_less
from buckpass.measured.shares import years_in_words
from buckpass.results.words import and_join

__all__ = ["rate", "rates_compared", "share_through"]

TRUTHS: dict[Word, Truth] = {"supported": "true", "contradicted": "false", "undecided": "doubt"}


def rate(question: Question) -> Finding:
    """Rate at which the actor's rung lay in a range, among its looked-up crises (or those that reached a lower height).

    `years`, `hosts` and `where` leave out crises (`which_crises.counted`). Where a band or a missing row leaves a condition
    open, the crisis is counted as coded, and with it and without it in the range of doubt.

    Beta-binomial with Jeffreys prior; the doubt of the bands is resolved against the claim and for it.
    """
    given = question.parameters
    acts = question.case.acts(direction=given.get("direction", "for"))
    known = acts.filter((pl.col("actor") == given["actor"]) & pl.col("rung").is_not_null())
    rows = counting(question.case, known, given)
    if rows.is_empty():
        raise CannotCompute(nobody_looked(given))
    readings = {how: _count(rows, given, how) for how in ("coded", "lowest", "highest")}
    if not readings["coded"].n:
        raise CannotCompute(f"no crisis counts as coded: {_rate_unit(given)}")
    probability = {how: _p(question.expect, r) for how, r in readings.items()}
    straddling = rows.filter(pl.Series([_doubtful(row, given) for row in rows.iter_rows(named=True)], dtype=pl.Boolean))
    first, shown = readings["coded"], _beside(question.case, rows, given)
    return Finding(
        value=first.mean,
        low=min(r.low for r in readings.values()),
        high=max(r.high for r in readings.values()),
        unit=_rate_unit(given),
        n=first.n,
        probability=probability["coded"],
        doubt=(min(probability.values()), max(probability.values())),
        reason=f"{first.acts} of {first.n} crises as coded{_unfound(rows)}{_not_counted(shown)}",
        turns_on=_rate_turns_on(rows, straddling, first),
        sources=sources_of(rows.filter(pl.col("rung") >= given.get("among_at_least", given["at_least"]))["sources"]),
        places=places_of("responses.csv", rows),
        detail={
            "acts": first.acts, "acts_lowest": readings["lowest"].acts, "acts_highest": readings["highest"].acts,
            "n_lowest": readings["lowest"].n, "n_highest": readings["highest"].n,
            "in_doubt": straddling["crisis"].to_list(), "beside": shown,
        },
    )  # fmt: skip


def rates_compared(question: Question) -> Finding:
    """The least of P(rate of the organisation < rate of another), and the facts that the sentence asserts besides.

    `years`, `hosts`, `theatre` and `where` leave out crises, by the conditions as coded.
    """
    case, given = _as_counted(question.case, question.parameters), question.parameters
    rows, height = case.coded, given.get("at_least", case.rungs.deployment)
    own = activity_of(case, rows, given["organisation"], height)
    others = [activity_of(case, rows, other, height) for other in given["others"]]
    if not own.n or not all(o.n for o in others):
        without = [a.organisation for a in (own, *others) if not a.n]
        raise CannotCompute(f"no eligible crisis was looked up for {', '.join(without)}")
    pairs = [_pair(own, other) for other in others]
    rates, facts = [_as_statement(own, p, height) for p in pairs], judged(question.case, given.get("atoms", ()))
    stated = [*rates, *facts]
    weakest = min(pairs, key=lambda p: p["p_less"])
    behind = places_of("responses.csv", _known(case, [given["organisation"], *given["others"]], None))
    return Finding(
        value=weakest["p_less"],
        low=min(p["p_less_low"] for p in pairs),
        high=min(p["p_less_high"] for p in pairs),
        unit=f"least P(rate of {own.organisation} < rate of another)",
        n=own.n,
        probability=weakest["p_less"] if all(a.truth == "true" for a in facts) else None,
        decided=truth_of_all(stated),
        reason="; ".join([_hold("comparisons", rates), *([_hold("facts", facts)] if facts else [])]),
        turns_on=f"the comparison with {weakest['with']} (n = {weakest['n']}), the least certain",
        sources=tuple(dict.fromkeys(s for atom in stated for s in atom.sources)),
        places=tuple(dict.fromkeys([*behind, *(place for atom in stated for place in atom.places)])),
        detail={"pairs": pairs, "atoms": [a.__dict__ for a in stated]},
    )


def share_through(question: Question) -> Finding:
    """Share of a power's security acts that ran through an organisation; yearly records and crises count one each.

    Crises that `years`, `hosts`, `theatre` or `where` leave out, by the conditions as coded, do not count, nor acts of another
    `scope`. No act counts twice: one in a crisis that stands as a yearly record too counts as the record (`_stands_as`), and a
    record that two selectors name is refused. Records `in_doubt` can be read as either side's: the range of doubt.

    Beta-binomial with Jeffreys prior.
    """
    case, given = _as_counted(question.case, question.parameters), question.parameters
    acts, same = _acts(case, given)
    doubtful = {act["place"] for act in _records(case, given.get("in_doubt", ()), True)}
    readings = _read_as(acts, doubtful)
    probability = {how: _p(question.expect, r) for how, r in readings.items()}
    periods, whole = [_period(p, acts) for p in given.get("periods", ())], readings["coded"]
    return Finding(
        value=whole.mean,
        low=min(r.low for r in readings.values()),
        high=max(r.high for r in readings.values()),
        unit="share of acts",
        n=whole.n,
        probability=probability["coded"],
        doubt=(min(probability.values()), max(probability.values())),
        reason=f"{whole.acts} of {whole.n} recorded acts"
        + "".join(_period_words(p) for p in periods)
        + _other_years(periods, acts),
        turns_on=_share_turns_on(readings, sum(act["place"] in doubtful for act in acts)),
        sources=tuple(dict.fromkeys(s for act in acts for s in act["sources"])),
        places=tuple(dict.fromkeys(act["place"] for act in acts)),
        detail={
            "periods": periods,
            "through": [act for act in acts if act["through"]],
            "bilateral": [act for act in acts if not act["through"]],
            "in_doubt": sorted(doubtful),
            "stand_as_records": [act["what"] for act in same],
        },
    )


def _known(case: Case, actors: str | Sequence[str], theatre: Any) -> pl.DataFrame:
    rows = in_theatre(case.coded, theatre).filter(pl.col("crisis").is_in(case.crises["crisis_id"].implode()))
    wanted = [actors] if isinstance(actors, str) else list(actors)
    return rows.filter(pl.col("actor").is_in(wanted) & pl.col("rung").is_not_null())


def _as_counted(case: Case, given: Mapping[str, Any]) -> Case:
    """The case with those of its crises that the claim counts, as coded."""
    asked = {name: given[name] for name in ("theatre", "years", "hosts", "where") if name in given}
    kept = [crisis for crisis, (_, as_coded) in counted(case, asked).items() if as_coded]
    return replace(case, crises=case.crises.filter(pl.col("crisis_id").is_in(kept))) if asked else case


def _count(rows: pl.DataFrame, given: Mapping[str, Any], how: str) -> Rate:
    standings = [_standing(row, given, how) for row in rows.iter_rows(named=True)]
    return Rate(standings.count("yes"), standings.count("yes") + standings.count("no"))


def _standing(row: dict[str, Any], given: Mapping[str, Any], how: str) -> str:
    """Whether a crisis counts as an act ("yes"), a chance without one ("no"), or not at all ("out")."""
    if how == "coded":
        return _standing_at(row["rung"], given) if row["counts"] else "out"
    possible = _standings(row, given)
    order = ("no", "out", "yes") if how == "lowest" else ("yes", "out", "no")
    return next(standing for standing in order if standing in possible)


def _standing_at(rung: int, given: Mapping[str, Any]) -> str:
    if rung < given.get("among_at_least", 0):
        return "out"
    return "yes" if given["at_least"] <= rung <= given.get("at_most", rung) else "no"


def _standings(row: dict[str, Any], given: Mapping[str, Any]) -> set[str]:
    """Every standing that a crisis can have within its bands."""
    own = {_standing_at(rung, given) for rung in range(row["low"], row["high"] + 1)}
    return own if row["counts_surely"] else {*own, "out"}


def _doubtful(row: dict[str, Any], given: Mapping[str, Any]) -> bool:
    return len(_standings(row, given)) > 1


def _p(expect: Mapping[str, Any], rate_: Rate) -> float:
    if "below" in expect:
        return rate_.p_below(expect["below"])
    if "above" in expect:
        return 1.0 - rate_.p_below(expect["above"])
    raise CannotCompute("a rate needs expect = { above = … } or { below = … }")


def _rate_unit(given: Mapping[str, Any]) -> str:
    what = "step" if given.get("direction") == "against" else "rung"
    height = f"{what} {given['at_least']}{up_to(given)}"
    among = f" that reached {what} {given['among_at_least']}" if "among_at_least" in given else " looked up"
    return f"{height}, per crisis{among}{in_words(given)}"


def _rate_turns_on(rows: pl.DataFrame, straddling: pl.DataFrame, first: Rate) -> str:
    if straddling.is_empty():
        return f"on the number of crises (n = {first.n}): no code is in doubt at this height{_unfound(rows)}"
    return f"on the codes in doubt: {', '.join(straddling['crisis'].to_list())}"


def _beside(case: Case, rows: pl.DataFrame, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the claim asks to be shown beside the rate: a column of the crises (as rank correlation) or a series."""
    shown = []
    for name in given.get("beside", ()):
        if name in case.crises.columns:
            about = rows.join(case.crises.select(pl.col("crisis_id").alias("crisis"), name), on="crisis")
            found = rank_correlation(about["rung"].to_numpy().astype(float), about[name].to_numpy().astype(float))
            shown.append({"rank_correlation_with": name, **found.__dict__})
        else:
            acts = case.series.filter(
                (pl.col("series") == name) & (pl.col("actor") == given["actor"]) & (pl.col("value") > 0)
            )
            shown += as_beside(case, acts.sort("year"))
    return shown


def _unfound(rows: pl.DataFrame) -> str:
    """In how many of the crises looked up nothing was found, which is no act at this height and not silence either."""
    n = rows.filter(pl.col("basis") == "absence").height
    return f"; in {n} of {rows.height} nothing was found" if n else ""


def _not_counted(shown: Sequence[Mapping[str, Any]]) -> str:
    """The series beside a rate by name and years: acts outside crises, which it leaves out."""
    years: dict[str, list[int]] = {}
    for row in shown:
        if "series" in row:
            years.setdefault(row["name"], []).append(row["year"])
    acts = and_join(f"{name} ({years_in_words(min(of), max(of))})" for name, of in years.items())
    return f"; acts outside crises are not counted: {acts}" if acts else ""


def _pair(own: Activity, other: Activity) -> dict[str, Any]:
    return {
        "with": other.organisation, "sources": other.sources, "n": other.n, "acts": other.acts, "unsearched": other.unsearched,
        "p_less": p_less(own.rate.coded, other.rate.coded),
        "p_less_low": p_less(own.rate.highest, other.rate.lowest),
        "p_less_high": p_less(own.rate.lowest, other.rate.highest),
        "p_less_if_unsearched_silent": p_less(own.rate.coded, other.rate_if_unsearched_silent),
    }  # fmt: skip


def _as_statement(own: Activity, pair: Mapping[str, Any], height: int) -> Atom:
    """One comparison as a statement: true where P ≥ 0.9 however doubts are resolved, false where P ≤ 0.1."""
    least, most = pair["p_less_low"], pair["p_less_high"]
    return Atom(
        text=f"{own.organisation} reached rung {height} less often than {pair['with']}",
        truth=TRUTHS[agreed(least, most)],
        seen=f"{own.acts} of {own.n} against {pair['acts']} of {pair['n']}: P = {_p_with_doubt(pair['p_less'], least, most)}",
        basis="rate",
        sources=pair["sources"],
    )


def _hold(name: str, stated: Sequence[Atom]) -> str:
    return f"{sum(a.truth == 'true' for a in stated)} of {len(stated)} {name} hold"


def _acts(case: Case, given: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every act once, and those of crises that stand as records."""
    records = [*_records(case, given["through"], True), *_records(case, given["bilateral"], False)]
    for position, place in repeated([act["place"] for act in records]):
        seen = f"{place} counts twice ({records[position]['what']})"
        raise CannotCompute(f"{seen}: let one of the claim's records name it")
    in_crises = _crisis_acts(case, given)
    same = [act for act in in_crises if any(_stands_as(act, record) for record in records)]
    acts = [*records, *(act for act in in_crises if act not in same)]
    if not acts:
        raise CannotCompute(f"the case has no security act of {given['power']} under the names that the claim gives")
    return acts, same


def _records(case: Case, selectors: Sequence[Mapping[str, Any]], through: bool) -> list[dict[str, Any]]:
    """The yearly records that selectors name, one act each; `through` says which side they are of."""
    found = []
    for selector in selectors:
        is_named = [pl.col(name) == value for name, value in selector.items()]
        rows = case.series.filter(pl.all_horizontal(pl.col("value") > 0, *is_named))
        found += [
            {
                "what": r["series"],
                "with": r["partner"],
                "year": r["year"],
                "through": through,
                "sources": r["source_id"],
                "place": f"series.csv:{r['line']}",
            }
            for r in rows.iter_rows(named=True)
        ]
    return found


def _crisis_acts(case: Case, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "crises_at_least" not in given:
        return []
    rows = _known(case, given["power"], given.get("theatre")).filter(pl.col("rung") >= given["crises_at_least"])
    if "scope" in given:
        rows = rows.filter(pl.col("scope") == given["scope"])
    named = given["organisation"]
    organisations = {named} if isinstance(named, str) else {*named}
    return [
        {
            "what": r["crisis"],
            "with": "",
            "year": r["start"].year,
            "through": r["vehicle"] in organisations,
            "sources": r["sources"],
            "place": f"responses.csv:{r['line']}",
            "years": case.years_of(case.crisis(r["crisis"])),
            "hosts": case.crisis(r["crisis"])["host"],
        }
        for r in rows.iter_rows(named=True)
    ]


def _stands_as(act: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether an act in a crisis is told by a source of a yearly record, with a host or an organisation, of the crisis's years."""
    first, last = act["years"]
    is_there = not record["with"] or record["with"] in act["hosts"]
    return is_there and first <= record["year"] <= last and not {*act["sources"]}.isdisjoint(record["sources"])


def _read_as(acts: Sequence[Mapping[str, Any]], doubtful: Collection[str]) -> dict[str, Rate]:
    """Acts through the organisation among all: as coded, with every doubtful one on the other side, with every one on this."""
    sure, open_ = ([act for act in acts if (act["place"] in doubtful) == is_open] for is_open in (False, True))
    least, n = sum(act["through"] for act in sure), len(acts)
    counts = {"coded": least + sum(act["through"] for act in open_), "lowest": least, "highest": least + len(open_)}
    return {how: Rate(count, n) for how, count in counts.items()}


def _share_turns_on(readings: Mapping[str, Rate], doubtful: int) -> str:
    low, high = readings["lowest"], readings["highest"]
    either = (
        f"on {doubtful} acts that can be read as either side's ({low.acts} to {high.acts} of {low.n}), and "
        if doubtful
        else ""
    )
    return (
        f"{either}on what is not in the record, which can move it both ways: further acts through the organisation would raise the "
        "share, further ones outside it lower it; every act weighs the same, a yearly exercise as an outpost"
    )


def _period(period: Sequence[int], acts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, last = period
    mine = [act["through"] for act in acts if first <= act["year"] <= last]
    rate_ = Rate(sum(mine), len(mine))
    return {
        "from": first, "to": last, "through": rate_.acts, "n": rate_.n,
        "share": rate_.mean if rate_.n else None, "low": rate_.low if rate_.n else None,
        "high": rate_.high if rate_.n else None,
    }  # fmt: skip


def _other_years(periods: Sequence[Mapping[str, Any]], acts: Sequence[Mapping[str, Any]]) -> str:
    """The acts that lie in none of the periods, in words; empty where all do, or none is asked for."""
    rest = [act["through"] for act in acts if not any(p["from"] <= act["year"] <= p["to"] for p in periods)]
    return f"; {sum(rest)} of {len(rest)} in other years" if periods and rest else ""


def _p_with_doubt(p: float, least: float, most: float) -> str:
    """A probability with its range over the doubts of the record, where it has one.

    >>> _p_with_doubt(0.68, 0.68, 0.681), _p_with_doubt(0.95, 0.93, 0.95)
    ('0.68', '0.95 (0.93 to 0.95)')
    """
    ends = f"{least:.2f}", f"{most:.2f}"
    return f"{p:.2f}" if ends[0] == ends[1] else f"{p:.2f} ({ends[0]} to {ends[1]})"


def _period_words(period: Mapping[str, Any]) -> str:
    return f"; {period['from']}–{period['to']} {period['through']} of {period['n']}"
