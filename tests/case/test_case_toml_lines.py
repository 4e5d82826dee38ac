"""Every key of a TOML text has the line on which it stands."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case.problems import CaseProblems
from buckpass.case.reading.toml_lines import key_lines, line_of
from buckpass.case.reading.toml_reading import read_toml
from buckpass.case.schema import Settings
from buckpass.case.start import TEMPLATE

KEYS = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.text("ab #[]{}=.,'").map(lambda text: f'"{text}"'),
    st.text("ab #[]{}=.,").map(lambda text: f"'{text}'"),
    st.just('"""\nmany\n[lines] = { "quoted" }\n"""'),
    st.sampled_from(["true", "1.5e3", "2021-05-01", "2021-05-01 10:00:00", "inf", "0x1f"]),
)


def _values(children):
    arrays = st.lists(children, max_size=3).map(lambda items: "[ # note ]\n" + ",\n".join(items) + "\n]")
    inline = st.dictionaries(KEYS, children, max_size=3).map(
        lambda items: "{ " + ", ".join(f"{key} = {value}" for key, value in items.items() if "\n" not in value) + " }"
    )
    return st.one_of(arrays, inline)


BODIES = st.dictionaries(KEYS, st.recursive(SCALARS, _values, max_leaves=5), max_size=3)


@st.composite
def toml_texts(draw) -> str:
    parts = [_body(draw(BODIES))]
    for name in draw(st.lists(st.from_regex(r"[A-Z]{2}", fullmatch=True), unique=True, max_size=3)):
        if draw(st.booleans()):
            parts.append(f"[{name}] # a table\n{_body(draw(BODIES))}[{name}.'sub table']\nx = 1\n")
        else:
            parts += [
                f"\n[[ {name} ]]\n{_body(draw(BODIES))}[[{name}.ROWS]]\ny = 1\n" for _ in range(draw(st.integers(1, 3)))
            ]
    return "\n".join(parts)


def _body(entries: dict[str, str]) -> str:
    return "".join(f"{key} = {value} # end\n" for key, value in entries.items())


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in pairs:
        yield from _paths(inner, (*path, step))


@given(toml_texts())
def test_each_key_is_on_its_line(text):
    lines, rows = key_lines(text), text.splitlines()
    for path in _paths(tomllib.loads(text)):
        line = lines.get(path)
        assert line is not None, (path, text)
        if isinstance(path[-1], str):
            assert str(path[-1]) in rows[line - 1], (path, line, text)


def test_every_entry_of_the_starting_case():
    text = (TEMPLATE / "case.toml").read_text(encoding="utf-8")
    lines = key_lines(text)
    assert set(_paths(tomllib.loads(text))) <= set(lines)
    rows = text.splitlines()
    assert rows[lines[("powers", 1, "id")] - 1] == 'id = "BBB"'
    assert 'state = "DDD"' in rows[lines[("organisations", 0, "members", 2, "state")] - 1]
    assert rows[lines[("parameters", "asked.relief")] - 1] == '[parameters."asked.relief"]'


def test_what_has_no_line_of_its_own_takes_that_of_what_is_around_it():
    lines = key_lines("a = 1\n[b]\nc = { d = 1 }\n")
    assert line_of(lines, ("b", "c", "d", "e")) == 3
    assert line_of(lines, ("b", "x")) == 2
    assert line_of(lines, ("x",)) is None


@pytest.mark.parametrize(
    "text", ["a=" + "[" * 100_000, "a." * 100_000 + "b=1", "[" + "a." * 50_000 + "b]", "x={y=" * 50_000, "[" * 100_000]
)
def test_deep_nesting_is_refused(text):
    file, problems = read_toml("case.toml", text, Settings)
    assert file.content is None
    assert len(problems) == 1
    assert CaseProblems("x", problems)
