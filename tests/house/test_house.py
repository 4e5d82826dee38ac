"""The house keeps its order: one direction of imports, no new circles, rooms and functions that can be overseen.

Circles that are left are listed here by name; a list that names too much fails as one that names too little.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

from house import FLOOR_OF, SOURCE, arrows, modules

MOST_MODULES, LONGEST = 20, 40  # of a folder; lines of a function, its docstring included


def test_every_folder_is_a_room_of_the_plan():
    assert {m.room for m in modules().values()} == set(FLOOR_OF)


def test_a_room_imports_earlier_rooms_only():
    rooms = ((name, to, name.split(".")[0], to.split(".")[0]) for name, targets in arrows().items() for to in targets)
    assert not {
        f"{name} -> {to}" for name, to, own, other in rooms if own != other and FLOOR_OF[other] >= FLOOR_OF[own]
    }


def test_there_is_no_circle_of_imports_not_even_for_types():
    try:
        TopologicalSorter({name: set(targets) for name, targets in arrows().items()}).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_no_folder_holds_more_modules_than_can_be_overseen():
    count = defaultdict(int)
    for module in modules().values():
        count[module.path.parent.relative_to(SOURCE).as_posix()] += module.path.stem != "__init__"
    assert not {folder for folder, n in count.items() if n > MOST_MODULES}


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{name}.{node.name}"
        for name, module in modules().items() for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST
    }  # fmt: skip
    assert not long
