"""Does a fitted explanation reproduce the record that it was fitted to: by rung, by power, by theatre (model §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.evidence.simulating import draw_rungs, within_band
from buckpass.fit.observations import Observations, observe
from buckpass.fit.posterior import Posterior
from buckpass.fit.stamp import coding_in
from buckpass.game.setting import setting_of
from buckpass.predict.rung_probabilities import at_rows, rung_probabilities
from buckpass.predict.which_fits import refuse_in_order
from buckpass.results.summary import interval
from buckpass.results.table import ResultTable

__all__ = ["check_rows", "predictive_checks"]

DRAWS = 400
NOTE = (
    "record: the statistic with every band filled in from the model (its interval is what the bands leave open); "
    "predicted: the same statistic in replicated records with the same rows. p: share of draws in which the replicate "
    "exceeds the record; near 0 the model expects too little, near 1 too much. The model has seen these rows, so p keeps "
    "nearer to 0.5 than chance would: a p beyond 0.05 or 0.95 is a clear failure, one within it no proof."
)


def predictive_checks(
    case: Case, posteriors: Mapping[str, Posterior], *, n_draws: int = DRAWS, seed: int = 0
) -> ResultTable:
    """Posterior-predictive checks of each explanation: shares of rungs, mean rung by power and by theatre.

    Bands are handled by completing the data (Gelman, Van Mechelen, Verbeke, Heitjan & Meulders 2005): in every draw of
    the posterior the unknown rung is drawn from the model within its band, and the completed record is set against a
    replicate of all rows. Rows by several coders share one weight. Raises `OrderNotPlayed` for a fit with the patron first.
    """
    refuse_in_order(posteriors, "a replicated record")
    setting = setting_of(case)
    groups = _theatres(case, setting.names.crises)
    rows = []
    for name, posterior in posteriors.items():
        seen = observe(case, setting, coding_in(posterior.settings))
        probability = at_rows(rung_probabilities(setting, posterior, n_draws), seen)
        labels = {"power": np.array(setting.names.powers)[seen.power], "theatre": groups[seen.crisis]}
        rows += [{"explanation": name, **row} for row in check_rows(probability, seen, labels, seed)]
    note = f"{n_draws} draws of each posterior, 90 % intervals. {NOTE}"
    units = {"record": "share or rung", "predicted": "share or rung", "p": "P(replicate > record)"}
    return ResultTable(pl.DataFrame(rows), "Does each explanation reproduce the record it was fitted to?", units, note, (),
                       case.record_hash, seed)  # fmt: skip


def check_rows(
    probability: Float[np.ndarray, "d n r"], seen: Observations, labels: Mapping[str, np.ndarray], seed: int = 0
) -> Iterator[dict]:
    """One row per rung, and per value of every labelling: n, the completed record, its replicates, p.

    probability : of each rung at each coded response, by draw.
    """
    rng = np.random.default_rng([seed, 17])
    draws, n, _ = probability.shape
    replicate = draw_rungs(probability, rng.random((draws, n)))
    record = draw_rungs(within_band(probability, seen), rng.random((draws, n)))
    every = np.ones(n, bool)
    for r in range(probability.shape[-1]):
        yield _row("rung", str(r), seen.weight, every, record == r, replicate == r)
    for kind, values in labels.items():
        for value in dict.fromkeys(values.tolist()):
            yield _row(kind, str(value), seen.weight, values == value, record, replicate)


def _row(kind: str, group: str, weight: np.ndarray, rows: np.ndarray, record, replicate) -> dict:
    ours, theirs = (np.average(x[:, rows], axis=1, weights=weight[rows]) for x in (record, replicate))
    (low, high), (predicted_low, predicted_high) = interval(ours), interval(theirs)
    p = float(np.mean(theirs > ours + 1e-12) + 0.5 * np.mean(np.abs(theirs - ours) <= 1e-12))
    return {
        "by": kind, "group": group, "n": round(weight[rows].sum()), "record": float(ours.mean()), "record_low": low,
        "record_high": high, "predicted": float(theirs.mean()), "predicted_low": predicted_low,
        "predicted_high": predicted_high, "p": p, "fails": bool(p < 0.05 or p > 0.95),
    }  # fmt: skip


def _theatres(case: Case, crises: tuple[str, ...]) -> np.ndarray:
    return np.array([case.crisis(c)["theatre"] for c in crises])
