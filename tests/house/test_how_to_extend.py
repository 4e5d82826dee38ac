"""The changes that docs/how-to-extend.md shows do what it says: each is applied to a copy of the sources, and its commands are run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from buckpass.case import Case, load_case
from house import FLOORS, SOURCE

ROOT = SOURCE.parents[1]
PAGE = (ROOT / "docs" / "how-to-extend.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CASES = ("central-asia", "western-balkans")
MECHANISM, VERB, ESTIMAND = "A mechanism with a covariate of its own", "A verb", "Something that a claim can ask"
MOST_FILES = {MECHANISM: (2, 2), VERB: (2, 0), ESTIMAND: (2, 1)}  # of code, of data


def section(title: str) -> dict[str, str]:
    """The blocks of a section of the page by their language; one of each."""
    (text,) = (part for part in PAGE.split("\n## ")[1:] if part.startswith(f"{title}\n"))
    blocks = BLOCK.findall(text)
    assert len(dict(blocks)) == len(blocks)
    return dict(blocks)


def patched(title: str, folder: Path) -> Path:
    """A copy of the sources, without the bundled fits, with the section's change applied."""
    shutil.copytree(SOURCE, folder / "src" / "buckpass", ignore=shutil.ignore_patterns("posteriors", "__pycache__"))
    done = subprocess.run(["git", "apply", "-"], input=section(title)["diff"], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def run(line: str, folder: Path) -> str:
    """What a command prints when the copy is the package; it must exit with 0."""
    there = {
        "PYTHONPATH": str(folder / "src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-c", line.removeprefix("python ")] if line.startswith("python ") else line.split()
    done = subprocess.run(command, cwd=folder, env={**os.environ, **there}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def commands(title: str) -> list[str]:
    """The section's commands; a fit takes minutes."""
    return [line for line in section(title)["sh"].splitlines() if not line.startswith("buckpass fit ")]


@pytest.fixture
def with_tests(tmp_path: Path) -> Path:
    """A folder with the tests that the page names and those of the house, to which the sources come."""
    for name in ("conftest.py", "house/house.py", "house/test_house.py", "model/test_registry.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def keeps_the_house(folder: Path) -> None:
    run("pytest -q -p no:cacheprovider -k earlier_rooms_only tests/house/test_house.py", folder)
    run("ruff check --no-cache src", folder)
    run("ruff format --no-cache --check src", folder)


@pytest.mark.parametrize("title", MOST_FILES)
def test_a_change_applies_and_touches_few_files(title, tmp_path):
    folder = patched(title, tmp_path)
    touched = {path.removeprefix("b/") for path in re.findall(r"^\+\+\+ (\S+)$", section(title)["diff"], re.MULTILINE)}
    assert all((folder / path).read_bytes() != _before(path) for path in touched)
    code, data = (sum(path.endswith(end) for path in touched) for end in (".py", ".toml"))
    assert code + data == len(touched)
    assert code <= MOST_FILES[title][0]
    assert data <= MOST_FILES[title][1]


def _before(path: str) -> bytes:
    return (ROOT / path).read_bytes() if (ROOT / path).exists() else b""


@pytest.mark.parametrize("file", ["docs/how-to-extend.md", "CONTRIBUTING.md"])
def test_the_rooms_are_named_in_their_order(file):
    (named,) = re.findall(r"`(results → [^`]+)`", (ROOT / file).read_text("utf-8"))
    assert named.split() == " → ".join(room for rooms in FLOORS for room in rooms).split()


STAMPS = """python import json, buckpass
from buckpass.model.mechanisms import combination, nested
from buckpass.model.stamp import model_stamp
new = combination("SI")
print(json.dumps({"from": buckpass.__file__, "name": new.name, "says": new.says, "free": new.free_terms,
                  "nested": {c.id: model_stamp(c.id) for c in nested()}}))"""

MOVES = """python import json
import jax.numpy as jnp
from buckpass.case import load_case
from buckpass.game.setting import setting_of
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import combination
from buckpass.model.observations import observations
from buckpass.model.readings import reading_of
case = load_case("western-balkans")
setting = setting_of(case)
seen, coordinates = observations(case, setting), coordinates_of(setting)
scores = Likelihood(setting, seen, False, nodes=3, solved=3)
(place,) = (p for p in coordinates.places if p.term.name == "stake.memberships")
def moved(name):
    free = jnp.asarray(coordinates.free(combination(name)))
    start = jnp.zeros(coordinates.size)
    at = [scores(coordinates.values(start.at[place.at].set(u), free), reading_of(seen)).responses.sum() for u in (0.0, 2.0)]
    return float(at[1] - at[0])
print(json.dumps({"crises": setting.names.crises, "memberships": setting.covariate("memberships").tolist(),
                  "SI": moved("SI"), "FR": moved("FR")}))"""


def shared_bodies(case: Case, crisis: dict, power: str) -> int:
    """How many organisations, by their entries in case.toml, had the power and a host of the crisis as members on its first day."""
    day, found = crisis["start"], 0
    for body in case.settings.organisations:
        current = {m.state for m in body.members if m.from_ <= day <= (m.to or date.max)}
        current |= {*case.powers, *case.hosts} if "*" in current else set()
        exists = body.founded <= day <= (body.ended or date.max)
        found += exists and power in current and bool(current & set(crisis["host"]))
    return found


@pytest.mark.slow
def test_the_mechanism_is_one_of_the_model(with_tests):
    from buckpass.model.mechanisms import nested
    from buckpass.model.stamp import model_stamp

    folder = patched(MECHANISM, with_tests)
    found = json.loads(run(STAMPS, folder))
    assert Path(found["from"]).is_relative_to(folder)
    assert found["name"] == "shared institutions"
    assert found["says"].startswith("common membership sets the stake")
    assert "stake.memberships" in found["free"]
    before = {c.id: json.loads(json.dumps(model_stamp(c.id))) for c in nested()}
    assert set(found["nested"]) - set(before) == {"SI", "all-SI"}
    changed = {name for name in before if found["nested"][name] != before[name]}
    assert changed == {name for name in before if name.startswith("all")}

    assert found["nested"]["SI"]["explanation"]["stake.memberships"] == ["stake.slope", "memberships"]

    case, seen = load_case("western-balkans"), json.loads(run(MOVES, folder))
    counted = [[shared_bodies(case, case.crisis(c), p) for p in case.powers] for c in seen["crises"]]
    assert np.allclose(np.log1p(counted), seen["memberships"], atol=1e-6)
    assert np.std(counted) > 0
    assert abs(seen["SI"]) > 1e-6
    assert seen["FR"] == 0.0
    for line in commands(MECHANISM):
        assert " passed" in run(line, folder)
    keeps_the_house(folder)


@pytest.mark.slow
def test_the_verb_counts_hosts(with_tests):
    folder = patched(VERB, with_tests)
    printed = [run(line, folder) for line in commands(VERB)]
    assert printed[0].startswith("Whose crises they were")
    assert json.loads(printed[1])["rows"]
    for name in CASES:
        rows = json.loads(run(f"buckpass hosts {name} --json", folder))["rows"]
        told = run(f"buckpass hosts {name}", folder)
        crises, requests, asked = Counter(), Counter(), {}
        for crisis in load_case(name).crises.iter_rows(named=True):
            for host in crisis["host"]:
                crises[host] += 1
                requests[host] += bool(crisis["asked"])
                asked.setdefault(host, Counter()).update(crisis["asked"])
        assert {r["host"]: (r["crises"], r["requests"]) for r in rows} == {h: (crises[h], requests[h]) for h in crises}
        for row in rows:
            most = max(asked[row["host"]].values(), default=None)
            whom = sorted(body for body, n in asked[row["host"]].items() if n == most)
            assert (row["times"], row["most_asked"] or []) == (most, whom)
            assert row["host"] in told
    keeps_the_house(folder)


@pytest.mark.slow
def test_the_claim_is_checked_and_judged(with_tests):
    folder = patched(ESTIMAND, with_tests)
    assert "buckpass new my-case" in PAGE
    run("buckpass new my-case", folder)
    claims = folder / "my-case" / "claims.toml"
    claims.write_text(claims.read_text("utf-8") + "\n" + section(ESTIMAND)["toml"], "utf-8")
    checked, judged = (run(line, folder) for line in commands(ESTIMAND))
    assert "0 errors" in checked
    assert re.search(r"^undecided: 1\n +C3 ", judged, re.MULTILINE)
    claim = next(c for c in json.loads(run("buckpass claims my-case --json", folder))["claims"] if c["id"] == "C3")
    assert claim["n"] == 3
    assert claim["value"] == pytest.approx(1.5 / 4)  # one of three, Jeffreys prior
    assert claim["probability"] == pytest.approx(stats.beta(1.5, 2.5).sf(0.5))

    claims.write_text(claims.read_text("utf-8").replace('theatre = "valley"', 'theatre = "vally"'), "utf-8")
    with pytest.raises(AssertionError, match="vally"):
        run("buckpass check my-case", folder)
    keeps_the_house(folder)
