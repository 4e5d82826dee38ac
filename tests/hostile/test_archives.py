"""A stranger's archive: whatever is in it, `verify` answers in words, touches nothing outside a folder of its own, and ends."""

import contextlib
import hashlib
import io
import json
import random
import stat
import zipfile
from pathlib import Path

import pytest

from buckpass.case import BuckpassError, load_case
from buckpass.case.start import TEMPLATE
from buckpass.page import replication
from buckpass.page.replication import NotAnArchive, verify_archive, write_archive

NAMES = (
    "case//{outside}", "case/../../{plain}", "case/./case.toml", "{outside}", "case/a\\..\\..\\b", "case/C:x", "case/", "case",
    "results/../case/x", "case/.hidden", "case/\x1b[2J", "case/\u202etxt.exe", "case/" + "a" * 300, "//{plain}", "case/a//b",
    "case/" + "é" * 190, "case/case.toml/x",
)  # fmt: skip
WRONG = (None, 7, -1, 2**70, "", "..", "/etc", "a/b", [], {}, True, 1.5, "\x00", "x" * 10_000, [["a"]], {"a": {"b": 1}})
BIG = b'{"n": 1' + b"0" * 400 + b"}"
PACKINGS = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
KINDS = (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK)


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> dict[str, bytes]:
    archive = write_archive(load_case(TEMPLATE), tmp_path_factory.mktemp("archive") / "small.zip", seed=3)
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(
    content: dict[str, bytes], kinds: dict[str, int] | None = None, twice: str = "", packing: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip of this content whose manifest, where it still is one, lists every file with its true checksum."""
    try:
        manifest = json.loads(content["manifest.json"])
        listed = {n: hashlib.sha256(d).hexdigest() for n, d in content.items() if n != "manifest.json"}
        content = {**content, "manifest.json": json.dumps({**manifest, "sha256": listed}).encode()}
    except (KeyError, ValueError, TypeError, RecursionError):
        pass  # the manifest is what is damaged
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (kinds or {}).get(name, stat.S_IFREG) << 16
            archive.writestr(entry, data, packing)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr(twice, b"again")
    return made.getvalue()


def hostile(content: dict[str, bytes], dice: random.Random, outside: Path) -> bytes:
    """One archive with one thing wrong with it."""
    changed, kind = dict(content), dice.randrange(8)
    manifest = json.loads(content["manifest.json"])
    if kind == 0:
        name = dice.choice(NAMES).format(
            outside=str(outside).lstrip("/") if dice.random() < 0.5 else outside, plain=outside.name
        )
        return packed({**changed, name: b"taken over"})
    if kind == 1:
        manifest[dice.choice([*manifest, "case", "seed"])] = dice.choice(WRONG)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in {**changed, "manifest.json": json.dumps(manifest).encode()}.items():
                archive.writestr(name, data)
        return made.getvalue()
    if kind == 2:
        victim = dice.choice([n for n in changed if n != "manifest.json"])
        return packed(changed, kinds={victim: dice.choice(KINDS)})
    if kind == 3:
        return packed(changed, twice=dice.choice(list(changed)))
    if kind == 4:
        whole = bytearray(packed(changed))
        for _ in range(dice.randrange(1, 30)):
            whole[dice.randrange(len(whole))] = dice.randrange(256)
        return bytes(whole)
    if kind == 5:
        return packed(changed)[: dice.randrange(1, 5_000)]
    if kind == 6:
        whole = bytearray(packed(changed, packing=dice.choice(PACKINGS)))
        for _ in range(dice.randrange(4)):
            whole[dice.randrange(len(whole) // 2)] = dice.randrange(256)
        return bytes(whole)
    victim = dice.choice(list(changed))
    changed[victim] = dice.choice((b"", b"{", b"[" * 50_000, b"\xff\xfe", b'{"a": NaN}', b"null", BIG))
    return packed(changed)


def verified_in_words(data: bytes, folder: Path) -> None:
    path = folder / "archive.zip"
    path.write_bytes(data)
    with contextlib.suppress(BuckpassError):
        verify_archive(path)


@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.hostile])])
def test_no_archive_does_harm(content, count, tmp_path, monkeypatch, tried):
    """What follows from a case is computed elsewhere; here it is what the archive's own case would say, without the time."""
    monkeypatch.setattr(replication, "_results", lambda case, seed: {"record": {"n": case.crises.height}, "claims": {}})
    outside, dice = tmp_path / "outside" / "precious.txt", random.Random(count)
    outside.parent.mkdir()
    outside.write_text("mine")
    before = sorted(p for p in tmp_path.parent.rglob("*") if "outside" in p.parts or p.parent == tmp_path.parent)
    (tmp_path / "work").mkdir()
    for _ in range(count):
        verified_in_words(hostile(content, dice, outside), tmp_path / "work")
    tried("archives", count)
    assert outside.read_text() == "mine"
    assert (
        sorted(p for p in tmp_path.parent.rglob("*") if "outside" in p.parts or p.parent == tmp_path.parent) == before
    )


def test_a_name_whose_second_part_is_absolute_is_refused(content, tmp_path):
    outside = tmp_path / "precious.txt"
    outside.write_text("mine")
    path = tmp_path / "a.zip"
    path.write_bytes(packed({**content, f"case/{outside}": b"taken over"}))
    with pytest.raises(NotAnArchive, match="leaves its folder"):
        verify_archive(path)
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("case", ["/abs", "../up", "a/b", "", ".hidden"])
def test_a_manifest_whose_case_leads_elsewhere_is_refused(content, tmp_path, case):
    manifest = json.loads(content["manifest.json"]) | {"case": case}
    path = tmp_path / "a.zip"
    path.write_bytes(packed({**content, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(NotAnArchive):
        verify_archive(path)


def test_results_that_nothing_computes_again_are_named(content, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(packed({**content, "results/futures.json": b'{"p": 1.0}'}))
    found = verify_archive(path)
    assert found.not_checked == ("results/futures.json",)
    assert not found.ok
    assert not found.differences


@pytest.fixture
def forge(content, tmp_path, monkeypatch):
    """The verification of an archive whose result of the record is this text; what is computed here says n = 1."""
    monkeypatch.setattr(replication, "_results", lambda case, seed: {"record": {"n": 1}, "claims": {}})

    def forged(record: bytes):
        path = tmp_path / "a.zip"
        path.write_bytes(packed({**content, "results/record.json": record, "results/claims.json": b"{}"}))
        return verify_archive(path)

    return forged


def test_a_value_more_than_is_computed_differs_whatever_it_says(forge):
    assert forge(b'{"n": 1}').ok
    assert [d.place for d in forge(b'{"n": 1, "extra": "(absent)"}').differences] == ["record.extra"]
    assert [d.archived for d in forge(b"{}").differences] == ["(absent)"]


@pytest.mark.parametrize("record", [b'{"n": 7, "n": 1}', b'{"n": 1e999}', BIG])
def test_a_result_that_readers_would_read_in_two_ways_is_refused(forge, record):
    with pytest.raises(NotAnArchive, match="no result of `record`"):
        forge(record)


@pytest.mark.parametrize("packing", PACKINGS[1:])
def test_a_packing_that_no_archive_of_ours_has_is_refused_unread(content, tmp_path, packing):
    path = tmp_path / "a.zip"
    path.write_bytes(packed(content, packing=packing))
    with pytest.raises(NotAnArchive, match="packed in a way"):
        verify_archive(path)


@pytest.mark.parametrize("name", ["case/case.toml/x", "case/" + "é" * 190])
def test_a_file_that_cannot_stand_beside_the_others_is_said(content, tmp_path, name):
    path = tmp_path / "a.zip"
    path.write_bytes(packed({**content, name: b"x"}))
    with pytest.raises(NotAnArchive, match="cannot be unpacked"):
        verify_archive(path)


def test_a_file_that_the_manifest_does_not_list_is_refused(content, tmp_path):
    made = io.BytesIO(packed(content))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("results/extra.json", b"{}")
    path = tmp_path / "a.zip"
    path.write_bytes(made.getvalue())
    with pytest.raises(NotAnArchive, match="does not list"):
        verify_archive(path)
