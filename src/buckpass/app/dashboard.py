"""The dashboard's page, run by Streamlit for each visitor: what needs a server. The page of `buckpass report` has the rest.

State lives in the visitor's session and in the address bar; what is shared between visitors is read only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
import streamlit as st

from buckpass.app.coding import code
from buckpass.app.controls import Control, controls_of, override_text, settings_from
from buckpass.app.links import FANS, View, read_link, scenario_file, usable, write_link
from buckpass.app.marks import plain
from buckpass.app.years import ROUGH, table_of
from buckpass.case import BuckpassError, Case, csv_bytes, load_case
from buckpass.fitting.differences import HOSTS_TOGETHER
from buckpass.fitting.files import load_posteriors
from buckpass.fitting.posterior import Posterior, PosteriorFileError
from buckpass.fitting.scoring import compare_fits
from buckpass.model.mechanisms import combination
from buckpass.page.chapters.decades import COLUMNS, fan_figure, fan_panels
from buckpass.page.chapters.decades import WORDS as FAN_WORDS
from buckpass.page.theme import styled
from buckpass.page.wording import name_of, number, with_error
from buckpass.predict.which_fits import best_first
from buckpass.results.words import count_of
from buckpass.years.baseline import HISTORIES, KeptYears, play, stored

PARTS = ("Years ahead", "Fits", "Code", "Download")
ELSEWHERE = (
    "One crisis changed by hand (*What if*), the verdicts and the record are on the page, which needs no server: "
    "`buckpass report CASE -o FILE.html`, or *Download*."
)
HEIGHT = 190  # pixels of a panel with its title and axes
START = "Nothing is changed yet: move a slider of the side bar (on a phone behind the arrows at the top left)."


def once(work: Callable[..., Any]) -> Callable[..., Any]:
    """Done once for all visitors, by the first that asks, also outside a script's run; a failure is not kept."""
    kept, lock = cache(work), Lock()

    def held(*given: str) -> Any:
        with lock:
            return kept(*given)

    return held


@once
def case_of(ref: str) -> Case:
    return load_case(ref)


@once
def fits_of(ref: str, folder: str) -> dict[str, Posterior]:
    """Fits that passed their diagnostics, best first."""
    return best_first(load_posteriors(case_of(ref), Path(folder) if folder else None))


@once
def stored_of(ref: str, folder: str) -> KeptYears | None:
    return stored(case_of(ref), fits_of(ref, folder))


@st.cache_resource(show_spinner="Playing the years ahead …", max_entries=60)
def years_of(ref: str, folder: str, changes: tuple[str, ...], histories: int) -> KeptYears:
    return play(case_of(ref), fits_of(ref, folder), changes, histories)


@once
def controls_for(ref: str, power: str) -> tuple[Control, ...]:
    return controls_of(case_of(ref), power)


@once
def page_of(ref: str, folder: str) -> str:
    """The page that `buckpass report` writes, from all fits: one that failed its diagnostics widens the doubt."""
    from buckpass.evidence.gathered import gathered
    from buckpass.page.page import page_text

    case, where = case_of(ref), Path(folder) if folder else None
    fits = load_posteriors(case, where)
    return page_text(case, fits, kept=gathered(case, fits, where) if where else None)


def main() -> None:
    ref, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    st.set_page_config("buckpass", layout="wide")
    try:
        case = case_of(ref)
    except BuckpassError as error:
        st.error(plain(str(error)))
        st.stop()
    try:
        fits = fits_of(ref, folder)
        reason = (
            ""
            if fits
            else "No fit of this case passed its diagnostics, so no years can be played: fit with more draws."
        )
    except PosteriorFileError as error:
        fits, reason = {}, str(error)
    if not fits:  # a case that is still being coded has none, and one whose cell was just saved has old ones
        st.markdown(f"#### {plain(case.title)}")
        st.info(plain(reason))
        code(case.folder)
        st.stop()
    if "link" not in st.session_state:
        st.session_state.link = read_link(case, {k: st.query_params.get_all(k) for k in list(st.query_params)})
    st.markdown(f"#### {plain(case.title)}")
    for problem in st.session_state.link.problems:
        st.warning(plain(problem))
    show(case, ref, folder)


def show(case: Case, ref: str, folder: str) -> None:
    """The part that is asked for; those of the years have the side bar, the others leave it as it was."""
    part = st.radio("Part", PARTS, horizontal=True, label_visibility="collapsed")
    st.caption(ELSEWHERE)
    if part in ("Code", "Fits"):
        st.session_state.link = st.session_state.pop("view", st.session_state.link)
        if part == "Code":
            code(case.folder)
        else:
            fits_ranked(case, fits_of(ref, folder))
        return
    view = st.session_state.view = side_bar(case, ref)
    st.query_params.from_dict(write_link(case, view))
    changes, refused = usable(case, view.changes)
    for problem in refused:
        st.warning(plain(problem))
    view = replace(view, changes=changes)
    place = st.empty()
    try:
        if part == "Years ahead":
            years_ahead(case, view, ref, folder, place)
        else:
            download(case, view, ref, folder)
    except BuckpassError as error:
        place.error(plain(str(error)))


def side_bar(case: Case, ref: str) -> View:
    """What the visitor chose; the first time, what the link says."""
    link: View = st.session_state.link
    with st.sidebar:
        measure = st.selectbox("Measure", FANS, FANS.index(link.measure), lambda m: FAN_WORDS[m].capitalize())
        power = st.selectbox("Power", case.powers, case.powers.index(link.power), lambda p: name_of(case, p))
        if st.button("Back to the baseline"):
            st.session_state.link = View(measure, power)
            st.session_state.turn = st.session_state.get("turn", 0) + 1
            st.rerun()
        controls = controls_for(ref, power)
        positions, others = settings_from(controls, link.changes)
        turn = st.session_state.get("turn", 0)
        values = {c.path: draw(c, positions.get(c.path, c.rest), f"{turn}/{c.path}") for c in controls}
        if others:
            st.caption(f"Also changed by the link: {plain(', '.join(others))}")
    moved = [text for c in controls if (text := override_text(c, values[c.path]))]
    return View(measure, power, (*moved, *others))


def draw(control: Control, value, key: str):
    """One control at a position."""
    label, help_ = plain(control.label), plain(control.meaning)
    if control.words:
        return st.selectbox(label, control.words, control.words.index(value), key=key, help=help_)
    return st.slider(label, control.low, control.high, float(value), control.step, key=key, help=help_)


def years_ahead(case: Case, view: View, ref: str, folder: str, place) -> None:
    """Fan charts of the theatre: the baseline in grey once something is changed; a rough picture gives way to a fine one."""
    kept = None if view.changes else stored_of(ref, folder)
    for found in (kept,) if kept else (years_of(ref, folder, view.changes, n) for n in (ROUGH, HISTORIES)):
        figure, panels = fan_figure(case, found, view.measure), fan_panels(case, found, view.measure)
        with place.container():
            st.markdown(f"**{plain(figure.title)}**")
            for first in range(0, len(panels), COLUMNS):  # row by row, so that a phone has them in order
                for column, panel in zip(st.columns(COLUMNS), panels[first : first + COLUMNS], strict=False):
                    column.vega_lite_chart(styled(panel.properties(height=HEIGHT)).to_dict(), width="content")
            changed = f"Changed: {', '.join(view.changes)}." if view.changes else START
            st.caption(plain(f"{changed} {figure.about} {figure.source} Consequences of the assumptions, no forecast."))


def fits_ranked(case: Case, fits: dict[str, Posterior]) -> None:
    """The explanations, best first, and how many pairs of them the record cannot tell apart."""
    comparison = compare_fits(case, fits)
    rows = [
        {"explanation": combination(e).name, "weight": f"{comparison.weight[i]:.2f}", "elpd": number(float(comparison.elpd[i]), 4),
         "against the best": with_error(float(comparison.difference[i]), float(comparison.se_difference[i])),
         "says": combination(e).says}
        for i, e in enumerate(comparison.ids)
    ]  # fmt: skip
    st.dataframe(pl.DataFrame(rows), hide_index=True, height="content")
    n, alike = len(rows), len(comparison.indistinguishable)
    st.caption(
        f"n = {count_of(n, 'fit')} that passed their diagnostics; {alike} of {count_of(n * (n - 1) // 2, 'pair')} differ by less than "
        f"two standard errors of their difference ({HOSTS_TOGETHER}). elpd: log predictive density of crises left out one by one, nats. Weight: of the "
        "mixture that predicts best; the probability of nothing."
    )


def download(case: Case, view: View, ref: str, folder: str) -> None:
    """The years ahead as they stand, as figure, table and scenario, and the page; each is made when it is asked for."""
    found = years_of(ref, folder, view.changes, HISTORIES)
    figure = fan_figure(case, found, view.measure)
    table = table_of(found, view.measure, figure.title, figure.about)
    files = (
        ("Figure (PNG)", lambda: figure.picture("png"), "png", "image/png"),
        ("Figure (SVG)", lambda: figure.picture("svg"), "svg", "image/svg+xml"),
        ("Figure (PDF)", lambda: figure.picture("pdf"), "pdf", "application/pdf"),
        ("Table (CSV)", lambda: csv_bytes(table.frame), "csv", "text/csv"),
        ("Table (LaTeX)", table.to_latex, "tex", "application/x-tex"),
        ("Scenario (TOML)", lambda: scenario_file(view, figure.title), "toml", "application/toml"),
        ("Page (HTML, takes a while)", lambda: page_of(ref, folder), "html", "text/html"),
    )
    st.markdown(f"**{plain(figure.title)}**")
    for label, make, ending, kind in files:
        name = case.id if ending == "html" else f"{case.id}-{view.measure}"
        st.download_button(label, make, f"{name}.{ending}", kind, on_click="ignore")


if __name__ == "__main__":  # the module's own main: what it keeps outlives the runs of this script
    from buckpass.app import dashboard

    dashboard.main()
