"""The replication archive: the same bytes each time, re-run to the same numbers, and every change to it found."""

import hashlib
import json
import shutil
import zipfile

import pytest
from prior_fits import save_fits
from typer.testing import CliRunner

from buckpass.case import OutputExists, load_case
from buckpass.cli.main import app
from buckpass.page.replication import NotAnArchive, verify_archive, write_archive


@pytest.fixture(scope="module")
def archive(small_case, tmp_path_factory):
    return write_archive(small_case, tmp_path_factory.mktemp("archive") / "small.zip", seed=3)


def content_of(archive) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(content: dict[str, bytes], path, sums: bool = True):
    """An archive with this content; with `sums`, its checksums say that nothing was changed."""
    if sums:
        manifest = json.loads(content["manifest.json"])
        manifest["sha256"] = {n: hashlib.sha256(content[n]).hexdigest() for n in manifest["sha256"] if n in content}
        content = {**content, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w") as made:
        for name, data in content.items():
            made.writestr(name, data)
    return path


@pytest.mark.slow
def test_same_case_and_seed_same_bytes(archive, small_case, tmp_path):
    again = write_archive(small_case, tmp_path / "again.zip", seed=3)
    assert again.read_bytes() == archive.read_bytes()
    assert write_archive(small_case, tmp_path / "other.zip", seed=4).read_bytes() != archive.read_bytes()


def test_a_referee_gets_the_same_values(archive, small_case):
    found = verify_archive(archive)
    assert found.ok
    assert found.versions == {}
    assert found.compared > 100
    manifest = json.loads(content_of(archive)["manifest.json"])
    assert manifest["case_hash"] == small_case.hash
    assert {f"case/{name}" for name in ("case.toml", "crises.csv", "responses.csv", "sources.bib")} <= set(
        manifest["sha256"]
    )


def test_an_altered_file_is_found_by_its_checksum(archive, tmp_path):
    content = content_of(archive)
    content["case/responses.csv"] += b" "
    with pytest.raises(NotAnArchive, match=r"case/responses\.csv"):
        verify_archive(packed(content, tmp_path / "altered.zip", sums=False))


def test_a_result_that_the_case_does_not_give_is_found_by_running_it(archive, tmp_path):
    content = content_of(archive)
    record = json.loads(content["results/record.json"])
    record["n_crises"] += 1
    content["results/record.json"] = json.dumps(record).encode()
    found = verify_archive(packed(content, tmp_path / "altered.zip"))
    assert [d.place for d in found.differences] == ["record.n_crises"]
    assert found.table().rows() == [
        {"place": "record.n_crises", "archived": str(record["n_crises"]), "computed": str(record["n_crises"] - 1)}
    ]


def test_another_case_under_the_same_name_is_found(archive, tmp_path):
    content = content_of(archive)
    changed = content["case/crises.csv"].replace(b"Border raids 2005", b"Border raids, 2005 and later")
    assert changed != content["case/crises.csv"]
    content["case/crises.csv"] = changed.replace(b"Border raids, 2005 and later", b'"Border raids, 2005 and later"')
    found = verify_archive(packed(content, tmp_path / "other.zip"))
    assert "case_hash" in [d.place for d in found.differences]


@pytest.mark.parametrize("damage", ["not a zip", "no manifest", "a name that leaves", "a result missing"])
def test_what_is_no_archive_is_refused_in_words(archive, tmp_path, damage):
    content, path = content_of(archive), tmp_path / "damaged.zip"
    if damage == "not a zip":
        path.write_bytes(b"PK nothing")
    elif damage == "no manifest":
        packed({k: v for k, v in content.items() if k != "manifest.json"}, path, sums=False)
    elif damage == "a name that leaves":
        manifest = json.loads(content["manifest.json"])
        manifest["sha256"]["case/../../outside.txt"] = hashlib.sha256(b"out").hexdigest()
        packed(
            {**content, "case/../../outside.txt": b"out", "manifest.json": json.dumps(manifest).encode()},
            path,
            sums=False,
        )
    else:
        packed({k: v for k, v in content.items() if k != "results/claims.json"}, path)
    with pytest.raises(NotAnArchive):
        verify_archive(path)
    assert not (tmp_path.parent / "outside.txt").exists()


def test_the_verb_says_no_to_a_difference_and_keeps_an_archive_that_is_there(archive, small_folder, tmp_path):
    run = CliRunner().invoke
    assert run(app, ["replicate", "--verify", str(archive)]).exit_code == 0
    content = content_of(archive)
    record = json.loads(content["results/record.json"])
    record["n_crises"] += 1
    content["results/record.json"] = json.dumps(record).encode()
    said = run(app, ["replicate", "--verify", str(packed(content, tmp_path / "altered.zip"))])
    assert said.exit_code == 1
    assert "record.n_crises" in said.output
    before = archive.read_bytes()
    assert run(app, ["replicate", str(small_folder), "-o", str(archive)]).exit_code == 2
    assert archive.read_bytes() == before
    assert run(app, ["replicate"]).exit_code == 2


@pytest.mark.slow
def test_fits_travel_with_the_archive(small_case, tmp_path):
    folder = tmp_path / "fitted"
    shutil.copytree(small_case.folder, folder)
    save_fits(load_case(folder), folder / "posteriors")
    archive = write_archive(load_case(folder), tmp_path / "fitted.zip")
    assert "results/compare.json" in content_of(archive)
    assert verify_archive(archive).ok
    with pytest.raises(OutputExists):
        write_archive(load_case(folder), archive)
