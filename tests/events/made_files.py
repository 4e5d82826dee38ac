"""Small files of our own making in the publishers' layouts."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

from buckpass.events.files.layouts import layout

GDELT1 = layout("gdelt1").names
GDELT2 = layout("gdelt2").names
HOSTS = ("KAZ", "KGZ", "TJK")


def gdelt_row(names=GDELT1, **changes) -> list[str]:
    """One valid row: Russia makes a statement about Kazakhstan."""
    cells = dict.fromkeys(names, "") | {
        "GLOBALEVENTID": "1001",
        "SQLDATE": "20220103",
        "MonthYear": "202201",
        "Year": "2022",
        "FractionDate": "2022.0082",
        "Actor1Code": "RUSGOV",
        "Actor1Name": "RUSSIA",
        "Actor1CountryCode": "RUS",
        "Actor2Code": "KAZ",
        "Actor2Name": "KAZAKHSTAN",
        "Actor2CountryCode": "KAZ",
        "IsRootEvent": "1",
        "EventCode": "010",
        "EventBaseCode": "010",
        "EventRootCode": "01",
        "QuadClass": "1",
        "GoldsteinScale": "0.0",
        "NumMentions": "4",
        "NumSources": "1",
        "NumArticles": "4",
        "AvgTone": "-1.5",
        "ActionGeo_CountryCode": "KZ",
        "DATEADDED": "20220103",
        "SOURCEURL": "https://example.org/a",
    }
    assert set(changes) <= set(names), set(changes) - set(names)
    return list((cells | changes).values())


def gdelt_file(path: Path, rows: list[list[str]], separator: str = "\t", header: list[str] | None = None) -> Path:
    """Rows as a plain, .gz or .zip file, told by the name."""
    lines = [separator.join(row) for row in ([header] if header else []) + rows]
    return write(path, "".join(f"{line}\n" for line in lines).encode())


def write(path: Path, content: bytes) -> Path:
    """Bytes as a plain, .gz or .zip file, told by the name."""
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("events.csv", content)
    else:
        path.write_bytes(content)
    return path


def many_gdelt(count: int) -> list[list[str]]:
    """Valid rows with ids of their own."""
    return [gdelt_row(GLOBALEVENTID=str(1000 + k), NumMentions=str(k % 9 + 1)) for k in range(count)]


STATES = (
    "Russia",
    "China",
    "Iran",
    "Kazakhstan",
    "Kyrgyzstan",
    "Tajikistan",
    "Uzbekistan",
    "Turkey",
    "India",
    "Ukraine",
)
KEPT = ("China", "Iran", "Kazakhstan")


def quads(is_cut: bool, days: int = 30) -> bytes:
    """Statements among ten states, as themselves and through their parts; a cut file keeps three as themselves."""
    lines = []
    for day in range(1, days + 1):
        date = f"2014-06-{day:02d}"
        for k, state in enumerate(STATES):
            other = STATES[(k + day) % len(STATES)] if day % len(STATES) else STATES[(k + 1) % len(STATES)]
            lines.append(f"Foreign Affairs ({state})\tConsult\tHead of Government ({other})\t{date}")
            lines.append(f"Citizen ({state})\tMake statement\tPolice ({other})\t{date}")
            if not is_cut or {state, other} <= set(KEPT):
                lines.append(f"{state}\tMake statement\t{other}\t{date}")
            if state in KEPT:
                lines.append(f"{state}\tPraise or endorse\tFormer Ministry ({other})\t{date}")
    return "".join(f"{line}\n" for line in lines).encode()


ICEWS_HEADER = (
    "Event ID\tEvent Date\tSource Name\tSource Sectors\tSource Country\tEvent Text\tCAMEO "
    "Code\tIntensity\tTarget Name\t"
    "Target Sectors\tTarget Country\tStory ID\tSentence "
    "Number\tPublisher\tCity\tDistrict\tProvince\tCountry\tLatitude\tLongitude"
)


def icews_row(event_id: int, text: str, code: str) -> str:
    """One row of an ICEWS weekly file."""
    source, target = "Foreign Affairs (Russia)\tGovernment\tRussia", "Kazakhstan\tNA\tKazakhstan"
    head = f"{event_id}\t2018-06-01\t{source}\t{text}\t{code}\t1\t{target}"
    return f"{head}\t1\t2\tNews\tAstana\tNA\tNA\tKazakhstan\t51.1\t71.4"


def dyad_months(counts: dict[int, int]) -> bytes:
    """A dyad-month table with the given counts by column number."""
    header = ",".join(["source", "target", "year", "month", *(f"event{k}" for k in range(1, 21))])
    row = ",".join(["AAA", "BBB", "2010", "5", *(str(counts.get(k, 0)) for k in range(1, 21))])
    return f"{header}\n{row}\n".encode()


SIPRI_REGISTER = b"""Transfers of arms from all to all.
A '?' marks doubt, and "quotes" or, commas may stand here.

SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,Order date,Order date is estimate,\
Numbers delivered,Numbers delivered is estimate,Delivery year,Delivery year is estimate,Status,\
SIPRI estimate,TIV deal unit,\
TIV delivery values,Local production
1,Russia,Kazakhstan,X-1,"gun, towed",Artillery,2010,,4,,2012,Yes,New,1.5,1.5,6,No
2,Russia,Turkiye,X-2,radar,Sensors,2010,Yes,,,2013,,New,,,,No
"""

WITS = b"""Reporter,Partner,Product categories,Indicator Type,Indicator,2003,2002,2001
Kazakhstan,China,All Products,Export,Exports,  30.00,  20.00,
Kazakhstan,Italy,All Products,Export,Exports,,   5.00,   4.00
"""

MILEX_LATIN1 = "Military expenditure by country, in constant (2018) US$ m., SIPRI\nCountry,1988,1989,1990\nCôte d'Ivoire, ,10.5,11\nKazakhstan,. ., ,7\n".encode(
    "latin-1"
)
