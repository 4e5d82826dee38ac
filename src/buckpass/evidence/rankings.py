"""Rankings under other readings of the record and another order of moves: which conclusions stand (model §4)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from buckpass.case import BuckpassError, Case
from buckpass.fitting.differences import HOSTS_TOGETHER
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import (
    PARETO_K_LIMIT,
    LeaveOneOut,
    comparable,
    compare_scores,
    rankable,
    score_gap,
    score_of,
)
from buckpass.model.mechanisms import combination
from buckpass.model.readings import AS_CODED
from buckpass.results.table import ResultTable

__all__ = [
    "AS_CODED", "NoSuchReading", "order_of_moves", "rankings", "readings_held", "scores_under", "side_by_side",
]  # fmt: skip

WIDE = "Under each fit: how far it is behind the best of the reading, in whole nats."
DIFFERENCE = (
    f"difference: behind the best of the reading, nats; within two standard errors ({HOSTS_TOGETHER}) it is none."
)
DOUBTFUL = (
    f"doubtful: crises whose importance weights are not trusted (k̂ > {PARETO_K_LIMIT}) and that were not refitted under this "
    "reading."
)
SILENT_LEFT_OUT, SILENT_WEIGHTED = "silent elsewhere left out", "silent elsewhere weighted"
REWEIGHTED = f"{SILENT_LEFT_OUT} and {SILENT_WEIGHTED}: other weights of the crises in the score, not other fits."


class NoSuchReading(BuckpassError):
    """The posteriors were not scored under the reading asked for; the message says which there are."""


def readings_held(posteriors: Mapping[str, Posterior]) -> tuple[str, ...]:
    """The readings under which any of these posteriors was scored, the record as coded first."""
    held = [str(r) for p in posteriors.values() for r in p.arrays_of("readings").get("reading", ())]
    return tuple(dict.fromkeys([AS_CODED, *held]))


def scores_under(posterior: Posterior, reading: str) -> LeaveOneOut:
    """Leave-one-crisis-out scores under a reading: of the crises that it has, and that its fit saw.

    Raises
    ------
    NoSuchReading
        The posterior was not scored under it.
    """
    if reading == AS_CODED:
        return score_of(posterior)
    names = readings_held({"": posterior})
    if reading not in names:
        raise NoSuchReading(
            f"{posterior.explanation} was not scored under the reading {reading!r}; there are {', '.join(names)}. "
            "Posteriors made by `buckpass fit` hold all readings"
        )
    held = posterior.arrays_of("readings")
    at = [str(one) for one in held["reading"]].index(reading)
    elpd, k, is_out_of_sample = (held[name][at] for name in ("elpd", "pareto_k", "is_out_of_sample"))
    kept = np.isfinite(elpd) & ~is_out_of_sample.astype(bool)
    return LeaveOneOut(tuple(str(c) for c in held["crisis"][kept]), elpd[kept], k[kept], np.zeros(kept.sum(), bool))


def rankings(case: Case, posteriors: Mapping[str, Posterior], with_weight: bool = True) -> ResultTable:
    """One row per reading and explanation: rank, elpd, difference from the reading's best, and the stacking weight where asked.

    The last two readings are of the scores alone: crises outside the focus theatre in which the rider stayed silent left
    out, or weighted so that they are as frequent there as in the focus theatre. They answer to a selection of cases by
    what the rider did; the fits are those of the record as coded.
    """
    found = {
        r: comparable({e: scores_under(p, r) for e, p in posteriors.items() if r in readings_held({e: p})})
        for r in readings_held(posteriors)
    }
    by_reading = {r: kept for r, (kept, _) in found.items() if kept}
    apart = [f"Under {r} {e} is left out: {reason}." for r, (_, why) in found.items() for e, reason in why.items()]
    rows = [row for name, scores in by_reading.items() for row in _ranked(case, name, scores, with_weight)]
    as_coded = by_reading.get(AS_CODED, {})
    for name, weight in _selection(case, as_coded).items() if as_coded else ():
        weighted = {e: _weighted(s, weight) for e, s in as_coded.items()}
        rows += [row | {"n": int(np.sum(weight > 0))} for row in _ranked(case, name, weighted, with_weight)]
    reweighted = {SILENT_LEFT_OUT, SILENT_WEIGHTED} <= {row["reading"] for row in rows}
    note = " ".join([DIFFERENCE, DOUBTFUL, *([REWEIGHTED] if reweighted else []), *apart])
    units = {"elpd": "nats", "difference": "nats", "se_difference": "nats"}
    return ResultTable(pl.DataFrame(rows), "The ranking under each reading of the record", units, note, (), case.hash)


def side_by_side(case: Case, posteriors: Mapping[str, Posterior]) -> ResultTable:
    """The same rankings with one row per reading: how many crises, who leads, and each explanation's difference."""
    table = rankings(case, posteriors, with_weight=False)
    frame = table.frame
    order = frame.filter(pl.col("reading") == AS_CODED)["id"].to_list()
    whole = frame.with_columns(pl.col("difference").round(0).cast(pl.Int64))
    wide = whole.pivot("id", index=["reading", "n"], values="difference", maintain_order=True)
    scored = pl.len().over("reading")  # one fit by itself is best of nothing
    best = frame.filter((pl.col("rank") == 1) & (scored > 1)).select("reading", pl.col("id").alias("best"))
    wide = wide.join(best, on="reading", how="left", maintain_order="left").select("reading", "n", "best", *order)
    names = "; ".join(f"{one}: {combination(one).name}" for one in order if combination(one).name != one)
    rest = table.note.removeprefix(f"{DIFFERENCE} {DOUBTFUL}").strip()
    note = " ".join(filter(None, (WIDE, rest, f"{names}." if names else "")))
    return ResultTable(wide, table.title, {}, note, (), table.case_hash)


def order_of_moves(
    case: Case, together: Mapping[str, Posterior], patron_first: Mapping[str, Posterior]
) -> ResultTable:  # fmt: skip
    """Patron first against simultaneous, for the explanations under which what others do counts."""
    rows = []
    for name, other in patron_first.items():
        if name not in together or len(rankable({"": together[name], name: other})[0]) < 2:
            continue
        a, b = score_of(together[name]), score_of(other)
        gap = score_gap(case, b, a)
        rows.append({"id": name, "explanation": combination(name).name, "simultaneous": a.total, "patron_first": b.total,
                     "difference": gap.diff, "se": gap.se})  # fmt: skip
    schema = {"id": pl.String, "explanation": pl.String, "simultaneous": pl.Float64, "patron_first": pl.Float64,
              "difference": pl.Float64, "se": pl.Float64}  # fmt: skip
    note = f"elpd, nats. difference: patron first over simultaneous; within two standard errors ({HOSTS_TOGETHER}) the record does not choose."
    units = {c: "nats" for c in schema if schema[c] is pl.Float64}
    return ResultTable(pl.DataFrame(rows, schema=schema), "Does the patron move first?", units, note, (), case.hash)


def _ranked(case: Case, reading: str, scores: Mapping[str, LeaveOneOut], with_weight: bool) -> list[dict]:
    c = compare_scores(case, scores)
    n = len(next(iter(scores.values())).crises)
    return [
        {"reading": reading, "n": n, "rank": k + 1, "id": i, "elpd": float(c.elpd[k]), "difference": float(c.difference[k]),
         "se_difference": float(c.se_difference[k]), **({"weight": float(c.weight[k])} if with_weight else {}),
         "doubtful": int(np.sum((scores[i].k > PARETO_K_LIMIT) & ~scores[i].is_exact))}
        for k, i in enumerate(c.ids)
    ]  # fmt: skip


def _selection(case: Case, scores: Mapping[str, LeaveOneOut]) -> dict[str, np.ndarray]:
    """Weights of the crises in the score, by reading; none where no silent case stands outside the focus theatre."""
    crises = next(iter(scores.values())).crises
    rider, focus = case.settings.focus.rider, case.settings.focus.theatre
    rows = case.coded.filter((pl.col("actor") == rider) & pl.col("rung").is_not_null())
    high = dict(rows.select("crisis", "high").iter_rows())
    known = np.array([c in high for c in crises])
    silent = np.array([c in high and high[c] <= case.rungs.words for c in crises])
    at_home = np.array([case.crisis(c)["theatre"] == focus for c in crises])
    there = silent & ~at_home
    if not there.any() or not (known & at_home).any():
        return {}
    home_share = silent[known & at_home].mean()
    share = silent[known & ~at_home].mean()
    weighted = np.ones(len(crises))
    weighted[there] = home_share / share
    weighted[known & ~at_home & ~silent] = (1 - home_share) / max(1 - share, 1e-9)
    return {SILENT_LEFT_OUT: np.where(there, 0.0, 1.0), SILENT_WEIGHTED: weighted}


def _weighted(scores: LeaveOneOut, weight: np.ndarray) -> LeaveOneOut:
    """The scores times weights; crises without weight are left out."""
    kept = weight > 0
    crises = tuple(c for c, is_kept in zip(scores.crises, kept, strict=True) if is_kept)
    return LeaveOneOut(crises, (scores.elpd * weight)[kept], scores.k[kept], scores.is_exact[kept])
