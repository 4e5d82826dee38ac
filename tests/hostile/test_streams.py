"""Any verb into anything: consoles of other encodings, streams that are closed, readers that leave, marks out of a file."""

import json
import os
import shlex
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.cli.streams import UNSAFE, legible

BUCKPASS = [sys.executable, "-c", "from buckpass.cli.main import main; main()"]
QUICK = (
    "check central-asia",
    "record central-asia --json",
    "solve central-asia no-such-crisis",
    "record western-balkans",
)
VERBS = (
    *QUICK, "--help", "schema crises.csv", "compare central-asia", "compare western-balkans --json", "claims central-asia",
    "solve central-asia kz_jan_2022 --draws 20", "explain central-asia kz_jan_2022 --draws 20", "diff central-asia western-balkans",
    "whatif central-asia kz_jan_2022 --set CHN.force=5 --draws 20", "agreement central-asia", "nothing", "record nowhere",
)  # fmt: skip
ENCODINGS = ("cp1252", "latin-1", "cp437", "ascii", "utf-8", "cp850", "koi8-r", "shift_jis")
STREAMS = (">&-", "| head -c 1 >/dev/null", "2>&-", ">&- 2>&-", "<&-")
slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive


def pairs(ways: tuple[str, ...], quick_verbs: int, quick_ways: int) -> list:
    """Every verb in every way: some at once, one way of every third verb in the slow suite, the rest in the exhaustive one."""
    found = []
    for n, verb in enumerate(VERBS):
        for k, way in enumerate(ways):
            is_quick = n < quick_verbs and k < quick_ways
            kind = () if is_quick else slow if n % 3 == 0 and k == (n + quick_ways) % len(ways) else exhaustive
            found.append(pytest.param(verb, way, marks=kind))
    return found


@cache
def code_of(verb: str) -> int:
    """How the verb exits on an open console of today."""
    return called(verb, capture_output=True).returncode


def every(of: tuple[str, ...], quick: int):
    return [one if n < quick else pytest.param(one, marks=slow) for n, one in enumerate(of)]


def called(verb: str, encoding: str = "utf-8", **how) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run([*BUCKPASS, *shlex.split(verb)], env=environment, timeout=300, check=False, **how)


@pytest.mark.parametrize(("verb", "encoding"), pairs(ENCODINGS, 2, 1))
def test_every_console_gets_the_whole_answer(verb, encoding):
    done = called(verb, encoding, capture_output=True)
    assert b"Traceback" not in done.stderr
    assert done.returncode == code_of(verb)
    assert done.returncode in (0, 1, 2)
    if "--json" in verb and done.returncode == 0:
        json.loads(done.stdout.decode(encoding))


@pytest.mark.parametrize(("verb", "closed"), pairs(STREAMS, 1, 2))
def test_a_closed_stream_is_no_fault(verb, closed):
    line = f"{shlex.join([*BUCKPASS, *shlex.split(verb)])} {closed}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=300, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode == code_of(verb)


@given(st.text())
def test_no_mark_of_a_file_reaches_the_terminal(text):
    import unicodedata

    shown = legible(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in UNSAFE for c in shown)
    assert legible(shown) == shown


@pytest.mark.parametrize("mark", every(("\x1b[2J", "\u202e", "\x9b31m", "\u2066", "\x07", "\x0b"), 2))
def test_marks_in_words_of_the_call_are_shown_not_obeyed(mark):
    for verb in (["solve", "central-asia", f"x{mark}y"], ["record", f"x{mark}y"]):
        done = subprocess.run([*BUCKPASS, *verb], capture_output=True, timeout=300, check=False)
        assert mark.encode() not in done.stdout + done.stderr
        assert done.returncode in (1, 2)
