"""Any verb into anything: consoles of other encodings, streams that are closed, readers that leave, marks out of a file."""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from forked import Forks
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.cli.streams import UNSAFE, legible
from buckpass.fitting.files import save_posterior
from made_posteriors import posterior_of, prior_sites

BUCKPASS = [sys.executable, "-c", "from buckpass.cli.main import main; main()"]
QUICK = (
    "check central-asia",
    "record central-asia --json",
    "solve central-asia no-such-crisis",
    "record western-balkans",
)
FITTED = "--posteriors posteriors"
CRISIS = f"dalen_2016 --draws 4 {FITTED}"
VERBS = (
    *QUICK, "--help", "schema crises.csv", "nothing", "record nowhere", "check case --weak", "check case --table", "record case --long",
    "record case --shares", "record case --origins dalen_2016", "diff case case", "migrate case --to moved", "worldwide case", f"solve case {CRISIS}", f"solve case {CRISIS} --json",
    f"explain case {CRISIS}", f"whatif case {CRISIS} --set BBB.stake=2x", f"whatif case {CRISIS} --set BBB.stake=2x --json",
    f"tip case {CRISIS} --over BBB.stake --crosses p_deploy:BBB>0.5 --json", f"compare case {FITTED}", f"compare case {FITTED} --json", "claims case", "claims case --long",
    "claims case --json", f"agreement case {FITTED}",
    f"agreement case {FITTED} --set agreement.discount=1 --json", f"explain case {CRISIS} --json", "diff case case --json", "check case --json",
    f"futures case {FITTED} --histories 20 --years 2 --json", f"sweep case design.toml {FITTED} -o swept --json", f"futures case {FITTED} --histories 50 --years 2",
    f"sweep case design.toml {FITTED} -o swept", f"report case {FITTED} -o page.html", "replicate case -o archive.zip",
    "replicate --verify design.toml", "new made", "new made --powers FRA,USA --hosts MLI,NER --years 2012-2013", "help estimands",
    "help paths --json", "help columns responses.csv", "help nothing", "events formats", "events load s.duckdb design.toml",
    "events code s.duckdb case", "fit case -o fits --explanation ZZ", "serve nowhere", "solve case dalen_2016 --seed -1",
    f"agreement case {FITTED} --figure nowhere/x.svg",
)  # fmt: skip
ENCODINGS = ("cp1252", "latin-1", "cp437", "ascii", "utf-8", "cp850", "koi8-r", "shift_jis")
CLOSED = ("stdout", "stderr", "stdin")
LETTERS = {"Bergmark": "Bérgmark — Łódź ≥ Бергмарк", "Dalen": "Dålen 中文", "Valley Pact": "Pact “κ” ±½"}
DESIGN = """
method = "morris"
samples = 2
years = 2
histories = 20
[[input]]
path = "BBB.backlash"
low = 0.0
high = 2.0
[[outcome]]
measure = "burden"
power = "BBB"
year = 2022
"""
slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive


def called(verb: str, encoding: str = "utf-8", **how) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run([*BUCKPASS, *shlex.split(verb)], env=environment, timeout=300, check=False, **how)


@pytest.mark.slow
@pytest.mark.parametrize("verb", QUICK[:2])
def test_a_console_of_few_letters_gets_the_whole_answer(verb):
    done = called(verb, "cp1252", capture_output=True)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    if "--json" in verb:
        json.loads(done.stdout.decode("cp1252"))


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "| head -c 1 >/dev/null"])
def test_a_closed_stream_is_no_fault(closed):
    line = f"{shlex.join([*BUCKPASS, *shlex.split(QUICK[0])])} {closed}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=300, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.fixture(scope="module")
def forks():
    one = Forks()
    yield one
    one.end()


@pytest.fixture(scope="module")
def place(toy, tmp_path_factory):
    """A case whose names hold letters of many alphabets, with fits and a design."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(TEMPLATE, folder / "case")
    settings = folder / "case" / "case.toml"
    text = settings.read_text("utf-8")
    for plain, letters in LETTERS.items():
        text = text.replace(f'name = "{plain}"', f'name = "{letters}"')
    settings.write_text(text, "utf-8")
    (folder / "posteriors").mkdir()
    for name in ("FR", "RE"):
        save_posterior(posterior_of(toy, name, prior_sites(toy, name, 20)), folder / "posteriors" / f"{name}.nc")
    (folder / "design.toml").write_text(DESIGN, "utf-8")
    return folder


def ways(dice: random.Random, count: int) -> list[dict]:
    """First as usual, then so many encodings, at times with a reader that leaves, and last with streams that are closed."""
    usual = {"encoding": "utf-8", "closed": (), "leaves": False}
    found = [usual | {"encoding": dice.choice(ENCODINGS), "leaves": dice.random() < 0.3} for _ in range(count // 2)]
    shut = [(name,) for name in CLOSED] + [CLOSED[:2], CLOSED]
    found += [
        usual | {"encoding": dice.choice(ENCODINGS), "closed": dice.choice(shut)} for _ in range(count - len(found))
    ]
    return [usual, *found]


def test_every_verb_is_called_here():
    names = {c.name or c.callback.__name__ for c in app.registered_commands}
    assert names == {verb.split()[0] for verb in VERBS} - {"--help", "nothing", "events"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks children")
@pytest.mark.parametrize(
    "count",
    [
        pytest.param(1, marks=slow),
        pytest.param(5, marks=[exhaustive, pytest.mark.hostile]),
        pytest.param(7, marks=exhaustive),
    ],
)
@pytest.mark.parametrize("part", range(4))
def test_any_verb_into_any_console(forks, place, tmp_path, count, part, tried):
    dice = random.Random(f"{count} {part}")
    work, said = tmp_path / "work", tmp_path / "said"
    work.mkdir()
    said.mkdir()
    for verb in VERBS[part::4]:
        asked = ways(dice, count)
        usual, *others = found = forks.calls(shlex.split(verb), asked, place, work, said)
        assert len(found) == len(asked), (verb, "hangs, or its process died")
        assert usual.code in (0, 1, 2), (verb, usual)
        assert b"Traceback" not in usual.err, usual.err.decode()
        assert usual.err.count(b"\n") < 40
        for how, done in zip(asked[1:], others, strict=True):
            assert b"Traceback" not in done.err, (verb, how, done.err.decode("latin-1"))
            assert done.code == usual.code, (verb, how, done.err.decode("latin-1"))
            assert done.seconds < usual.seconds + 5, (verb, how)
            assert done.kilobytes < 1_500_000, (verb, how)
            if how["leaves"] or "stdout" in how["closed"]:
                continue
            assert done.made == usual.made, (verb, how)
            assert done.out.count(b"\n") == usual.out.count(b"\n"), (verb, how)
            if "--json" in verb and done.code == 0:
                told = json.loads(done.out.decode(how["encoding"]), parse_constant=pytest.fail)
                assert told == json.loads(usual.out)
    tried("calls", (count + 1) * len(VERBS[part::4]))


@given(st.text())
def test_no_mark_of_a_file_reaches_the_terminal(text):
    import unicodedata

    shown = legible(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in UNSAFE for c in shown)
    assert legible(shown) == shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "mark", ["\x1b[2J", "\u202e", *(pytest.param(m, marks=slow) for m in ("\x9b31m", "\u2066", "\x07", "\x0b"))]
)
def test_marks_in_words_of_the_call_are_shown_not_obeyed(mark):
    for verb in (["solve", "central-asia", f"x{mark}y"], ["record", f"x{mark}y"]):
        done = subprocess.run([*BUCKPASS, *verb], capture_output=True, timeout=300, check=False)
        assert mark.encode() not in done.stdout + done.stderr
        assert done.returncode in (1, 2)


@slow
@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_ctrl_c_at_any_moment_is_no_traceback():
    """From the moment at which the command begins to load what its verbs need."""
    script = "import sys; from buckpass.cli.start import main; print('begun', file=sys.stderr, flush=True); main()"
    words, dice, ends, length = [sys.executable, "-c", script, "record", str(TEMPLATE)], random.Random(22), [], 0.0
    for kill in range(16):
        begun = time.monotonic()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stderr.readline() == b"begun\n"
        if kill:
            time.sleep(dice.random() * length)
            process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)[1]
        length = length or time.monotonic() - begun
        assert b"Traceback" not in said, said.decode()
        ends.append(process.returncode)
    assert ends[0] == 0
    assert set(ends) == {0, 130}


@pytest.mark.slow
def test_a_width_of_nothing_and_a_folder_that_is_gone(tmp_path):
    for width in ("0", "-5", "\u00b2", "9" * 5_000, "1"):
        told = subprocess.run(
            [*BUCKPASS, "record", str(TEMPLATE)], env=os.environ | {"COLUMNS": width}, capture_output=True, check=False
        )
        assert (told.returncode, told.stderr) == (0, b"")
        assert "Border raids" in told.stdout.decode().replace("\n", " ") or width == "1"
    line = (
        f"rmdir {shlex.quote(str(tmp_path))} && {shlex.join([*BUCKPASS, 'report', str(TEMPLATE), '-o', 'page.html'])}"
    )
    told = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, check=False)
    assert told.returncode == 2
    assert told.stderr == b"the folder that you stand in is no longer there: go to another one\n"
