"""Numbers as hands, spreadsheets and codes for missing leave them: refused with the line, or the model can compute with them."""

import random
import re
import shutil

import equinox as eqx
import jax
import numpy as np
import pytest

from buckpass.ask.solve import solve_crisis
from buckpass.case.start import TEMPLATE
from buckpass.changes.check import check_case
from buckpass.game.setting import setting_of
from buckpass.measured import measure
from made_posteriors import posterior_of, prior_sites

FILES = ("case.toml", "crises.csv", "responses.csv", "series.csv", "claims.toml")
NUMBER = re.compile(r"(?<=[ ,\[])-?\d+(?:\.\d+)?(?=[ ,\]\n]|$)", re.MULTILINE)
WRONG = (
    "-9", "-99", "-1", "-0.0001", "0", "0.0", "-0.0", "1e-300", "1.0001", "1.5", "3", "101", "500", "9999", "2101", "1e15", "1e16",
    "1e300", "1e308", "-1e15", "1e999", "nan", "inf", "-inf", "999999999999999999999", "0x10", "1_000", "1,5", "٣",
)  # fmt: skip


def spoiled(dice: random.Random) -> tuple[str, str]:
    """A file of the starting case with one of its numbers replaced."""
    name = dice.choice(FILES)
    text = (TEMPLATE / name).read_text("utf-8")
    found = dice.choice([m for m in NUMBER.finditer(text) if not is_comment(text, m.start())])
    return name, text[: found.start()] + dice.choice(WRONG) + text[found.end() :]


def is_comment(text: str, at: int) -> bool:
    return "#" in text[text.rfind("\n", 0, at) + 1 : at]


def finite(value) -> bool:
    """Whether no number in plain data is without value or bound; what has none is null."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or np.isfinite(value)


@pytest.fixture(scope="module")
def sites(toy):
    return prior_sites(toy, "all", 3)


@pytest.mark.parametrize(
    ("count", "solved"),
    [pytest.param(40, 4, marks=pytest.mark.slow), pytest.param(1_000, 60, marks=pytest.mark.exhaustive)],
)
def test_a_number_is_refused_with_its_line_or_computed_with(tmp_path, sites, count, solved):
    folder, dice, passed = shutil.copytree(TEMPLATE, tmp_path / "case"), random.Random(count), 0
    for _ in range(count):
        name, text = spoiled(dice)
        (folder / name).write_text(text, "utf-8")
        found = check_case(folder)
        (folder / name).write_bytes((TEMPLATE / name).read_bytes())
        assert all(p.line for p in found.errors if p.file == name), [str(p) for p in found.errors]
        if found.case is None:
            continue
        passed += 1
        arrays = jax.tree.leaves(eqx.filter(setting_of(found.case), eqx.is_array))
        assert all(np.isfinite(a).all() for a in arrays if np.issubdtype(a.dtype, np.inexact)), text
        assert finite(measure(found.case).as_dict()), text
        if passed <= solved:
            fit = posterior_of(found.case, "all", sites)
            assert finite(solve_crisis(found.case, {"all": fit}, "dalen_2016", n_draws=2).as_dict()), text
    assert 0 < passed < count
