"""Crises that a fit did not see, predicted: log score and ranked probability score, against two forecasts without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.fitting.differences import HOSTS_TOGETHER, by_host, difference
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.stamp import coding_in
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.model.mechanisms import combination
from buckpass.model.observations import Observations, observations
from buckpass.predict.rung_probabilities import LEAST, mixture, rung_probabilities
from buckpass.predict.which_fits import fits_of
from buckpass.results.table import ResultTable, ShowsItself

__all__ = ["LAST_TIME", "Forecast", "NothingToForecast", "band_score", "forecast_scores", "ranked_probability_score"]

LAST_TIME = "same as last time"
DRAWS = 1000
History = dict[str, list[tuple[date, str, int]]]
NOTE = (
    "log score: log of the probability given to the coded band (nats, higher is better); RPS: squared distance between "
    "forecast and record over the steps of the ladder that the band decides, divided by the number of steps (0 perfect, "
    "lower is better). `base` knows the controls; `same as last time` repeats the power's last coded rung, in the "
    "theatre where it has one, with the share of repeats in the record before."
)


class NothingToForecast(ValueError):
    """No posterior says anything of a crisis that it did not see; the message says how to make one that does."""


@dataclass(frozen=True)
class Forecast(ShowsItself):
    """Scores of the crises left out: `rows` per crisis, power and forecaster; the tables sum them up."""

    case: Case
    crises: tuple[str, ...]
    rows: pl.DataFrame

    @property
    def case_hash(self) -> str:
        """Hash of the case whose record was forecast."""
        return self.case.hash

    def by_response(self) -> ResultTable:
        """Every forecast: what was predicted, what the record says, and both scores."""
        return ResultTable(self.rows, "Each response of the crises left out, and how it was predicted",
                           {"log_score": "nats", "rps": "0 to 1"}, NOTE, (), self.case_hash)  # fmt: skip

    def by_crisis(self) -> ResultTable:
        """Sum of log scores and mean RPS by crisis and forecaster, the best first."""
        frame = (
            self.rows.group_by("crisis", "forecast", maintain_order=True)
            .agg(pl.len().alias("n"), pl.col("log_score").sum(), pl.col("rps").mean())
            .sort("crisis", "log_score", descending=[False, True])
        )
        return ResultTable(frame, "Crises left out, by forecaster", {"log_score": "nats", "rps": "0 to 1"}, NOTE, (),
                           self.case_hash)  # fmt: skip

    def ranking(self) -> ResultTable:
        """Forecasters ranked, each with its lead over base and over *same as last time* and their standard errors."""
        wide = self.rows.pivot("forecast", index=["crisis", "power"], values="log_score", maintain_order=True)
        rps = self.rows.group_by("forecast", maintain_order=True).agg(pl.col("rps").mean())
        by_crisis = wide.group_by("crisis", maintain_order=True).agg(pl.col(rps["forecast"].to_list()).sum())
        rows = [self._rank(name, by_crisis, rps) | {"n": wide.height} for name in rps["forecast"]]
        frame = pl.DataFrame(rows).sort("log_score", descending=True)
        units = {c: "nats" for c in frame.columns if "log_score" in c or c.startswith(("over_", "se_"))}
        note = f"{NOTE} n = {wide.height} responses of {len(self.crises)} crises: few, so a lead of two standard errors ({HOSTS_TOGETHER}) is weak."
        return ResultTable(frame, "Who predicted the crises that the fit had not seen", units, note, (), self.case_hash)

    def _rank(self, name: str, by_crisis: pl.DataFrame, rps: pl.DataFrame) -> dict:
        row = {"forecast": name, "n": 0, "log_score": float(by_crisis[name].sum()),
               "rps": float(rps.filter(pl.col("forecast") == name)["rps"][0])}  # fmt: skip
        hosts = by_host(self.case, by_crisis["crisis"].to_list())
        for label, other in (("base", "base"), ("last_time", LAST_TIME)):
            if other in by_crisis.columns:
                gap = difference((by_crisis[name] - by_crisis[other]).to_numpy(), hosts)
                row |= {f"over_{label}": gap.diff, f"se_{label}": gap.se}
        return row

    def side_by_side(self) -> ResultTable:
        """Each response with the percent that every forecaster gave to what happened."""
        order = self.ranking().frame["forecast"].to_list()
        percent = self.rows.with_columns((100 * pl.col("p")).round(0).cast(pl.Int64).alias("p"))
        wide = percent.pivot("forecast", index=["crisis", "power", "low", "high"], values="p", maintain_order=True)
        frame = wide.select("crisis", "power", pl.format("{}-{}", "low", "high").alias("rungs"), *order)
        return ResultTable(frame, "Percent that each forecaster gave to what happened", {}, "rungs: the band of the record.", (),
                           self.case_hash)  # fmt: skip

    def table(self) -> ResultTable:
        """Forecasters ranked."""
        return self.ranking()

    def tables(self) -> tuple[ResultTable, ...]:
        """Forecasters ranked, and the percent that each gave to what happened."""
        return self.ranking(), self.side_by_side()

    def as_dict(self) -> dict:
        """Everything as plain values, fit for JSON."""
        return {"case_hash": self.case_hash, "record_hash": self.case.record_hash, "crises": list(self.crises), "ranking": self.ranking().rows(),
                "by_crisis": self.by_crisis().rows(), "by_response": self.by_response().rows()}  # fmt: skip


def forecast_scores(case: Case, posteriors: Mapping[str, Posterior]) -> Forecast:
    """Score the crises that the fits did not see: those fitted `without`, else those after the article's date.

    Parameters
    ----------
    case, posteriors : the case, and posteriors by explanation; those that hold a forecast are scored, where any does.

    Returns
    -------
    Forecast
        Log score (nats) and RPS (0 to 1) per crisis, power and forecaster; without a model, *same as last time*.

    Raises
    ------
    NothingToForecast
        The posteriors saw every crisis and hold no forecast of later ones.
    NoUsablePosterior, NotPosteriors
        One was fitted to another record, or is none.
    """
    passed = {e: p for e, p in fits_of(case, posteriors).items() if p.diagnostics.passed}
    if any(_holds_forecast(p) for p in passed.values()):
        passed = {e: p for e, p in passed.items() if _holds_forecast(p)}
    left_out = _left_out(case, passed)
    setting = setting_of(case, left_out)
    seen = observations(case, setting)
    if not len(seen):
        raise NothingToForecast(f"{', '.join(left_out)} have no coded response of a power, so nothing can be scored")
    forecasts = {e: _predicted(p, setting, left_out) for e, p in passed.items()}
    forecasts[LAST_TIME] = _last_time(case, setting, seen, left_out)
    rows = [row for name, probability in forecasts.items() for row in _scored(name, probability, setting, seen)]
    return Forecast(case, left_out, _once(pl.DataFrame(rows)))


def band_score(probability: Float[np.ndarray, "... r"], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Log score of a band: log P(low ≤ rung ≤ high), nats (Good 1952).

    >>> band_score(np.full((1, 4), 0.25), np.array([1]), np.array([2])).round(3)
    array([-0.693])
    """
    rung = np.arange(probability.shape[-1])
    inside = (rung >= np.asarray(low)[..., None]) & (rung <= np.asarray(high)[..., None])
    return np.log(np.maximum((probability * inside).sum(-1), LEAST))


def ranked_probability_score(
    probability: Float[np.ndarray, "... r"], low: np.ndarray, high: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Σ_k (P(rung ≤ k) − 1[rung ≤ k])² over the steps k that the band decides, over their number on the ladder.

    For an exact rung this is the ranked probability score of Epstein (1969); steps inside a band are unknown and are
    left out, so that doubt costs nothing.

    >>> ranked_probability_score(np.array([[1.0, 0.0, 0.0]]), np.array([2]), np.array([2]))
    array([1.])
    """
    cumulative = np.cumsum(probability, axis=-1)[..., :-1]
    step = np.arange(cumulative.shape[-1])
    below, above = step < np.asarray(low)[..., None], step >= np.asarray(high)[..., None]
    return np.where(below | above, (cumulative - above) ** 2, 0.0).sum(-1) / cumulative.shape[-1]


def _left_out(case: Case, passed: Mapping[str, Posterior]) -> tuple[str, ...]:
    if not passed:
        raise NothingToForecast("no fit passed its diagnostics, so none is scored")
    without = {coding_in(p.settings).without for p in passed.values()}
    if len(without) > 1:
        raise NothingToForecast(
            "these posteriors were fitted without different crises; fit them alike and compare again"
        )
    named = without.pop()
    if named:
        return tuple(c for c in case.crises["crisis_id"] if c in named)
    held = [p.arrays_of("forecast") for p in passed.values() if _holds_forecast(p)]
    if not held:
        raise NothingToForecast(
            f"these posteriors saw every crisis of {case.id}, so they forecast none. Fit again with --without CRISIS, for "
            f"instance: buckpass fit {case.folder.name} -o FOLDER --without {_latest(case)}"
        )
    return tuple(str(c) for c in held[0]["crisis"])


def _holds_forecast(posterior: Posterior) -> bool:
    return bool(posterior.arrays_of("forecast"))


def _latest(case: Case) -> str:
    return case.fitted_crises.sort("start")["crisis_id"][-1]


def _predicted(posterior: Posterior, setting: CrisisSetting, crises: Sequence[str]) -> Float[np.ndarray, "c p r"]:
    if coding_in(posterior.settings).without:
        return mixture(rung_probabilities(setting, posterior, DRAWS))
    held = posterior.arrays_of("forecast")
    if not held:
        raise NothingToForecast(f"{posterior.explanation} holds no forecast")
    wanted = (("crisis", crises), ("power", setting.names.powers))
    places = [{str(one): n for n, one in enumerate(held[axis])} for axis, _ in wanted]
    return held["probability"][
        np.ix_(*([at[one] for one in names] for at, (_, names) in zip(places, wanted, strict=True)))
    ]


def _last_time(case: Case, setting: CrisisSetting, seen: Observations, crises: Sequence[str]) -> np.ndarray:
    """P(rung): the share of repeats on the power's last rung before, the rest spread over the other rungs."""
    before = _history(case, crises)
    acts = [(power, *act) for power, acts in before.items() for act in acts]
    each = [(rung, _last(before, power, start, theatre)) for power, start, theatre, rung in acts]
    repeated = [last == rung for rung, last in each if last is not None]
    share = (1 + sum(repeated)) / (2 + len(repeated))
    count = setting.rungs.count
    out = np.full((len(crises), len(setting.names.powers), count), 1 / count)
    for c, p in zip(seen.crisis, seen.power, strict=True):
        row = case.crisis(str(crises[c]))
        last = _last(before, setting.names.powers[p], row["start"], row["theatre"])
        if last is not None:
            out[c, p] = (1 - share) / (count - 1)
            out[c, p, last] = share
    return out


def _history(case: Case, crises: Sequence[str]) -> History:
    """Coded rungs of each power in the crises of the fit that are not left out, in order of time: start, theatre, rung."""
    rows = case.coded.filter(
        pl.col("actor").is_in(list(case.powers)) & pl.col("rung").is_not_null()
        & pl.col("theatre").is_in(case.fitted_theatres) & ~pl.col("crisis").is_in(list(crises))
    )  # fmt: skip
    found: History = {}
    for actor, *act in rows.sort("start", "crisis", "actor").select("actor", "start", "theatre", "rung").iter_rows():
        found.setdefault(actor, []).append(tuple(act))
    return found


def _last(before: History, power: str, start: date, theatre: str) -> int | None:
    """The rung of the power's last response before a day: in the theatre, or where it had none there, anywhere."""
    earlier = [(where, rung) for when, where, rung in before.get(power, ()) if when < start]
    rungs = [rung for where, rung in earlier if where == theatre] or [rung for _, rung in earlier]
    return rungs[-1] if rungs else None


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per response: the mean where several coders coded it."""
    numbers = ("expected_rung", "p", "log_score", "rps")
    return rows.group_by("crisis", "power", "forecast", "explanation", maintain_order=True).agg(
        pl.col("low").min(), pl.col("high").max(), *(pl.col(c).mean() for c in numbers)
    )


def _scored(name: str, probability: np.ndarray, setting: CrisisSetting, seen: Observations) -> list[dict]:
    mine = probability[seen.crisis, seen.power]
    score, rps = band_score(mine, seen.low, seen.high), ranked_probability_score(mine, seen.low, seen.high)
    expected = mine @ np.arange(setting.rungs.count)
    said = name if name == LAST_TIME else combination(name).name
    return [
        {"crisis": setting.names.crises[seen.crisis[i]], "power": setting.names.powers[seen.power[i]], "forecast": name,
         "explanation": said, "low": int(seen.low[i]), "high": int(seen.high[i]), "expected_rung": float(expected[i]),
         "p": float(np.exp(score[i])), "log_score": float(score[i]), "rps": float(rps[i])}
        for i in range(len(seen))
    ]  # fmt: skip
