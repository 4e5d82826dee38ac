"""Sweeps: what is found, what is refused, and that nothing finished is ever lost."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from buckpass.fitting.posterior import Held
from buckpass.predict.which_fits import Basis
from buckpass.results import files
from buckpass.results.errors import OutputFailed
from buckpass.results.files import json_text
from buckpass.sweeps.design import Design, Input, Outcome, assumed_inputs, read_design, sample_points
from buckpass.sweeps.scenario_discovery import find_box
from buckpass.sweeps.sweep import CHUNK, Sweep, _analysed, _manifest, sweep
from buckpass.years.year_problems import BadDesign, ClusterDoesNotAnswer, ManifestMismatch

HERE = Path(__file__).parent
DESIGN = Design(
    method="sobol", samples=8, seed=1, years=4, histories=64,
    inputs=(Input("futures.commitment_cost", 0.0, 5.0), Input("AAA.stake", 0.5, 2.0), Input("futures.opinion_trade", -0.3, 0.7)),
    outcomes=(Outcome("burden", "AAA", 2024, above=0.3),),
)  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_box_is_found_where_it_was_put():
    rng = np.random.default_rng(0)
    x = rng.random((2000, 4))
    inside = (x[:, 0] > 0.6) & (x[:, 2] < 0.5)
    box = find_box(x, inside ^ (rng.random(2000) < 0.02), list("abcd"))
    assert set(box.limits) == {"a", "c"}
    assert box.limits["a"][0] == pytest.approx(0.6, abs=0.06)
    assert box.limits["c"][1] == pytest.approx(0.5, abs=0.06)
    assert box.density > 0.9
    assert box.coverage > 0.8
    assert find_box(x, np.zeros(2000, bool), list("abcd")) is None


@pytest.mark.parametrize(("seed", "keys"), [(n, k) for n in range(4) for k in ((2,), (0, 3))])
def test_the_box_that_decides_everything_is_found_in_a_morris_design(seed, keys):
    """Four levels an input: no quantile cuts there; and two inputs may matter only together."""
    names = tuple("abcde")
    inputs = tuple(Input(name, 0.0, 1.0) for name in names)
    points = sample_points(Design("morris", 20, seed, 1, 1, inputs, ()))
    interest = np.all(points[:, keys] > 0.5, axis=1)
    box = find_box(points, interest, names)
    assert set(box.limits) == {names[k] for k in keys}
    assert all(low == pytest.approx(2 / 3) for low, _ in box.limits.values())
    assert (box.density, box.coverage) == (1, 1)


def test_above_and_below_hold_together():
    values = np.array([-1.0, 0.0, 0.2, 0.5, 0.7])
    outcome = Outcome("burden", "AAA", 2024, above=0.0, below=0.5)
    assert outcome.is_of_interest(values).tolist() == [False, False, True, False, False]
    assert Outcome("burden", "AAA", 2024, below=0.0).is_of_interest(values).tolist() == [True, *[False] * 4]
    assert not Outcome("burden", "AAA", 2024).is_of_interest(values).any()
    assert outcome.sought == "burden AAA 2024 above 0 and below 0.5"


@pytest.mark.parametrize("method", ["sobol", "morris", "lhs"])
def test_a_sweep_says_in_words_what_has_no_number(method, monkeypatch):
    """What never varies, to the last bit, and what is not a number never reach SALib, and have no row."""
    outcomes = tuple(Outcome("burden", "AAA", year, above=0.5) for year in (2021, 2022, 2023, 2024))
    design = dataclasses.replace(DESIGN, method=method, samples=64, outcomes=outcomes)
    points = sample_points(design)
    moving = (points[:, 1] - 0.5) / 1.5
    lost = np.where(np.arange(len(points)) == 3, np.nan, moving)
    values = np.stack([moving, np.full(len(points), 0.1) + 1e-17 * moving, lost, np.ones(len(points))], axis=1)
    indices, boxes = _analysed(design, points, values)
    found = Sweep(design, points, values, indices, boxes, Path())
    assert set(found.table().frame["outcome"]) == {outcomes[0].text}
    assert found.table().frame["input"][0] == "AAA.stake"
    assert found.where().frame["input"].to_list() == ["AAA.stake"] * len(found.where().frame)
    said = " ".join(found.notes)
    assert f"{outcomes[1].text} is the same at every point (0.1)" in said
    assert f"{outcomes[1].sought}: so at none" in said
    assert f"{outcomes[2].text} is not a number at 1 of {len(points)} points" in said
    assert f"{outcomes[3].sought}: so at every one" in said
    assert len(found.tables()) == 2


def test_other_draws_of_one_seed_are_told(toy, posteriors):
    fit = posteriors["FR"]
    drawn = dataclasses.replace(fit, groups=Held({**fit.groups.by_name, "posterior": fit.draws * 1.001}))
    one, two = (_manifest(toy, Basis(p), DESIGN) for p in (fit, drawn))
    assert one["identity"]["posteriors"]["FR"]["draws"] != two["identity"]["posteriors"]["FR"]["draws"]


def test_everything_assumed_is_varied_by_default(toy, tmp_path):
    file = tmp_path / "design.toml"
    file.write_text('method = "lhs"\nsamples = 10\n')
    paths = {i.path for i in read_design(toy, file).inputs}
    assert paths == {i.path for i in assumed_inputs(toy)}
    assert "futures.commitment_cost" in paths
    assert not any(p.startswith("agreement.") for p in paths)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('methd = "sobol"', "did you mean 'method'"),
        ('method = "grid"', "not one of sobol, morris, lhs"),
        ("samples = 0", "greater than or equal to 1"),
        ('first_year = "soon"', r"toml:1 \[first_year\].*integer"),
        ('[[input]]\npath = "AAA.stakes"', "did you mean"),
        ('[[input]]\npath = "AAA.stake"', "give low and high"),
        ('[[input]]\npath = "transfer"\nlow = 0\nhigh = 1', "buckpass agreement"),
        ('[[input]]\npath = "futures.discount"', "one-step"),
        ('[[outcome]]\nmeasure = "burdn"\npower = "AAA"\nyear = 2030', "did you mean 'burden'"),
        ("samples = [", "TOML"),
        ("samples = 1000000", "more than 1,000,000"),
        ('[[input]]\npath = "AAA.stake"\nlow = 0\nhigh = 1\n' * 2, "stands twice"),
        ('[[outcome]]\nmeasure = "burden"\npower = "AAA"\nyear = 2022\nabove = 2\nbelow = 1', "no value between"),
        ('[[outcome]]\nmeasure = "deployed_by"\npower = "AAA"\nyear = 2022\nabove = 1.5', "lies between 0 and 1"),
    ],
)
def test_bad_designs_are_refused(toy, tmp_path, text, match):
    file = tmp_path / "design.toml"
    file.write_text(text)
    with pytest.raises(BadDesign, match=match):
        read_design(toy, file)


@pytest.mark.slow
def test_a_sweep_resumes_to_the_same_bytes_and_refuses_others(toy, posteriors, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    found = sweep(toy, posteriors, DESIGN, whole)
    assert len(found.inputs) == len(sample_points(DESIGN)) > 2 * CHUNK
    strongest = found.table().frame.row(0, named=True)
    assert strongest["input"] == "AAA.stake"
    sweep(toy, posteriors, DESIGN, broken)
    (broken / "chunk-000001.json").unlink()
    (broken / "result.json").unlink()
    sweep(toy, posteriors, DESIGN, broken)
    assert contents(whole) == contents(broken)
    before = contents(whole)
    with pytest.raises(ManifestMismatch, match="design"):
        sweep(toy, posteriors, dataclasses.replace(DESIGN, histories=65), whole)
    changed = toy.replace(claims=())
    with pytest.raises(ManifestMismatch, match="case_hash"):
        sweep(changed, posteriors, DESIGN, whole)
    assert contents(whole) == before


@pytest.mark.slow
def test_what_cannot_be_computed_is_null_with_its_reason(toy, posteriors, tmp_path):
    """Two points give no interval, and an outcome that never varies no index: said, and the JSON is JSON."""
    outcomes = (Outcome("burden", "AAA", 2021), Outcome("economic_share", "BBB", 2021))
    design = dataclasses.replace(DESIGN, samples=2, years=1, histories=16, outcomes=outcomes)
    found = sweep(toy, posteriors, design, tmp_path / "few")
    kept = json.loads((tmp_path / "few" / "result.json").read_text("utf-8"), parse_constant=pytest.fail)
    said = json.loads(json_text(found.as_dict()), parse_constant=pytest.fail)
    assert kept == {k: said[k] for k in ("indices", "boxes", "notes")}
    missing = [v for one in said["indices"] for row in one.values() for v in row.values() if v is None]
    assert bool(missing) == any("cannot be computed from" in note for note in said["notes"])
    still = [o.text for o, values in zip(design.outcomes, found.outcomes.T, strict=True) if np.ptp(values) == 0]
    stated = [note for note in said["notes"] if "the same at every point" in note]
    assert len(stated) == len(still)
    assert all(note.startswith(text) for note, text in zip(stated, still, strict=True))
    assert not set(still) & set(found.table().frame["outcome"])
    assert missing or still
    assert all(note in found.table().note for note in said["notes"])


def test_an_outcome_beyond_the_years_is_refused(toy, posteriors, tmp_path):
    design = dataclasses.replace(DESIGN, outcomes=(Outcome("burden", "AAA", 2090),))
    with pytest.raises(BadDesign, match="2090"):
        sweep(toy, posteriors, design, tmp_path / "x")
    with pytest.raises(BadDesign, match="at least 64"):
        sweep(toy, posteriors, dataclasses.replace(DESIGN, method="lhs"), tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_cluster_that_does_not_answer_is_named_in_ten_seconds(toy, posteriors, tmp_path):
    pytest.importorskip("distributed")
    started = time.monotonic()
    with pytest.raises(ClusterDoesNotAnswer, match=r"127\.0\.0\.1:9"):
        sweep(toy, posteriors, DESIGN, tmp_path / "x", cluster="tcp://127.0.0.1:9")
    assert time.monotonic() - started < 15
    assert not list((tmp_path / "x").glob("chunk-*"))


@pytest.mark.slow
def test_a_full_disk_loses_nothing_that_was_finished(toy, posteriors, tmp_path, monkeypatch):
    """The second chunk meets a full disk; what was there stays whole, and the same call then completes it."""
    design = dataclasses.replace(DESIGN, samples=4)
    whole, full, written = tmp_path / "whole", tmp_path / "full", []
    sweep(toy, posteriors, design, whole)

    def fsync(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 2:  # the manifest, a chunk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        with pytest.raises(OutputFailed, match="No space left"):
            sweep(toy, posteriors, design, full)
    assert set(contents(full)) == {"manifest.json", "chunk-000000.json"}
    sweep(toy, posteriors, design, full)
    assert contents(full) == contents(whole)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_resumes_to_the_same_bytes(toy, posteriors, tmp_path, stop):
    script = textwrap.dedent("""
        import sys; from pathlib import Path
        sys.path.append("..")
        import buckpass.case
        from buckpass.case import load_case
        from made import made_posterior
        from test_sweep import DESIGN, sweep
        toy = load_case(Path(buckpass.case.__file__).parent / "template")
        sweep(toy, {"FR": made_posterior(toy)}, DESIGN, Path(sys.argv[1]))
    """)
    folder = tmp_path / "killed"
    child = subprocess.Popen([sys.executable, "-c", script, str(folder)], cwd=HERE)
    deadline = time.monotonic() + 240
    while not list(folder.glob("chunk-*.json")) and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.02)
    os.kill(child.pid, stop)
    child.wait()
    sweep(toy, posteriors, DESIGN, folder)
    sweep(toy, posteriors, DESIGN, tmp_path / "undisturbed")
    kept = {k: v for k, v in contents(folder).items() if not k.startswith(".")}
    assert kept == contents(tmp_path / "undisturbed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_lost_worker_costs_nothing(toy, posteriors, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
    ) as cluster:
        pids = [w.pid for w in cluster.workers.values()]
        import threading

        threading.Timer(4.0, os.kill, (pids[0], signal.SIGKILL)).start()
        sweep(toy, posteriors, DESIGN, tmp_path / "cluster", cluster=cluster.scheduler_address)
    sweep(toy, posteriors, DESIGN, tmp_path / "here")
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")
