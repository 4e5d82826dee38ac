"""The house as its code draws it: modules, what they import, how long they are. Read as text; nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "buckpass"

# One direction of travel: a room imports those before it.
FLOORS = (
    ("results",),
    ("case",),
    ("events",),
    ("measured",),
    ("game",),
    ("changes",),
    ("model",),
    ("fitting",),
    ("predict",),
    ("evidence",),
    ("worldwide",),
    ("ask",),
    ("years",),
    ("bargain",),
    ("sweeps",),
    ("ledger",),
    ("page",),
    ("app",),
    ("cli",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name below `buckpass` and its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    def imports(self) -> Iterator[str]:
        """Dotted names below `buckpass` that the file imports, wherever it does so, for types only or not."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            yield from (n.removeprefix("buckpass.") for n in names if n.startswith("buckpass."))


@cache
def modules() -> dict[str, Module]:
    """Every module of the package by its dotted name below `buckpass`; a folder's `__init__` has the folder's name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = Module(name, path, ast.parse(path.read_text("utf-8")))
    return found


def target(imported: str) -> str | None:
    """The module behind a dotted name: the longest beginning of it that is one."""
    parts = imported.split(".")
    while parts and ".".join(parts) not in modules():
        parts.pop()
    return ".".join(parts) or None


def arrows() -> dict[str, set[str]]:
    """Which modules each module imports."""
    return {name: {t for i in m.imports() if (t := target(i)) and t != name} for name, m in modules().items()}
