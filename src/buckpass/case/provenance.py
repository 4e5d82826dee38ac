"""Where the inputs of one crisis come from: file, line and sources of each, so that a result can be followed to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from buckpass.case.case import Case
from buckpass.case.load import settings_file
from buckpass.case.problems import FileRefused
from buckpass.case.reading import requests
from buckpass.case.reading.files import decode_text, read_inside
from buckpass.case.reading.toml_lines import Path
from buckpass.case.reading.toml_reading import TomlFile, read_toml
from buckpass.case.schema import NEAREST_YEARS, ClaimFile
from buckpass.results.words import and_join


@dataclass(frozen=True)
class Origin:
    """One input of a crisis: where it stands, what it says, how it is known, the keys of its sources.

    `line` is None for an input that was changed after reading (by `--set`, or in Python), or that the case leaves at its default.
    """

    file: str
    line: int | None
    what: str
    basis: str
    sources: tuple[str, ...]

    @property
    def place(self) -> str:
        """`file:line`."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def as_dict(self) -> dict[str, Any]:
        """As plain values, fit for JSON."""
        return {**asdict(self), "sources": list(self.sources)}


def origins_of(case: Case, crisis_id: str) -> tuple[Origin, ...]:
    """The rows and settings that the game of a crisis reads, in the order of the case's files.

    The crisis, every response to it, operations by own forces in it, the yearly figures of capacity and trade near it,
    alignments of its theatre, opinions of its hosts, and the powers and organisations of the case.

    >>> from buckpass.case import load_case
    >>> origins_of(load_case("central-asia"), "kz_jan_2022")[0].file
    'case.toml'
    """
    crisis = case.crisis(crisis_id)
    return (
        *_settings(case, crisis), _of_row(crisis, "crises.csv", f"{crisis['name']}: severity {crisis['severity']:g}"),
        *_requests(case, crisis),
        *_acts(case.responses, "responses.csv", crisis_id), *_acts(case.own_operations, "own_operations.csv", crisis_id),
        *_figures(case, crisis),
    )  # fmt: skip


def _of_row(row: dict[str, Any], file: str, what: str) -> Origin:
    return Origin(file, row["line"], what, row.get("basis", ""), tuple(row["source_id"]))


def _requests(case: Case, crisis: dict[str, Any]) -> Iterator[Origin]:
    """What every government of the host asked, where several did."""
    for row in case.requests.filter(crisis_id=crisis["crisis_id"]).iter_rows(named=True):
        counts = "" if row["government"] == crisis["asked_by"] else ", not counted"
        what = f"{row['government']} asked {and_join(row['asked']) or 'nobody'}{counts}"
        yield _of_row(row, requests.FILE, what)


def _acts(frame: pl.DataFrame, file: str, crisis_id: str) -> Iterator[Origin]:
    for row in frame.filter(pl.col("crisis_id") == crisis_id).iter_rows(named=True):
        low, high = (row["rung"] if row[end] is None else row[end] for end in ("rung_low", "rung_high"))
        band = (
            "not searched"
            if row["rung"] is None
            else f"{'step' if row['direction'] == 'against' else 'rung'} {row['rung']} ({low}–{high})"
        )
        coder = f" by {row['coder']}" if row["coder"] else ""
        uncounted = ", not counted" if row["basis"] == "machine" else ""
        against = " against the government" if row["direction"] == "against" else ""
        phase = f" in phase {row['phase']}" if row["phase"] else ""
        yield _of_row(row, file, f"{row['actor']}: {band}{against}{phase}{coder}{uncounted}")


def _figures(case: Case, crisis: dict[str, Any]) -> Iterator[Origin]:
    """The figure nearest to the crisis's year of each series, actor and partner; other counts of the trade beside it."""
    measures, year = case.settings.measures, crisis["start"].year
    beside = [series for other in measures.economic.alternatives for series in other.series]
    trade = pl.col("series").is_in([*measures.economic.series, *beside]) & pl.col("partner").is_in(crisis["host"])
    wanted = trade | (pl.col("series").is_in(measures.capacity.series) & pl.col("actor").is_in(case.powers))
    gap = (pl.col("year") - year).abs()
    near = case.series.filter(wanted & (gap <= NEAREST_YEARS)).sort(gap, "year")
    chosen = near.unique(["series", "actor", "partner"], keep="first", maintain_order=True).sort("series", "actor")
    for row in chosen.iter_rows(named=True):
        pair = " with ".join(part for part in (row["actor"], row["partner"]) if part)
        what = f"{row['series']} of {pair}, {row['year']}: {row['value']:g} {row['unit']}"
        yield _of_row(row, "series.csv", what + (" (another count, not used)" if row["series"] in beside else ""))


def _settings(case: Case, crisis: dict[str, Any]) -> Iterator[Origin]:
    settings, at = case.settings, _places(case, "case.toml")
    for n, power in enumerate(settings.powers):
        yield Origin(*at(("powers", n)), f"power {power.id}", "", ())
    for n, organisation in enumerate(settings.organisations):
        if case.members(organisation.id, crisis["start"]):
            what = f"organisation {organisation.id}: members, mandate, consent"
            yield Origin(*at(("organisations", n)), what, "", tuple(organisation.sources))
    for n, one in enumerate(settings.alignments):
        is_of_it = one.theatre == crisis["theatre"] and one.holds(crisis["start"])
        if is_of_it and (one.of in case.powers or one.of in ("*", *crisis["host"])):
            what = f"alignment of {one.of} with {one.with_}: {one.value:g}"
            yield Origin(*at(("alignments", n)), what, one.label, tuple(one.sources))
    for n, one in enumerate(settings.access):
        if one.host in crisis["host"] and one.holds(crisis["start"]):
            what = f"{one.host} and the forces of {one.power}: {one.act} since {one.from_}"
            yield Origin(*at(("access", n)), what, "", tuple(one.sources))
    for n, one in enumerate(settings.opinions):
        if one.host in crisis["host"]:
            what = f"unfavourable opinion of {one.power} in {one.host}, {one.year}: {one.value:g}"
            yield Origin(*at(("opinions", n)), what, one.label, tuple(one.sources))
    for name, quantity in settings.parameters.items():
        if not name.startswith(("futures.", "agreement.")):
            what = f"parameter {name}: {quantity.value:g}"
            yield Origin(*at(("parameters", name)), what, quantity.label, tuple(quantity.sources))


def claim_lines(case: Case) -> dict[str, int]:
    """The line of claims.toml on which each claim stands."""
    at = _places(case, "claims.toml")
    return {claim.id: line for n, claim in enumerate(case.claims) if (line := at(("claim", n))[1]) is not None}


def setting_place(case: Case, path: Path) -> tuple[str, ...]:
    """file:line of a setting, by the path of its key: ("parameters", name), ("alignments", 3)."""
    file, line = _places(case, "case.toml")(path)
    return () if line is None else (f"{file}:{line}",)


def _places(case: Case, name: str) -> Callable[[Path], tuple[str, int | None]]:
    """Where each entry of a TOML file stands; no line where its content was changed since it was read, or the file is gone."""
    file = case.derived["files"][name] if "files" in case.derived else _as_it_stands(case, name)
    if file is None:
        return lambda path: (name, None)
    return lambda path: file.place(path) if path in file.lines or path in file.rows else (name, None)


def _as_it_stands(case: Case, name: str) -> TomlFile | None:
    """A file of the case's folder, if it still says what the case does."""
    if name == "case.toml":
        settings = settings_file(case.folder)
        return settings if settings is not None and settings.content == case.settings else None
    try:
        claims, _ = read_toml(name, decode_text(read_inside(case.folder, name)), ClaimFile)
    except FileRefused:
        return None
    return claims if claims.content is not None and claims.content.claim == case.claims else None


def cited(case: Case, origins: Iterable[Origin]) -> dict[str, str]:
    """The citation of every source of the origins, by key."""
    keys = dict.fromkeys(key for origin in origins for key in origin.sources)
    return {key: case.sources[key].citation for key in keys if key in case.sources}


def origins_table(origins: Iterable[Origin]) -> pl.DataFrame:
    """The origins as a table: place, what, basis, sources."""
    rows = [(one.place, one.what, one.basis, "; ".join(one.sources)) for one in origins]
    return pl.DataFrame(rows, schema=["place", "what", "basis", "sources"], orient="row")
