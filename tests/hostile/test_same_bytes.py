"""The same case and seed give the same bytes, on one core and on two, and at every call."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from buckpass.case.start import TEMPLATE
from buckpass.fitting.scoring import stacking_weights

BUCKPASS = [sys.executable, "-c", "from buckpass.cli.main import main; main()"]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
needs_two = pytest.mark.skipif(len(CORES) < 2 or not shutil.which("taskset"), reason="needs two cores and taskset")
SOLVE = ("solve", "central-asia", "kz_jan_2022", "--draws", "40", "--figure")
CALLS = {
    "compare": ("compare", "central-asia", "--json"),
    "claims": ("claims", "central-asia", "--json"),
    "report": ("report", str(TEMPLATE), "--force", "-o", "out.html"),
    **{f"figure.{ending}": (*SOLVE, f"out.{ending}") for ending in ("svg", "pdf", "png", "html", "json")},
    "fit": (
        "fit",
        str(TEMPLATE),
        "-o",
        "fits",
        "--explanation",
        "LS",
        "--warmup",
        "100",
        "--draws",
        "100",
        "--no-readings",
        "--no-evidence",
    ),
    "agreement.pdf": ("agreement", "central-asia", "--figure", "out.pdf"),
}
QUICK = ("compare", "claims", "figure.pdf")


def everything(cores: str, call: tuple[str, ...], folder) -> dict[str, bytes]:
    """What a call prints and writes."""
    folder.mkdir()
    done = subprocess.run(
        ["taskset", "-c", cores, *BUCKPASS, *call], cwd=folder, capture_output=True, timeout=580, check=False
    )
    assert done.returncode in ((0, 1) if call[0] == "fit" else (0,)), done.stderr[
        -2000:
    ]  # so short a fit fails its tests
    return {
        "printed": b"" if call[0] == "fit" else done.stdout,  # a fit says how long it took
        **{str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()},
    }


@needs_two
@pytest.mark.parametrize(
    "call", [pytest.param(c, marks=pytest.mark.slow if c in QUICK else pytest.mark.exhaustive) for c in CALLS]
)
def test_one_core_and_two_give_the_same_bytes(call, tmp_path):
    one = everything(str(CORES[0]), CALLS[call], tmp_path / "one")
    two = everything(f"{CORES[0]},{CORES[1]}", CALLS[call], tmp_path / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_weights_say_no_more_than_the_search_knows():
    elpd = np.random.default_rng(2).normal(-2, 0.5, (5, 40))
    weights = stacking_weights(elpd)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    for noise in np.random.default_rng(3).normal(0, 1e-15, (20, *elpd.shape)):
        assert (stacking_weights(elpd + noise) == weights).all()


def test_a_figure_drawn_twice_is_the_same_pdf(tmp_path):
    import altair as alt
    import polars as pl

    from buckpass.cli.outputs import write_figure

    drawn = alt.Chart(pl.DataFrame({"a": [1, 2, 3], "b": [2, 3, 4]})).mark_point(opacity=0.5).encode(x="a", y="b")
    for n in range(12):
        write_figure(drawn, tmp_path / f"{n}.pdf")
    (whole,) = {(tmp_path / f"{n}.pdf").read_bytes() for n in range(12)}
    table = int(whole.rsplit(b"startxref", 1)[1].split()[0])
    assert whole[table:].startswith(b"xref")
    places = re.findall(rb"(\d{10}) \d{5} n\r\n", whole[table:])
    assert len(places) == whole.count(b" 0 obj\n") > 10
    assert all(whole[int(at) :].startswith(b"%d 0 obj" % n) for n, at in enumerate(places, 1))
    named = {int(n) for n in re.findall(rb"\b(\d+) 0 R\b", whole)}
    assert named <= set(range(1, len(places) + 1))


def test_how_long_a_fit_took_is_not_in_its_file(toy, tmp_path):
    from dataclasses import replace

    from buckpass.fitting.files import load_posterior, save_posterior
    from made_posteriors import posterior_of

    fit = posterior_of(toy, "LS", {"stake.level": np.zeros((2, 5))})
    for seconds in (1.5, 2.5):
        save_posterior(replace(fit, settings={"seconds": seconds, "notes": []}), tmp_path / f"{seconds}.nc")
    assert (tmp_path / "1.5.nc").read_bytes() == (tmp_path / "2.5.nc").read_bytes()
    assert load_posterior(tmp_path / "1.5.nc").settings == {"notes": []}
