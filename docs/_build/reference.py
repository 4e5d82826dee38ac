"""Reference pages written from the code: commands, case files, `--set` paths, estimands, explanations, Python names."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[2] / "src" / "buckpass"


def pages() -> dict[str, str]:
    """Every reference page, by its address below docs/."""
    return {
        "reference/commands.md": commands(),
        "reference/case-files.md": case_files(),
        "reference/set-paths.md": set_paths(),
        "reference/estimands.md": estimands(),
        "reference/explanations.md": explanation_terms(),
        "reference/python.md": python_names(),
    }


def command_tree() -> dict[str, Any]:
    """Every verb by the words that call it: `fit`, `events load`."""
    from typer.main import get_command

    from buckpass.cli.main import app

    found: dict[str, Any] = {}
    for name, command in get_command(app).commands.items():
        nested = getattr(command, "commands", None)
        found |= {f"{name} {inner}": c for inner, c in nested.items()} if nested else {name: command}
    return found


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table; bars and line breaks inside a cell are escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(c) for c in line) + " |" for line in lines) + "\n"


def cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "\\|").split())


# commands


def commands() -> str:
    parts = [
        "# Commands\n",
        "Written from the program itself. `CASE` is the name of a bundled case or a folder. With `--json` a verb prints one "
        "JSON object and nothing else. Errors go to the error stream.\n",
        table(("exit code", "means"), [
            ("0", "done"), ("1", "the answer is no: the case has errors, a fit failed its diagnostics"),
            ("2", "the call is wrong (an unknown name, a file that is there already), or what it rests on is missing or damaged"),
            ("130", "stopped by the user; what was finished is kept"),
        ]),
    ]  # fmt: skip
    return "\n".join([*parts, *(_command(name, c) for name, c in command_tree().items())])


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if not _is_option(p)]
    options = [p for p in command.params if _is_option(p) and not getattr(p, "hidden", False)]
    call = " ".join(["buckpass", name, *(_argument(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    parts = [f"## {name}\n", f"```text\n{call}\n```\n", inspect.cleandoc(command.help or "") + "\n"]
    rows = [(f"`{_argument(p)}`", p.help or "") for p in arguments] + [_option(p) for p in options]
    if rows:
        parts.append(table(("argument or option", "meaning"), [row[:2] for row in rows]))
    return "\n".join(parts)


def _is_option(parameter: Any) -> bool:
    return parameter.opts[0].startswith("-")


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> tuple[str, str]:
    names = ", ".join(f"`{o}`" for o in parameter.opts)
    takes = "" if getattr(parameter, "is_flag", False) else f" `{parameter.metavar or _kind(parameter)}`"
    notes = ["needed"] if parameter.required else []
    default = parameter.default
    if default not in (None, "", False) and not callable(default) and not getattr(parameter, "is_flag", False):
        notes.append(f"`{default}` unless given")
    if getattr(parameter, "multiple", False):
        notes.append("may be repeated")
    return names + takes, (parameter.help or "") + (f" ({'; '.join(notes)})" if notes else "")


def _kind(parameter: Any) -> str:
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", str)
    words = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
    return words.get(annotation, "TEXT")


# case files


def case_files() -> str:
    from buckpass.case import json_schema

    schema = json_schema()
    parts = [
        "# Case files\n",
        "A case is a folder of plain text files. This page is written from the schema that reads them; `buckpass schema` "
        "prints the same as JSON Schema for an editor, and `buckpass check CASE --table` adds how much of each column a "
        "case has filled. [The coding manual](../coding-manual.md) says how to decide what goes into a cell.\n",
        "An empty cell means *not known*; it is never read as zero. Lists inside a cell are joined by `;`. Unknown keys "
        "and columns are errors.\n",
    ]
    shown = []
    for file, target in schema["properties"].items():
        name = target["$ref"].rsplit("/", 1)[-1]
        shown.append(name)
        parts += [f"## {file}\n", _entry(schema["$defs"][name])]
    parts.append("## Tables inside the TOML files\n")
    for name, entry in schema["$defs"].items():
        if name not in shown:
            parts += [f"### {name}\n", _entry(entry)]
    return "\n".join([*parts, _parameters()])


def _parameters() -> str:
    kinds = tomllib.loads((PACKAGE / "case" / "parameter_ids.toml").read_text("utf-8"))
    rows = [(f"`{k}`", v["meaning"], v["unit"], "{:g} to {:g}".format(*v["range"])) for k, v in kinds.items()]
    head = ("parameter", "meaning", "unit", "accepted range")
    return "## Parameters\n\nThe numbers of the model that a case sets by hand, under `[parameters]`.\n\n" + table(
        head, rows
    )


def _entry(entry: dict[str, Any]) -> str:
    from buckpass.cli.reference import kind_of, meaning_of

    needed = set(entry.get("required", ()))
    rows = [
        (
            f"`{name}`",
            kind_of(field, _code, _link),
            "yes" if name in needed else "no",
            field.get("unit", ""),
            meaning_of(field),
        )
        for name, field in entry.get("properties", {}).items()
    ]
    text = entry.get("description", "").split("\n\n")[0] + "\n\n"
    return text + table(("field", "kind", "needed", "unit", "meaning"), rows)


def _code(word: str) -> str:
    return f"`{word}`"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


# what-ifs, estimands, explanations


def set_paths() -> str:
    from buckpass.changes import general_paths
    from buckpass.cli.reference import values_of

    rows = [
        (f"`{p.form}`", p.meaning, p.unit, values_of(p, _code), f"`{p.form}={p.example}`", ", ".join(p.verbs))
        for p in general_paths()
    ]
    return "\n".join([
        "# What `--set` can change\n",
        "A what-if is written `PATH=VALUE`. `<POWER>`, `<HOST>`, `<ORGANISATION>` and `<PARTY>` stand for ids of the case. Every "
        "[parameter](case-files.md#parameters) of the case is a path too. `0.5x` multiplies the case's value by a half. A verb "
        "that does not honour a path refuses it and names one that does; the page's what-ifs, the dashboard and the claims' "
        "scenarios honour what `whatif` does.\n",
        table(("path", "changes", "unit", "takes", "example", "honoured by"), rows),
    ])  # fmt: skip


def estimands() -> str:
    from buckpass.cli.reference import estimands as listed

    facts = ("family", "needs", "may be given", "together", "expects")
    rows = [(f"`{e.name}`", e.what, *(e.facts[name] for name in facts)) for e in listed()]
    return "\n".join([
        "# What a claim can ask\n",
        "A claim in `claims.toml` names one of these as its `estimand`. *record* and *measured* need only the files of the "
        "case; *model* needs a fit. `buckpass help estimands` prints the same with an example each, and `buckpass check` "
        "holds every claim against it.\n",
        table(("estimand", "gives", *facts), rows),
    ])  # fmt: skip


def _codes(names: Any) -> str:
    return " ".join(f"`{n}`" for n in names)


def explanation_terms() -> str:
    listed = tomllib.loads((PACKAGE / "model" / "mechanisms.toml").read_text("utf-8"))
    terms = tomllib.loads((PACKAGE / "model" / "terms.toml").read_text("utf-8"))
    controls = ("`base`", "controls", "what any analyst would hold constant", _codes(listed["base"]))
    rows = [controls, *((f"`{m['id']}`", m["name"], m["says"], _codes(m["terms"])) for m in listed["mechanism"])]
    numbers = [(f"`{name}`", t["label"], f"`{t['enters']}`", _family(t), t["reason"]) for name, t in terms.items()]
    return "\n".join([
        "# Mechanisms and priors\n",
        "Every fit is the same model with different terms set free: *base* has the controls, a mechanism adds its own terms, "
        "*all* has every one. A term that is not free stands where it has no effect. Combinations are named by their "
        "mechanisms: `base`, `FR`, `FR+BL`, `all`, `all-FR`.\n",
        table(("id", "mechanism", "says", "adds"), rows),
        "## Priors\n",
        "What is believed of each term before the record is read, on the logit scale.\n",
        table(("term", "what it is", "enters", "prior", "reason"), numbers),
    ])  # fmt: skip


def _family(prior: dict[str, Any]) -> str:
    numbers = ", ".join(f"{k} {v:g}" for k, v in prior.items() if k in ("mean", "sd", "a", "b"))
    return f"{prior['family'].replace('_', '-')} ({numbers})"


# Python


def python_names() -> str:
    """One entry per public name of the package and per result that it returns; names whose code is missing are listed."""
    import griffe

    import buckpass

    package = griffe.load("buckpass", search_paths=[str(PACKAGE.parent)], resolve_aliases=True)
    parts = [
        "# Python\n",
        "`import buckpass as bp`; each verb has a function, and every name is loaded when first used.\n",
    ]
    missing: list[str] = []
    returned: dict[str, None] = {}
    for name, (room, inside) in buckpass._ROOM_OF.items():
        found = _find(package, f"{room}.{inside}")
        if found is None:
            missing.append(name)
            continue
        parts.append(_identifier(found.canonical_path, f"bp.{name}"))
        returned |= dict.fromkeys(_results(found))
    listed = [p for p in returned if f"::: {p}\n" not in "\n".join(parts)]
    if listed:
        parts.append("## What they return\n")
        parts += [_identifier(path, path.rsplit(".", 1)[-1]) for path in listed]
    if missing:
        parts.append("## Named, but not in this version\n\n" + ", ".join(f"`bp.{n}`" for n in missing) + "\n")
    return "\n".join(parts)


def _find(package: Any, path: str) -> Any:
    from griffe import AliasResolutionError

    try:
        found = package[path.removeprefix("buckpass.")]
        if found.is_module:  # a function named as its module
            found = found.members[path.rsplit(".", 1)[-1]]
        return found.final_target if found.is_alias else found
    except (KeyError, AliasResolutionError):
        return None


def _results(function: Any) -> Iterator[str]:
    """Records of this package that a function returns, by their full name."""
    annotation = getattr(function, "returns", None)
    if annotation is None or isinstance(annotation, str):
        return
    for part in annotation.iterate(flat=True):
        path = getattr(part, "canonical_path", "")
        if path.startswith("buckpass."):
            target = _find(function.package, path)
            if target is not None and target.is_class:
                yield target.canonical_path


def _identifier(path: str, heading: str) -> str:
    return f"::: {path}\n    options:\n      heading: {heading}\n      toc_label: {heading}\n"
