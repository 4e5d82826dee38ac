"""Files that a verb is pointed at beside a case: rules, a world's record, a yardstick, a mapping of codes, a game of Gambit's."""

import csv
import json
import os
import random
import time
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from test_gambit_files import CENTIPEDE, OUTCOMES, PAYOFFS, SIGNAL

from buckpass.case import load_case
from buckpass.case.start import TEMPLATE
from buckpass.cli.completion import crisis_words
from buckpass.cli.printing import is_message
from buckpass.events.coding.ladder import mapping
from buckpass.evidence.gathered import GATHERED, gathered
from buckpass.fitting.stamp import plain_coding
from buckpass.game.gambit import ExtensiveGame, is_game_file, read_game
from buckpass.model.observations import Coding
from buckpass.worldwide.fit import KEPT, read_yardstick
from buckpass.worldwide.folder import CELLS, MANIFEST, read_cells
from buckpass.worldwide.rules import SLOPES, rules, rules_text
from buckpass.worldwide.yardstick import beside

LONGEST = 5.0  # seconds of this process
TOKENS = (
    b"\0", b"\xff", b"\r", b'"', b"'", b"\n", b"[" * 5_000, b"{" * 5_000, b"=", b",", b";", b"-1", b"0", b"1e999", b"nan", b"-inf", b"9" * 400,
    b"true", b'"x"', b"\x1b[2J", b"\xe2\x80\xae", b"[[a]]", b"{}", b"[]", b"null", b"1/0", b"a.b.c", b"#", b"x" * 3_000, b"2101", b"7", b"0.5",
    b"99999999999999999999", b"1_0", "²".encode(), b"1.5e3/2", b"p", b"c",
)  # fmt: skip
ROWS = [
    [f"e{n}", "MLI", power, 0, n % 6 if n % 6 != 1 else 3, 0.5, *range(len(SLOPES))]
    for n in range(12)
    for power in ("FRA", "USA")
]
TOY = load_case(TEMPLATE)
CRISES = TOY.crises["crisis_id"].to_list()
HEALTH = {
    "rhat_max": 1.0,
    "ess_bulk_min": 900.0,
    "ess_tail_min": 900.0,
    "divergences": 0,
    "worst": "levels",
    "least_moved": 1.0,
}
ROW = {"id": "one", "name": "one distribution", "says": "alike", "crises": CRISES, "elpd": [-1.0] * len(CRISES), "pareto_k": [0.1] * len(CRISES),
       "is_exact": [False] * len(CRISES), "diagnostics": HEALTH}  # fmt: skip
EVIDENCE = {
    "case_hash": TOY.record_hash,
    "coding": plain_coding(Coding()),
    "baselines": [ROW, ROW | {"id": "two"}],
    "fits": {"FR": {"scores": "0" * 16}},
}
GOOD = {
    GATHERED: json.dumps(EVIDENCE).encode(),
    "rules": rules_text().encode(),
    MANIFEST: b'schema_version = 1\npowers = ["FRA", "USA"]\n[counts]\nepisodes = 12\nhosts = 1\nnone_of_cells = 0.5\n[[files]]\nlayout = "a"\ncitation = "b"\n',
    CELLS: pl.DataFrame(ROWS, ["episode_id", "host", "power", "low", "high", "weight", *SLOPES], orient="row").write_csv().encode(),
    KEPT: resources.files("buckpass.worldwide").joinpath(f"data/{KEPT}").read_bytes(),
    "mapping": resources.files("buckpass.events").joinpath("data/ladder.csv").read_bytes(),
    **{f"game {n}": text.encode() for n, text in enumerate((PAYOFFS, OUTCOMES, CENTIPEDE, SIGNAL))},
}  # fmt: skip


def damaged(dice: random.Random, text: bytes) -> bytes:
    """A text with a few bytes, words or lines lost, doubled, moved or replaced."""
    for _ in range(dice.randrange(1, 4)):
        words = text.replace(b",", b" , ").split(b" ") if dice.random() < 0.5 else text.split(b"\n")
        joint, at = (b" " if b"\n" in b"".join(words) else b"\n"), dice.randrange(len(words))
        how = dice.randrange(6)
        if how == 0:
            words[at] = dice.choice(TOKENS)
        elif how == 1:
            del words[at]
        elif how == 2:
            words.insert(at, dice.choice(words))
        elif how == 3:
            words[at] = bytes(b ^ (dice.random() < 0.1) for b in words[at])
        elif how == 4:
            words = words[: at + 1]
        else:
            words[at] = words[at][: dice.randrange(len(words[at]) + 1)] + dice.choice(TOKENS)
        text = joint.join(words)
    return text


def numbers_changed(dice: random.Random, text: bytes) -> bytes:
    """JSON with one place of it changed, as a hand would."""
    whole = content = json.loads(text)
    if dice.random() < 0.5 and "baselines" in content:
        content = dice.choice([content["baselines"][0], content["baselines"][0]["diagnostics"], content["fits"]["FR"]])
    key = dice.choice(list(content))
    odd = (None, [], {}, "x", -1, 1e300, True, [None], [1e300] * 3, 0.0, {"a": "b"}, [[1]], {"layout": 3})
    if isinstance(content[key], list) and content[key] and dice.random() < 0.7:
        content[key][dice.randrange(len(content[key]))] = dice.choice(odd)
    else:
        content[key] = dice.choice(odd)
    return json.dumps(whole).encode()


def cells_and_manifest(folder: Path) -> None:
    cells, about = read_cells(folder)
    assert np.isfinite(cells.select("low", "high", "weight", *SLOPES).cast(pl.Float64).to_numpy()).all()
    assert set(cells["power"]) == set(about["powers"])


def kept_or_nothing(folder: Path) -> None:
    """What is kept beside fits is worked out again where it is not whole: nobody need be told."""
    for one in gathered(TOY, {}, folder).baselines.values():
        assert len(one.scores.elpd) == len(one.scores.crises) <= len(CRISES)
        _ = one.diagnostics.passed


def game(file: Path) -> None:
    if is_game_file(file):
        read = read_game(file)
        assert np.isfinite(read.payoffs).all()
        assert not isinstance(read, ExtensiveGame) or read.sets


@pytest.fixture
def readers(toy, tmp_path):
    """How each kind of file is read, and used, where it lies."""
    for name in (MANIFEST, CELLS):
        (tmp_path / name).write_bytes(GOOD[name])
    return {
        "rules": lambda file: beside(toy, the=rules(file)).as_dict(), MANIFEST: lambda file: cells_and_manifest(file.parent),
        CELLS: lambda file: cells_and_manifest(file.parent), KEPT: lambda file: beside(toy, yardstick=read_yardstick(file)).as_dict(),
        "mapping": lambda file: mapping(file), GATHERED: lambda file: kept_or_nothing(file.parent), **{f"game {n}": game for n in range(4)},
    }  # fmt: skip


def read_or_refused(read, file: Path, said: str) -> bool:
    begun = time.process_time()
    try:
        read(file)
    except Exception as refusal:
        if not is_message(refusal):
            raise AssertionError(said) from refusal
        refused = str(refusal) or type(refusal).__name__
    else:
        refused = ""
    assert time.process_time() - begun < LONGEST, said
    assert len(refused) < 2_000, said
    return not refused


@pytest.mark.parametrize("count", [30, pytest.param(400, marks=[pytest.mark.slow, pytest.mark.hostile])])
@pytest.mark.parametrize("kind", GOOD)
def test_a_damaged_file_is_used_or_refused_in_words(readers, tmp_path, kind, count, tried):
    dice, file, used = random.Random(count), tmp_path / kind, 0
    file.write_bytes(GOOD[kind])
    assert read_or_refused(readers[kind], file, kind)
    for n in range(count):
        content = numbers_changed(dice, GOOD[kind]) if kind.endswith(".json") and n % 2 else damaged(dice, GOOD[kind])
        file.write_bytes(content)
        used += read_or_refused(readers[kind], file, f"{kind} {n}: {content[:300]!r}")
    assert used < count or kind == GATHERED
    tried("files that a verb is pointed at", count)


@pytest.mark.parametrize("kind", [*GOOD])
@pytest.mark.parametrize("what", ["pipe", "device", "folder", "loop", "empty", "large"])
def test_what_is_no_plain_small_file_is_refused_unread(readers, tmp_path, kind, what):
    file = tmp_path / kind
    file.unlink(missing_ok=True)
    if what == "large":
        with file.open("wb") as stream:
            stream.write(GOOD[kind][:4])
            stream.truncate(2**33)
    else:
        {"pipe": lambda: os.mkfifo(file), "device": lambda: file.symlink_to("/dev/zero"), "folder": file.mkdir,
         "loop": lambda: file.symlink_to(file), "empty": lambda: file.write_bytes(b"")}[what]()  # fmt: skip
    used = read_or_refused(readers[kind], file, f"{kind} {what}")
    assert (
        not used
        or kind == GATHERED
        or (kind, what) == ("mapping", "empty")
        or (kind.startswith("game") and what != "large")
    )


@pytest.mark.parametrize(
    "name", ["$(touch x)", "`x`", "a;b", "a b", "\x1b[2J", "'", '"', "\u202ea", "a\\b", "~", "*", "x" * 200_000]
)
def test_completion_offers_the_shell_nothing_that_it_would_run(tmp_path, name):
    """What is completed stands in the line that is run next, as it stands in a stranger's table."""
    folder = tmp_path / "case"
    folder.mkdir()
    with (folder / "crises.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["crisis_id"], ["dalen_2005"], [name]])
    limit = csv.field_size_limit()
    for most in (limit, 10**9):  # whatever else this process reads
        csv.field_size_limit(most)
        try:
            offered = crisis_words(SimpleNamespace(params={"case": str(folder)}), "")
        finally:
            csv.field_size_limit(limit)
        assert offered in (["dalen_2005"], [])


def test_completion_of_a_table_that_is_none_is_nothing(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    context = SimpleNamespace(params={"case": str(folder)})
    (folder / "crises.csv").symlink_to("/dev/zero")
    assert crisis_words(context, "") == []
    (folder / "crises.csv").unlink()
    for content in (
        b"\xff\xfe\x00",
        b"crisis_id\n\x00\n",
        bytes(5_000_000),
        b"crisis_id\n" + b"a" * 500_000,
        b"a,b\n1\n",
    ):
        (folder / "crises.csv").write_bytes(content)
        assert not [one for one in crisis_words(context, "") if len(one) > 100]
