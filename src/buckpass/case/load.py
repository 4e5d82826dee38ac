"""A folder, or the name of a bundled case, to a case; all of its problems at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import polars as pl

from buckpass.case.case import Case
from buckpass.case.checking.references import Material, check_references
from buckpass.case.checking.weak_spots import weak_spots
from buckpass.case.problems import (
    CaseNotFound,
    CaseProblems,
    FileRefused,
    Problem,
    clip,
    spelling_hint,
)
from buckpass.case.reading import alignments, requests
from buckpass.case.reading.files import canonical_bytes, decode_text, read_inside
from buckpass.case.reading.rows import ROW_MODELS
from buckpass.case.reading.tables import Table, empty_table, read_table
from buckpass.case.reading.toml_reading import TomlFile, read_toml
from buckpass.case.schema import ClaimFile, Scenario, Settings
from buckpass.case.sources import Source, keys_of, read_sources
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.results.words import count_of

BUNDLED = Path(__file__).parent.parent / "cases"
RECORD_FILES = (
    "case.toml",
    "crises.csv",
    "responses.csv",
    "own_operations.csv",
    "series.csv",
    "alignments.csv",
    "requests.csv",
)
OPTIONAL_FILES = (*RECORD_FILES[3:], "claims.toml")
OTHER_FILES = ("claims.toml", "sources.bib")
MOST_SCENARIOS = 50


@dataclass
class Reading:
    """What has been read of a folder so far, and what was wrong with it."""

    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, problems: Iterable[Problem]) -> None:
        self.problems.extend(problems)

    def text(self, name: str, is_optional: bool = False) -> str | None:
        """The text of a file; None, and a problem unless it is optional, where it cannot be used."""
        if is_optional and not (self.folder / name).exists() and not (self.folder / name).is_symlink():
            return None
        try:
            self.texts[name] = decode_text(read_inside(self.folder, name))
        except FileRefused as refused:
            self.problems.append(Problem(name, refused.line, "", str(refused)))
            return None
        return self.texts[name]

    def digest(self, names: Iterable[str]) -> str:
        digest = hashlib.sha256()
        for name in names:
            if name in self.texts:
                content = canonical_bytes(self.texts[name])
                digest.update(f"{name}:{len(content)}\n".encode() + content)
        return digest.hexdigest()


@dataclass(frozen=True)
class Check(ShowsItself):
    """The outcome of reading a case: every problem at once, and the case itself when there is no error."""

    ok: bool
    problems: tuple[Problem, ...]
    case: Case | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the case from being used."""
        return tuple(p for p in self.problems if p.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The weak spots: the case can be used, and its reader should know of them."""
        return tuple(p for p in self.problems if p.level == "warning")

    def table(self) -> ResultTable:
        """One row per problem: file, line, field, level, what was seen, what to do about it."""
        names = ("file", "line", "field", "level", "message", "hint")
        rows = [tuple(getattr(p, name) for name in names) for p in self.problems]
        frame = pl.DataFrame(rows, {name: pl.Int64 if name == "line" else pl.String for name in names}, orient="row")
        title = f"{count_of(len(self.errors), 'error')}, {count_of(len(self.warnings), 'warning')}"
        return ResultTable(frame, title, case_hash=self.case.hash if self.case is not None else "")


def bundled_cases() -> tuple[str, ...]:
    """The names of the cases that come with the package."""
    return tuple(sorted(path.parent.name for path in BUNDLED.glob("*/case.toml")))


def is_bundled(case: Case) -> bool:
    """Whether a case is one of those that come with the package."""
    return case.folder.parent == BUNDLED


def load_case(ref: str | Path) -> Case:
    """The case in a folder, or a bundled case by name.

    Parameters
    ----------
    ref : the name of a bundled case, or a folder (`./name` always means a folder).

    Returns
    -------
    Case
        Also one with warnings: see `check_case`.

    Raises
    ------
    CaseProblems
        The case has errors; all at once, with file and line. `CaseNotFound` where there is no such case.

    Examples
    --------
    >>> load_case("no-such-case")
    Traceback (most recent call last):
    ...
    buckpass.case.problems.CaseNotFound: ...
    """
    check, _ = _read(ref)
    if check.case is None:
        kind = CaseNotFound if any(p.field == "case" and p.line is None for p in check.errors) else CaseProblems
        raise kind(str(ref), check.errors)
    return check.case


def check_case(ref: str | Path) -> Check:
    """Every problem of a case's files at once, with file, line and what to do; the case itself if it has no error.

    What its scenarios and claims change is checked by `buckpass.changes.check.check_case`.
    """
    check, parts = _read(ref)
    if check.case is None or parts is None or parts.settings is None or parts.claims is None:
        return check
    weak = _in_order(weak_spots(check.case, parts.settings, parts.claims))
    return replace(check, problems=(*check.problems, *weak))


def _read(ref: str | Path) -> tuple[Check, _Parts | None]:
    """A case, or its errors, and what it was read from; where it is weak, which costs a sixth of the time, is not looked for."""
    folder = case_folder(ref)
    if folder is None:
        hint = f"{spelling_hint(str(ref), bundled_cases())}; or give the path of a folder with a case.toml"
        named = Problem(clip(ref), None, "case", "no bundled case and no folder has this name", hint)
        return Check(False, (named,)), None
    reading = Reading(folder)
    parts = _read_parts(reading)
    problems = tuple(_in_order(reading.problems))
    if parts.settings is None or parts.claims is None or any(p.level == "error" for p in problems):
        return Check(False, problems), parts
    return Check(True, problems, _assembled(reading, parts)), parts


@dataclass(frozen=True)
class _Parts:
    settings: TomlFile[Settings] | None
    claims: TomlFile[ClaimFile] | None
    tables: Mapping[str, Table]
    sources: Mapping[str, Source]
    scenarios: Sequence[TomlFile[Scenario]]


def _read_parts(reading: Reading) -> _Parts:
    settings = _settings(reading)
    claims = _claims(reading)
    tables = {name: _table(reading, name) for name in ROW_MODELS if name != alignments.FILE}
    parts = _Parts(settings, claims, tables, _sources(reading), _scenarios(reading))
    if settings is not None and settings.content is not None:
        keys = frozenset(parts.sources)
        if any(problem.file == "sources.bib" for problem in reading.problems):  # its entries are known, though not read
            keys |= keys_of(reading.texts.get("sources.bib", ""))
        reading.add(check_references(Material(settings, claims, tables, keys or None)))
    return parts


def _assembled(reading: Reading, parts: _Parts) -> Case:
    assert parts.settings is not None
    assert parts.settings.content is not None
    assert parts.claims is not None
    assert parts.claims.content is not None
    case = Case(
        folder=reading.folder,
        settings=parts.settings.content,
        crises=requests.with_counting(parts.tables["crises.csv"].frame, parts.tables[requests.FILE].frame),
        requests=parts.tables[requests.FILE].frame,
        responses=parts.tables["responses.csv"].frame,
        own_operations=parts.tables["own_operations.csv"].frame,
        series=parts.tables["series.csv"].frame,
        claims=parts.claims.content.claim,
        sources=parts.sources,
        scenarios={PurePath(f.name).stem: f.content for f in parts.scenarios if f.content is not None},
        hash=reading.digest(sorted(reading.texts)),
    )
    case.derived["files"] = {file.name: file for file in (parts.settings, parts.claims, *parts.scenarios)}
    return case


def case_folder(ref: str | Path) -> Path | None:
    """The folder that a name or path means: bundled names first, then folders (`./name` always means a folder)."""
    if isinstance(ref, str) and ref in bundled_cases():
        return BUNDLED / ref
    try:
        path = Path(ref)
        return path if path.is_dir() else None
    except (OSError, ValueError):
        return None


def _toml(reading: Reading, name: str, model) -> TomlFile | None:
    text = reading.text(name)
    if text is None:
        return None
    file, problems = read_toml(name, text, model)
    reading.add(problems)
    return file


def _settings(reading: Reading) -> TomlFile[Settings] | None:
    """case.toml with the alignments that stand in a table of their own."""
    file, table = _toml(reading, "case.toml", Settings), _table(reading, alignments.FILE)
    return file if file is None else with_coalitions(alignments.with_rows(file, table.frame))


def _claims(reading: Reading) -> TomlFile[ClaimFile] | None:
    """claims.toml; where there is none the case makes no claims."""
    text = reading.text("claims.toml", is_optional=True)
    if text is None:
        is_there = any(problem.file == "claims.toml" for problem in reading.problems)
        return None if is_there else TomlFile("claims.toml", {}, ClaimFile())
    file, problems = read_toml("claims.toml", text, ClaimFile)
    reading.add(problems)
    return file


def with_coalitions(file: TomlFile[Settings]) -> TomlFile[Settings]:
    """The settings with the place of each coalition for that of the vehicle which is made of it."""
    if file.content is None or not file.content.coalitions:
        return file
    first = len(file.content.chartered)
    lines = {("organisations", first + n): file.lines[("coalitions", n)] for n in range(len(file.content.coalitions))}
    return replace(file, rows={**file.rows, **{path: (file.name, line) for path, line in lines.items()}})


def settings_file(folder: Path) -> TomlFile[Settings] | None:
    """The settings of a case's folder as they stand there now; None where they cannot be read."""
    return _settings(Reading(folder))


def _table(reading: Reading, name: str) -> Table:
    text = reading.text(name, is_optional=name in OPTIONAL_FILES)
    if text is None:
        return empty_table(name)
    table, problems = read_table(name, text)
    reading.add(problems)
    return table


def _sources(reading: Reading) -> dict[str, Source]:
    text = reading.text("sources.bib")
    if text is None:
        return {}
    sources, problems = read_sources("sources.bib", text)
    reading.add(problems)
    return sources


def _scenarios(reading: Reading) -> list[TomlFile[Scenario]]:
    try:
        paths = sorted((reading.folder / "scenarios").glob("*.toml"))
    except OSError:
        return []
    if len(paths) > MOST_SCENARIOS:
        reading.add([Problem("scenarios", None, "", f"{len(paths)} files, more than {MOST_SCENARIOS}: not read")])
        return []
    files = [_toml(reading, f"scenarios/{path.name}", Scenario) for path in paths]
    return [file for file in files if file is not None and file.content is not None]


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    files = [*RECORD_FILES, *OTHER_FILES]
    rank = {name: position for position, name in enumerate(files)}
    return sorted(problems, key=lambda p: (p.level, rank.get(p.file, len(files)), p.file, p.line or 0))
