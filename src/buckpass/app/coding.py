"""The dashboard's part *Code*: the grid of crises and actors, and a form for one cell, saved to the case's own file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import streamlit as st

from buckpass.app.marks import plain
from buckpass.case import BuckpassError, Case
from buckpass.case.coding_sheet import ChangedMeanwhile, Sheet, load_sheet, rung_lines
from buckpass.case.load import is_bundled, load_case
from buckpass.case.problems import CaseProblems, FileRefused
from buckpass.case.reading.rows import ResponseRow
from buckpass.measured.coders import agreement_table

__all__ = ["code"]

WORDS = {  # the label of each, and what a row says before anybody has coded it
    "stance": ("Stance towards the government", "unknown"),
    "scope": ("What the act was for", "unknown"),
    "basis": ("Basis", "unsearched"),
}
AT_HOME = ("127.0.0.1", "localhost", "::1")


def code(folder: Path) -> None:
    """Grid, form and the manual's lines; the case is read again each time, since somebody else may have saved."""
    try:
        case, sheet = load_case(folder), load_sheet(folder)
    except (CaseProblems, FileRefused) as error:
        st.error(plain(str(error)))
        return
    if told := st.session_state.pop("code_saved", ""):
        st.success(plain(told))
    theatre = st.selectbox("Theatre", case.theatres, format_func=lambda t: case.theatre(t).name, key="code_theatre")
    rows = case.responses.join(case.crises.filter(theatre=theatre).select("crisis_id"), on="crisis_id", how="semi")
    st.dataframe(grid(case, theatre), hide_index=True, key="code_grid")
    st.caption(
        "Each cell has the rungs of its coders, in the order of the file; an empty one has no row, · nobody looked."
    )
    agreement(case)
    named = dict(case.crises.filter(theatre=theatre).sort("start").select("crisis_id", "name").iter_rows())
    crisis = st.selectbox("Crisis", list(named), format_func=lambda c: named[c], key="code_crisis")
    if crisis is None:
        st.caption("No crisis in this theatre yet: `crises.csv` has a row for each.")
        return
    actors = list(dict.fromkeys([*case.powers, *rows["actor"]]))
    actor = st.selectbox("Actor", actors, key="code_actor")
    coder = st.text_input("Coder (empty where the case has one)", key="code_coder").strip()
    left, right = st.columns(2)
    with right:
        for line in rung_lines(case.ladder.names):
            not_this = f" Not: {line['not']}." if line["not"] else ""
            st.markdown(f"**{plain(line['rung'])}** {line['counts'] + '.' + not_this if line['counts'] else ''}")
    with left:
        form(case, opened(sheet, crisis, actor, coder), (crisis, actor, coder))


def grid(case: Case, theatre: str) -> pl.DataFrame:
    """Crises × actors of a theatre: the rungs of all coders in one cell."""
    crises = case.crises.filter(theatre=theatre).sort("start")
    rows = case.responses.filter(
        (pl.col("crisis_id").is_in(crises["crisis_id"].implode())) & (pl.col("direction") == "for")
    )
    shown = rows.select("crisis_id", "actor", pl.col("rung").cast(pl.String).fill_null("·"))
    wide = shown.group_by("crisis_id", "actor", maintain_order=True).agg(pl.col("rung").str.join(" | "))
    wide = wide.pivot(on="actor", index="crisis_id", values="rung")
    actors = [power for power in case.powers if power in wide.columns]
    others = [name for name in wide.columns if name not in ("crisis_id", *actors)]
    return crises.select("crisis_id").join(wide, on="crisis_id", how="left").select("crisis_id", *actors, *others)


def agreement(case: Case) -> None:
    """How far the coders agree, where there are several."""
    for row in agreement_table(case, 0).rows():
        span = f" ({row['low']:.2f} to {row['high']:.2f})" if row["low"] is not None else ""
        alpha = "not defined" if row["alpha"] is None else f"{row['alpha']:.2f}{span}"
        st.markdown(f"**{row['coders']} coders agree on {row['n']} responses with alpha {alpha}**")


def opened(sheet: Sheet, crisis: str, actor: str, coder: str) -> Sheet:
    """The sheet as it was when this cell was opened: what was saved since then is found when it is saved."""
    cell = (crisis, actor, coder)
    if st.session_state.get("code_cell") != cell:
        st.session_state.code_cell, st.session_state.code_sheet, st.session_state.code_own = (
            cell,
            sheet,
            sheet.cell(*cell),
        )
    return st.session_state.code_sheet


def form(case: Case, sheet: Sheet, cell: tuple[str, str, str]) -> None:
    """The form of one cell, and its saving."""
    crisis, actor, coder = cell
    own = st.session_state.code_own
    is_here = st.get_option("server.address") in AT_HOME
    rungs = ["", *(str(n) for n in range(case.rungs.count))]
    with st.form("code_form"):
        st.markdown(f"**{plain(actor)} in {plain(crisis)}**" + (f" by {plain(coder)}" if coder else ""))
        given = {name: _choice(label, rungs, own.get(name, ""), f"{name}/{cell}") for name, label in
                 (("rung", "Rung"), ("rung_low", "Lowest that the sources allow"), ("rung_high", "Highest"))}  # fmt: skip
        for name, (label, before) in WORDS.items():
            given[name] = _choice(label, _words(name), own.get(name, "") or before, f"{name}/{cell}")
        given["vehicle"] = _choice("Vehicle", ["", *case.organisations], own.get("vehicle", ""), f"vehicle/{cell}")
        sources = [key for key in own.get("source_id", "").split(";") if key in case.sources]
        given["source_id"] = ";".join(st.multiselect("Sources", sorted(case.sources), sources, key=f"source/{cell}"))
        given["date"] = st.text_input("Date or span", own.get("date", ""), key=f"date/{cell}") or ""
        given["detail"] = (
            st.text_area("What was done, and what speaks for another rung", own.get("detail", ""), key=f"detail/{cell}")
            or ""
        )
        pressed = st.form_submit_button("Save", disabled=is_bundled(case) or not is_here)
    if is_bundled(case):
        st.caption(
            "This case comes with the package and is not changed: `buckpass migrate CASE --to DIR` makes a copy to work on."
        )
    elif not is_here:
        st.caption("Saving is for who runs the dashboard on this machine; it is served to others.")
    if pressed:
        kind = own.get("kind") or ("organisation" if actor in case.organisations else "state")
        entered = {name: text for name, text in given.items() if text != own.get(name, "") or not own}
        _save(sheet, {"crisis_id": crisis, "actor": actor, "coder": coder, "kind": kind, **entered})


def _save(sheet: Sheet, cells: dict[str, str]) -> None:
    try:
        st.session_state.code_sheet = now = sheet.save(cells)
        st.session_state.code_own = now.cell(cells["crisis_id"], cells["actor"], cells["coder"])
    except ChangedMeanwhile as reason:
        st.session_state.code_sheet = now = load_sheet(sheet.folder)
        theirs = now.cell(cells["crisis_id"], cells["actor"], cells["coder"])
        has = f"rung {theirs.get('rung') or '·'}: {theirs.get('detail', '')}" if theirs else "no row"
        st.error(
            plain(
                f"{reason}. This cell now has {has}. What you entered is still in the form; Save puts what you changed in the place of theirs."
            )
        )
        return
    except BuckpassError as reason:  # the row is wrong, the disk full, the folder gone
        st.error(plain(str(reason)))
        return
    st.session_state.code_saved = f"Saved: {cells['actor']} in {cells['crisis_id']}."
    st.rerun()


def _words(name: str) -> list[str]:
    """The words of a column; *machine* is no finding of a coder, and is not offered."""
    found = ResponseRow.model_json_schema()["properties"][name]
    return [word for word in found["enum"] if word != "machine"]


def _choice(label: str, options: list[str], now: str, key: str) -> str:
    """One of several words, at first the present one, whatever it is."""
    options = options if now in options else [now, *options]
    return st.selectbox(label, options, options.index(now), key=key) or ""
