"""What claims, `--set`, tables and files can say, from the code that reads them: for `buckpass help` and for the documentation."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, reduce
from typing import Any

from buckpass.case import catalogue
from buckpass.case.claim_parameters import EXPECTED, KINDS
from buckpass.case.codebook import FILE_MODELS, json_schema
from buckpass.case.load import BUNDLED, OPTIONAL_FILES, load_case
from buckpass.case.reading import alignments, requests
from buckpass.case.reading.files import decode_text, read_inside
from buckpass.case.reading.rows import ROW_MODELS, RequestRow
from buckpass.case.start import TEMPLATE, said_as_toml
from buckpass.changes.paths import OverridePath, general_paths

DEEPEST = 2  # tables inside tables of case.toml

__all__ = [
    "TOPICS",
    "about",
    "columns",
    "estimands",
    "files",
    "kind_of",
    "meaning_of",
    "mechanisms",
    "paths",
    "values_of",
]


@dataclass(frozen=True)
class Entry:
    """One thing that may be written: its name, what it is, what must be said of it, and an example."""

    name: str
    what: str
    facts: Mapping[str, str]
    example: str

    def as_dict(self) -> dict[str, Any]:
        """As plain values, fit for JSON."""
        return asdict(self)


def estimands() -> tuple[Entry, ...]:
    """What a claim can ask, each with the shortest claim of the bundled cases that asks it, else one in the file."""
    listed = catalogue.estimands()
    return tuple(
        Entry(name, listed[name]["doc"], {
            "family": kind.family or "any",
            "needs": _kinds(p for p in kind.parameters.items() if p[0] in kind.required),
            "may be given": _kinds(p for p in kind.parameters.items() if p[0] not in kind.required),
            "together": "; ".join(kind.together()),
            "expects": " or ".join(EXPECTED[kind.expects]) or "nothing",
        }, _claims().get(name) or listed[name].get("example", ""))
        for name, kind in catalogue.known_estimands().items()
    )  # fmt: skip


def _kinds(parameters: Any) -> str:
    return "; ".join(f"{name}: {KINDS[kind].words}" for name, kind in parameters)


@cache
def _claims() -> dict[str, str]:
    """The shortest claim of the bundled cases by estimand, as it is written there."""
    found: dict[str, str] = {}
    for file in sorted(BUNDLED.glob("*/claims.toml")):
        for text in file.read_text("utf-8").split("[[claim]]")[1:]:
            (claim,) = tomllib.loads(f"[[claim]]{text}")["claim"]
            asked = text.partition("\n[claim.estimand]")[1:]
            name = claim.get("estimand", {}).get("name", "")
            if asked[0] and len(asked[1]) < len(found.get(name, asked[1] + " ")):
                found[name] = "".join(asked).strip()
    return found


def paths() -> tuple[Entry, ...]:
    """What `--set` can change; the parameters of case.toml are paths too, and are columns of case.toml here."""
    return tuple(
        Entry(p.form, p.meaning, {"unit": p.unit, "takes": values_of(p), "honoured by": ", ".join(p.verbs)},
              f"--set {p.form}={p.example}")
        for p in general_paths()
    )  # fmt: skip


def values_of(path: OverridePath, word: Callable[[str], str] = str) -> str:
    """What a path takes, in words; `word` marks what is written as it stands."""
    span = f"{path.low:g} to {path.high:g}" if path.low is not None and path.high is not None else ""
    words = " ".join(word(w) for w in path.words)
    kinds = {"actors": "ids joined by commas", "members": "+ID or -ID, joined by commas", "rung": "a rung"}
    factor = "or a factor" if path.takes_factor else ""
    added = "added to the case's value" if path.operation == "add" else ""
    return ", ".join(filter(None, (kinds.get(path.value, ""), span, words, factor, added)))


def columns() -> tuple[Entry, ...]:
    """Every column of every table and every key of every other file, as the starting case first fills it."""
    found = (entry for file in FILE_MODELS for entry in _fields(file, json_schema(file), (), _filled(file)))
    return tuple(found)


def _fields(file: str, whole: Mapping[str, Any], at: tuple[str, ...], filled: Any) -> Iterator[Entry]:
    """The fields of a table of the schema and of the tables inside it, by their path; `filled` is the table in the starting case."""
    table = reduce(lambda node, step: _inner(whole, node["properties"][step]), at, whole)
    for name, field in table.get("properties", {}).items():
        shown = next(iter(field.get("examples", ())), None)
        value = filled.get(name) if isinstance(filled, Mapping) else None
        value = shown if value is None else value
        inner = _inner(whole, field)
        facts = {
            "takes": kind_of(field),
            "unit": field.get("unit", ""),
            "needed": field.get("needed") or ("yes" if name in table.get("required", ()) else "no"),
        }
        if "properties" not in inner:
            said = (
                value
                if isinstance(value, str) and file in ROW_MODELS
                else ""
                if value is None
                else f"{name} = {said_as_toml(value)}"
            )
            yield Entry(f"{file} {'.'.join((*at, name))}", meaning_of(field), facts, said)
        elif len(at) < DEEPEST:
            yield from _fields(file, whole, (*at, name), _first(value))


def _inner(whole: Mapping[str, Any], field: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table that a field holds, alone, in a list or by names of its own; the field itself where it holds none."""
    for one in (field, field.get("items", {}), field.get("additionalProperties", {}), *field.get("anyOf", ())):
        if isinstance(one, Mapping) and "$ref" in one:
            return whole["$defs"][one["$ref"].rsplit("/", 1)[-1]]
    return field


def _first(value: Any) -> Any:
    """The first of several tables, listed or by name; a table itself."""
    if isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values()):
        return next(iter(value.values()))
    return value[0] if isinstance(value, list) and value else value


def meaning_of(field: Mapping[str, Any]) -> str:
    """What a field of the JSON Schema is, in words."""
    said = (one.get("description", "") for one in (field, *field.get("anyOf", ())))
    return next(filter(None, said), "")


@cache
def _filled(file: str) -> Mapping[str, Any]:
    """The starting case's file as one table: its first filled cells, or its first entries."""
    if file not in ROW_MODELS:
        return tomllib.loads(text) if (text := _text(file)) else {}
    rows = list(csv.DictReader(_text(file).splitlines()))
    return {name: next(filter(None, (row.get(name) for row in rows)), None) for name in ROW_MODELS[file].columns()}


def _text(file: str) -> str:
    if file == alignments.FILE:  # the starting case has them in case.toml
        return alignments.as_text(load_case(TEMPLATE).settings)
    if file == requests.FILE:  # the starting case has one government
        fields = RequestRow.columns()
        return "\n".join([",".join(fields), ",".join((info.examples or [""])[0] for info in fields.values())])
    like = "responses.csv" if file == "own_operations.csv" else file  # written as responses are
    return decode_text(read_inside(TEMPLATE, like)) if (TEMPLATE / like).exists() else ""


def files() -> tuple[Entry, ...]:
    """The files of a case, each with what it holds, whether it must be there and how it begins in the starting case."""
    return tuple(Entry(name, _what(name), _held(name), _beginning(name)) for name in (*FILE_MODELS, "sources.bib"))


def _what(name: str) -> str:
    if name == "sources.bib":
        return "The sources, as BibTeX; a note says whether each was seen or recalled."
    return (FILE_MODELS[name].__doc__ or "").split("\n\n")[0]


def _held(name: str) -> dict[str, str]:
    optional = name in OPTIONAL_FILES or "*" in name
    fields = json_schema(name)["properties"] if name in FILE_MODELS else {}
    return {"needed": "no" if optional else "yes", "a row has" if name in ROW_MODELS else "holds": ", ".join(fields)}


def _beginning(name: str) -> str:
    if name in ROW_MODELS:  # its first row under every column that it may have
        first = next(csv.DictReader(_text(name).splitlines()))
        return _csv_line(first.get(column) or "" for column in ROW_MODELS[name].columns())
    lines = _text(name).splitlines()
    return next((line for line in lines if line and not line.startswith("#")), "")


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([*cells])
    return out.getvalue()


def about(entries: Sequence[Entry], word: str) -> list[Entry]:
    """The entries with a word in their names; of a path written with ids of a case, as USA.capacity, those of that form."""
    found = [entry for entry in entries if word.casefold() in entry.name.casefold()]
    form = re.sub(r"\b[A-Z]\w+", lambda one: "<(POWER|HOST|PARTY)>" if one[0] in catalogue.state_codes() else "<ORGANISATION>", re.escape(word))  # fmt: skip
    return found or [entry for entry in entries if re.match(form, entry.name)]


def kind_of(field: Mapping[str, Any], word: Callable[[str], str] = str, table: Callable[[str], str] = str) -> str:
    """What a field of the JSON Schema takes, in words; `word` marks what is written as it stands, `table` names of tables."""
    if "$ref" in field:
        return table(field["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(kind_of(f, word, table) for f in field["anyOf"] if f.get("type") != "null"))
    if "enum" in field or "const" in field:
        return ", ".join(word(str(v)) for v in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        inner = field.get("items") or next(iter(field.get("prefixItems", ())), {})
        return f"list of {kind_of(inner, word, table)}" if inner else "list"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
             "object": "table"}  # fmt: skip
    return "date" if field.get("format") == "date" else words.get(field.get("type", ""), "any")


def mechanisms() -> tuple[Entry, ...]:
    """The mechanisms, of which every explanation is made: what each says, and the terms that it sets free."""
    from buckpass.model.mechanisms import mechanisms as known  # loads the model

    return tuple(
        Entry(one.id, f"{one.name}: {one.says}", {"terms": ", ".join(one.terms)}, f"--explanation {one.id}")
        for one in known()
    )


TOPICS: dict[str, Callable[[], tuple[Entry, ...]]] = {
    "estimands": estimands,
    "paths": paths,
    "columns": columns,
    "files": files,
    "mechanisms": mechanisms,
}
