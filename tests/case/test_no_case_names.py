"""Nothing in the code knows a case: no id of a bundled case stands outside the case folders."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from buckpass.case import bundled_cases, check_case, load_case

PACKAGE = Path(load_case.__code__.co_filename).parent.parent
# Tables of codes for reading cells and event files name states by nature.
CODE_TABLES = ("case/iso3.toml", "events/data/", "worldwide/data/")
READ = {".py", ".toml", ".html", ".css", ".js", ".csv", ".json"}


def _files() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE).as_posix()
        if path.suffix in READ and path.is_file() and not inside.startswith(("cases/", *CODE_TABLES)):
            yield path


def _words(path: Path) -> Iterator[tuple[int, str]]:
    """Lines of a data file; strings and names of a Python file, its docstrings and comments left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    tree = ast.parse(text)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.value.lineno, node.arg


def _ids(name: str) -> set[str]:
    case = load_case(name)
    named = [*case.settings.powers, *case.settings.hosts, *case.settings.organisations]
    ids = {*case.crises["crisis_id"], *case.theatres, *(entry.id for entry in named), *(entry.name for entry in named)}
    return ids | {case.id}


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_cases())
def test_no_id_of_a_case_stands_in_the_code(name):
    alternatives = "|".join(sorted(map(re.escape, _ids(name)), key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![A-Za-z0-9])")
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {match[0]}"
        for path in _files()
        for line, text in _words(path)
        if (match := pattern.search(text))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", bundled_cases())
def test_a_bundled_case_has_no_error(name):
    assert [str(problem) for problem in check_case(name).errors] == []
