"""A copy of the starting case that tests may spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from buckpass.case import Check, check_case
from buckpass.case.start import TEMPLATE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh copy of the starting case."""
    return shutil.copytree(TEMPLATE, tmp_path / "case")


@pytest.fixture
def spoiled(folder: Path) -> Callable[[str, str, str], Check]:
    """The check of the starting case with one text replaced in one file (which must contain it)."""

    def check(file: str, old: str, new: str) -> Check:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, f"{file} does not contain {old!r}"
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return check_case(folder)

    return check
