"""The hash of a record follows what a fit can read, and nothing that only people read."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from buckpass.case import load_case
from buckpass.case.case import RECORD
from buckpass.case.entries import Entry
from buckpass.case.fitted_content import content_digest, for_readers
from buckpass.case.reading.rows import CrisisRow, ResponseRow, SeriesRow
from buckpass.case.schema import Settings
from buckpass.fitting.stamp import coding_in, stamp_of
from buckpass.model.mechanisms import ARGUMENT, combination

ONLY_READ_BY_PEOPLE = {
    "title", "question", "licence", "article", "name", "colour", "label", "unit", "reason", "main_rival_reason", "note", "sources",
    "deaths_basis", "threat_reason", "asked_text", "request_date", "request_answer", "summary", "confidence", "source_id",
    "acting_body", "detail", "argument", "crisis",
}  # fmt: skip


def other(value):
    """Some other value of the same type; None where there is none to make."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    if isinstance(value, (tuple, list)):
        return type(value)([*value, *value[:1]]) if value else None
    return f"{value}x" if isinstance(value, str) else None


def edits(entry, path=()):
    """(path, whether a fit can read it, entry with that one field changed) of every field, at every depth."""
    for name, field in type(entry).model_fields.items():
        value = getattr(entry, name)
        put = lambda new, name=name: entry.model_copy(update={name: new})  # noqa: E731
        parts = value if isinstance(value, tuple) else (value,) if isinstance(value, Entry) else ()
        keyed = value if isinstance(value, dict) else {}
        if (not parts and not keyed) or not all(isinstance(p, Entry) for p in (*parts, *keyed.values())):
            if (new := other(value)) is not None:
                yield (*path, name), not for_readers(field), put(new)
            continue
        for k, part in enumerate(parts):
            for where, is_read, new in edits(part, (*path, name)):
                yield where, is_read, put(new if isinstance(value, Entry) else (*parts[:k], new, *parts[k + 1 :]))
        for key, part in keyed.items():
            for where, is_read, new in edits(part, (*path, name)):
                yield where, is_read, put({**keyed, key: new})


def test_every_setting_that_a_fit_can_read_changes_the_hash_and_no_other(toy):
    before = content_digest(toy.settings, Settings)
    seen = {True: 0, False: 0}
    for where, is_read, changed in edits(toy.settings):
        assert (content_digest(changed, Settings) != before) == is_read, where
        assert is_read == (where[-1] not in ONLY_READ_BY_PEOPLE), where
        seen[is_read] += 1
    assert min(seen.values()) > 50


@pytest.mark.parametrize(("table", "row"), [("crises", CrisisRow), ("responses", ResponseRow), ("series", SeriesRow)])
def test_every_cell_that_a_fit_can_read_changes_the_hash_and_no_other(flagship, table, row):
    frame = getattr(flagship, table).head(300)
    before = content_digest(frame, row)
    for name in frame.columns:
        values = frame[name].to_list()
        at = next((k for k, value in enumerate(values) if other(value) is not None), None)
        if at is None:
            continue
        values[at] = values[at] - 1 if name in ("severity", "rung", "rung_low", "rung_high") else other(values[at])
        changed = frame.with_columns(pl.Series(name, values, frame.schema[name]))
        is_read = name != "line" and name not in ONLY_READ_BY_PEOPLE
        assert (content_digest(changed, row) != before) == is_read, name


def test_what_stands_at_its_default_says_nothing(toy):
    """Columns that are empty, in another order, or that the file leaves out; and optional fields that a later schema adds."""
    empty = toy.responses.with_columns(pl.lit("").alias("coder"), pl.lit(None, pl.String).alias("date"))
    bare = empty.drop("coder", "date", "line")
    assert content_digest(empty.select(sorted(empty.columns)), ResponseRow) == content_digest(bare, ResponseRow)

    class Later(SeriesRow):
        added: str = ""

    assert content_digest(toy.series, Later) == content_digest(toy.series, SeriesRow)


def test_people_may_mend_what_they_read_and_every_posterior_stays(folder):
    """On files: each title, note, unit, colour and source key edited, and no number that a fit is given moves."""
    before = load_case(folder)
    path = folder / "case.toml"
    path.write_text(
        path.read_text().replace('title = "', 'title = "Newly: ').replace('reason = "', 'reason = "Mended: ')
    )
    for table, column in (
        ("series.csv", "note"),
        ("series.csv", "unit"),
        ("responses.csv", "detail"),
        ("crises.csv", "summary"),
    ):
        frame = pl.read_csv(folder / table, infer_schema=False)
        frame.with_columns(pl.col(column).fill_null("") + " anew").write_csv(folder / table)
    after = load_case(folder)
    assert after.hash != before.hash
    assert after.record_hash == before.record_hash
    assert stamp_of(after, "all", coding_in({})) == stamp_of(before, "all", coding_in({}))


def test_a_changed_copy_has_the_hash_of_its_file(folder, spoiled):
    """`Case.replace` and a file with the same content agree, in settings and in tables."""
    before = load_case(folder)
    read = spoiled("responses.csv", "state,3,2,3", "state,3,3,3").case
    assert before.replace(responses=read.responses).record_hash == read.record_hash
    titled = before.replace(settings=before.settings.model_copy(update={"title": "Another"}))
    assert titled.record_hash == before.record_hash
    assert titled.hash != before.hash
    assert replace(before, series=before.series.head(1)).record_hash != before.record_hash
    assert set(RECORD) == {"settings", "crises", "responses", "own_operations", "series"}


def test_what_no_fit_reads_changes_neither_hash_nor_stamp(flagship):
    """Acts of organisations and other states, and series of which only people and claims read: no fit sees one of them."""
    powers, measures = pl.col("actor").is_in(flagship.powers), flagship.settings.measures
    fitted = pl.col("series").is_in([*measures.capacity.series, *measures.economic.series])
    less = flagship.replace(responses=flagship.responses.filter(powers), series=flagship.series.filter(fitted))
    assert less.responses.height < flagship.responses.height
    assert less.series.height < flagship.series.height
    assert less.record_hash == flagship.record_hash
    assert stamp_of(less, "all", coding_in({})) == stamp_of(flagship, "all", coding_in({}))
    for table in ("responses", "series"):
        assert less.replace(**{table: getattr(less, table).head(-1)}).record_hash != flagship.record_hash


def test_what_a_case_speaks_about_changes_neither_hash_nor_stamp(toy):
    """Another crisis of the page's first question, another argument: the record and every fit of it stay what they are."""
    other_crisis = next(c for c in toy.crises["crisis_id"] if c != toy.settings.focus.crisis)
    focus = toy.settings.focus.model_copy(update={"crisis": other_crisis})
    argued = {names: toy.replace(settings=toy.settings.model_copy(update={"argument": names, "focus": focus}))
              for names in (("FR", "BL"), ("DL", "FR"))}  # fmt: skip
    for names, case in argued.items():
        assert case.hash != toy.hash
        assert case.record_hash == toy.record_hash
        for explanation in ("all", "FR+BL", "FR+DL"):
            assert stamp_of(case, explanation, coding_in({})) == stamp_of(toy, explanation, coding_in({}))
        assert set(combination(ARGUMENT, case).mechanisms) == {*names}
    one, two = (combination(ARGUMENT, case) for case in argued.values())
    assert one.id != two.id  # a fit bears the name of its own terms, never that of the argument of the day
    stamps = [stamp_of(toy, of.id, coding_in({}))["explanation"] for of in (one, two)]
    assert [{*stamp} for stamp in stamps] == [{*one.free_terms}, {*two.free_terms}]
