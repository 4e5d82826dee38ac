"""Figures of the comparison: who predicted which crisis, who predicted the later ones, what the priors expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from buckpass.case import Case
from buckpass.model.mechanisms import ALL, combination
from buckpass.page.theme import INK, PALE, Figure, Layered, inline
from buckpass.page.wording import years_of
from buckpass.results.table import ResultTable
from buckpass.results.words import and_join, count_of

if TYPE_CHECKING:
    from buckpass.evidence.comparing import Compared
    from buckpass.evidence.forecasts import Forecast

__all__ = ["crises_by_explanation", "crises_that_separate", "forecasts_drawn", "prior_predictive_drawn"]

ROW = 15  # pixels
LIMIT = 1.5  # nats from a crisis's mean at which the colour is full
SHOWN = 30  # crises of a table
STEP = 0.1  # nats that a colour stands for
WORSE, SAME, BETTER = "#b3402e", "#f4f5f7", "#335f95"


def crises_by_explanation(case: Case, found: Compared) -> Figure:
    """Crisis × explanation: how much better or worse than the others it predicted the crisis; a dot marks the best.

    Fits of all mechanisms but one serve the nested test, have their row in the ranking, and are not drawn: each would widen the
    figure. Colours are rounded to a step, so that a drawing names each once.
    """
    ranked = found.comparison.ids
    ids = [e for e in ranked if not e.startswith(f"{ALL}-")] or list(ranked)
    table = found.scores_by_crisis().frame.filter(pl.col("id").is_in(ids))
    mean = pl.col("elpd").mean().over("crisis")
    against = ((pl.col("elpd") - mean) / STEP).round() * STEP
    table = table.with_columns(against.alias("against"), (pl.col("elpd") == pl.col("elpd").max().over("crisis")).alias("best"))  # fmt: skip
    rows, order = table.join(_crises(case), on="crisis"), _order(case, found)
    apart = found.best_by_crisis().frame.filter(~pl.col("idle"))["crisis"]
    idle = len(order) - len(apart)
    few = rows.filter(pl.col("crisis").is_in(apart.to_list() or rows["crisis"].unique().to_list()))
    alike = f"{idle} of {count_of(len(order), 'crisis', 'crises')} look the same under all explanations"
    return Figure(
        "crises-by-explanation", f"Which explanation predicted each crisis best: {alike}",
        f"n = {count_of(len(order), 'crisis', 'crises')}. Reading: {found.reading}. Leave-one-crisis-out elpd less the mean over explanations; explanations from best to worst "
        "over all crises, crises from those that separate them most (on a phone these alone); without those of all mechanisms but one. Dot: the best.",
        f"Source: fits of the record of {case.id}.", f"{alike}.", _scores_drawn(rows, order, ids, 34, 330), _scores_drawn(few, order, ids, 12, 120),
        years=years_of(case, table["crisis"].unique()), unit="nats of log predictive density",
    )  # fmt: skip


def _scores_drawn(rows: pl.DataFrame, order: Sequence[str], ids: Sequence[str], cell: int, longest: int) -> Layered:
    """Cells of some of the crises, so many pixels wide; names of crises no longer than some pixels."""
    there, base = [label for label in order if label in set(rows["label"])], alt.Chart(inline(rows.to_dicts()))
    y = alt.Y(
        "label:N",
        sort=there,
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelLimit=longest, labelFontSize=11),
    )
    x = alt.X("id:N", sort=[*ids], title=None, axis=alt.Axis(orient="top", ticks=False, domain=False, labelAngle=-60))
    scale = alt.Scale(domain=[-LIMIT, 0, LIMIT], range=[WORSE, SAME, BETTER], clamp=True)
    colour = alt.Color(
        "against:Q",
        scale=scale,
        legend=alt.Legend(title="nats against the crisis's mean", orient="bottom", values=[-1, 0, 1]),
    )
    cells = base.mark_rect(stroke="white").encode(x=x, y=y, color=colour)
    dots = base.transform_filter("datum.best").mark_point(filled=True, size=26, color=INK, opacity=1).encode(x=x, y=y)
    return alt.layer(cells, dots).properties(width=cell * len(ids), height=ROW * len(there))


def crises_that_separate(case: Case, found: Compared) -> ResultTable:
    """The crises in which the explanations differ, from the largest spread, as `compare` has them; the note counts the rest."""
    given = found.best_by_crisis()
    apart = given.frame.filter(~pl.col("idle"))
    shown = apart.head(SHOWN).join(_crises(case), on="crisis", maintain_order="left").select(
        pl.col("label").alias("crisis"), "best", "elpd", "lead", "spread"
    )  # fmt: skip
    idle = count_of(given.frame.height - apart.height, "crisis", "crises")
    more = apart.height - shown.height
    left = f" {count_of(more, 'more')} differ less." if more else ""
    note = f"{given.note} So it is with {idle} of {given.frame.height}: `buckpass compare {case.id} --long` lists them.{left}"
    return replace(given, frame=shown, title="Crises that tell the explanations apart", note=note)


def forecasts_drawn(case: Case, found: Forecast) -> Figure:
    """Each response of the crises that the fits had not seen: the probability that every forecaster gave to what happened."""
    rows = found.rows.join(_crises(case), on="crisis").with_columns(
        (pl.col("label") + " · " + pl.col("power")).alias("response"), (pl.col("p") * 100).round(0).cast(pl.Int64).alias("text")
    )  # fmt: skip
    ranked = found.ranking().frame["forecast"].to_list()
    order = rows.sort("crisis", "power")["response"].unique(maintain_order=True).to_list()
    base = alt.Chart(inline(rows.to_dicts()))
    y = alt.Y("response:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=360))
    x = alt.X(
        "forecast:N", sort=ranked, title=None, axis=alt.Axis(orient="top", ticks=False, domain=False, labelAngle=-35)
    )
    colour = alt.Color("p:Q", scale=alt.Scale(domain=[0, 1], range=[SAME, BETTER]), legend=None)
    ink = alt.condition("datum.p > 0.55", alt.value("white"), alt.value(INK))
    chart = alt.layer(
        base.mark_rect(stroke="white").encode(x=x, y=y, color=colour),
        base.mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("text:Q"), color=ink),
    ).properties(width=44 * len(ranked), height=24 * len(order))
    best = ranked[0]
    return Figure(
        "forecasts", f"Of {and_join(ranked)}, {best} best predicted crises that the fits had not seen",
        f"n = {count_of(len(order), 'response')} of {count_of(len(found.crises), 'crisis', 'crises')}: few. Cells: percent given "
        "to what happened; forecasters from best to worst by log score.",
        f"Source: fits of the record of {case.id} without these crises.", f"Best forecaster: {best}.", chart,
        years=years_of(case, found.crises), unit="percent",
    )  # fmt: skip


def prior_predictive_drawn(case: Case, expected: ResultTable) -> Figure:
    """Share of responses at each rung under the priors of each explanation, with the record's share as a dot."""
    frame = expected.frame.with_columns(
        pl.col("explanation").replace_strict({e: _label(e) for e in expected.frame["explanation"].unique()}).alias("label")
    )  # fmt: skip
    base = alt.Chart()  # the facet hands each panel its own rows
    x = alt.X("rung:O", title="rung", axis=alt.Axis(labelAngle=0))
    share = alt.Y("predicted_low:Q", title="share of responses", scale=alt.Scale(domain=[0, 1]))
    panel = alt.layer(
        base.mark_rule(strokeWidth=9, opacity=0.35, color=PALE).encode(x=x, y=share, y2=alt.Y2("predicted_high:Q")),
        base.mark_tick(color=INK, width=12).encode(x=x, y=alt.Y("predicted:Q")),
        base.mark_point(filled=True, size=36, color=WORSE, opacity=1).encode(x=x, y=alt.Y("record:Q")),
    ).properties(width=150, height=110)
    order = [_label(e) for e in expected.frame["explanation"].unique(maintain_order=True)]
    chart = panel.facet(
        facet=alt.Facet("label:N", sort=order, title=None), columns=4, data=alt.Data(values=frame.to_dicts())
    )
    outside = frame.filter(~pl.col("record").is_between("predicted_low", "predicted_high")).height
    title = f"The priors leave room for the record in {frame.height - outside} of {frame.height} shares"
    return Figure(
        "prior-predictive", title, f"n = {frame['n'][0]} responses. Bar: 90 % interval under the priors; tick: its mean; dot: the "
        "record.", f"Source: priors of the explanations, record of {case.id}.", f"{title}.", chart,
        years=years_of(case), unit="share of responses",
    )  # fmt: skip


def _label(name: str) -> str:
    return f"{combination(name).name} ({name})"


def _crises(case: Case) -> pl.DataFrame:
    """Names of the crises, with the year where the name has none."""
    year = pl.col("start").dt.year().cast(pl.String)
    named = pl.when(pl.col("name").str.contains(year)).then(pl.col("name")).otherwise(pl.col("name") + ", " + year)
    return case.crises.select(pl.col("crisis_id").alias("crisis"), named.alias("label"))


def _order(case: Case, found: Compared) -> list[str]:
    ranked = (
        found.best_by_crisis()
        .frame.select("crisis")
        .join(_crises(case), on="crisis", how="left", maintain_order="left")
    )
    return ranked["label"].to_list()
