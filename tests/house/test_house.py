"""The house keeps its order: one direction of imports, no circles, rooms that can be overseen, one name for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

import pytest

from house import FLOOR_OF, SOURCE, arrows, modules

MOST_MODULES = 20
LONGEST = 40  # lines of a function, its docstring included


def test_every_folder_is_a_room_of_the_plan():
    assert {m.room for m in modules().values()} == set(FLOOR_OF)


@pytest.mark.parametrize("room", FLOOR_OF)
def test_a_room_imports_earlier_rooms_only(room):
    wrong = [
        f"{name} -> {to}"
        for name, targets in arrows().items() if name.split(".")[0] == room
        for to in targets if (other := to.split(".")[0]) != room and FLOOR_OF[other] >= FLOOR_OF[room]
    ]  # fmt: skip
    assert not wrong


def test_no_circle_of_imports_not_even_for_types():
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_no_folder_holds_more_modules_than_can_be_overseen():
    count = defaultdict(int)
    for module in modules().values():
        count[module.path.parent.relative_to(SOURCE)] += module.path.stem != "__init__"
    assert not {str(folder): n for folder, n in count.items() if n > MOST_MODULES}


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{name}.{node.name}": lines
        for name, module in modules().items() for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := node.end_lineno - node.lineno + 1) > LONGEST  # pyright: ignore[reportOptionalOperand]
    }  # fmt: skip
    assert not long


def test_no_two_modules_have_one_name():
    homes = defaultdict(list)
    for name in modules():
        if "." in name:
            homes[name.rsplit(".", 1)[-1]].append(name)
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_no_two_public_classes_have_one_name():
    homes = defaultdict(list)
    for name, module in modules().items():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_no_room_hides_behind_a_verb_and_no_verb_behind_a_room():
    import buckpass

    assert not set(buckpass.__all__) & {m.split(".")[0] for m in modules()}
