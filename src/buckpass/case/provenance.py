"""Where the inputs of one crisis come from: file, line and sources of each, so that a result can be followed to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from buckpass.case.case import Case
from buckpass.case.problems import FileRefused
from buckpass.case.reading.files import decode_text, read_inside
from buckpass.case.reading.toml_lines import Path
from buckpass.case.reading.toml_reading import read_toml
from buckpass.case.schema import NEAREST_YEARS, ClaimFile, Settings


@dataclass(frozen=True)
class Origin:
    """One input of a crisis: where it stands, what it says, how it is known, the keys of its sources.

    `line` is None for an input that was changed after reading (by `--set`, or in Python).
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
        *_acts(case.responses, "responses.csv", crisis_id), *_acts(case.own_operations, "own_operations.csv", crisis_id),
        *_figures(case, crisis),
    )  # fmt: skip


def _of_row(row: dict[str, Any], file: str, what: str) -> Origin:
    return Origin(file, row["line"], what, row.get("basis", ""), tuple(row["source_id"]))


def _acts(frame: pl.DataFrame, file: str, crisis_id: str) -> Iterator[Origin]:
    for row in frame.filter(pl.col("crisis_id") == crisis_id).iter_rows(named=True):
        low, high = (row["rung"] if row[end] is None else row[end] for end in ("rung_low", "rung_high"))
        band = "not searched" if row["rung"] is None else f"rung {row['rung']} ({low}–{high})"
        coder = f" by {row['coder']}" if row["coder"] else ""
        uncounted = ", not counted" if row["basis"] == "machine" else ""
        yield _of_row(row, file, f"{row['actor']}: {band}{coder}{uncounted}")


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
    lines, settings = _lines(case, "case.toml", Settings), case.settings
    for n, power in enumerate(settings.powers):
        yield Origin("case.toml", lines.get(("powers", n)), f"power {power.id}", "", ())
    for n, organisation in enumerate(settings.organisations):
        if case.members(organisation.id, crisis["start"]):
            what = f"organisation {organisation.id}: members, mandate, consent"
            yield Origin("case.toml", lines.get(("organisations", n)), what, "", tuple(organisation.sources))
    for n, one in enumerate(settings.alignments):
        is_of_it = one.theatre == crisis["theatre"] and one.holds(crisis["start"])
        if is_of_it and (one.of in case.powers or one.of in ("*", *crisis["host"])):
            what = f"alignment of {one.of} with {one.with_}: {one.value:g}"
            yield Origin("case.toml", lines.get(("alignments", n)), what, one.label, tuple(one.sources))
    for n, one in enumerate(settings.opinions):
        if one.host in crisis["host"]:
            what = f"unfavourable opinion of {one.power} in {one.host}, {one.year}: {one.value:g}"
            yield Origin("case.toml", lines.get(("opinions", n)), what, one.label, tuple(one.sources))
    for name, quantity in settings.parameters.items():
        if not name.startswith(("futures.", "agreement.")):
            what = f"parameter {name}: {quantity.value:g}"
            yield Origin("case.toml", lines.get(("parameters", name)), what, quantity.label, tuple(quantity.sources))


def claim_lines(case: Case) -> dict[str, int]:
    """The line of claims.toml on which each claim stands."""
    lines, ids = _lines(case, "claims.toml", ClaimFile), [claim.id for claim in case.claims]
    return {name: line for n, name in enumerate(ids) if (line := lines.get(("claim", n))) is not None}


def setting_place(case: Case, path: Path) -> tuple[str, ...]:
    """file:line of a setting, by the path of its key: ("parameters", name), ("alignments", 3)."""
    line = _lines(case, "case.toml", Settings).get(path)
    return () if line is None else (f"case.toml:{line}",)


def _lines(case: Case, name: str, model: type[Settings] | type[ClaimFile]) -> dict[Path, int]:
    """Lines of a TOML file as it was read; none where its content was changed since, or the file is gone."""
    if "lines" in case.derived:
        return case.derived["lines"][name]
    try:
        text = decode_text(read_inside(case.folder, name))
    except FileRefused:
        return {}
    file, _ = read_toml(name, text, model)
    same = file.content == case.settings if model is Settings else _claims_of(file.content) == case.claims
    return file.lines if same else {}


def _claims_of(content: Any) -> tuple[Any, ...]:
    return tuple(content.claim) if content is not None else ()


def cited(case: Case, origins: Iterable[Origin]) -> dict[str, str]:
    """The citation of every source of the origins, by key."""
    keys = dict.fromkeys(key for origin in origins for key in origin.sources)
    return {key: case.sources[key].citation for key in keys if key in case.sources}


def origins_table(origins: Iterable[Origin]) -> pl.DataFrame:
    """The origins as a table: place, what, basis, sources."""
    rows = [(one.place, one.what, one.basis, "; ".join(one.sources)) for one in origins]
    return pl.DataFrame(rows, schema=["place", "what", "basis", "sources"], orient="row")
