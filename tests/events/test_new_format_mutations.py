"""Damaged rows of each new format: loaded right, or rejected with a reason; judged by a reading of its own."""

import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from made_files import write
from made_tables import (
    ACLED,
    ACLED_EVENT,
    GED,
    GED_EVENT,
    POLECAT,
    REDUCED,
    SUPPORT,
    as_csv,
    polecat_event,
    reduced_event,
    row_of,
    support,
)

from buckpass.events import load
from buckpass.events.store import frame, reading

PUT = ["", "NA", "NULL", ".", "-9", "0", "1", "2", "3", "7", "2.0", "2.7", "1e3", "1e400", "nan", "inf", "1,234", "1_000", "0x10",
       "2022", "25", "2125", "2022-09-16", "2022-02-30", "9/16/2022", "16 September 2022", "20220916", "20220230", "99999999",
       "é", "'", "; DROP TABLE events", "10", "010", "0" * 40, "x", "AID", "WAVE", "365, 704", "365, x", "-100", "95.5"]  # fmt: skip
MISSING = {"", "NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "\\N"}
NOT_FOUND = MISSING | {".", "..", "-", "None"}
TODAY = dt.date.today()


class Wrong(Exception):
    """The row is to be rejected."""


def text(cell):
    cell = cell.strip(" \t\u00a0")
    return None if cell in MISSING else cell


def number_text(cell):
    cell = cell.strip(" \t\u00a0")
    return None if cell in NOT_FOUND else cell


def whole(cell, low=None, high=None):
    cell = number_text(cell)
    if cell is None:
        return None
    if not re.fullmatch(r"[-+]?[0-9]+(\.0*)?", cell) or abs(float(cell)) >= 2**63:
        raise Wrong
    value = int(cell.split(".")[0])
    if (low is not None and value < low) or (high is not None and value > high):
        raise Wrong
    return value


def number(cell, low, high):
    cell = number_text(cell)
    if cell is None:
        return None
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", cell):
        cell = cell.replace(",", "")
    try:
        value = float(cell)
    except ValueError:
        raise Wrong from None
    if not cell.isascii() or "_" in cell or not low <= value <= high:  # nan and inf lie nowhere
        raise Wrong
    return value


def integers(cell):
    cell = number_text(cell)
    return (
        None
        if cell is None
        else [whole(part) for part in cell.split(",")]
        if all(part.strip() for part in cell.split(","))
        else wrong()
    )


def wrong():
    raise Wrong


def day(cell, *forms):
    cell = number_text(cell)
    if cell is None:
        return None
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S.%f", *forms):
        try:
            found = dt.datetime.strptime(cell, form).date()
        except ValueError:
            continue
        if dt.date(1600, 1, 1) <= found <= TODAY + dt.timedelta(days=1):
            return found
        raise Wrong
    raise Wrong


def there(value):
    if value is None:
        raise Wrong
    return value


def ged(cell):
    since, until = there(day(cell["date_start"], "%m/%d/%Y")), there(day(cell["date_end"], "%m/%d/%Y"))
    best = there(whole(cell["best"], 0, 10**7))
    low, high = whole(cell["low"], 0, 10**7), whole(cell["high"], 0, 10**7)
    for name in (
        "conflict_new_id",
        "dyad_new_id",
        "event_clarity",
        "date_prec",
        "deaths_a",
        "deaths_b",
        "deaths_civilians",
        "deaths_unknown",
    ):
        whole(cell[name])
    (
        there(whole(cell["year"], 1400, 2100)),
        there(whole(cell["country_id"])),
        there(whole(cell["type_of_violence"], 1, 3)),
    )
    for name in ("side_a", "side_b", "country"):
        there(text(cell[name]))
    number(cell["latitude"], -90, 90), number(cell["longitude"], -180, 180), integers(cell["gwnob"])
    if until < since or (low is not None and low > best) or (high is not None and high < best):
        raise Wrong
    return there(whole(cell["id"])), since, until, best, tuple(integers(cell["gwnoa"]) or ())


def given(cell):
    flags = {name: whole(cell[name], 0, 1) for name in SUPPORT if name.startswith("ext_") and len(name) == 5}
    there(flags["ext_x"]), there(flags["ext_w"])
    for name in (
        "active",
        "oppo_id",
        "dyad_id",
        "civil",
        "conflict_id",
        "ext_nonstate",
        "ext_coalition",
        "ext_elements",
        "ext_bothsides",
    ):
        whole(cell[name])
    integers(cell["gwno_a"]), integers(cell["gwno_b"])
    is_support, supporter = there(whole(cell["ext_sup"], 0, 1)), whole(cell["ext_id"])
    if is_support and supporter is None:
        raise Wrong
    there(whole(cell["ext_alleged"], 0, 1)), there(whole(cell["actor_nonstate"], 0, 1)), there(whole(cell["actor_id"]))
    there(text(cell["actor_name"]))
    return there(whole(cell["id"])), there(whole(cell["year"], 1400, 2100)), supporter, is_support, flags["ext_w"]


def acled(cell):
    cell = {name.lower(): value for name, value in cell.items()}
    happened = there(day(cell["event_date"], "%d %B %Y", "%d-%B-%Y", "%d/%m/%Y", "%d-%b-%Y"))
    year = there(whole(cell["year"], 1400, 2100))
    if year != happened.year:
        raise Wrong
    for name in ("event_type", "actor1", "country"):
        there(text(cell[name]))
    for name in ("iso", "time_precision", "timestamp"):
        whole(cell.get(name, ""))
    number(cell["latitude"], -90, 90), number(cell["longitude"], -180, 180)
    return (
        there(text(cell["event_id_cnty"])),
        happened,
        there(whole(cell["fatalities"], 0, 10**6)),
        text(cell["country"]),
    )


TYPES = "ACCUSE AGREE AID ASSAULT COERCE CONCEDE CONSULT COOPERATE MOBILIZE PROTEST REJECT REQUEST RETREAT SANCTION SUPPORT THREATEN"


def polecat(cell):
    kind = there(text(cell["Event Type"])).upper()
    there(text(cell["Event ID"]))
    number(cell["Intensity"], -10, 10)
    if kind not in TYPES.split():
        raise Wrong
    said = re.split("[;, |]+", f"{text(cell['Event Mode']) or ''};{text(cell['Contexts']) or ''}".lower())
    told = next(
        (one for one in ("peacekeeping", "military", "intelligence", "humanitarian", "economic") if one in said), None
    )
    if kind not in ("AID", "COOPERATE"):
        told = (text(cell["Event Mode"]) or "").lower() or None
    if told is not None and not re.fullmatch("[a-z_/-]+", told):
        raise Wrong
    code = kind if told is None else f"{kind}:{told}"
    return there(day(cell["Event Date"], "%m/%d/%Y")), text(cell["Actor Name"]), text(cell["Recipient Name"]), code


def reduced(cell):
    written = there(number_text(cell["Date"]))
    if not re.fullmatch("[0-9]{8}", written.removesuffix(".0")):
        raise Wrong
    try:
        happened = dt.datetime.strptime(written[:8], "%Y%m%d").date()
    except ValueError:
        raise Wrong from None
    if not dt.date(1600, 1, 1) <= happened <= TODAY + dt.timedelta(days=1):
        raise Wrong
    there(whole(cell["NumEvents"], 1, 10**7)), there(whole(cell["NumArts"], 0, 10**7))
    group = there(whole(cell["QuadClass"], 1, 4))
    number(cell["Goldstein"], -10, 10), number(cell["ActionGeoLat"], -90, 90), number(cell["ActionGeoLong"], -180, 180)
    code = there(text(cell["CAMEOCode"])).removesuffix(".0")
    if group <= 2 and not code.startswith("0"):
        code = "0" + code
    if not re.fullmatch("(0[1-9]|1[0-9]|20)[0-9]{0,2}", code):
        raise Wrong
    return happened, text(cell["Source"]), text(cell["Target"]), code


@dataclass(frozen=True)
class Format:
    """A format: its columns, a valid row, how it is written, what a right row says, and how the store says the same."""

    header: tuple[str, ...]
    row: Callable[[int], list[object]]
    says: Callable[[dict[str, str]], tuple]
    sql: str
    separator: str = ","
    has_header: bool = True


def ged_row(k):
    return row_of(GED, GED_EVENT, id=k)


EVENTS = "SELECT day, source, target, code FROM event_rows WHERE problem IS NULL"
GED_SQL = "SELECT id, date_start, date_end, best, coalesce(gwnoa, []) FROM ucdp_ged_rows"
FORMATS = {
    "GED": Format(GED, ged_row, ged, GED_SQL),
    "Candidate": Format(GED, ged_row, ged, GED_SQL, has_header=False),
    "External Support": Format(SUPPORT, lambda k: support(id=k), given, "SELECT id, year, ext_id, ext_sup, ext_w FROM ucdp_support_rows"),
    "POLECAT": Format(POLECAT, lambda k: polecat_event(Event_ID=f"p{k}"), polecat, EVENTS, "\t"),
    "GDELT reduced": Format(REDUCED, lambda k: reduced_event(Source=f"RUS{k}"), reduced, EVENTS, "\t"),
}  # fmt: skip
for kind, (columns, written) in ACLED.items():
    FORMATS[f"ACLED {kind}"] = Format(
        columns,
        lambda k, columns=columns, written=written: [
            ({"event_date": written} | ACLED_EVENT | {"event_id_cnty": f"A{k}", "notes": "n"}).get(name.lower(), "")
            for name in columns
        ],
        acled,
        "SELECT event_id_cnty, event_date, fatalities, country FROM acled_rows",
    )


def mutate(row, rng):
    """Another cell in the place of one, a cell less, or a cell more."""
    at, how = rng.randrange(len(row)), rng.random()
    if how < 0.05:
        del row[at]
    elif how < 0.1:
        row.insert(at, rng.choice(PUT))
    else:
        row[at] = rng.choice([*PUT, row[at] + " ", f" {row[at]}", row[at][:-1], row[at] + "é"])


def by_name(header, row):
    """The cells of a row by the names of their columns; a blank cell too many at its end is none."""
    cells = row[:-1] if len(row) == len(header) + 1 and not row[-1] else row
    if len(cells) != len(header):
        raise Wrong
    return dict(zip(header, cells, strict=True))


def check(tmp_path, form, count, seed):
    rng = random.Random(seed)
    rows = [[str(cell) for cell in form.row(k)] for k in range(count)]
    for row in rows[1:]:
        mutate(row, rng)
    content = as_csv(form.header, rows, form.separator)
    if not form.has_header:
        content = content.split(b"\n", 1)[1]
    report = load(tmp_path / "s.duckdb", [write(tmp_path / "rows", content)], allow_rejects=True).files[0]
    with reading(tmp_path / "s.duckdb") as connection:
        found = Counter(
            tuple(tuple(c) if isinstance(c, list) else c for c in row)
            for row in connection.execute(form.sql).fetchall()
        )
        reasons = frame(connection, "SELECT reason FROM rejects")["reason"]
    expected: Counter[tuple] = Counter()
    for row in rows:
        try:
            expected[form.says(by_name(form.header, row))] += 1
        except Wrong:
            continue
    assert found - expected == Counter()
    assert expected - found == Counter()
    assert report.rows_read == count == sum(expected.values()) + len(reasons)
    assert (reasons != "").all()


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_rows_of_new_formats(tmp_path, name):
    check(tmp_path, FORMATS[name], 400, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_mutated_rows_of_each_new_format(tmp_path, name):
    check(tmp_path, FORMATS[name], 10_001, f"many {name}")
