"""A stranger's designs and chunks: whatever is in them, a sweep answers in one sentence, soon, and never uses it."""

import json
import os
import random
import shutil
import string
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from buckpass.case import BuckpassError, load_case
from buckpass.case.start import TEMPLATE
from buckpass.sweeps.chunks import Chunks
from buckpass.sweeps.design import count_points, read_design
from buckpass.years.year_problems import BadDesign, ManifestMismatch

GOOD = {
    "method": "sobol", "samples": 8, "seed": 1, "years": 4, "histories": 64, "first_year": 2021, "foresight": "myopic",
    "overrides": ["AAA.stake=1.2"], "input": [{"path": "AAA.stake", "low": 0.5, "high": 2.0}],
    "outcome": [{"measure": "burden", "power": "AAA", "year": 2022, "above": 0.1, "below": 0.5}],
}  # fmt: skip
ODD = (
    "true", "-1", "0", "1.5", "nan", "inf", "-inf", "1e308", "9223372036854775808", "1" * 5000, '""', '"x"', "[]", "[[1]]", "{}",
    "{a = 1}", '"\\u001b[2J"', "1979-05-27", '["a", 1]', "[" * 60 + "]" * 60, "4294967296", '"' + "y" * 9000 + '"',
)  # fmt: skip


def toml(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value if isinstance(value, Raw) else json.dumps(value)


class Raw(str):
    """TOML as it stands."""


def hostile_design(dice: random.Random) -> bytes:
    """A design with one thing wrong with it, or bytes that are none."""
    design = json.loads(json.dumps(GOOD))
    kind = dice.randrange(7)
    if kind == 0:
        design[dice.choice(list(design))] = Raw(dice.choice(ODD))
    elif kind == 1:
        entry = design[dice.choice(["input", "outcome"])][0]
        entry[dice.choice(list(entry))] = Raw(dice.choice(ODD))
    elif kind == 2:
        del design["outcome"][0][dice.choice(["measure", "power", "year"])]
    elif kind == 3:
        design["".join(dice.choices(string.ascii_letters, k=dice.randrange(1, 300)))] = 1
    text = "\n".join(f"{k} = {toml(v)}" for k, v in design.items()).encode()
    if kind == 4:
        joint, depth = dice.choice([".", " . ", "\t."]), dice.randrange(20, 20_000)
        return joint.join([dice.choice(["a", '"a b"', "'c.d'", "k" * 90])] * depth).encode()[:90_000] + b" = 1\n"
    if kind == 5:
        damaged = bytearray(text)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        return bytes(damaged)
    return text[: dice.randrange(len(text))] if kind == 6 else text


@pytest.mark.slow
@pytest.mark.hostile
def test_five_hundred_hostile_designs_are_answered_in_words(tmp_path, tried):
    case, dice, said = load_case(TEMPLATE), random.Random(22), []
    tracemalloc.start()
    for n in range(500):
        file = tmp_path / "design.toml"
        file.write_bytes(hostile_design(dice))
        began = time.monotonic()
        try:
            design = read_design(case, file)
        except BadDesign as error:
            said.append(str(error))
        else:
            assert count_points(design) <= 1_000_000
            assert all(np.isfinite([i.low, i.high]).all() for i in design.inputs)
            assert all(type(o.year) is int for o in design.outcomes)
        assert time.monotonic() - began < 20, n
    assert tracemalloc.get_traced_memory()[1] < 500e6
    tracemalloc.stop()
    assert 350 < len(said) < 500
    assert max(map(len, said)) < 4000
    assert not any("Traceback" in text or "\x1b" in text for text in said)
    tried("designs", 500)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large", "loop", "missing"])
def test_a_design_that_is_no_plain_small_file_is_refused_unread(tmp_path, kind):
    file = tmp_path / "design.toml"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file = Path("/dev/zero")
    elif kind == "folder":
        file.mkdir()
    elif kind == "large":
        with open(file, "wb") as stream:
            stream.truncate(2**33)
    elif kind == "loop":
        file.symlink_to(file)
    with pytest.raises(BadDesign):
        read_design(load_case(TEMPLATE), file)


def damaged(content: dict, other: bytes, dice: random.Random) -> bytes:
    """A chunk with one thing wrong with it."""
    changed, kind = json.loads(json.dumps(content)), dice.randrange(9)
    row = dice.choice(changed["values"])
    if kind == 0:
        row[dice.randrange(len(row))] *= 1 + 10.0 ** dice.uniform(-12, 3)
    elif kind == 1:
        return other
    elif kind == 2:
        changed[dice.choice(list(changed))] = dice.choice([None, 7, -1, "", [], {}, True, [["a"]], "x" * 64, [[1.0]]])
    elif kind == 3:
        dice.choice([row, changed["values"]]).pop()
    elif kind == 4:
        row[0] = dice.choice([True, "1", [], {}, None, [1.0]])
    elif kind == 5:
        changed["values"].reverse()
    elif kind == 6:
        return b"[" * dice.randrange(50, 100_000)
    text = json.dumps(changed)
    if kind == 7:
        return text.replace("0.", dice.choice(["NaN", "1e999", "-Infinity", "0x"]), 1).encode()
    return text[: dice.randrange(len(text))].encode() if kind == 8 else text.encode()


@pytest.mark.hostile
def test_five_hundred_altered_chunks_are_refused(tmp_path, tried):
    """Another's content, another's number, altered numbers, wrong shapes: never read as finished."""
    dice, mine = random.Random(8), Chunks(tmp_path / "mine", "a" * 64, 24, 3)
    theirs = Chunks(tmp_path / "theirs", "b" * 64, 24, 3)
    values = [[dice.random() for _ in range(3)] for _ in range(24)]
    for chunks in (mine, theirs):
        chunks.folder.mkdir()
        chunks.write(0, values[:16])
        chunks.write(1, values[16:])
    assert np.array_equal(np.concatenate([mine.read(0), mine.read(1)]), values)
    good, others = mine.path(0).read_bytes(), [theirs.path(0).read_bytes(), mine.path(1).read_bytes()]
    for _ in range(500):
        mine.path(0).write_bytes(damaged(json.loads(good), dice.choice(others), dice))
        with pytest.raises(ManifestMismatch, match="delete it and resume"):
            mine.read(0)
    tried("chunks", 500)
    mine.path(0).unlink()
    os.mkfifo(mine.path(0))
    with pytest.raises(ManifestMismatch, match="plain file"):
        mine.read(0)


def test_no_number_in_a_chunk_is_kept_as_none(tmp_path):
    chunks = Chunks(tmp_path, "a" * 64, 2, 2)
    chunks.write(0, [[1.0, float("nan")], [0.25, 3.0]])
    assert np.array_equal(chunks.read(0), [[1.0, np.nan], [0.25, 3.0]], equal_nan=True)


def test_a_deep_key_in_a_case_costs_nothing(tmp_path):
    """400 kB of one dotted key took gigabytes where quoted parts, blanks or long parts hid it from the bound."""
    folder = tmp_path / "case"
    shutil.copytree(TEMPLATE, folder)
    for part in ("a", '"a b"', "k" * 90):
        (folder / "case.toml").write_text(".".join([part] * (400_000 // (len(part) + 1))) + " = 1\n")
        with pytest.raises(BuckpassError, match="nested too deeply"):
            load_case(folder)
