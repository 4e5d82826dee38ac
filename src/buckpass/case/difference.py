"""What differs between two codings of the same record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from buckpass.case.case import Case
from buckpass.case.codebook import tables
from buckpass.results.table import ResultTable, ShowsItself

KEYS: dict[str, tuple[str, ...]] = {
    "crises.csv": ("crisis_id",),
    "responses.csv": ("crisis_id", "actor", "coder", "direction", "phase"),
    "own_operations.csv": ("crisis_id", "actor", "coder", "direction", "phase"),
    "series.csv": ("series", "actor", "partner", "year"),
    "requests.csv": ("crisis_id", "government"),
}
_ENTRY_KEYS = ("id", "state", "party", "theatre", "of", "with", "power", "host", "year", "key")


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `field` of the row or setting `key` is `a` in one case and `b` in the other."""

    file: str
    key: str
    field: str
    kind: Literal["changed", "only in a", "only in b"]
    a: str = ""
    b: str = ""


@dataclass(frozen=True)
class CaseDiff(ShowsItself):
    """What differs between case `a` and case `b`: their ids, or their folders where those are alike."""

    a: str
    b: str
    a_hash: str
    b_hash: str
    differences: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def counts(self) -> dict[str, int]:
        """How many differences each file has."""
        found: dict[str, int] = {}
        for difference in self.differences:
            found[difference.file] = found.get(difference.file, 0) + 1
        return found

    def table(self) -> ResultTable:
        """One row per difference: file, key, field, kind, a, b."""
        names = ("file", "key", "field", "kind", "a", "b")
        rows = [tuple(getattr(d, name) for name in names) for d in self.differences]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        return ResultTable(frame, f"What differs between {self.a} (a) and {self.b} (b)")


def diff_cases(a: Case, b: Case) -> CaseDiff:
    """The settings, rows, claims and sources that differ; the order of rows and entries does not count.

    Parameters
    ----------
    a, b : two cases, or two codings of one.

    Returns
    -------
    CaseDiff
        One row per field that differs, with both values.
    """
    stood = _alignment_files(b) | _alignment_files(a)
    settings = _trees("case.toml", a.settings.model_dump(by_alias=True), b.settings.model_dump(by_alias=True))
    differences = [
        *(replace(d, file=stood.get(d.key, d.file)) for d in settings),
        *(d for file in KEYS for d in _rows(file, tables(a)[file], tables(b)[file])),
        *_trees("claims.toml", _claims(a), _claims(b)),
        *_trees("sources.bib", _sources(a), _sources(b)),
        *_trees("scenarios", _scenarios(a), _scenarios(b)),
    ]
    names = (a.id, b.id) if a.id != b.id else (str(a.folder), str(b.folder))
    return CaseDiff(*names, a.hash, b.hash, tuple(differences))


def _alignment_files(case: Case) -> dict[str, str]:
    """In which file each alignment stands, by the key that a difference has of it."""
    names = _entry_names([one.model_dump(by_alias=True) for one in case.settings.alignments])
    read = case.derived.get("files", {}).get("case.toml")  # None of a case that was changed since it was read
    return {f"alignments[{name}]": read.place(("alignments", n))[0] for n, name in enumerate(names)} if read else {}


def _claims(case: Case) -> dict[str, Any]:
    return {claim.id: claim.model_dump(by_alias=True) for claim in case.claims}


def _sources(case: Case) -> dict[str, Any]:
    return {key: {"type": source.type, **source.fields} for key, source in case.sources.items()}


def _scenarios(case: Case) -> dict[str, Any]:
    return {name: scenario.model_dump() for name, scenario in case.scenarios.items()}


def _rows(file: str, a: pl.DataFrame, b: pl.DataFrame) -> Iterator[Difference]:
    rows_a, rows_b = _by_key(a, KEYS[file]), _by_key(b, KEYS[file])
    for key in dict.fromkeys([*rows_a, *rows_b]):
        shown = ", ".join(str(part) for part in key if part not in ("", "for", None))
        if key not in rows_b:
            yield Difference(file, shown, "", "only in a", _headline(rows_a[key]), "")
        elif key not in rows_a:
            yield Difference(file, shown, "", "only in b", "", _headline(rows_b[key]))
        else:
            for field, value in rows_a[key].items():
                if value != rows_b[key][field]:
                    yield Difference(file, shown, field, "changed", _shown(value), _shown(rows_b[key][field]))


def _by_key(frame: pl.DataFrame, key: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in key): row for row in frame.drop("line").iter_rows(named=True)}


def _headline(row: Mapping[str, Any]) -> str:
    """The number that a row is there for."""
    return next((f"{name} {_shown(row[name])}" for name in ("rung", "severity", "value") if name in row), "")


def _trees(file: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    leaves_a, leaves_b = dict(_leaves(a, ())), dict(_leaves(b, ()))
    for path in dict.fromkeys([*leaves_a, *leaves_b]):
        if leaves_a.get(path) == leaves_b.get(path) and (path in leaves_a) == (path in leaves_b):
            continue
        kind = "changed" if path in leaves_a and path in leaves_b else "only in a" if path in leaves_a else "only in b"
        key, field = ".".join(path[:-1]), path[-1]
        yield Difference(file, key, field, kind, _shown(leaves_a.get(path)), _shown(leaves_b.get(path)))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)))
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for name, item in zip(_entry_names(value), value, strict=True):
            yield from _leaves(item, (*path[:-1], f"{path[-1]}[{name}]"))
    elif value is not None and value != "" and value != ():
        yield path, value


def _entry_names(items: Sequence[Any]) -> list[str]:
    """Entries are told apart by what names them, then by the day from which they hold, so that their order does not count."""
    names = [" ".join(_named_by(item, _ENTRY_KEYS)) for item in items]
    dated = [" from ".join([name, *_named_by(item, ("from",))]) for name, item in zip(names, items, strict=True)]
    told = [day if names.count(name) > 1 else name for name, day in zip(names, dated, strict=True)]
    return [name or str(position + 1) for position, name in enumerate(told)]


def _named_by(item: Any, keys: Sequence[str]) -> list[str]:
    return [str(item[key]) for key in keys if isinstance(item, Mapping) and item.get(key) is not None]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ";".join(_shown(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
