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

from buckpass.futures.boxes import find_box
from buckpass.futures.design import Design, Input, Outcome, assumed_inputs, read_design, sample_points
from buckpass.futures.problems import BadDesign, ClusterDoesNotAnswer, ManifestMismatch
from buckpass.futures.sweep import CHUNK, sweep
from buckpass.results import files
from buckpass.results.errors import OutputFailed
from buckpass.results.files import json_text

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
        ("samples = 0", "at least 1"),
        ('first_year = "soon"', "is not a year"),
        ('[[input]]\npath = "AAA.stakes"', "did you mean"),
        ('[[input]]\npath = "AAA.stake"', "give low and high"),
        ('[[input]]\npath = "transfer"\nlow = 0\nhigh = 1', "buckpass agreement"),
        ('[[input]]\npath = "futures.discount"', "one-step"),
        ('[[outcome]]\nmeasure = "burdn"\npower = "AAA"\nyear = 2030', "did you mean 'burden'"),
        ("samples = [", "TOML"),
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
    changed = toy.replace(crises=toy.crises.head(2))
    with pytest.raises(ManifestMismatch, match="case_hash"):
        sweep(changed, posteriors, DESIGN, whole)
    assert contents(whole) == before


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
    assert [note for note in said["notes"] if "the same at every point" in note] == [
        f"{text} is the same at every point: nothing here moves it." for text in still
    ]
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
