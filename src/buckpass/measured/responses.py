"""Who did what: the response matrix, profiles by power and theatre, and responses to requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import sources_of
from buckpass.results.summary import interval
from buckpass.results.table import ResultTable

__all__ = [
    "NOT_FOR_THE_HOST",
    "OWN",
    "askers_table",
    "profiles_table",
    "requests_table",
    "responses_table",
    "told_rung",
    "was_asked",
]

DRAWS = 4000
ASKERS = {"crisis": pl.String, "government": pl.String, "name": pl.String, "asked": pl.List(pl.String), "counts": pl.Boolean,
          "request_date": pl.String, "request_answer": pl.String, "sources": pl.List(pl.String), "file": pl.String,
          "line": pl.Int64}  # fmt: skip
HELP = ("host_support", "own_assets", "none", "unknown")
OWN = ("own_assets", "own_claim", "belligerent")  # scopes of an act that is not for the host
NOT_FOR_THE_HOST = "*: for its own people, assets, claim or war, not for the host."


def responses_table(case: Case, rows: pl.DataFrame) -> ResultTable:
    """The highest rung of every actor in every crisis with its band of doubt; empty where nobody looked."""
    order = ["crisis", "actor", "kind", "theatre", "rung", "low", "high", "basis", "stance", "scope", "vehicle",
             "sources", "line"]  # fmt: skip
    return ResultTable(
        rows.select(order),
        "What each actor did in each crisis",
        dict.fromkeys(("rung", "low", "high"), case.ladder.scale),
        "Low and high: the rungs that the sources allow. Basis absence: looked for, nothing found, a band and not a "
        "zero. Basis unsearched: nobody looked, so there is no rung.",
        sources_of(rows["sources"]),
        case.hash,
    )


def told_rung(response: Mapping[str, Any]) -> str:
    """The number of a response's rung, starred where the act was not for the host; empty where nobody looked.

    >>> told_rung({"rung": 6, "scope": "own_assets"}), told_rung({"rung": None, "scope": "unknown"})
    ('6*', '')
    """
    return "" if response["rung"] is None else f"{response['rung']}{'*' if response['scope'] in OWN else ''}"


def profiles_table(case: Case, rows: pl.DataFrame) -> ResultTable:
    """How often each power stood at each rung, by theatre; bounds from the bands.

    n_coded: rows coded at the rung; surely: the band is this rung alone; possibly: the band holds the rung.
    """
    known = rows.filter(pl.col("actor").is_in(case.powers) & pl.col("rung").is_not_null())
    at = [_at_rung(known, rung) for rung in range(case.rungs.count)]
    total = known.group_by("actor", "theatre").agg(pl.len().alias("n"), pl.col("rung").mean().alias("mean_rung"))
    frame = pl.concat(at).join(total, on=["actor", "theatre"]).rename({"actor": "power"})
    rank = {power: i for i, power in enumerate(case.powers)} | {t: i for i, t in enumerate(case.theatres)}
    frame = frame.sort(pl.col("power").replace_strict(rank), pl.col("theatre").replace_strict(rank), "rung")
    return ResultTable(
        frame,
        "How far each power went, by theatre",
        {
            "rung": case.ladder.scale,
            "n_coded": "crises",
            "surely": "crises",
            "possibly": "crises",
            "n": "crises looked up",
        },
        "Possibly counts every crisis whose band holds the rung, so it adds up to more than n.",
        sources_of(known["sources"]),
        case.hash,
    )


def requests_table(case: Case, rows: pl.DataFrame, seed: int) -> ResultTable:
    """Mean rung of each power when it was asked for help and when it was not, and the difference.

    Interval: Bayesian bootstrap over crises (Rubin 1981), each rung drawn evenly from its band. Crises are left out in
    which it is not known whether help was asked for, or in which the power pressed an own claim or was a belligerent.
    """
    rng = np.random.default_rng(seed)
    known = rows.filter(pl.col("actor").is_in(case.powers) & pl.col("rung").is_not_null() & pl.col("scope").is_in(HELP))
    asked = {(c["crisis_id"], p): was_asked(case, c, p) for c in case.crises.iter_rows(named=True) for p in case.powers}
    result = []
    for power in case.powers:
        mine = known.filter(pl.col("actor") == power)
        status = [asked[crisis, power] for crisis in mine["crisis"]]
        parts = [mine.filter(pl.Series([s is wanted for s in status], dtype=pl.Boolean)) for wanted in (True, False)]
        draws = [_mean_draws(part, rng) for part in parts]
        result += [
            _request_row(power, asked, part, d) for asked, part, d in zip((True, False), parts, draws, strict=True)
        ]
        result[-1] |= _difference(draws)
        result[-2] |= _difference(draws)
    return ResultTable(
        pl.DataFrame(result, infer_schema_length=None),
        "What each power did when asked for help and when not",
        {"mean_rung": case.ladder.scale, "n": "crises", "p_more_when_asked": "probability"},
        "Asked: the power itself, or an organisation that it leads. 90 % interval by Bayesian bootstrap over crises, "
        "rungs drawn from their bands; none for fewer than two crises. Requests follow severity: no effect of asking.",
        sources_of(known["sources"]),
        case.hash,
        seed,
    )


def askers_table(case: Case) -> ResultTable:
    """Whom each government asked: a row for every asker of a crisis, the one that counts first; none where it is not known."""
    names = {(host.id, one.id): one.name for host in case.settings.hosts for one in host.governments}
    rows: list[dict[str, Any]] = []
    for crisis in case.crises.drop_nulls("help_requested").sort("start", maintain_order=True).iter_rows(named=True):
        several = case.requests.filter(crisis_id=crisis["crisis_id"])
        several = several.sort(pl.col("government") != crisis["asked_by"], maintain_order=True).to_dicts()
        for row in several or [crisis | {"government": crisis["asked_by"]}]:
            who = row["government"]
            name = next((names[host, who] for host in crisis["host"] if (host, who) in names), "")
            rows.append(
                row | {"crisis": crisis["crisis_id"], "name": name, "counts": who == crisis["asked_by"],
                       "sources": row["source_id"], "file": "requests.csv" if several else "crises.csv"}
            )  # fmt: skip
    frame = pl.DataFrame([[row[name] for name in ASKERS] for row in rows], ASKERS, orient="row")
    return ResultTable(
        frame,
        "Whom each government asked for help",
        {},
        "Counts: what the game takes where several governments asked, as asked_by of crises.csv says.",
        sources_of(frame["sources"]),
        case.hash,
    )


def was_asked(case: Case, crisis: dict[str, Any], power: str) -> bool | None:
    """Whether a power was asked for help, itself or through an organisation that it leads; None: not known."""
    if case.asked_through(power) & {*crisis["asked"]}:
        return True
    return None if crisis["help_requested"] is None else False


def _at_rung(known: pl.DataFrame, rung: int) -> pl.DataFrame:
    is_inside = (pl.col("low") <= rung) & (pl.col("high") >= rung)
    return known.group_by("actor", "theatre").agg(
        pl.lit(rung, pl.Int64).alias("rung"),
        (pl.col("rung") == rung).sum().cast(pl.Int64).alias("n_coded"),
        (is_inside & (pl.col("low") == pl.col("high"))).sum().cast(pl.Int64).alias("surely"),
        is_inside.sum().cast(pl.Int64).alias("possibly"),
    )


def _mean_draws(part: pl.DataFrame, rng: np.random.Generator) -> np.ndarray | None:
    if part.height < 2:
        return None
    low, high = part["low"].to_numpy().astype(int), part["high"].to_numpy().astype(int)
    rungs = rng.integers(low, high + 1, size=(DRAWS, part.height))
    return np.sum(rng.dirichlet(np.ones(part.height), DRAWS) * rungs, axis=1)


def _request_row(power: str, asked: bool, part: pl.DataFrame, draws: np.ndarray | None) -> dict[str, Any]:
    low, high = (None, None) if draws is None else interval(draws)
    return {
        "power": power,
        "asked": asked,
        "mean_rung": part["rung"].mean(),
        "low": low,
        "high": high,
        "n": part.height,
    }


def _difference(draws: list[np.ndarray | None]) -> dict[str, float | None]:
    when_asked, else_ = draws
    more = None if when_asked is None or else_ is None else float(np.mean(when_asked > else_))
    return {"p_more_when_asked": more}
