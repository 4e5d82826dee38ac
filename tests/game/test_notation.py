"""The notation page and the code call the same things by the same names."""

import re
from dataclasses import fields
from pathlib import Path as File

import pytest

from buckpass.bargain import arrangement
from buckpass.game import choice, decomposition, estimands, host, order
from buckpass.game.crises import Crises
from buckpass.game.equilibria import AllEquilibria
from buckpass.game.path import Path
from buckpass.game.payoffs import Coefficients
from buckpass.game.setting import CrisisSetting
from buckpass.game.solver import Equilibrium

PAGE = File(__file__).parents[2] / "docs" / "notation.md"
RECORDS = (Coefficients, Crises, CrisisSetting, Equilibrium, AllEquilibria, Path, host.HostStage)


def section(heading: str) -> set[str]:
    """Names in backticks in the tables under the heading that contains the words."""
    part = next(p for p in PAGE.read_text(encoding="utf-8").split("\n## ") if heading in p.splitlines()[0])
    rows = [
        line
        for line in part.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| symbol", "| name"))
    ]
    named = [re.findall(r"`([A-Za-z_.]+)`", "|".join(row.split("|")[1:3])) for row in rows]
    return {name.split(".")[-1] for row in named for name in row}


def in_the_code() -> set[str]:
    rooms = (arrangement, choice, decomposition, estimands, host, order)
    attributes = {f.name for record in RECORDS for f in fields(record)} | {n for r in RECORDS for n in vars(r)}
    from buckpass.game import vehicles

    return attributes | {n for room in (*rooms, vehicles) for n in vars(room)}


def test_every_name_on_the_page_is_in_the_code():
    everything = PAGE.read_text(encoding="utf-8")
    headings = [line.removeprefix("## ") for line in everything.splitlines() if line.startswith("## ")]
    named = set().union(*(section(heading) for heading in headings))
    assert len(named) > 50
    assert named - in_the_code() - {"estimands", "asked"} == set()


@pytest.mark.parametrize(
    ("heading", "record"),
    [("What goes in", Crises), ("What is solved", Equilibrium), ("Every equilibrium", AllEquilibria)],
)
def test_every_field_of_a_record_is_on_the_page(heading, record):
    shared = {"strategy", "log_residual", "error", "path"} if record is AllEquilibria else set()
    assert {f.name for f in fields(record)} - shared - section(heading) == set()


def test_every_estimand_is_on_the_page():
    assert set(estimands.__all__) - section("What it is asked") == set()
