"""Figures of the comparison: every crisis and explanation in its place, every panel with its own rows."""

import numpy as np
import polars as pl
import xarray as xr

from buckpass.evidence.comparing import compare
from buckpass.evidence.forecasts import forecast_scores
from buckpass.page.comparison_figures import (
    crises_by_explanation,
    crises_that_separate,
    forecasts_drawn,
    prior_predictive_drawn,
)
from buckpass.results.table import ResultTable
from drawn import prior_posterior
from made_posteriors import holding


def fits(toy):
    crises = toy.crises.sort("start")["crisis_id"].to_list()[-2:]
    shape = (len(crises), len(toy.powers), 7)
    even = xr.Dataset({"probability": (("crisis", "power", "rung"), np.full(shape, 1 / 7))},
                      coords={"crisis": crises, "power": list(toy.powers), "rung": range(7)})  # fmt: skip
    return {e: holding(prior_posterior(toy, e), forecast=even) for e in ("NI", "LS", "base")}


def test_the_crises_and_the_forecasts_are_drawn_with_their_names(toy):
    posteriors = fits(toy)
    crises = crises_by_explanation(toy, compare(toy, posteriors)).svg()
    name = toy.crises["name"][0]
    assert name in crises
    assert "NI" in crises
    found = forecast_scores(toy, posteriors)
    assert "same as last time" in forecasts_drawn(toy, found).svg()
    percents = found.side_by_side().frame.select(*found.ranking().frame["forecast"])
    assert set(percents.dtypes) == {pl.Int64}
    assert percents.to_numpy().max() > 1


def test_crises_that_look_alike_are_counted_and_the_others_shown(toy):
    """Question 19 once had no answer on the page but colours."""
    found = compare(toy, fits(toy))
    every = found.best_by_crisis().frame
    names = dict(toy.crises.select("crisis_id", "name").iter_rows())
    apart = [names[c] for c in every.filter(~pl.col("idle"))["crisis"]]
    table = crises_that_separate(toy, found)
    assert len(table) == min(len(apart), 12)
    assert all(shown.startswith(name) for shown, name in zip(table.frame["crisis"], apart, strict=False))
    assert f"{int(every['idle'].sum())} cris" in table.note
    assert f"of {every.height}: `buckpass compare {toy.id} --long`" in table.note


def test_each_panel_of_the_priors_shows_its_own_explanation(toy):
    row = {"rung": "1", "n": 4, "record": 0.5, "predicted": 0.5, "predicted_low": 0.4, "predicted_high": 0.6}
    frame = pl.DataFrame([{"explanation": e, **row, "predicted": p} for e, p in (("NI", 0.45), ("LS", 0.55))])
    drawn = prior_predictive_drawn(toy, ResultTable(frame, "x")).picture("svg").decode()
    assert drawn.count("predicted: 0.45") == 1
    assert drawn.count("predicted: 0.55") == 1
