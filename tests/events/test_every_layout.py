"""What must hold of every layout: its own row loads, and no choice of its columns ends in anything but a message."""

import random

import pytest
from made_files import write
from made_tables import as_csv

from buckpass.events import errors, load
from buckpass.events.files.layouts import Layout, layouts, tidy

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


@pytest.mark.slow
def test_any_choice_of_columns_of_a_published_file_loads_or_is_refused(shared_data, tmp_path):
    import csv
    import io

    rng = random.Random(7)
    for path in sorted((shared_data / "published").iterdir()):
        if not path.is_file() or path.suffix.lower() not in (".csv", ".tab"):
            continue
        text = path.read_bytes().decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")[:60]
        begin = next(k for k, line in enumerate(lines) if line.count(",") + line.count("\t") > 3)
        separator = "\t" if "\t" in lines[begin] else ","
        rows = list(csv.reader(io.StringIO("\n".join(lines[begin:])), delimiter=separator))
        header, rows = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])][:10]
        title = "\n".join(lines[:begin]).encode() + b"\n" if begin else b""
        folder = tmp_path / path.stem
        folder.mkdir()
        cuts = [chosen(header, rows, kept, title) for kept in list(choices(header, rng, 10))[-25:]]
        try:
            check_choices(folder, cuts)
        except errors.UnusableFile:  # not one of them is of this field
            assert path.stem.startswith("kitkat")
