"""The dashboard's page, run by Streamlit for each visitor: choose a crisis, move its inputs, see who responds.

State lives in the visitor's session and in the address bar; what is shared between visitors is read only.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from threading import Thread

import polars as pl
import streamlit as st

from buckpass.app.charts import answer_bars, answer_note, answer_specs, answer_title, outcome_words
from buckpass.app.coding import code
from buckpass.app.controls import Control, controls_of, override_text, settings_from
from buckpass.app.links import View, read_link, scenario_file, usable, write_link
from buckpass.app.live import Answer, LiveCrisis
from buckpass.app.marks import plain
from buckpass.app.years import FINE, ROUGH, KeptYears, play, prepare, usable_ahead
from buckpass.case import BuckpassError, Case, csv_bytes, load_case
from buckpass.changes import BadOverride
from buckpass.fitting.fitting import load_posteriors
from buckpass.fitting.posterior import Posterior, PosteriorFileError
from buckpass.fitting.scoring import compare_fits
from buckpass.game.solver import NoEquilibriumFound
from buckpass.model.mechanisms import combination
from buckpass.page.chapters.decades import WORDS as FAN_WORDS
from buckpass.page.chapters.decades import fan_figure, fan_panels
from buckpass.page.theme import styled
from buckpass.page.wording import name_of, number, with_error, with_interval
from buckpass.predict.which_fits import basis_of, best_first

PARTS = ("What if", "Years ahead", "Explanations", "Claims", "Code", "Download")
FANS = ("burden", "benefit", "security_share", "deployed_by", "commitments", "opinion")


@st.cache_resource(show_spinner="Reading the case …")
def case_of(ref: str) -> Case:
    return load_case(ref)


@st.cache_resource(show_spinner="Reading the fits …")
def fits_of(ref: str, folder: str) -> dict[str, Posterior]:
    """Fits that passed their diagnostics, best first."""
    return best_first(load_posteriors(case_of(ref), Path(folder) if folder else None))


@st.cache_resource(show_spinner="Solving the baseline …", max_entries=200)
def live_of(ref: str, folder: str, name: str, crisis: str) -> LiveCrisis:
    fits = fits_of(ref, folder)
    return LiveCrisis(case_of(ref), fits[name], crisis)


def choices_of(ref: str, folder: str) -> dict[str, str]:
    """What the visitor may ask, in words: the fit that answers everywhere else first, then the others, best first."""
    fits = fits_of(ref, folder)
    speaking = basis_of(case_of(ref), fits).name
    return {e: combination(e).name for e in sorted(fits, key=lambda e: e != speaking)}


@st.cache_resource(show_spinner=False)
def prepared(ref: str, folder: str) -> Thread:
    """The baseline of the years ahead, begun once for all visitors."""
    return prepare(case_of(ref), fits_of(ref, folder))


@st.cache_resource(show_spinner="Playing the years ahead …", max_entries=60)
def years_of(ref: str, folder: str, changes: tuple[str, ...], histories: int) -> KeptYears:
    return play(case_of(ref), fits_of(ref, folder), changes, histories)


@st.cache_resource(show_spinner="Testing the claims …")
def verdicts_of(ref: str, folder: str):
    """Of all fits: one that failed its diagnostics widens the doubt."""
    from buckpass.evidence.gathered import gathered
    from buckpass.ledger import assess

    case, where = case_of(ref), Path(folder) if folder else None
    fits = load_posteriors(case, where)
    return assess(case, fits, kept=gathered(case, fits, where) if where else None)


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
            else "No fit of this case passed its diagnostics, so there is nothing to move: fit with more draws."
        )
    except PosteriorFileError as error:
        fits, reason = {}, str(error)
    if not fits:  # a case that is still being coded has none, and one whose cell was just saved has old ones
        st.markdown(f"#### {plain(case.title)}")
        st.info(plain(reason))
        code(case.folder)
        st.stop()
    prepared(ref, folder)
    choices = choices_of(ref, folder)
    if "link" not in st.session_state:
        keys = list(st.query_params)
        st.session_state.link = read_link(case, list(choices), {k: st.query_params.get_all(k) for k in keys})
    st.markdown(f"#### {plain(case.title)}")
    for problem in st.session_state.link.problems:
        st.warning(plain(problem))
    show(case, choices, ref, folder)


def show(case: Case, choices: dict[str, str], ref: str, folder: str) -> None:
    """The part that is asked for, with the side bar of the model's parts; coding has none, and leaves it as it was."""
    part = st.radio("Part", PARTS, horizontal=True, label_visibility="collapsed")
    if part == "Code":
        st.session_state.link = st.session_state.pop("view", st.session_state.link)
        code(case.folder)
        return
    view = st.session_state.view = side_bar(case, choices)
    st.query_params.from_dict(write_link(case, list(choices), view))
    if part == "Claims":
        claims(ref, folder)
        return
    if part == "Years ahead":
        years_ahead(case, view, ref, folder)
        return
    if part == "Explanations":
        explanations(case, fits_of(ref, folder))
        return
    try:
        changes, refused = usable(case, view.crisis, view.changes)
        for problem in refused:
            st.warning(plain(problem))
        answer = live_of(ref, folder, view.explanation, view.crisis).answer(changes)
    except (BadOverride, NoEquilibriumFound) as error:
        st.error(plain(str(error)))
        return
    (what_if if part == "What if" else download)(case, answer, view)


def side_bar(case: Case, choices: dict[str, str]) -> View:
    """What the visitor chose; the first time, what the link says."""
    link: View = st.session_state.link
    with st.sidebar:
        crises = fitted_crises(case)
        crisis = st.selectbox("Crisis", list(crises), list(crises).index(link.crisis) if link.crisis in crises else 0,
                              format_func=lambda c: crises[c], key="crisis")  # fmt: skip
        name = st.selectbox(
            "Explanation", list(choices), list(choices).index(link.explanation), format_func=lambda e: choices[e]
        )
        power = st.selectbox(
            "Power", case.powers, case.powers.index(link.power), format_func=lambda p: name_of(case, p)
        )
        controls = controls_of(case, crisis, power)
        at_link = crisis == link.crisis
        positions, others = settings_from(controls, link.changes if at_link else ())
        if st.button("Back to the baseline"):
            st.session_state.link = View(crisis, name, power, (), ())
            st.session_state.turn = st.session_state.get("turn", 0) + 1
            st.rerun()
        turn = st.session_state.get("turn", 0)
        values = {c.path: draw(case, c, positions.get(c.path, c.rest), f"{turn}/{crisis}/{c.path}") for c in controls}
        if others:
            st.caption(f"Also changed by the link: {plain(', '.join(others))}")
    moved = [text for c in controls if (text := override_text(c, values[c.path]))]
    return View(crisis, name, power, (*moved, *others), ())


def draw(case: Case, control: Control, value, key: str):
    """One control at a position."""
    label, help_ = plain(control.label), plain(control.meaning)
    if control.actors:
        return st.multiselect(label, control.actors, value, format_func=lambda a: name_of(case, a), key=key, help=help_)
    if control.words:
        return st.selectbox(label, control.words, control.words.index(value), key=key, help=help_)
    return st.slider(label, control.low, control.high, float(value), control.step, key=key, help=help_)


def fitted_crises(case: Case) -> dict[str, str]:
    """Crises that enter the fit, the focus's theatre first."""
    fitted = [t.id for t in case.settings.theatres if t.in_fit]
    order = sorted(fitted, key=lambda t: t != case.settings.focus.theatre)
    rows = case.crises.filter(pl.col("theatre").is_in(fitted)).to_dicts()
    rows.sort(key=lambda r: (order.index(r["theatre"]), r["start"]))
    return {
        r["crisis_id"]: r["name"] if str(r["start"].year) in r["name"] else f"{r['name']} ({r['start'].year})"
        for r in rows
    }


def what_if(case: Case, answer: Answer, view: View) -> None:
    st.markdown(f"**{plain(answer_title(case, answer))}**")
    for column, (name, value, change) in zip(st.columns(2), outcome_words(answer), strict=True):
        moved = f"{change} from the baseline" if answer.overrides else None
        column.metric(name, value, moved, delta_color="off", delta_arrow="off")
    for column, spec in zip(st.columns(2), answer_specs(case, answer), strict=True):
        column.vega_lite_chart(spec, width="content")
    st.caption(plain(f"{answer_note(answer)} Source: fit of {answer.explanation} to the record of {case.id}."))


def years_ahead(case: Case, view: View, ref: str, folder: str) -> None:
    """Fan charts of the theatre: the baseline in grey once something is changed; a rough picture gives way to a fine one."""
    changes, refused = usable_ahead(case, view.changes)
    for problem in refused:
        st.info(plain(f"Left out of the years ahead: {problem}"))
    measure = st.selectbox("Measure", FANS, format_func=lambda m: FAN_WORDS[m].capitalize(), key="measure")
    place = st.empty()
    try:
        for histories in (ROUGH, FINE) if changes else (FINE,):
            found = years_of(ref, folder, changes, histories)
            figure = fan_figure(case, found, measure)
            with place.container():
                st.markdown(f"**{plain(figure.title)}**")
                panels = fan_panels(case, found, measure)
                for column, panel in zip(itertools.cycle(st.columns(3)), panels, strict=False):
                    column.vega_lite_chart(styled(panel).to_dict(), width="content")
                st.caption(plain(f"{figure.about} {figure.source} Consequences of the assumptions, no forecast."))
    except BuckpassError as error:
        place.error(plain(str(error)))


def explanations(case: Case, fits: dict[str, Posterior]) -> None:
    comparison = compare_fits(fits)
    rows = [
        {"explanation": combination(e).name, "says": combination(e).says, "elpd": number(float(comparison.elpd[i]), 4),
         "against the best": with_error(float(comparison.difference[i]), float(comparison.se_difference[i])),
         "weight": f"{comparison.weight[i]:.2f}"}
        for i, e in enumerate(comparison.ids)
    ]  # fmt: skip
    st.dataframe(pl.DataFrame(rows), hide_index=True)
    alike = len(comparison.indistinguishable)
    told = "1 pair differs" if alike == 1 else f"{alike} pairs differ"
    st.caption(f"{told} by less than two standard errors of their difference.")


def claims(ref: str, folder: str) -> None:
    verdicts = verdicts_of(ref, folder)
    for v in verdicts:
        with st.expander(f"{plain(v.id)} · {v.verdict.replace('_', ' ')} · {plain(v.short)}"):
            shown = f"{with_interval(v.value, v.low, v.high)} {v.unit}, n = {v.n}. " if v.value is not None else ""
            st.markdown(f"**Claim.** {plain(v.text)}\n\n**Found.** {plain(shown + v.reason)}")
            if v.correction:
                st.caption(plain(f"Comment of the case's authors, not computed: {v.correction}"))


def download(case: Case, answer: Answer, view: View) -> None:
    figure, table = answer_bars(case, answer), answer.table()
    stem = f"{case.id}-{answer.crisis}"
    left, right = st.columns(2)
    left.download_button("Figure (PNG)", figure.picture("png"), f"{stem}.png", "image/png", on_click="ignore")
    left.download_button("Figure (SVG)", figure.picture("svg"), f"{stem}.svg", "image/svg+xml", on_click="ignore")
    left.download_button("Figure (PDF)", figure.picture("pdf"), f"{stem}.pdf", "application/pdf", on_click="ignore")
    right.download_button("Table (CSV)", csv_bytes(table.frame), f"{stem}.csv", "text/csv", on_click="ignore")
    right.download_button("Table (LaTeX)", table.to_latex(), f"{stem}.tex", "application/x-tex", on_click="ignore")
    right.download_button(
        "Scenario (TOML)", scenario_file(view, figure.title), f"{stem}.toml", "application/toml", on_click="ignore"
    )


if __name__ == "__main__":
    main()
