"""Cases for tests of the page: the starting case, plain and hostile."""

import csv
import io
import re
import shutil
from pathlib import Path

import pytest

from buckpass.case import load_case
from buckpass.case.start import fill_folder, write_template

SCRIPT = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    return fill_folder(tmp_path_factory.mktemp("cases") / "small", write_template)


@pytest.fixture(scope="session")
def small_case(small_folder):
    return load_case(small_folder)


TEXTS = {  # every field that is free text
    "case.toml": ("title", "question", "licence", "name", "reason", "main_rival_reason", "note", "unit"),
    "claims.toml": ("text", "short", "rival", "correction"),
    "crises.csv": ("name", "threat_reason", "asked_text", "request_answer", "summary"),
    "responses.csv": ("acting_body", "detail"),
    "series.csv": ("note",),
    "sources.bib": ("author", "title", "howpublished"),
}


@pytest.fixture(scope="session")
def hostile_folder(small_folder, tmp_path_factory) -> Path:
    """The small case with script in every text field, and a source whose address is a script."""
    folder = tmp_path_factory.mktemp("hostile") / "case"
    shutil.copytree(small_folder, folder)
    for name, fields in TEXTS.items():
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(_with_script(name, text, fields), "utf-8")
    return folder


def _with_script(name: str, text: str, fields: tuple[str, ...]) -> str:
    if name.endswith(".csv"):
        rows = list(csv.DictReader(io.StringIO(text)))
        for row in rows:
            row |= {field: f"{row[field]} {SCRIPT}" for field in fields}
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()
    if name.endswith(".bib"):
        return re.sub(rf"^(  (?:{'|'.join(fields)}) = {{{{?)", lambda m: m[1] + SCRIPT + " ", text, flags=re.MULTILINE)
    quoted = rf'^((?:{"|".join(fields)}) = ")(?=[^"\n]* )'  # of two words and more: ids are no texts
    return re.sub(quoted, lambda m: m[1] + SCRIPT + " ", text, flags=re.MULTILINE)
