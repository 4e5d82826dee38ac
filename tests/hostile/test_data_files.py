"""A stranger's geometry, power study and manifest: each costs what it is for and a sentence, never the page or a traceback."""

import copy
import dataclasses
import json
import random

import pytest

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.evidence.studies.power_study import (
    BUNDLED,
    PowerStudyError,
    PowerTask,
    StudyFile,
    _row,
    bundled_power_study,
)
from buckpass.measured import measure
from buckpass.page.outlines import GeometryUnusable
from buckpass.page.regional_map import regional_map
from buckpass.years.kept_histories import check_manifest, manifest_of
from buckpass.years.year_problems import ManifestMismatch

HOST = load_case(TEMPLATE).settings.hosts[0].id
SQUARE = {
    "type": "Topology", "source": "made up", "bbox": [18, 48, 22, 52], "arcs": [[[18, 48], [22, 48], [22, 52], [18, 48]]],
    "objects": {"states": {"type": "GeometryCollection", "geometries": [{"type": "Polygon", "id": HOST, "arcs": [[0]]}]}},
}  # fmt: skip
REFIT = {
    "times": 1,
    "value": 0.0,
    "replication": 2,
    "mean": 0.4,
    "sd": 0.25,
    "low": 0.1,
    "high": 0.8,
    "reasons": ["few"],
}
STUDY = {
    "case_id": "x", "case_hash": "y", "explanation": "all", "model": "a", "term": "kappa", "n_crises": 3, "seed": 0,
    "rows": [REFIT, {**REFIT, "value": 0.6}],
}  # fmt: skip
ODD = (
    None,
    True,
    -1,
    0,
    1.5,
    1e308,
    -1e300,
    "",
    "x" * 9000,
    "\x1b[2J",
    [],
    {},
    [[]],
    [["a"]],
    {"a": {}},
    [1, 2],
    [None] * 4,
    10**30,
)


def places(value, path=()):
    """Every place in plain data."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def damaged(content: dict, dice: random.Random) -> bytes:
    """The content with one place replaced, removed or doubled, or its text cut, deepened or spoilt."""
    changed, kind = copy.deepcopy(content), dice.randrange(6)
    *road, last = dice.choice(list(places(content))[1:])
    at = changed
    for step in road:
        at = at[step]
    if kind < 3:
        at[last] = dice.choice(ODD)
    elif kind == 3:
        del at[last]
    text = json.dumps(changed).encode()
    if kind == 4:
        return text[: dice.randrange(len(text))]
    if kind == 5:
        return dice.choice(
            [
                b"[" * 90_000,
                b"NaN",
                text.replace(b"18", b"NaN"),
                text.replace(b"1", b"1e999"),
                b"\xff" + text,
                b"\0" * 9,
            ]
        )
    return text


@pytest.mark.slow
@pytest.mark.hostile
def test_damaged_outlines_are_named_or_drawn(tmp_path, tried):
    case, dice, drawn, said = load_case(TEMPLATE), random.Random(11), 0, []
    case = dataclasses.replace(case, folder=tmp_path)
    record = measure(case)
    for _ in range(300):
        (tmp_path / "geometry.json").write_bytes(damaged(SQUARE, dice))
        try:
            figure = regional_map(case, record)
        except GeometryUnusable as error:
            said.append(str(error))
        else:
            drawn += 1
            if figure is not None and drawn % 10 == 1:
                assert figure.svg().startswith("<svg")
    assert 0 < drawn < 100
    assert all(text.startswith("No map: geometry.json cannot be drawn") and "\x1b" not in text for text in said)
    tried("outlines", 300)


@pytest.mark.hostile
def test_damaged_power_studies_are_named(tmp_path, tried):
    case, dice = dataclasses.replace(load_case(TEMPLATE), folder=tmp_path), random.Random(12)
    StudyFile.model_validate(STUDY)
    for _ in range(300):
        (tmp_path / BUNDLED).write_bytes(damaged(STUDY, dice))
        with pytest.raises(PowerStudyError):  # a whole one is of another record
            bundled_power_study(case)
    tried("power studies", 300)


@pytest.mark.hostile
def test_damaged_power_tasks_are_named(tmp_path, tried):
    dice, task = random.Random(13), PowerTask(1, 0.0, 2)
    said: list[str] = []
    path, whole = tmp_path / task.file, 0
    path.write_text(json.dumps(REFIT))
    assert _row(tmp_path, task) == REFIT
    for _ in range(300):
        path.write_bytes(damaged(REFIT, dice))
        try:
            row = _row(tmp_path, task)
        except PowerStudyError as error:
            said.append(str(error))
        else:
            whole += 1
            assert isinstance(row["mean"], float)
    assert whole < 60
    assert all("delete it and run the same call again" in text for text in said)
    tried("power tasks", 300)


@pytest.mark.hostile
def test_damaged_manifests_are_named_and_never_joined(tmp_path, tried):
    dice, wanted = random.Random(14), manifest_of({"case": "a", "seed": 1, "weights": {"FR": 0.5}}, {"powers": ["A"]})
    (tmp_path / "manifest.json").write_text(json.dumps(wanted))
    assert check_manifest(tmp_path, wanted)
    for part in ("identity", "versions"):
        content = {part: wanted[part]}
        for _ in range(150):
            (tmp_path / "manifest.json").write_bytes(damaged(content, dice))
            with pytest.raises(ManifestMismatch):
                check_manifest(tmp_path, wanted)
    tried("manifests", 300)


def test_what_differs_is_named_to_the_innermost_place(tmp_path):
    wanted = manifest_of({"posteriors": {"FR": {"case_hash": "c" * 64, "seed": 1}}}, {})
    (tmp_path / "manifest.json").write_text(json.dumps(wanted).replace('"seed": 1', '"seed": 2'))
    with pytest.raises(ManifestMismatch, match=r"posteriors\.FR\.seed = 2, asked is 1"):
        check_manifest(tmp_path, wanted)
