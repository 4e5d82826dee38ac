"""The dashboard's part *Code*: the grid of crises and actors, and a form for one cell, saved to the case's own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import streamlit as st

from buckpass.app.marks import plain
from buckpass.case import BuckpassError, Case
from buckpass.case.coding_sheet import KEY, ChangedMeanwhile, Sheet, load_sheet, rung_lines
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
DIRECTIONS = {"for": "for the host", "against": "against its government"}
Cell = tuple[str, str, str, str, str]  # crisis, actor, coder, direction, phase
ROW, MOST_ROWS = 35, 20  # pixels of a row of the grid, and how many it shows at once
AT_HOME = ("127.0.0.1", "localhost", "::1")


def code(folder: Path) -> None:
    """Grid, form and the manual's lines; the case is read again each time, since somebody else may have saved."""
    try:
        case, sheet = load_case(folder), load_sheet(folder)
    except (CaseProblems, FileRefused) as error:
        st.error(plain(str(error)))
        return
    theatre = st.selectbox("Theatre", case.theatres, format_func=lambda t: case.theatre(t).name, key="code_theatre")
    rows = case.responses.join(case.crises.filter(theatre=theatre).select("crisis_id"), on="crisis_id", how="semi")
    actors = list(
        dict.fromkeys([*case.powers, *rows["actor"], *case.organisations, *(a.id for a in case.settings.actors)])
    )
    shown = grid(case, theatre)
    named = dict(case.crises.filter(theatre=theatre).sort("start").select("crisis_id", "name").iter_rows())
    st.dataframe(
        shown, hide_index=True, height=ROW * (min(shown.height, MOST_ROWS) + 1) + 2, key="code_grid",
        on_select=lambda: choose(list(named), actors), selection_mode="single-cell",
    )  # fmt: skip
    st.caption(
        "Each cell has the rungs of its coders, in the order of the file; an empty one has no row, · nobody looked. "
        "4›1: 4 in the first phase, 1 in the next; vs 2: step 2 against the government. A cell that is chosen opens below."
    )
    agreement(case)
    left, middle, right = st.columns(3)
    crisis = left.selectbox("Crisis", list(named), format_func=lambda c: f"{named[c]} ({c})", key="code_crisis")
    actor = middle.selectbox("Actor", actors, key="code_actor")
    coder = right.text_input("Coder (empty where the case has one)", key="code_coder").strip()
    if crisis is None:
        st.caption("No crisis in this theatre yet: `crises.csv` has a row for each.")
        return
    cell = which(sheet, crisis, actor, coder)
    left, right = st.columns(2)
    with right:
        lines(case, cell[3])
    with left:
        form(case, opened(sheet, cell), cell)


def which(sheet: Sheet, crisis: str, actor: str, coder: str) -> Cell:
    """Which of a coder's rows of this actor and crisis: for the host or against its government, and of which phase."""
    left, right = st.columns(2)
    direction = left.radio("Act", list(DIRECTIONS), format_func=DIRECTIONS.__getitem__, horizontal=True, key="code_act")
    phases = sheet.phases(crisis, actor, coder, direction) or ["1"]
    new = str(int(phases[-1]) + 1)
    phase = right.selectbox("Phase", [*phases, new], format_func=lambda p: f"{p} (new)" if p == new else p,
                            key=f"code_phase/{crisis}/{actor}/{coder}/{direction}",
                            help="A response that changed during the crisis has a row for each phase.")  # fmt: skip
    return (crisis, actor, coder, direction, phase)


def choose(crises: list[str], actors: list[str]) -> None:
    """The cell that was chosen in the grid stands below: its crisis, and its actor where it is one of a column."""
    for row, column in st.session_state.code_grid.selection.cells:
        st.session_state.code_crisis = crises[row]
        if column in actors:
            st.session_state.code_actor = column


def lines(case: Case, direction: str) -> None:
    """What the manual says of each rung; of acts against, the case's own steps."""
    if direction == "against":
        st.markdown("\n\n".join(f"**{n} {plain(step)}**" for n, step in enumerate(case.settings.against.names)))
        st.caption("Steps against the government are an order of their own: no rungs, and no game explains them.")
        return
    for line in rung_lines(case.ladder.names):
        not_this = f" Not: {line['not']}." if line["not"] else ""
        st.markdown(f"**{plain(line['rung'])}** {line['counts'] + '.' + not_this if line['counts'] else ''}")


def grid(case: Case, theatre: str) -> pl.DataFrame:
    """Crises × actors of a theatre: the rungs of all coders in one cell, phases after each other, acts against after those for."""
    crises, by = case.crises.filter(theatre=theatre).sort("start"), ["crisis_id", "actor"]
    rows = case.responses.join(crises.select("crisis_id"), on="crisis_id", how="semi")
    rows = rows.sort(pl.col("direction") == "against", pl.col("phase").fill_null(1), maintain_order=True)
    of_coder = rows.group_by(*by, "direction", "coder", maintain_order=True).agg(
        pl.col("rung").cast(pl.String).fill_null("·").str.join("›"), pl.col("line").min()
    )
    told = pl.when(direction="against").then(pl.format("vs {}", "rung")).otherwise("rung").alias("rung")
    shown = of_coder.sort(pl.col("direction") == "against", "line").select(*by, told)
    wide = shown.group_by(by, maintain_order=True).agg(pl.col("rung").str.join(" | "))
    wide = wide.pivot(on="actor", index="crisis_id", values="rung")
    actors = [power for power in case.powers if power in wide.columns]
    others = [name for name in wide.columns if name not in ("crisis_id", *actors)]
    shown = crises.select("crisis_id").join(wide, on="crisis_id", how="left").select("crisis_id", *actors, *others)
    return shown.with_columns(pl.exclude("crisis_id").fill_null(""))


def agreement(case: Case) -> None:
    """How far the coders agree, where there are several."""
    for row in agreement_table(case, 0).rows():
        span = f" ({row['low']:.2f} to {row['high']:.2f})" if row["low"] is not None else ""
        alpha = "not defined" if row["alpha"] is None else f"{row['alpha']:.2f}{span}"
        st.markdown(f"**{row['coders']} coders agree on {row['n']} responses {row['responses']} with alpha {alpha}**")


def opened(sheet: Sheet, cell: Cell) -> Sheet:
    """The sheet as it was when this cell was opened: what was saved since then is found when it is saved."""
    if st.session_state.get("code_cell") != cell:
        st.session_state.code_cell, st.session_state.code_sheet, st.session_state.code_own = (
            cell,
            sheet,
            sheet.cell(*cell),
        )
    return st.session_state.code_sheet


def form(case: Case, sheet: Sheet, cell: Cell) -> None:
    """The form of one cell, and its saving."""
    coder, own = cell[2], st.session_state.code_own
    is_here = st.get_option("server.address") in AT_HOME
    with st.form(_key("form", cell)):  # of one cell: a button pressed for another is none of this
        st.markdown(f"**{plain(_said(cell))}**" + (f" by {plain(coder)}" if coder else ""))
        given = {**_choices(case, own, cell), **_texts(case, own, cell)}
        pressed = st.form_submit_button("Save", disabled=is_bundled(case) or not is_here)
    if is_bundled(case):
        st.caption(
            "This case comes with the package and is not changed: `buckpass migrate CASE --to DIR` makes a copy to work on."
        )
    elif not is_here:
        st.caption("Saving is for who runs the dashboard on this machine; it is served to others.")
    elif theirs := sheet.cell(*cell):
        deleting(sheet, theirs, cell)
    if told := st.session_state.pop("code_saved", ""):
        st.success(plain(told))  # beside the button: the top of the page is out of sight
    if pressed:
        entered = {name: text for name, text in given.items() if text != own.get(name, "") or not own}
        _write(lambda: sheet.save({**_which(case, own, cell), **entered}), sheet.folder, cell, "Saved")


def deleting(sheet: Sheet, own: Mapping[str, str], cell: Cell) -> None:
    """Deleting the row of this cell, once it has been said what would go."""
    with st.popover("Delete this row …"):
        st.markdown(plain(f"{_said(cell)} has {_content(own)}. Once deleted it is in no file any more."))
        if st.button("Delete it", key=_key("delete", cell)):
            _write(lambda: sheet.delete(*cell), sheet.folder, cell, "Deleted")


def _choices(case: Case, own: Mapping[str, str], cell: Cell) -> dict[str, str]:
    """Rung or step with its band, what is said of the act, and the vehicle of an act for the host."""
    is_against = cell[3] == "against"
    names = case.settings.against.names if is_against else case.ladder.names
    rungs = {"": "", **{str(n): f"{n} {name}" for n, name in enumerate(names)}}
    asked = {name: (label, rungs, own.get(name, "")) for name, label in
             (("rung", "Step" if is_against else "Rung"), ("rung_low", "Lowest that the sources allow"),
              ("rung_high", "Highest"))}  # fmt: skip
    for name, (label, before) in WORDS.items():
        asked[name] = label, {word: word.replace("_", " ") for word in _words(name)}, own.get(name, "") or before
    if not is_against:
        asked["vehicle"] = "Vehicle", {"": "", **{name: name for name in case.organisations}}, own.get("vehicle", "")
    given = {}
    for pair in (("rung",), ("rung_low", "rung_high"), ("stance", "scope"), ("basis", "vehicle")):
        for column, name in zip(st.columns(len(pair)), pair, strict=True):
            if name in asked:
                with column:
                    given[name] = _choice(*asked[name], _key(name, cell))
    return given


def _texts(case: Case, own: Mapping[str, str], cell: Cell) -> dict[str, str]:
    """Sources, days and what was done; of a later phase also its first day."""
    sources = [key for key in own.get("source_id", "").split(";") if key in case.sources]
    given = {"source_id": ";".join(st.multiselect("Sources", sorted(case.sources), sources, key=_key("source", cell)))}
    if cell[4] != "1":
        given["from"] = st.text_input("First day of this phase", own.get("from", ""), key=_key("from", cell)) or ""
    given["date"] = st.text_input("Date or span", own.get("date", ""), key=_key("date", cell)) or ""
    done = "What was done, and what speaks for another rung"
    return given | {"detail": st.text_area(done, own.get("detail", ""), key=_key("detail", cell)) or ""}


def _which(case: Case, own: Mapping[str, str], cell: Cell) -> dict[str, str]:
    """The cells that say which row it is; those of direction and phase stay out where an empty one says the same."""
    crisis, actor, coder, direction, phase = cell
    kinds = {**dict.fromkeys(case.organisations, "organisation"), **{one.id: one.kind for one in case.settings.actors}}
    named = {"crisis_id": crisis, "actor": actor, "coder": coder, "kind": own.get("kind") or kinds.get(actor, "state")}
    more = {"direction": direction, "phase": phase}
    return named | {name: text for name, text in more.items() if text != KEY[name]}


def _said(cell: Cell) -> str:
    """Whose act, where, and which: "BBB in dalen_2016, against, phase 2"."""
    crisis, actor, _, direction, phase = cell
    which = (", against" if direction == "against" else "") + (f", phase {phase}" if phase != "1" else "")
    return f"{actor} in {crisis}{which}"


def _write(change: Callable[[], Sheet], folder: Path, cell: Cell, done: str) -> None:
    """Save or delete, and say that it is done, or why not; who comes second is shown what the cell has now."""
    try:
        now = change()
    except ChangedMeanwhile as reason:
        st.session_state.code_sheet = now = load_sheet(folder)
        kept = "What you entered is still in the form; Save puts what you changed in the place of theirs."
        has = f"This cell now has {_content(now.cell(*cell))}."
        st.error(plain(f"{reason}. {has} {kept if done == 'Saved' else ''}"))
        return
    except BuckpassError as reason:  # the row is wrong, the disk full, the folder gone
        st.error(plain(str(reason)))
        return
    st.session_state.code_saved = f"{done}: {_said(cell)}."
    st.session_state.code_sheet, st.session_state.code_own = now, now.cell(*cell)
    if done == "Deleted":
        st.session_state.code_turn = st.session_state.get("code_turn", 0) + 1  # a form without what stood in it
    st.rerun()


def _key(name: str, cell: Cell) -> str:
    """The key of a field in the form of a cell; another after a row was deleted, so that nothing of it is left in the form."""
    return f"{name}/{cell}/{st.session_state.get('code_turn', 0)}"


def _content(row: Mapping[str, str]) -> str:
    return f"rung {row.get('rung') or '·'}: {row.get('detail', '')}" if row else "no row"


def _words(name: str) -> list[str]:
    """The words of a column; *machine* is no finding of a coder, and is not offered."""
    found = ResponseRow.model_json_schema()["properties"][name]
    return [word for word in found["enum"] if word != "machine"]


def _choice(label: str, words: dict[str, str], now: str, key: str) -> str:
    """One of several words, by what a reader sees of each; at first the present one, whatever it is."""
    words = words if now in words else {now: now, **words}
    return st.selectbox(label, list(words), list(words).index(now), format_func=words.__getitem__, key=key) or ""
