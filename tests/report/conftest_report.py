"""Cases for tests of the page: the small one that `new_case` writes, plain and hostile."""

import shutil
from pathlib import Path

import pytest

from buckpass.case import load_case, new_case

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cases") / "small"
    new_case(folder)
    return folder


@pytest.fixture(scope="session")
def small_case(small_folder):
    return load_case(small_folder)


@pytest.fixture(scope="session")
def hostile_folder(small_folder, tmp_path_factory) -> Path:
    """The small case with script in its text fields."""
    folder = tmp_path_factory.mktemp("hostile") / "case"
    shutil.copytree(small_folder, folder)
    settings = (folder / "case.toml").read_text("utf-8")
    settings = settings.replace("A valley between two powers", f"A valley {SCRIPT}").replace('"Altland"', f'"{SCRIPT}"')
    (folder / "case.toml").write_text(settings, "utf-8")
    for name, word in (("crises.csv", "Border raids 2005"), ("claims.toml", 'short = "'), ("sources.bib", "title = {")):
        text = (folder / name).read_text("utf-8")
        assert word in text
        new = f"{word}{SCRIPT}" if word.endswith(('"', "{")) else SCRIPT
        (folder / name).write_text(text.replace(word, new), "utf-8")
    return folder
