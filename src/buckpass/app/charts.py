"""The dashboard's pictures, in the grammar of the page: the scenario in colour, the baseline in grey."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt

from buckpass.app.live import QUANTITIES, Answer
from buckpass.case import Case
from buckpass.page.theme import INK, PALE, Figure, Layered, power_colours, styled
from buckpass.page.wording import and_join, name_of, with_interval, years_of

__all__ = ["answer_bars", "answer_data", "answer_note", "answer_specs", "answer_title", "outcome_words"]

START = "Nothing is changed yet: move a slider of the side bar (on a phone behind the arrows at the top left)."
WORDS = {"expected_rung": "Expected rung (0–{top})", "p_deploy": "P(deploys)", "residual": "Residual left by the others",
         "buck_passed": "Buck passed (effort)"}  # fmt: skip


def answer_bars(case: Case, answer: Answer) -> Figure:
    """Four panels: expected rung, chance to deploy, residual, buck passed; bars with intervals over grey baselines."""
    panels = [_panel(_named(case, answer), quantity, case.rungs.top) for quantity in QUANTITIES]
    chart = alt.vconcat(alt.hconcat(*panels[:2]), alt.hconcat(*panels[2:]), datasets=answer_data(case, answer))
    return Figure(
        "scenario",
        answer_title(case, answer),
        answer_note(answer),
        f"Source: fit of {answer.explanation} to the record of {case.id}.",
        _largest(case, answer),
        chart,
        years=years_of(case, [answer.crisis]),
        unit="given above each panel",
    )


def answer_specs(case: Case, answer: Answer) -> tuple[dict[str, Any], ...]:
    """The same panels as two Vega-Lite dicts, side by side on a screen and one below the other on a phone.

    Their form is made once for a set of powers; from then on only data change.
    """
    data, names = answer_data(case, answer), _named(case, answer)
    quantities = tuple(QUANTITIES)
    columns = quantities[::2], quantities[1::2]
    return tuple(
        {
            **_form(names, tuple(column), case.rungs.top),
            "datasets": {k: v for k, v in data.items() if k.removesuffix("_span") in column},
        }
        for column in columns
    )


def answer_data(case: Case, answer: Answer) -> dict[str, list[dict[str, Any]]]:
    """The rows of each panel, and the ends of its axis."""
    colours, data = power_colours(case), {}
    for quantity in QUANTITIES:
        rows = answer.rows(quantity)
        data[quantity] = [{**r, "name": name_of(case, r["power"]), "colour": colours[r["power"]]} for r in rows]
        data[f"{quantity}_span"] = [{"end": end} for end in _span(quantity, rows, case.rungs.top)]
    return data


def answer_title(case: Case, answer: Answer) -> str:
    """The finding: which power moves most, and by how much."""
    return f"{case.crisis(answer.crisis)['name']}: {_largest(case, answer)}"


def answer_note(answer: Answer) -> str:
    """What was changed, n and the interval."""
    changed = f"Changed: {and_join(answer.overrides)}." if answer.overrides else START
    notes = " ".join(answer.notes[1:])  # the first says which fits, as the choice beside the chart does
    return f"{changed} n = 1 crisis, {answer.n_draws} posterior draws, 90 % intervals; grey: baseline. {notes}".strip()


def _largest(case: Case, answer: Answer) -> str:
    rows = answer.rows("expected_rung")
    most = max(rows, key=lambda r: abs(r["difference"]))
    if not answer.overrides:
        return "as it was"
    if abs(most["difference"]) < 0.005:
        return "the change moves nobody"
    shown = with_interval(most["difference"], most["difference_low"], most["difference_high"])
    return f"{name_of(case, most['power'])} moves most, by {shown} rungs"


def _named(case: Case, answer: Answer) -> tuple[str, ...]:
    return tuple(name_of(case, p) for p in answer.powers)


@lru_cache(maxsize=64)
def _form(names: tuple[str, ...], quantities: tuple[str, ...], top: int) -> dict[str, Any]:
    return styled(alt.vconcat(*(_panel(names, q, top) for q in quantities))).to_dict()


def _panel(names: tuple[str, ...], quantity: str, top: int) -> Layered:
    y = alt.Y("name:N", sort=list(names), title=None, axis=alt.Axis(ticks=False, domain=False))
    scale = alt.Scale(nice=False)
    base, ends = alt.Chart(alt.NamedData(quantity)), alt.Chart(alt.NamedData(f"{quantity}_span"))
    tip = [
        alt.Tooltip("name:N", title="power"),
        *(alt.Tooltip(f"{k}:Q", format=".3f") for k in ("baseline", "scenario", "difference")),
    ]
    return alt.layer(
        ends.mark_point(opacity=0).encode(x=alt.X("end:Q", title=None, scale=scale)),
        base.mark_bar(height=18, color="#d5d9e0").encode(x=alt.X("baseline:Q", title=None, scale=scale), y=y),
        base.mark_bar(height=9, opacity=0.85).encode(
            x=alt.X("scenario:Q", title=None, scale=scale), y=y, color=alt.Color("colour:N", scale=None), tooltip=tip
        ),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(x="scenario_low:Q", x2="scenario_high:Q", y=y),
        base.mark_tick(color=PALE, thickness=2, height=18).encode(x="baseline:Q", y=y),
    ).properties(width=225, height=24 * len(names), title=alt.TitleParams(WORDS[quantity].format(top=top), fontSize=13))


def _span(quantity: str, rows: list[dict], top: int) -> list[float]:
    """The axis: fixed where the quantity is bounded, else wide enough that rounding errors do not fill it."""
    if quantity == "expected_rung":
        return [0, top]
    if quantity == "p_deploy":
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
