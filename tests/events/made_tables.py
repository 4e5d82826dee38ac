"""Small tables of our own making in the layouts of the publishers of conflict, support and arms data; no row is anybody's."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from buckpass.events.files.layouts import layout

GED = layout("ucdp_ged").names
REDUCED = layout("gdelt_reduced").names


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ",") -> bytes:
    """A header and rows as text, quoted where it must be."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def row_of(header: Sequence[str], cells: Mapping[str, object], **changes: object) -> list[object]:
    """A row in the order of a header: named cells, the others blank."""
    changed = {**cells, **changes}
    assert set(changed) <= set(header), set(changed) - set(header)
    return [changed.get(name, "") for name in header]


CONFLICTS = (
    "conflict_id", "location", "side_a", "side_a_id", "side_a_2nd", "side_b", "side_b_id", "side_b_2nd", "incompatibility",
    "territory_name", "year", "intensity_level", "cumulative_intensity", "type_of_conflict", "start_date", "start_prec",
    "start_date2", "start_prec2", "ep_end", "ep_end_date", "ep_end_prec", "gwno_a", "gwno_a_2nd", "gwno_b", "gwno_b_2nd",
    "gwno_loc", "region", "version",
)  # fmt: skip


def conflict_year(**changes: object) -> list[object]:
    """A year of a civil war in Tajikistan (GW 702)."""
    own = {
        "conflict_id": 395, "location": "Tajikistan", "side_a": "Government of Tajikistan", "side_b": "UTO",
        "incompatibility": 2, "year": 1997, "intensity_level": 1, "type_of_conflict": 3, "start_date": "1992-05-05",
        "start_date2": "1997-04-02", "ep_end": 0, "gwno_a": 702, "gwno_loc": 702, "region": 3, "version": "23.1",
    }  # fmt: skip
    return row_of(CONFLICTS, own, **changes)


GED_EVENT = {
    "id": 401001, "relid": "X-1", "year": 2022, "active_year": 1, "code_status": "Clear", "type_of_violence": 1,
    "conflict_dset_id": 13324, "conflict_new_id": 13324, "conflict_name": "Kyrgyzstan - Tajikistan: Common Border",
    "side_a": "Government of Kyrgyzstan", "side_b": "Government of Tajikistan", "where_prec": 1, "latitude": 40.06,
    "longitude": 70.82, "country": "Kyrgyzstan", "country_id": 703, "region": "Asia", "event_clarity": 1, "date_prec": 1,
    "date_start": "2022-09-16 00:00:00.000", "date_end": "2022-09-16 00:00:00.000", "deaths_a": 10, "deaths_b": 10,
    "deaths_civilians": 4, "deaths_unknown": 0, "best": 24, "high": 30, "low": 20, "gwnoa": 703, "gwnob": 702,
    "source_article": '"Paper, 2022-09-16, border clash"',
}  # fmt: skip


def ged_event(**changes: object) -> list[object]:
    """One event of a border war."""
    return row_of(GED, GED_EVENT, **changes)


SUPPORT = (
    "id", "active", "year", "actor_id", "actor_name", "actor_nonstate", "oppo_id", "oppo_name", "dyad_id", "dyad_name",
    "civil", "conflict_id", "location", "gwno_a", "country_a", "gwno_b", "country_b", "ext_id", "ext_name", "ext_nonstate",
    "ext_coalition", "ext_coalition_name", "ext_elements", "ext_bothsides", "ext_alleged", "ext_sup", "ext_x", "ext_p",
    "ext_y", "ext_w", "ext_m", "ext_t", "ext_f", "ext_i", "ext_l", "ext_o", "ext_u", "ext_sum",
)  # fmt: skip
NO_KIND = dict.fromkeys([name for name in SUPPORT if name.startswith("ext_") and len(name) == 5], 0)


def support(**changes: object) -> list[object]:
    """Russia gives weapons and training to the government of Tajikistan."""
    own = NO_KIND | {
        "id": 1, "active": 1, "year": 1993, "actor_id": 131, "actor_name": "Government of Tajikistan", "actor_nonstate": 0,
        "oppo_id": 359, "oppo_name": "UTO", "dyad_id": 800, "civil": 1, "conflict_id": 395, "location": "Tajikistan: Government",
        "gwno_a": 702, "country_a": "Tajikistan", "ext_id": 57, "ext_name": "Government of Russia (Soviet Union)",
        "ext_nonstate": 0, "ext_coalition": 0, "ext_elements": 0, "ext_bothsides": 0, "ext_alleged": 0, "ext_sup": 1,
        "ext_w": 1, "ext_t": 1, "ext_sum": 2,
    }  # fmt: skip
    return row_of(SUPPORT, own, **changes)


# ACLED's four layouts: column names, their order and the way a day is written differ
ACLED = {
    "africa 2016": (
        ("GWNO", "EVENT_ID_CNTY", "EVENT_ID_NO_CNTY", "EVENT_DATE", "YEAR", "TIME_PRECISION", "EVENT_TYPE", "ACTOR1",
         "ALLY_ACTOR_1", "INTER1", "ACTOR2", "ALLY_ACTOR_2", "INTER2", "INTERACTION", "COUNTRY", "ADMIN1", "LOCATION",
         "LATITUDE", "LONGITUDE", "GEO_PRECISION", "SOURCE", "NOTES", "FATALITIES"),
        "16-September-2022",
    ),
    "interface 2016": (
        ("", "actor1", "actor2", "admin1", "ally_actor_1", "ally_actor_2", "country", "data_id", "event_date", "event_id_cnty",
         "event_type", "fatalities", "inter1", "inter2", "latitude", "location", "longitude", "notes", "source", "year"),
        "2022-09-16",
    ),
    "2020": (
        ("data_id", "iso", "event_id_cnty", "event_date", "year", "time_precision", "event_type", "sub_event_type", "actor1",
         "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "country", "location", "latitude", "longitude",
         "notes", "fatalities", "timestamp", "iso3"),
        "16 September 2022",
    ),
    "2022": (
        ("event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type", "actor1",
         "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "civilian_targeting", "iso", "country", "location",
         "latitude", "longitude", "notes", "fatalities", "tags", "timestamp"),
        "16 September 2022",
    ),
}  # fmt: skip
ACLED_EVENT = {
    "event_id_cnty": "KGZ12", "year": 2022, "event_type": "Battles", "actor1": "Military Forces of Tajikistan",
    "actor2": "Military Forces of Kyrgyzstan", "inter1": 1, "inter2": 1, "country": "Kyrgyzstan", "location": "Batken",
    "latitude": 40.06, "longitude": 70.82, "fatalities": 7, "notes": "Shots, and\nshells, were exchanged.",
}  # fmt: skip


def acled(kind: str, *changes: Mapping[str, object]) -> bytes:
    """Events in one of ACLED's layouts, one for each set of changes."""
    header, day = ACLED[kind]
    rows = []
    for change in changes or ({},):
        cells = {"event_date": day} | ACLED_EVENT | dict(change)
        rows.append([cells.get(name.lower(), "") for name in header])
    return as_csv(header, rows)


POLECAT = (
    "Event ID", "Event Date", "Event Type", "Event Mode", "Intensity", "Quad Code", "Contexts", "Actor Name", "Actor Country",
    "Actor COW", "Primary Actor Sector", "Recipient Name", "Recipient Country", "Recipient COW", "Placename", "Country",
    "Source", "Publication Date", "Language", "Version",
)  # fmt: skip


def polecat_event(**changes: object) -> list[object]:
    """China gives military aid to Tajikistan; a column is named with _ for its blank."""
    own = {
        "Event ID": "20220917-1-ab", "Event Date": "2022-09-17", "Event Type": "AID", "Intensity": "5.0",
        "Quad Code": "MATERIAL COOPERATION", "Contexts": "military;economic", "Actor Name": "China", "Actor Country": "CHN",
        "Actor COW": 710, "Primary Actor Sector": "GOV", "Recipient Name": "Tajikistan", "Recipient Country": "TJK",
        "Country": "TJK", "Language": "EN",
    }  # fmt: skip
    return row_of(POLECAT, own, **{name.replace("_", " "): value for name, value in changes.items()})


def reduced_event(**changes: object) -> list[object]:
    """Russia makes a statement about Kazakhstan, in GDELT's reduced layout."""
    own = {
        "Date": "20100105", "Source": "RUSGOV", "Target": "KAZ", "CAMEOCode": "010", "NumEvents": 2, "NumArts": 5,
        "QuadClass": 1, "Goldstein": "0.0", "ActionGeoType": 1, "ActionGeoLat": "48.0", "ActionGeoLong": "68.0",
    }  # fmt: skip
    return row_of(REDUCED, own, **changes)


DEALS_PREAMBLE = "Transfers of major arms from all to all.\nSource: SIPRI Arms Transfers Database (c) SIPRI.\n"
DEALS = (
    "Recipient", "Supplier", "Year of order", " ", "Number ordered", " ", "Weapon designation", "Weapon description",
    "Number delivered", " ", "Year(s) of delivery", "status", "Comments", "SIPRI TIV per unit", "SIPRI TIV for total order",
    "SIPRI TIV of delivered weapons",
)  # fmt: skip


def deal(recipient: str, supplier: str, years: str, value: float) -> list[object]:
    """A deal of ten guns."""
    first = years[:4]
    return [
        recipient,
        supplier,
        first,
        "?",
        10,
        "",
        "X-1",
        "gun, towed",
        10,
        "",
        years,
        "New",
        "",
        value / 10,
        value,
        value,
    ]


def register_of_deals(*deals: list[object]) -> bytes:
    """SIPRI's register in its usual layout, in Latin-1."""
    return (DEALS_PREAMBLE + as_csv(DEALS, deals).decode()).encode("latin-1")


def workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], extra: Mapping[str, str] | None = None
) -> Path:
    """A workbook with some sheets; text goes into shared strings, numbers stay numbers, None leaves a hole."""
    strings: list[str] = []
    parts = {"[Content_Types].xml": "<Types/>", **(extra or {})}
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    listed, links = [], []
    for number, (name, rows) in enumerate(sheets.items(), start=1):
        lines = []
        for r, row in enumerate(rows, start=1):
            cells = "".join(_cell(f"{_letters(c)}{r}", value, strings) for c, value in enumerate(row))
            lines.append(f'<row r="{r}">{cells}</row>')
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f"<worksheet {main}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        )
        listed.append(f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>')
        links.append(f'<Relationship Id="rId{number}" Target="worksheets/sheet{number}.xml"/>')
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    parts["xl/workbook.xml"] = f"<workbook {main} {rel}><sheets>{''.join(listed)}</sheets></workbook>"
    parts["xl/_rels/workbook.xml.rels"] = f"<Relationships>{''.join(links)}</Relationships>"
    parts["xl/sharedStrings.xml"] = f"<sst {main}>{shared}</sst>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(ord("A") + column % 26)


def _cell(place: str, value: object, strings: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        strings.append(value)
        return f'<c r="{place}" t="s"><v>{len(strings) - 1}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


MILEX_SHEETS = {
    "Front page": [["SIPRI Military Expenditure Database"]],
    "Constant (2022) US$": [
        ["Military expenditure by country, in constant (2022) US$ m., 1988-1991 © SIPRI 2023"],
        ["Country", "Notes", 1988, 1989, 1990, 1991],
        ["Europe"],
        ["Norway", "§", "...", 7750.4357, 7000.5, "xxx"],
    ],
    "Share of GDP": [
        ["Military expenditure by country as percentage of gross domestic product, 1988-1991 © SIPRI 2023"],
        ["Country", "Notes", 1988, 1989, 1990, 1991],
        ["Europe"],
        ["Norway", "", None, 0.0197, 0.02, ". ."],
    ],
    "Local currency": [
        ["Military expenditure by country, in local currency, 1988-1991 © SIPRI 2023"],
        ["Figures are in local currency at current prices and are for calendar years, unless otherwise stated."],
        ["Country", "Currency", "Notes", 1988, 1989, 1990, 1991],
        ["Europe"],
        ["Norway", "Kroner", "", "...", 68054000000, 1, 2],
    ],
    "Per capita": [
        ["Military expenditure per capita by country, 1988-1991 © SIPRI 2023"],
        ["Figures are in current US$"],
        ["Country", "Notes", 1988, 1989, 1990, 1991],
        ["Europe"],
        ["Norway", "", "...", 1342.97, 1, 2],
    ],
}  # fmt: skip
