"""The dashboard's pictures, in the grammar of the page: the scenario in colour, the baseline in grey."""

from __future__ import annotations

import altair as alt

from buckpass.app.live import QUANTITIES, Answer
from buckpass.case import Case
from buckpass.report.theme import INK, PALE, Figure, power_colours
from buckpass.report.wording import and_join, name_of, with_interval

__all__ = ["answer_bars", "outcome_words"]

WORDS = {"expected_rung": "Expected rung (0–6)", "p_deploys": "P(deploys)", "residual": "Residual left by the others",
         "buck_passed": "Buck passed (effort)"}  # fmt: skip


def answer_bars(case: Case, answer: Answer) -> Figure:
    """Four panels: expected rung, chance to deploy, residual, buck passed; bars with intervals over grey baselines."""
    panels = [_panel(case, answer, quantity, labels=i % 2 == 0) for i, quantity in enumerate(QUANTITIES)]
    chart = alt.vconcat(alt.hconcat(*panels[:2]), alt.hconcat(*panels[2:]))
    changed = and_join(answer.overrides) or "nothing changed"
    draws = len(answer.baseline["p_nobody"])
    return Figure(
        "scenario", f"{case.crisis(answer.crisis)['name']}: {_largest(case, answer)}",
        f"Changed: {changed}. n = 1 crisis, {draws} posterior draws, 90 % intervals; grey: baseline.",
        f"Source: fit of {answer.explanation} to the record of {case.id}.", _largest(case, answer), chart,
    )  # fmt: skip


def _largest(case: Case, answer: Answer) -> str:
    rows = answer.rows("expected_rung")
    most = max(rows, key=lambda r: abs(r["difference"]))
    if not answer.overrides:
        return "as it was"
    if abs(most["difference"]) < 0.005:
        return "the change moves nobody"
    shown = with_interval(most["difference"], most["difference_low"], most["difference_high"])
    return f"{name_of(case, most['power'])} moves most, by {shown} rungs"


def _panel(case: Case, answer: Answer, quantity: str, labels: bool) -> alt.LayerChart:
    colours = power_colours(case)
    rows = [{**r, "name": name_of(case, r["power"]), "colour": colours[r["power"]]} for r in answer.rows(quantity)]
    axis = alt.Axis(ticks=False, domain=False, labels=labels)
    y = alt.Y("name:N", sort=[r["name"] for r in rows], title=None, axis=axis)
    scale = alt.Scale(domain=_span(quantity, rows), nice=False)
    x = alt.X("scenario:Q", title=None, scale=scale)
    base = alt.Chart(alt.Data(values=rows))
    tip = [
        alt.Tooltip("name:N", title="power"),
        *(alt.Tooltip(f"{k}:Q", format=".3f") for k in ("baseline", "scenario", "difference")),
    ]
    return alt.layer(
        base.mark_bar(height=18, color="#d5d9e0").encode(x=alt.X("baseline:Q", title=None, scale=scale), y=y),
        base.mark_bar(height=9, opacity=0.85).encode(x=x, y=y, color=alt.Color("colour:N", scale=None), tooltip=tip),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x="scenario_low:Q", x2="scenario_high:Q", y=y),
        base.mark_tick(color=PALE, thickness=2, height=18).encode(x="baseline:Q", y=y),
    ).properties(width=300, height=26 * len(rows), title=alt.TitleParams(WORDS[quantity], fontSize=13))  # fmt: skip


def _span(quantity: str, rows: list[dict]) -> list[float]:
    """The axis: fixed where the quantity is bounded, else wide enough that rounding errors do not fill it."""
    if quantity == "expected_rung":
        return [0, 6]
    if quantity == "p_deploys":
        return [0, 1]
    highest = max(r[f"{side}_high"] for r in rows for side in ("baseline", "scenario"))
    lowest = min(r[f"{side}_low"] for r in rows for side in ("baseline", "scenario"))
    return [0, max(1.05, highest)] if quantity == "residual" else [min(-0.05, lowest), max(0.05, highest)]


def outcome_words(answer: Answer) -> list[tuple[str, str, str]]:
    """Outcome of the whole crisis: name, value with interval, difference from the baseline."""
    names = {
        "p_stabilised": "Chance that the host is stabilised",
        "p_nobody": "Chance that nobody goes beyond statements",
    }
    found = []
    for quantity, name in names.items():
        o = answer.outcome(quantity)
        change = (
            with_interval(o["difference"], o["difference_low"], o["difference_high"])
            if answer.overrides
            else "baseline"
        )
        found.append((name, with_interval(o["scenario"], o["scenario_low"], o["scenario_high"]), change))
    return found
