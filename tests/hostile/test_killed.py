"""Every verb that writes, killed at any moment: what it had finished is kept, nothing half-written stands, it runs again.

One process loads the verbs once and forks a child for every kill, so that a kill costs what the verb costs and no more.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from made_files import gdelt_file, gdelt_row, many_gdelt, quads, write
from made_world import made, traps

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.events import load
from buckpass.events.store import reading
from buckpass.fitting.files import load_posterior, save_posterior
from buckpass.results.stopping import STOPPED
from buckpass.worldwide.rules import rules_text
from made_posteriors import posterior_of, prior_sites

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked children")
TESTS = Path(__file__).parent.parent
# Done, a fit too short to pass its diagnostics, stopped by a person, killed (by Ctrl-C: before it is heard).
ENDS = (0, 1, STOPPED, -signal.SIGKILL, -signal.SIGINT)
KILLER = """
import os, random, signal, sys, time
sys.path.append({tests!r})
from buckpass.results.stopping import end_when_stopped
{load}
def child(folder):
    os.chdir(folder)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & leaves it ignored
    end_when_stopped()
    try:
        work()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:
        os._exit(99)
    os._exit(0)

def begun(folder):
    sys.stdout.flush()
    return os.fork() or child(folder)

def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

dice, (first, *folders) = random.Random({seed}), sys.argv[1:]
start = time.monotonic()
assert ended(begun(first)) in (0, 1), "the first run, which nobody kills"
length = time.monotonic() - start
for n, folder in enumerate(folders):
    pid = begun(folder)
    time.sleep(dice.random() * length * 1.1)
    os.kill(pid, (signal.SIGKILL, signal.SIGINT)[n % 2])
    was, again = ended(pid), ended(begun(folder))
    print(folder, was, again)
"""


def killed(load: str, folders: list[Path], seed: int = 1) -> list[tuple[Path, int, int]]:
    """How the work of each folder ended when it was killed, and when it was done again; the first folder's is let live."""
    script = KILLER.format(tests=str(TESTS), load=textwrap.dedent(load), seed=seed)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, folders)], capture_output=True, text=True, timeout=7200, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [(Path(a), int(b), int(c)) for a, b, c in (line.split() for line in done.stdout.splitlines())]


def whole(path: Path) -> bool:
    """Whether a file is one of its kind from its first byte to its last."""
    content = path.read_bytes()
    if path.suffix == ".zip":
        return zipfile.ZipFile(path).testzip() is None
    if path.suffix == ".nc":
        return load_posterior(path).n_draws > 0
    if path.suffix == ".json":
        return json.loads(content) is not None
    if path.suffix == ".parquet":
        return content[:4] == content[-4:] == b"PAR1"
    ends = {".html": b"</html>", ".svg": b"</svg>", ".pdf": b"%%EOF", ".png": b"IEND\xaeB`\x82"}
    return content.rstrip().endswith(ends.get(path.suffix, b""))


def written(folder: Path) -> list[Path]:
    """Every file under the folder."""
    return [p for p in folder.rglob("*") if p.is_file()]


def as_if_never_killed(folder: Path, first: Path) -> None:
    """What was there is, what was written is whole, and nothing else is left."""
    assert (folder / "mine.txt").read_text() == "mine"
    files = written(folder)
    assert {p.relative_to(folder) for p in files} == {p.relative_to(first) for p in written(first)}
    assert all(whole(p) for p in files), folder


def places(tmp_path: Path, kills: int, posteriors: Path | None = None) -> list[Path]:
    made = [tmp_path / f"run-{n}" for n in range(kills + 1)]
    for folder in made:
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        if posteriors:
            shutil.copytree(posteriors, folder / "posteriors")
    return made


# The writing layer alone: each way in which a file comes to be, killed twenty times each.
WRITERS = {
    "bytes": "from buckpass.results.files import write_whole\nwork = lambda: [write_whole('out.bin', bytes([n]) * 3_000_000) for n in range(8)]",
    "json": "from buckpass.results.files import write_json\nwork = lambda: [write_json('out.json', {'n': n, 'values': list(range(5_000))}) for n in range(3)]",
    "case": "from buckpass.case import new_case\nimport os\nwork = lambda: os.path.isdir('case') or new_case('case')",
    "posterior": """
        from buckpass.case import load_case
        from buckpass.case.start import TEMPLATE
        from buckpass.fitting.files import save_posterior
        from made_posteriors import posterior_of
        import numpy as np, xarray, h5netcdf
        fit = posterior_of(load_case(TEMPLATE), "LS", {"stake.level": np.zeros((2, 500)), "cost.level": np.ones((2, 500))})
        work = lambda: [save_posterior(fit, "LS.nc") for _ in range(1)]
        """,
}


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_twenty_kills_of_every_way_of_writing(writer, tmp_path):
    folders = places(tmp_path, 20)
    for folder, was, again in killed(WRITERS[writer], folders):
        assert was in ENDS, was
        assert again == 0, (folder, again)
        as_if_never_killed(folder, folders[0])
        if writer == "bytes":
            assert set((folder / "out.bin").read_bytes()) == {7}
        if writer == "case":
            assert load_case(folder / "case").id == "case"


DESIGN = """
method = "morris"
samples = 2
years = 3
histories = 20
seed = 5
[[input]]
path = "BBB.backlash"
low = 0.0
high = 2.0
[[outcome]]
measure = "burden"
power = "BBB"
year = 2023
"""
VERBS = {
    "new": ("new", "case"),
    "new from a store": ("new", "case", "--from", "s.duckdb", "--hosts", "TJK"),
    "new of the world": ("new", "world", "--from", "s.duckdb", "--world", "--powers", "USA,RUS", "--rules", "rules.toml"),
    "new of some powers": ("new", "case", "--powers", "FRA,USA", "--hosts", "MLI,NER", "--years", "2012-2013"),
    "migrate": ("migrate", "own"),
    "migrate to another": ("migrate", "own", "--to", "case"),
    "events load": ("events", "load", "s.duckdb", "more.csv"),
    "events load anew": ("events", "load", "new.duckdb", "more.csv"),
    "events profile": ("events", "profile", "s.duckdb", "--actors", "RUS", "--hosts", "KAZ", "--figure", "figure.svg"),
    "worldwide": ("worldwide", "central-asia", "--figure", "figure.svg"),
    "explain": ("explain", str(TEMPLATE), "dalen_2016", "--posteriors", "posteriors", "--draws", "4", "--figure", "figure.svg"),
    "whatif": ("whatif", str(TEMPLATE), "dalen_2016", "--posteriors", "posteriors", "--draws", "4", "--set", "BBB.stake=2x", "--figure", "figure.png"),
    "tip": ("tip", str(TEMPLATE), "dalen_2016", "--posteriors", "posteriors", "--draws", "4", "--over", "BBB.stake", "--crosses",
            "p_deploy:BBB>0.5", "--figure", "figure.json"),
    "report": ("report", str(TEMPLATE), "-o", "page.html", "--force"),
    "replicate": ("replicate", str(TEMPLATE), "-o", "archive.zip", "--force"),
    "agreement": ("agreement", str(TEMPLATE), "--posteriors", "posteriors", "--figure", "figure.svg"),
    "compare": ("compare", str(TEMPLATE), "--posteriors", "posteriors", "--figure", "figure.pdf"),
    "solve": ("solve", str(TEMPLATE), "dalen_2016", "--posteriors", "posteriors", "--draws", "4", "--figure", "figure.html"),
    "futures": ("futures", str(TEMPLATE), "--posteriors", "posteriors", "--histories", "600", "--years", "3", "-o", "decades"),
    "sweep": ("sweep", str(TEMPLATE), "design.toml", "--posteriors", "posteriors", "-o", "swept", "--resume"),
    "fit": ("fit", str(TEMPLATE), "-o", "fits", "--explanation", "LS", "--warmup", "100", "--draws", "100", "--no-readings", "--resume", "--force"),
}  # fmt: skip
STORED = re.compile("store|world|load|profile|migrate")
QUICK = ("new", "migrate", "events load", "replicate")
NEW = (
    "new",
    "new from a store",
    "new of the world",
    "new of some powers",
    "migrate to another",
)  # it may stand before the kill


def calling(words: tuple[str, ...]) -> str:
    return f"""
        from buckpass.cli.main import app
        import buckpass.page.page, buckpass.page.replication, buckpass.fitting.sampling, buckpass.sweeps.sweep, altair, vl_convert
        words = {words!r}
        work = lambda: app(list(words))
        """


@pytest.fixture(scope="module")
def posteriors(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("posteriors")
    for name in ("FR", "RE"):
        save_posterior(posterior_of(toy, name, prior_sites(toy, name, 20)), folder / f"{name}.nc")
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A folder with a small store, a file to load into it, rules for a small world, and a case in the longer form."""
    folder = tmp_path_factory.mktemp("store")
    load(
        made(folder, traps()),
        [gdelt_file(folder / "g.csv", many_gdelt(40)), write(folder / "q.tsv", quads(is_cut=False, days=5))],
    )
    kept = tmp_path_factory.mktemp("given")
    (kept / "s.duckdb").write_bytes((folder / "s.duckdb").read_bytes())
    gdelt_file(kept / "more.csv", [gdelt_row(GLOBALEVENTID=str(n)) for n in range(5_000, 25_000)])
    (kept / "rules.toml").write_text(re.sub("fewest_hosts = .*", "fewest_hosts = 2", rules_text()))
    shutil.copytree(TEMPLATE, kept / "own")
    return kept


def kill_a_verb(verb: str, kills: int, tmp_path: Path, posteriors: Path, store: Path) -> None:
    folders = places(tmp_path, kills, posteriors)
    for folder in folders:
        (folder / "design.toml").write_text(DESIGN)
        if STORED.search(verb):
            shutil.copytree(store, folder, dirs_exist_ok=True)
    for folder, was, again in killed(calling(VERBS[verb]), folders, seed=random.randrange(10**6)):
        assert was in ENDS, (folder, was)
        assert again in ((0, 2) if verb in NEW else (0, 1)), (folder, was, again)
        as_if_never_killed(folder, folders[0])
        if "load" in verb:
            with reading(folder / VERBS[verb][2]) as connection:
                assert connection.execute(
                    "SELECT count(*) FROM event_rows WHERE event_id BETWEEN 5000 AND 24999"
                ).fetchall() == [(20_000,)]
        if "migrate" in verb:
            assert load_case(folder / VERBS[verb][-1]).settings.alignments == load_case(TEMPLATE).settings.alignments


@pytest.mark.slow
@pytest.mark.parametrize("verb", QUICK)
def test_a_verb_killed_a_few_times_runs_again(verb, tmp_path, posteriors, store):
    kill_a_verb(verb, 2, tmp_path, posteriors, store)


@pytest.mark.exhaustive
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_killed_twenty_times_runs_again(verb, tmp_path, posteriors, store):
    kill_a_verb(verb, 20, tmp_path, posteriors, store)
