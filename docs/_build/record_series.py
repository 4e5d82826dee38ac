"""The rows of both cases' series.csv that are sums over whole files: arms of all suppliers, exercises, trade, votes, institutes.

python docs/_build/record_series.py [--write]: compares the rows with the files in ../shared/data, or writes them anew.
The files are not shipped (their terms allow extracts only); what stands in the case are sums and shares by host and year.
"""

import csv
import gzip
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
CASES = ROOT / "src/buckpass/cases"
HOSTS = {
    "Kazakhstan": "KAZ",
    "Kyrgyzstan": "KGZ",
    "Tajikistan": "TJK",
    "Turkmenistan": "TKM",
    "Uzbekistan": "UZB",
}
WORLD = "WLD"
HEAD = ["series", "actor", "partner", "year", "value", "unit", "source_id", "confidence", "note"]
Key = tuple[str, str, str, int]
Row = dict[str, str]


def row(key: Key, value: float, unit: str, source: str, note: str) -> Row:
    """One row of series.csv; a count is written without a point."""
    series, actor, partner, year = key
    text = str(int(value)) if float(value).is_integer() else f"{value:.4f}".rstrip("0")
    return dict(zip(HEAD, [series, actor, partner, str(year), text, unit, source, "medium", note], strict=True))


def read(path: Path, skip: int = 0, encoding: str = "utf-8") -> list[Row]:
    """A CSV file, packed or not, without its preamble."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = raw.decode(encoding).splitlines()[skip:]
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


SUPPLIERS = {
    "Belarus": "BLR", "Brazil": "BRA", "Bulgaria": "BGR", "China": "CHN", "Czechia": "CZE", "France": "FRA", "Georgia": "GEO",
    "Germany": "DEU", "Iran": "IRN", "Israel": "ISR", "Italy": "ITA", "Kazakhstan": "KAZ", "Kyrgyzstan": "KGZ", "Poland": "POL",
    "Russia": "RUS", "Singapore": "SGP", "South Africa": "ZAF", "South Korea": "KOR", "Spain": "ESP", "Sweden": "SWE",
    "Switzerland": "CHE", "Turkiye": "TUR", "UAE": "ARE", "Ukraine": "UKR", "United Arab Emirates": "ARE", "United Kingdom": "GBR",
    "United States": "USA", "Uzbekistan": "UZB", "Slovakia": "SVK", "Hungary": "HUN", "Serbia": "SRB", "Austria": "AUT",
    "Netherlands": "NLD", "Finland": "FIN", "Canada": "CAN", "India": "IND", "Pakistan": "PAK", "Japan": "JPN", "Jordan": "JOR",
    "Egypt": "EGY", "Azerbaijan": "AZE", "Armenia": "ARM", "Moldova": "MDA", "Romania": "ROU", "Greece": "GRC", "Norway": "NOR",
    "Belgium": "BEL", "Denmark": "DNK", "Australia": "AUS",
}  # fmt: skip


def arms() -> Iterator[Row]:
    """Deliveries by supplier, host and year; the world's sum also where nothing was delivered, unknown suppliers only in it."""
    unit, source = "SIPRI trend-indicator value (million)", "sipri_at2026"
    total: dict[tuple[str, str, int], float] = defaultdict(float)
    for entry in read(SHARED / "arms/sipri_trade-register_1995-2025_focus-recipients.csv", skip=11):
        host = HOSTS.get(entry["Recipient"])
        if host is None or not entry["TIV delivery values"]:
            continue
        year, value = int(entry["Delivery year"]), float(entry["TIV delivery values"])
        total[WORLD, host, year] += value
        if not entry["Supplier"].lower().startswith("unknown"):
            total[SUPPLIERS[entry["Supplier"]], host, year] += value
    for host in HOSTS.values():
        for year in range(1995, 2026):
            note = "sum of register rows by delivery year, all suppliers; a zero means no recorded delivery"
            yield row(("arms_tiv", WORLD, host, year), total[WORLD, host, year], unit, source, note)
    for (supplier, host, year), value in sorted(total.items()):
        if supplier not in {WORLD, "CHN", "RUS"} and value > 0:
            note = "sum of register rows by delivery year; a year without a row is a year without recorded delivery"
            yield row(("arms_tiv", supplier, host, year), value, unit, source, note)


def exercises() -> Iterator[Row]:
    """Exercises in which a host took part: all of them, and those with the United States."""
    unit, source, note = "exercises in the year with both present", "mme_v7", "dataset ends 2010"
    count: Counter[tuple[str, str, int]] = Counter()
    for entry in read(SHARED / "exercises_troops/mme_v7.csv", encoding="latin-1"):
        states = {value for name, value in entry.items() if name.startswith("State") and value}
        hosts = {iso for name, iso in HOSTS.items() if name in states}
        if not hosts:
            continue
        year = int(entry["s.year"])
        for partner in (*hosts, "central_asia"):
            count[WORLD, partner, year] += 1
            count["USA", partner, year] += "United States" in states
    for actor in ("USA", WORLD):
        what = unit if actor == "USA" else "exercises in the year with the state present, any partner"
        for partner in (*HOSTS.values(), "central_asia"):
            for year in range(1992, 2011):
                yield row(
                    ("joint_exercises_mme", actor, partner, year), count[actor, partner, year], what, source, note
                )


EUROPEAN_UNION = {
    "AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GBR", "GRC", "HRV", "HUN", "IRL", "ITA", "LTU",
    "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "SWE",
}  # fmt: skip


def trade() -> Iterator[Row]:
    """Trade of each host with the world, the European Union of 2013-2016 and Turkey, from the file that gives China and Russia."""
    unit, source = "billion USD, constant 2010, both directions", "itpde2021"
    total: dict[tuple[str, str, int], float] = defaultdict(float)
    for entry in read(SHARED / "trade/itpd-e_aggregated_2000-2016_focus_const2010usd.csv.gz"):
        host, partner = entry["reporter_iso3"], entry["partner_iso3"]
        if host not in HOSTS.values() or partner == host:
            continue
        value = (float(entry["export_value"] or 0) + float(entry["import_value"] or 0)) / 1e9
        for name in (
            WORLD,
            *(["EU"] if partner in EUROPEAN_UNION else []),
            *(["TUR"] if partner == "TUR" else []),
        ):
            total[name, host, int(entry["year"])] += value
    notes = {
        WORLD: "sum over all partners in the file",
        "EU": "sum over the 28 members of 2013-2016 in every year",
        "TUR": "",
    }
    hosts = (*HOSTS.values(), "central_asia")
    for name, note in notes.items():
        for host in hosts:
            for year in range(2000, 2017):
                members = HOSTS.values() if host == "central_asia" else [host]
                value = sum(total[name, member, year] for member in members)
                yield row(("trade_itpd", name, host, year), round(value, 4), unit, source, note)


WITS = {"China": "CHN", "Russian Federation": "RUS", "Turkey": "TUR"}


def trade_wits() -> Iterator[Row]:
    """What Kazakhstan and Kyrgyzstan report themselves, in current dollars: years in which both directions are given."""
    unit, source = "million USD, current, both directions, the host's statistics", "wits2020"
    for host in ("KAZ", "KGZ"):
        found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for entry in read(SHARED / f"trade/en_{host}_AllYears_WITS_Trade_Summary.CSV", encoding="latin-1"):
            if entry["Product categories"] != "All Products":
                continue
            partner = WITS.get(entry["Partner"])
            if entry["Partner"] == "World" and entry["Indicator"] in {
                "Exports (in US$ Mil)",
                "Imports (in US$ Mil)",
            }:
                partner = WORLD
            elif not entry["Indicator"].startswith("Trade (US$ Mil)"):
                continue
            if partner is not None:
                found[partner, entry["Indicator Type"]] = {
                    int(y): float(v) for y, v in entry.items() if y and y.isdigit() and v and v.strip()
                }
        for partner in (*WITS.values(), WORLD):
            out, into = found[partner, "Export"], found[partner, "Import"]
            for year in sorted(set(out) & set(into)):
                note = "" if partner == WORLD else "only years when the partner is among the top five both ways"
                yield row(("trade_wits", partner, host, year), round(out[year] + into[year], 2), unit, source, note)


VOTERS = {
    "CN": "CHN", "RU": "RUS", "US": "USA", "KZ": "KAZ", "KG": "KGZ", "TJ": "TJK", "TM": "TKM", "UZ": "UZB", "DE": "DEU",
    "FR": "FRA", "GB": "GBR", "TR": "TUR",
}  # fmt: skip
PAIRS = [
    ("CHN", "RUS"),
    ("CHN", "USA"),
    ("RUS", "USA"),
    *((a, h) for a in ("CHN", "RUS", "USA") for h in HOSTS.values()),
]
ALLIES = ("FRA", "GBR", "DEU", "TUR")  # Italy is not among the states of the file
LEAST_VOTES = 10


def votes(pairs: Iterable[tuple[str, str]] = PAIRS, last: int = 9999) -> Iterator[Row]:
    """How often two states voted alike in the General Assembly, by calendar year; years with few common votes are missing."""
    year_of = {
        int(r["rcid"]): int(r["date"][:4]) for r in read(SHARED / "sentiment/unvotes_un_roll_calls_1991-2019.csv.gz")
    }
    cast: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in read(SHARED / "sentiment/unvotes_un_votes_focus_1991-2019.csv.gz"):
        if entry["country_code"] in VOTERS:
            cast[VOTERS[entry["country_code"]]][int(float(entry["rcid"]))] = entry["vote"]
    for one, other in pairs:
        common: Counter[int] = Counter()
        same: Counter[int] = Counter()
        for vote in cast[one].keys() & cast[other].keys():
            common[year_of[vote]] += 1
            same[year_of[vote]] += cast[one][vote] == cast[other][vote]
        for year, n in sorted(common.items()):
            if n >= LEAST_VOTES and year <= last:
                unit = "share of common roll calls with the same vote (yes, no, abstain)"
                note = f"{same[year]} of {n} roll calls in which both voted"
                yield row(("un_vote_agreement", one, other, year), round(same[year] / n, 4), unit, "unvotes", note)


def institutes(rows: Iterable[Row]) -> Iterator[Row]:
    """Institutes founded in the year, from the running total of the case: the rise over the year before."""
    total = {
        (r["partner"], int(r["year"])): float(r["value"]) for r in rows if r["series"] == "confucius_institutes_cum"
    }
    for (host, year), value in total.items():
        before = total.get((host, year - 1), 0.0 if value == 0 else None)
        if before is not None:
            yield row(
                ("confucius_institutes_new", "CHN", host, year), value - before, "institutes founded in the year",
                "aiddata_pd2019", "difference of the running total",
            )  # fmt: skip


def derived(rows: list[Row]) -> list[Row]:
    """Every row of the flagship that this file writes."""
    return [*arms(), *exercises(), *trade(), *trade_wits(), *votes(), *institutes(rows)]


def derived_of_the_balkans(rows: list[Row]) -> list[Row]:
    """Every row of the other case: votes, of Russia and of the United States with each other and the allies."""
    return list(votes([("RUS", "USA"), *((one, ally) for one in ("RUS", "USA") for ally in ALLIES)], 2011))


DERIVED = {"central-asia": derived, "western-balkans": derived_of_the_balkans}


def key_of(entry: Row) -> Key:
    """What a row of series.csv is about."""
    return entry["series"], entry["actor"], entry["partner"], int(entry["year"])


def rows_of(case: str) -> list[Row]:
    """The rows of a case's series.csv."""
    with (CASES / case / "series.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def wrong_in(case: str) -> list[tuple[Row, Row | None]]:
    """Rows that the files give otherwise than the case has them, beside what it has."""
    rows = rows_of(case)
    have = {key_of(entry): entry for entry in rows if entry["year"].isdigit()}
    return [(entry, have.get(key_of(entry))) for entry in DERIVED[case](rows) if have.get(key_of(entry)) != entry]


def main() -> int:
    """Compare, or write the rows of this file after the others."""
    if "--write" in sys.argv:
        for case, derive in DERIVED.items():
            rows = rows_of(case)
            new = derive(rows)
            keys = {key_of(entry) for entry in new}
            others = [entry for entry in rows if not entry["year"].isdigit() or key_of(entry) not in keys]
            with (CASES / case / "series.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, HEAD, lineterminator="\n")
                writer.writeheader()
                writer.writerows(others + new)
        return 0
    found = [pair for case in DERIVED for pair in wrong_in(case)]
    for pair in found[:20]:
        print(*pair)
    print(f"{len(found)} rows from files are not so in series.csv")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
