"""Does a fitted explanation reproduce the record that it was fitted to: by rung, by power, by theatre (model §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.evidence.chances import new_crises
from buckpass.evidence.simulating import draw_rungs, within_band
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.stamp import coding_in
from buckpass.game.setting import setting_of
from buckpass.model.observations import Observations, observations
from buckpass.predict.rung_probabilities import at_rows, rung_probabilities
from buckpass.predict.which_fits import refuse_in_order
from buckpass.results.summary import ENDS, interval
from buckpass.results.table import ResultTable

__all__ = ["check_rows", "predictive_checks"]

DRAWS = 400
NOTE = (
    "observed: the record's own statistic with every doubt resolved one way and the other: a response coded 0 to 1 is surely "
    "neither and may be either. replicates: the same statistic in 90 % of records of the same rows in crises like these, each "
    "with an effect of its own. misses: no resolution of the doubts lies in there. record: every band filled in from the "
    "model; p: share of replicates above that record; near 0 the model expects too little, near 1 too much."
)


def predictive_checks(
    case: Case, posteriors: Mapping[str, Posterior], *, n_draws: int = DRAWS, seed: int = 0
) -> ResultTable:
    """Posterior-predictive checks of each fit: shares of rungs, mean rung by power and by theatre.

    Replicates are of new crises: their effects are drawn, not those that the responses told of. Bands are completed (Gelman,
    Van Mechelen, Verbeke, Heitjan & Meulders 2005): in every draw the unknown rung is drawn from the model, given the
    responses, within its band. Rows by several coders share one weight.
    """
    refuse_in_order(posteriors, "replicated records")
    setting = setting_of(case)
    groups = _theatres(case, setting.names.crises)
    rows = []
    for name, posterior in posteriors.items():
        seen = observations(case, setting, coding_in(posterior.settings))
        told, anew = (
            at_rows(rung_probabilities(setting, p, n_draws, of_many=False), seen)
            for p in (posterior, new_crises(posterior))
        )
        labels = {"power": np.array(setting.names.powers)[seen.power], "theatre": groups[seen.crisis]}
        rows += [{"explanation": name, **row} for row in check_rows(told, anew, seen, labels, seed)]
    note = f"{n_draws} draws of each posterior, 90 % intervals. {NOTE}"
    units = {"record": "share or rung", "predicted": "share or rung", "p": "P(replicate > record)"}
    return ResultTable(pl.DataFrame(rows), "Does each explanation reproduce the record it was fitted to?", units, note, (),
                       case.hash, seed)  # fmt: skip


def check_rows(
    told: Float[np.ndarray, "d n r"], anew: Float[np.ndarray, "d n r"], seen: Observations, labels: Mapping[str, np.ndarray],
    seed: int = 0,
) -> Iterator[dict]:  # fmt: skip
    """One row per rung (its share of responses), and per value of every labelling (the mean rung there).

    Parameters
    ----------
    told : P(rung) of each coded response, by draw, given the responses. anew : the same for a crisis not yet seen.

    Yields
    ------
    n; what it is of (`by`, `group`, `what`); observed_low and observed_high, of the record whatever the doubts; low and high,
    of replicates; misses; record, record_low, record_high, of the completed record; predicted (with predicted_low and
    predicted_high, the same as low and high); p, fails.
    """
    rng = np.random.default_rng([seed, 17])
    draws, n, rungs = told.shape
    replicate = draw_rungs(anew, rng.random((draws, n)))
    record = draw_rungs(within_band(told, seen), rng.random((draws, n)))
    every = np.ones(n, bool)
    for r in range(rungs):
        surely, possibly = (seen.low == r) & (seen.high == r), (seen.low <= r) & (r <= seen.high)
        yield _row("rung", str(r), seen.weight, every, (surely, possibly), record == r, replicate == r)
    for kind, values in labels.items():
        for value in dict.fromkeys(values.tolist()):
            yield _row(kind, str(value), seen.weight, values == value, (seen.low, seen.high), record, replicate)


def _row(kind: str, group: str, weight: np.ndarray, rows: np.ndarray, observed, record, replicate) -> dict:
    least, most = (float(np.average(np.asarray(v, float)[rows], weights=weight[rows])) for v in observed)
    ours, theirs = (np.average(x[:, rows], axis=1, weights=weight[rows]) for x in (record, replicate))
    (ours_low, ours_high), (low, high) = interval(ours), interval(theirs)
    p = float(np.mean(theirs > ours + 1e-12) + 0.5 * np.mean(np.abs(theirs - ours) <= 1e-12))
    return {
        "by": kind, "group": group, "what": f"{kind} {group}", "n": round(weight[rows].sum()), "observed_low": least,
        "observed_high": most, "low": low, "high": high, "misses": bool(least > high or most < low),
        "record": float(ours.mean()), "record_low": ours_low, "record_high": ours_high, "predicted": float(theirs.mean()),
        "predicted_low": low, "predicted_high": high, "p": p, "fails": bool(p < ENDS[0] or p > ENDS[1]),
    }  # fmt: skip


def _theatres(case: Case, crises: tuple[str, ...]) -> np.ndarray:
    return np.array([case.crisis(c)["theatre"] for c in crises])
