"""What must hold of every layout: its own row loads, and no choice of its columns ends in anything but a message."""

import csv
import io
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from made_files import write
from made_tables import as_csv, workbook

from buckpass.case import load_case
from buckpass.case.problems import BuckpassError
from buckpass.events import agree, code, draft, errors, load, profile
from buckpass.events.files.layouts import Layout, layouts, tidy
from buckpass.events.files.workbook import sheets

VALUES = {
    "integer": "1", "year": "2001", "number": "1.5", "text": "x", "code": "010", "date": "2001-02-03", "day_number": "20010203",
    "truth": "1", "integers": "2, 3",
}  # fmt: skip
# where any text or number would not do
OWN = {
    ("icews", "Event Text"): "Consult", ("icews_quads", "relation"): "Consult", ("polecat", "Event Type"): "AID",
    ("gdelt1", "EventRootCode"): "01", ("gdelt2", "EventRootCode"): "01", ("cow_contiguity", "begin"): "192001",
    ("cow_contiguity", "end"): "200612", ("sipri_deals", "Year(s) of delivery"): "2001; 2002",
    ("gdelt_negative_months", "GoldsteinScale"): "-2",
}  # fmt: skip
READ = [known for known in layouts() if known.signature]


def table(known: Layout) -> tuple[list[str], list[str]]:
    """A header and a valid row of a layout: its kept columns, those of its signature, and a few years where it is wide."""
    cells = {c.source: OWN.get((known.id, c.source), VALUES[c.kind]) for c in known.columns}
    tidied = {tidy(name) for name in cells}
    cells |= dict.fromkeys([name for name in sorted(known.signature) if name not in tidied and not name.isdigit()], "1")
    if known.unpivot:
        cells |= dict.fromkeys(map(str, range(1988, 1994)), "2.5")
    return list(cells), list(cells.values())


def content(known: Layout, header: list[str], row: list[str], count: int = 12) -> bytes:
    title = b"Military expenditure, SIPRI, in constant (2022) US$ m.\n" if known.marks else b""
    return title + as_csv(header, [row] * count)


@pytest.mark.slow
def test_a_row_of_each_layout_loads_as_that_layout(tmp_path):
    files = [write(tmp_path / f"{known.id}.csv", content(known, *table(known))) for known in READ]
    report = load(tmp_path / "s.duckdb", files)
    assert [(file.layout, file.rows_rejected, file.refusal) for file in report.files] == [
        (known.id, 0, "") for known in READ
    ]
    assert all(file.lacks == () for file in report.files)


def test_each_layout_says_what_formats_prints():
    from buckpass.events.files.formats import formats

    read = formats().read
    assert read.height == len(layouts())
    for column in set(read.columns) - {"citation"}:
        assert (read[column] != "").all(), column


def check_choices(tmp_path, tables):
    """Files with some of their columns load, or are refused with one of this room's errors: nothing else comes up."""
    files = [write(tmp_path / f"{k}.csv", cut) for k, cut in enumerate(tables)]
    report = load(tmp_path / "s.duckdb", files, allow_rejects=True)
    assert len(report.files) == len(files)
    for file in report.files:
        assert file.refusal or file.rows_read == file.rows_loaded + file.rows_rejected
    return report


def choices(header, rng, count):
    """Some of the columns of a header: each left out once, then some at random."""
    every = range(len(header))
    yield from ([k for k in every if k != out] for out in every)
    yield from (sorted(rng.sample(every, rng.randint(1, len(header)))) for _ in range(count))


def chosen(header, rows, kept, title=b""):
    return title + as_csv([header[k] for k in kept], [[row[k] for k in kept] for row in rows])


def test_a_layout_without_one_of_its_columns_loads_or_says_which(tmp_path):
    rng = random.Random(1)
    tables = []
    for known in READ:
        header, row = table(known)
        out = rng.randrange(len(header))
        title = b"SIPRI\n" if known.marks else b""
        tables.append(chosen(header, [row] * 3, [k for k in range(len(header)) if k != out], title))
    report = check_choices(tmp_path, tables)
    assert any(file.lacks for file in report.files)
    assert any("without the column" in file.refusal for file in report.files)


@pytest.mark.slow
@pytest.mark.parametrize("known", READ, ids=lambda known: known.id)
def test_any_choice_of_columns_loads_or_is_refused(tmp_path, known):
    header, row = table(known)
    title = b"SIPRI\n" if known.marks else b""
    rng = random.Random(known.id)
    cuts = [chosen(header, [row] * 3, kept, title) for kept in choices(header, rng, 5)]
    check_choices(tmp_path, [*cuts, content(known, header, row)])


PUBLISHED = (
    "SIPRI-Milex-data-1948-2023.xlsx", "acled_2016_africa_head150.csv", "acled_2016_api_head150.csv",
    "acled_2022_layout_head150.csv", "acled_bfa_2020_head150.csv", "cow_InterStateWarData_v4.0.csv",
    "cow_IntraStateWarData_v4.1.csv", "cow_MIDA_4.01.csv", "cow_MIDB_4.01.csv", "cow_NMC_v4_0.csv", "cow_contdir310.csv",
    "gdelt2_20191024143000.export.CSV", "kitkat_bbggdp.csv", "kitkat_default.csv", "sipri_trade-register_2025.csv",
    "sipri_trade-register_ukr.csv", "troopdata_full.csv", "ucdp_prio_acd_v23_1_full.csv", "wits_KGZ.CSV", "wits_ROM.CSV",
    "wits_TUR.CSV",
)  # fmt: skip


def parts(path: Path) -> tuple[str, list[str], list[list[str]]]:
    """What stands before the header of a real file, its header (or first row), and its next rows."""
    lines = path.read_bytes().decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:60]
    begin = next(k for k, line in enumerate(lines) if sum(map(bool, line.replace("\t", ",").split(","))) > 4)
    separator = "\t" if "\t" in lines[begin] else ","
    rows = list(csv.reader(io.StringIO("\n".join(lines[begin:])), delimiter=separator))
    title = "".join(line.rstrip(",") + "\n" for line in lines[:begin])
    return title, rows[0], [row for row in rows[1:] if len(row) == len(rows[0])][:12]


def cut_files(path: Path, folder: Path, rng: random.Random, count: int) -> Iterator[Path]:
    """Copies of the start of a real file: a whole one, then each with some of its columns, in the order that they had."""
    if path.suffix == ".xlsx":
        found = {name: parts(table) for name, table in sheets(path, folder) if name not in ("Front page", "Footnotes")}
        for k in range(count):
            kept = {
                name: [[title.strip()], header, *rows]
                for name, (title, header, rows) in found.items()
                if rng.random() < 0.5
            }
            if kept:
                yield workbook(folder / f"{k}.xlsx", {name: some_columns(rows, rng) for name, rows in kept.items()})
        return
    title, header, rows = parts(path)
    for k in range(count):
        cut = some_columns([header, *rows], rng) if k else [header, *rows]
        yield write(folder / f"{k}.csv", title.encode("latin-1") + as_csv(cut[0], cut[1:]))


def some_columns(rows: list[list[str]], rng: random.Random) -> list[list[str]]:
    """A table without some of its columns: mostly a few, else any number of them; rows of a single cell stay."""
    width = max(map(len, rows))
    most = rng.choice((2, 2, 6, width))
    out = set(rng.sample(range(width), rng.randint(1, min(most, width - 1))))
    return [row if len(row) == 1 else [cell for k, cell in enumerate(row) if k not in out] for row in rows]


def ask(store: Path, folder: Path) -> None:
    """What a user asks of a store next: it answers, or says why not."""
    for question in (
        lambda: profile(store, ["RUS", "USA"], ["TJK", "KGZ"]),
        lambda: code(store, load_case("central-asia")),
        lambda: agree(store, load_case("central-asia"), seed=0),
        lambda: draft(store, ["TJK", "KGZ", "UKR"], 1990, folder),
    ):
        with suppress(BuckpassError):
            question()


def check_cut(path: Path, folder: Path, seed: int, count: int) -> None:
    rng = random.Random(f"{path.name} {seed}")
    files = list(cut_files(path, folder, rng, count))
    try:
        report = load(folder / "s.duckdb", files, allow_rejects=True)
    except errors.UnusableFile:  # not one of them can be used, not even the whole one
        assert path.stem.startswith("kitkat")
        return
    assert len(report.files) == len(files)
    for file in report.files:
        assert file.refusal or file.rows_read == file.rows_loaded + file.rows_rejected
    ask(folder / "s.duckdb", folder / "draft")


def test_the_files_that_are_cut_are_all_that_are_there(shared_data):
    tables = [path.name for path in sorted((shared_data / "published").iterdir()) if path.is_file()]
    assert [name for name in tables if name != "README.md"] == list(PUBLISHED)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PUBLISHED, "../external_support/ucdp-esd-ty-181.csv"])
def test_any_choice_of_columns_of_a_published_file_loads_or_is_refused(shared_data, tmp_path, name):
    check_cut(shared_data / "published" / name, tmp_path, seed=7, count=30)
