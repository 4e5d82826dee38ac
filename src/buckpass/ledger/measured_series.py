"""Claims about yearly figures: who is ahead, whether a domain divides, trends, levels and rank correlations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy.special import ndtr, stdtr, stdtrit

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.case.figures import published
from buckpass.case.schema import NEAREST_YEARS
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_expected, figures_of, places_at, places_of
from buckpass.measured.burden import RankCorrelation, rank_correlation
from buckpass.measured.coding import in_theatre
from buckpass.measured.positions import Amounts, division_draws, own_amounts, pooled_shares, years_pooled
from buckpass.measured.shares import DOMAINS, FRESH, is_old, is_tie, measure_name, years_in_words
from buckpass.results.summary import LEVEL, interval
from buckpass.results.words import and_join, fixed

__all__ = ["crossing", "division", "levels", "rank_correlation_claim", "trend"]

FEWEST_YEARS = 3
DRAWS = 4000
Correlated = tuple[RankCorrelation, dict[str, Any], str, tuple[str, ...], tuple[str, ...]]


def crossing(question: Question) -> Finding:
    """P(one power is ahead of another with every partner in the last year with data), and since when lastingly.

    The measure's own series and its published shares say it; other counts (`beside`) give the range of doubt, each partner by the
    count that is least and by the one that is most for the leader. The error of a comparison is what different statistics of the
    same year disagree by: the spread of log(leader / other) between them (mirror statistics), normal.
    """
    case, given = question.case, question.parameters
    measure = case.settings.measures.positions[given["measure"]]
    partners = given.get("partners") or list(measure.partners)
    series, beside = [*measure.series, *measure.published], list(given.get("beside", ()))
    pairs = _ratios(case, [*series, *beside], given["leader"], given["over"])
    spread = _disagreement(pairs)
    rows = figures_of(case, [*series, *beside], [given["leader"], given["over"]])
    own = {p: found for p in partners if (found := _last(pairs, p, series)) is not None}
    missing = [p for p in partners if p not in own]
    if missing:
        raise CannotCompute(
            f"{given['measure']}: no year with both {given['leader']} and {given['over']} for {missing}"
        )
    states = [_partner_row(pairs, own[p], _last(pairs, p, beside) or own[p], spread, series) for p in partners]
    counts = [_counts(pairs, own[p], [*series, *beside], spread) for p in partners]
    joint = float(np.prod([s["p_ahead"] for s in states]))
    low, high = (float(np.prod([pick(c) for c in counts])) for pick in (min, max))
    least = min(states, key=lambda s: s["p_ahead"])
    return Finding(
        value=joint,
        low=low,
        high=high,
        unit=f"P({given['leader']} ahead of {given['over']} in {measure_name(case, given['measure'])} with all {len(partners)} partners), range over whose statistics count",
        n=len(partners),
        probability=joint,
        doubt=(low, high),
        reason=_who_is_ahead(states) + _older(case, states),
        turns_on=f"on {least['partner']} ({least['year']}: ratio {least['ratio']:.2f}) and on whose statistics count",
        sources=sources_of(rows["source_id"]),
        places=places_of("series.csv", rows),
        detail={"partners": states, "spread_of_log_ratio": spread, "apart": _apart(case, given, partners)},
    )


def division(question: Question) -> Finding:
    """Mean division-of-labour index since a year; P(as expected, rising, and led as claimed in the last years pooled)."""
    case, given = question.case, question.parameters
    own = {domain: own_amounts(case, domain) for domain in DOMAINS}
    pooled = pooled_shares(own, question.seed)
    index = {year: draws for year, draws in division_draws(pooled).items() if year >= given["since"]}
    if len(index) < FEWEST_YEARS:
        raise CannotCompute(f"fewer than {FEWEST_YEARS} years since {given['since']} have both domains")
    years, table = np.array(list(index)), np.array(list(index.values()))
    mean = table.mean(axis=0)
    slope = np.polyfit(years - years.mean(), table, 1)[0]
    leads = {d: _leads(pooled[d], own[d], leader) for d, leader in given["leaders"].items()}
    is_high = as_expected(question.expect, mean)
    holds = is_high & (slope > 0) & np.all([lead["draws"] for lead in leads.values()], axis=0)
    low, high = interval(mean)
    parts = {"level": float(is_high.mean()), "rising": float((slope > 0).mean())}
    ahead = {d: f"{lead['power']} ahead of {_others(case, d, lead['power'])} in {measure_name(case, d)}, {years_in_words(*lead['years'])} together"
             for d, lead in leads.items()}  # fmt: skip
    parts |= {ahead[d]: float(lead["draws"].mean()) for d, lead in leads.items()}
    weakest = min(parts, key=lambda k: parts[k])
    return Finding(
        value=float(np.median(mean)),
        low=low,
        high=high,
        unit="division-of-labour index, 0 none to 1 complete",
        n=len(years),
        probability=float(holds.mean()),
        reason=f"years {years[0]}–{years[-1]}; " + "; ".join(f"P({k}) = {v:.2f}" for k, v in parts.items())
        + "; each over how much every year counts, not over errors of the figures",
        turns_on=f"on its weakest part, “{weakest}”, and on the years after {years[-1]}, which lack a common series",
        detail={"parts": parts, "slope_per_year": float(np.median(slope)),
                "years": [{"year": int(y), "index": float(np.median(d))} for y, d in index.items()]},
        sources=tuple(dict.fromkeys(s for d in DOMAINS for a in own[d] for s in a.sources)),
        places=places_at("series.csv", [line for d in DOMAINS for a in own[d] for line in a.lines]),
    )  # fmt: skip


def trend(question: Question) -> Finding:
    """Mean slope per year over the states that have three years or more; the others are named as missing.

    Slope per state by least squares with Student's t; draws of the states' slopes are averaged. Where the claim singles
    out states (`most`) and one of them has no trend, it cannot be computed.
    """
    case, given = question.case, question.parameters
    found = {s: _series_of(case, given["series"], s, given["power"]) for s in given["states"]}
    long = {s: rows for s, rows in found.items() if rows.height >= FEWEST_YEARS}
    missing = [s for s in given["states"] if s not in long]
    counted = {
        "series": list(given["series"]),
        "missing": missing,
        "levels": _levels_shown(case, given, question.theatre),
    }
    lacking = [s for s in given.get("most", ()) if s not in long]
    if lacking or not long:
        years = "; ".join(f"{s} {found[s].height}" for s in given["states"])
        raise CannotCompute(
            f"no yearly series about {given['power']} for {', '.join(lacking or missing)} (years known: {years}); "
            f"a trend needs {FEWEST_YEARS}",
            counted,
        )
    rng = question.rng()
    draws = np.mean([_slope_draws(rows, rng) for rows in long.values()], axis=0)
    low, high = interval(draws)
    return Finding(
        value=float(np.median(draws)),
        low=low,
        high=high,
        unit="per year",
        n=sum(rows.height for rows in long.values()),
        probability=float(np.mean(as_expected(question.expect, draws))),
        reason=f"{len(long)} of {len(found)} states have three years or more, {years_in_words(*_reach(long.values()))}",
        turns_on=f"on the states without a series: {', '.join(missing)}" if missing else "on few years per state",
        sources=sources_of(pl.concat([rows["source_id"] for rows in long.values()])),
        places=places_of("series.csv", pl.concat(list(long.values()))),
        detail=counted,
    )


def levels(question: Question) -> Finding:
    """Mean difference between two powers, or two series, over the states and series with both, in their last year."""
    case, given = question.case, question.parameters
    pairs = _level_pairs(case, given, question.theatre)
    if not pairs:
        raise CannotCompute("no state has both sides of the comparison in one year")
    differences = np.array([p["of"] - p["against"] for p in pairs])
    n = len(differences)
    if n == 1:
        raise CannotCompute("one pair of figures only: no interval can be given", {"pairs": pairs})
    centre, scale = float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(n))
    reach = float(stdtrit(n - 1, (1 + LEVEL) / 2) * scale)
    return Finding(
        value=centre,
        low=centre - reach,
        high=centre + reach,
        unit=pairs[0]["unit"],
        n=n,
        probability=_p_t(question.expect, centre, scale, n - 1),
        reason="; ".join(_pair_words(p) for p in pairs),
        turns_on="levels at one time: no pair is a before and after, so what acts changed cannot be seen",
        sources=sources_of(pl.Series([p["sources"] for p in pairs], dtype=pl.List(pl.String))),
        places=places_at("series.csv", [line for p in pairs for line in p["lines"]]),
        detail={"pairs": pairs},
    )


def rank_correlation_claim(question: Question) -> Finding:
    """Spearman's ρ of an actor's rungs with a series by host-year, or of two series' yearly changes.

    A sentence that says *because* is not decided by it, whatever the sign: what moves both moves them together.
    """
    is_causal = question.claim.kind == "causal"
    found, detail, turns_on, sources, places = (
        _changes(question) if "change" in question.parameters else _rungs_against(question)
    )
    above = found.p_above(float(question.expect.get("above", question.expect.get("below", 0.0))))
    if found.rho is None or above is None:
        raise CannotCompute(f"{found.n} pairs: too few, or one side does not vary", detail)
    return Finding(
        value=found.rho,
        low=found.low,
        high=found.high,
        unit="Spearman's rank correlation" + (" given what others did" if found.held else ""),
        n=found.n,
        probability=1 - above if "below" in question.expect else above,
        decided="undecided" if is_causal else None,
        reason=f"{found.n} pairs{detail.get('beside', '')}"
        + ("; a correlation is no test of a cause" if is_causal else ""),
        turns_on=turns_on,
        sources=sources,
        places=places,
        detail=detail,
    )


def _ratios(case: Case, series: Sequence[str], leader: str, over: str) -> list[dict[str, Any]]:
    """log(leader / over) by series, partner and year, wherever one series has both."""
    rows = case.series.filter(pl.col("series").is_in(list(series)) & pl.col("actor").is_in([leader, over]))
    wide = rows.filter(pl.col("value") > 0).pivot(
        on="actor", index=["series", "partner", "year"], values="value", aggregate_function="first"
    )
    if not {leader, over} <= set(wide.columns):
        return []
    both = wide.drop_nulls().with_columns((pl.col(leader) / pl.col(over)).log().alias("log_ratio"))
    units = rows.unique(["series"], keep="first").select("series", "unit")
    both = both.join(units, on="series", how="left", maintain_order="left")
    ties = [
        is_tie(a, b, of[0] if (of := published(unit)) else a + b)
        for a, b, unit in both.select(leader, over, "unit").iter_rows()
    ]
    return (
        both.with_columns(pl.Series("is_tie", ties, dtype=pl.Boolean))
        .select("series", "partner", "year", "log_ratio", "is_tie").sort("partner", "year").to_dicts()
    )  # fmt: skip


def _disagreement(pairs: Sequence[Mapping[str, Any]]) -> float:
    """Standard deviation of one series' log ratio, from differences between series about the same partner and year."""
    differences = [
        a["log_ratio"] - b["log_ratio"]
        for a, b in combinations(pairs, 2)
        if (a["partner"], a["year"]) == (b["partner"], b["year"])
    ]
    if len(differences) < 2 or not any(differences):
        raise CannotCompute(
            "no two different statistics cover the same partner and year, so the error of a comparison is unknown"
        )
    return float(np.sqrt(np.mean(np.square(differences)) / 2))


def _last(pairs: Sequence[Mapping[str, Any]], partner: str, series: Sequence[str]) -> Mapping[str, Any] | None:
    found = [p for p in pairs if p["partner"] == partner and p["series"] in series]
    return max(found, key=lambda p: (p["year"], -list(series).index(p["series"]))) if found else None


def _counts(
    pairs: Sequence[Mapping[str, Any]], own: Mapping[str, Any], series: Sequence[str], spread: float
) -> list[float]:
    """P(ahead) with a partner by every count that reaches as far as the newest, FRESH years at most behind it, and by the own."""
    last = [found for name in series if (found := _last(pairs, own["partner"], [name])) is not None]
    newest = max(found["year"] for found in last)
    return [float(ndtr(p["log_ratio"] / spread)) for p in (own, *(p for p in last if p["year"] >= newest - FRESH))]


def _who_is_ahead(states: Sequence[Mapping[str, Any]]) -> str:
    ahead = [f"{s['partner']} {s['year']}" for s in states if s["p_ahead"] > 0.5 and not s["is_tie"]]
    behind = [
        f"{s['partner']} {s['year']}, ratio {s['ratio']:.2f}" for s in states if s["p_ahead"] <= 0.5 and not s["is_tie"]
    ]
    ties = [f"{s['partner']} {s['year']}" for s in states if s["is_tie"]]
    said = f"ahead with {len(ahead)} of {len(states)} in the last year with data ({', '.join(ahead) or 'none'})"
    said += f"; behind with {'; '.join(behind)}" if behind else ""
    return said + (f"; a tie with {', '.join(ties)}" if ties else "")


def _older(case: Case, states: Sequence[Mapping[str, Any]]) -> str:
    """Which partners' last years are too old to stand for today; empty where none is."""
    old = [f"{s['partner']} {s['year']}{_by_another(case, s)}" for s in states if is_old(case, s["year"])]
    return f"; older than {FRESH} years, so not of today: {', '.join(old)}" if old else ""


def _by_another(case: Case, state: Mapping[str, Any]) -> str:
    """What another count has for a partner where it reaches further; empty where none does."""
    if state["year_other_count"] <= state["year"]:
        return ""
    ratio = state["ratio_other_count"]
    return f" ({state['year_other_count']}, {case.series_name(state['series_other_count'])}: {'ahead' if ratio > 1 else 'behind'}, ratio {ratio:.2f})"


def _partner_row(pairs, own: Mapping, other: Mapping, spread: float, series: Sequence[str]) -> dict[str, Any]:
    partner = own["partner"]
    path = {p["year"]: p["log_ratio"] for p in reversed(pairs) if p["partner"] == partner and p["series"] in series}
    behind = [year for year, ratio in path.items() if ratio <= 0]
    since = [year for year in sorted(path) if not behind or year > max(behind)]
    return {
        "partner": partner, "year": own["year"], "series": own["series"], "ratio": float(np.exp(own["log_ratio"])),
        "is_tie": own["is_tie"],
        "p_ahead": float(ndtr(own["log_ratio"] / spread)), "lastingly_since": since[0] if since else None,
        "year_other_count": other["year"], "series_other_count": other["series"],
        "ratio_other_count": float(np.exp(other["log_ratio"])),
        "p_ahead_other_count": float(ndtr(other["log_ratio"] / spread)),
    }  # fmt: skip


def _apart(case: Case, given: Mapping[str, Any], partners: Sequence[str]) -> list[dict[str, Any]]:
    shown = []
    for label, series in given.get("apart", {}).items():
        pairs = _ratios(case, [series], given["leader"], given["over"])
        for partner in partners:
            last = _last(pairs, partner, [series])
            shown.append(
                {"what": label, "partner": partner, "year": last and last["year"],
                 "ratio": last and float(np.exp(last["log_ratio"]))}
            )  # fmt: skip
    return shown


def _leads(shares: Mapping[int, Mapping[str, np.ndarray]], amounts: Sequence[Amounts], leader: str) -> dict[str, Any]:
    """Whether a power is ahead of all others in the last years pooled, by draw; and from which year to which these run."""
    if not shares or leader not in next(iter(shares.values())):
        raise CannotCompute(f"the case measures no share of {leader}")
    year = max(shares)
    others = [draws for power, draws in shares[year].items() if power != leader]
    years = years_pooled(amounts, year)
    return {"power": leader, "years": (years[0], years[-1]), "draws": shares[year][leader] > np.max(others, axis=0)}


def _others(case: Case, domain: str, power: str) -> str:
    return ", ".join(p for p in case.settings.measures.positions[domain].powers if p != power)


def _p_t(expect: Mapping[str, Any], centre: float, scale: float, freedom: int) -> float:
    bound = float(expect.get("above", expect.get("below", 0.0)))
    above = float(stdtr(freedom, (centre - bound) / scale)) if scale > 0 else float(centre > bound)
    return 1 - above if "below" in expect else above


def _series_of(case: Case, series: Sequence[str], state: str, power: str) -> pl.DataFrame:
    """Yearly figures about a power in a state, whichever of the two stands as actor, from the longest of the series."""
    key = f"series {series} of {state} and {power}"  # asked again for every crisis: filtering anew was a third of such a claim
    if key not in case.derived:
        case.derived[key] = _longest(case, series, state, power)
    return case.derived[key]


def _longest(case: Case, series: Sequence[str], state: str, power: str) -> pl.DataFrame:
    about = ((pl.col("actor") == state) & (pl.col("partner") == power)) | (
        (pl.col("actor") == power) & (pl.col("partner") == state)
    )
    options = [case.series.filter((pl.col("series") == s) & about).sort("year") for s in series]
    return max(options, key=lambda rows: rows.height)


def _reach(found: Iterable[pl.DataFrame]) -> tuple[int, int]:
    """The first and the last year of several series."""
    years = pl.concat([rows["year"] for rows in found])
    return int(years.min()), int(years.max())  # type: ignore[arg-type]


def _slope_draws(rows: pl.DataFrame, rng: np.random.Generator) -> np.ndarray:
    year, value = rows["year"].to_numpy(), rows["value"].to_numpy()
    fit, spread = np.polyfit(year - year.mean(), value, 1, cov=True)  # the spread of least squares, n - 2 degrees
    return fit[0] + np.sqrt(spread[0, 0]) * rng.standard_t(max(rows.height - 2, 1), DRAWS)


def _levels_shown(case: Case, given: Mapping[str, Any], theatre: str) -> list[dict[str, Any]]:
    names = [*given["states"], theatre]
    is_there = pl.col("actor").is_in(names) | pl.col("partner").is_in(names)
    is_about = pl.col("partner").is_in([given["power"], ""]) | (pl.col("actor") == given["power"])
    rows = case.series.filter(pl.col("series").is_in(list(given["series"])) & is_there & is_about)
    return rows.select("series", "actor", "partner", "year", "value", "unit").to_dicts()


def _level_pairs(case: Case, given: Mapping[str, Any], theatre: str) -> list[dict[str, Any]]:
    places = [*given.get("states", ()), theatre]
    sides = [(s, s, given.get("against", given["of"])) for s in given["series"]]
    if "against_series" in given:
        sides = [(s, t, given.get("against", given["of"])) for s in given["series"] for t in given["against_series"]]
    pairs = []
    for first, second, against in sides:
        for place in places:
            mine, theirs = _series_of(case, [first], place, given["of"]), _series_of(case, [second], place, against)
            if named := given.get("years", {}).get(place):
                both = _in_years(mine, theirs, named, place)
            else:
                both = mine.join(theirs.with_columns(year_against="year"), on="year", suffix="_against").sort("year")
                if both.is_empty() and "against_series" in given and mine.height and theirs.height:
                    both = mine.tail(1).join(theirs.tail(1), how="cross", suffix="_against")
            if both.height:
                row = both.row(-1, named=True)
                pairs.append({"state": place, "series": first, "year": row["year"], "year_against": row["year_against"], "of": row["value"],
                              "against": row["value_against"], "unit": row["unit"],
                              "sources": [*row["source_id"], *row["source_id_against"]],
                              "lines": [row["line"], row["line_against"]]})  # fmt: skip
    return pairs


def _pair_words(pair: Mapping[str, Any]) -> str:
    when = "" if pair["year"] == pair["year_against"] else f" ({pair['year_against']})"
    return f"{pair['state']} {pair['year']}: {pair['of']:g} against {pair['against']:g}{when}"


def _in_years(mine: pl.DataFrame, theirs: pl.DataFrame, years: Sequence[int], place: str) -> pl.DataFrame:
    """The two figures of the years that the claim names."""
    both = mine.filter(pl.col("year") == years[0]).join(
        theirs.filter(pl.col("year") == years[1]), how="cross", suffix="_against"
    )
    if both.is_empty():
        raise CannotCompute(f"{place} has no figure of {years[0]} and of {years[1]} to set against each other")
    return both


def _rungs_against(question: Question) -> Correlated:
    case, given = question.case, question.parameters
    rows = in_theatre(case.coded, given.get("theatre"))
    rows = rows.filter((pl.col("actor") == given["actor"]) & pl.col("rung").is_not_null())
    if "years" in given:
        rows = rows.filter(pl.col("start").dt.year().is_between(*given["years"]))
    points = [p for row in rows.iter_rows(named=True) if (p := _point(case, given, row)) is not None]
    found = rank_correlation(*(np.array([p[k] for p in points], float) for k in ("rung", "value")))
    stakes = rank_correlation(*(np.array([p[k] for p in points], float) for k in ("severity", "value")))
    ends = [
        rank_correlation(*(np.array([p[k] for p in points], float) for k in (end, "value"))).rho
        for end in ("low", "high")
    ]
    detail = {"points": points, "rho_at_low_and_high_codes": ends, "rho_of_severity": stakes.rho}
    low, high = ("not defined" if rho is None else fixed(rho) for rho in ends)
    turns_on = f"on {len(points)} crises with a figure near their year; at the low and high codes ρ is {low} and {high}"
    figures, used = case.series.filter(pl.col("series") == given["against"]), [p["crisis"] for p in points]
    places = (
        *places_of("responses.csv", rows.filter(pl.col("crisis").is_in(used))),
        *places_of("series.csv", figures),
    )
    return found, detail, turns_on, sources_of(figures["source_id"]), places


def _point(case: Case, given: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any] | None:
    crisis = case.crisis(row["crisis"])
    values = []
    for host in crisis["host"]:
        figures = _series_of(case, [given["against"]], host, given["actor"])
        apart = (
            (abs(year - crisis["start"].year), value) for year, value in figures.select("year", "value").iter_rows()
        )
        near = [one for one in apart if one[0] <= NEAREST_YEARS]
        if near:
            values.append(min(near, key=lambda one: one[0])[1])  # of two equally near the earlier
    if not values:
        return None
    return {"crisis": row["crisis"], "rung": row["rung"], "low": row["low"], "high": row["high"],
            "value": float(np.mean(values)), "severity": crisis["severity"]}  # fmt: skip


def _changes(question: Question) -> Correlated:
    """Yearly log changes of a group's mean against those of one actor; n is the number of years, not of actor-years.

    With `common`, the mean change of those others in the same year is held constant: what moves all.
    """
    case, given = question.case, question.parameters
    rows = case.series.filter(pl.col("series").is_in([given["series"], given["against"]]) & (pl.col("partner") == ""))
    if "years" in given:
        rows = rows.filter(pl.col("year").is_between(*given["years"]))

    def changes(series: str, actors: Sequence[str]) -> dict[str, dict[int, float]]:
        of = rows.filter(pl.col("series") == series)
        return {a: _log_changes(of.filter(pl.col("actor") == a)) for a in actors}

    own = changes(given["series"], given["actors"])
    theirs = changes(given["against"], [given["against_actor"]])
    others = changes(given["series"], given.get("common", ()))
    years = sorted(set[int].intersection(*(set(c) for c in (*own.values(), *theirs.values(), *others.values()))))

    def mean(of: Mapping[str, Mapping[int, float]]) -> np.ndarray:
        return np.array([np.mean([c[y] for c in of.values()]) for y in years])

    against, raw = mean(theirs), rank_correlation(mean(own), mean(theirs))
    found = rank_correlation(mean(own), against, mean(others)) if others else raw
    single = {a: rank_correlation(np.array([c[y] for y in years]), against).rho for a, c in own.items()}
    detail = {"years": years, "rho_by_actor": single, "rho_with_nothing_held": raw.rho}
    if others and raw.rho is not None:
        detail["beside"] = (
            f"; held constant: the mean change of {and_join(others)} in the year (ρ with nothing held {fixed(raw.rho)})"
        )
    turns_on = "on common shocks: a shared cause moves all budgets the same way"
    return found, detail, turns_on, sources_of(rows["source_id"]), places_of("series.csv", rows)


def _log_changes(rows: pl.DataFrame) -> dict[int, float]:
    value = dict(rows.filter(pl.col("value") > 0).select("year", "value").iter_rows())
    return {y: float(np.log(value[y] / value[y - 1])) for y in value if y - 1 in value}
