"""Answers kept in the cache: the same ones, only for the same files, and never in the way."""

import hashlib
import itertools
import json
import os
import stat

import pytest

from buckpass.bargain import Agreement, agreement
from buckpass.case import load, load_case
from buckpass.cli import kept
from buckpass.cli.kept import kept_answer, kept_ledger
from buckpass.cli.ledger import ledger_lines
from buckpass.fitting.files import load_posteriors
from buckpass.ledger import Judged, Verdicts, judged
from buckpass.results import digests, files
from buckpass.results.files import json_text


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """A question of a small folder, asked with `asked()`; each answer that is worked out is another number."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(kept.OFF, "1")
    monkeypatch.setattr(digests, "PACKAGE", tmp_path / "program")
    for name in (
        "case/case.toml",
        "case/scenarios/one.toml",
        "case/posteriors/all.nc",
        "own/all.nc",
        "program/rule.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was\n")
    count = itertools.count()
    return lambda question="q", posteriors=None: kept_answer(
        question, str(tmp_path / "case"), posteriors, lambda: f"réponse {next(count)}"
    )


def test_the_same_question_is_worked_out_once_and_another_by_itself(asked, tmp_path):
    assert [asked(), asked(), asked("other"), asked()] == ["réponse 0", "réponse 0", "réponse 1", "réponse 0"]
    assert asked(posteriors=tmp_path / "own") == "réponse 2"


@pytest.mark.parametrize(
    "name", ["case/case.toml", "case/scenarios/one.toml", "case/posteriors/all.nc", "program/rule.py"]
)
def test_whatever_an_answer_is_made_of_makes_another_one(asked, tmp_path, name):
    asked()
    (tmp_path / name).write_text("as it is\n")
    assert asked() == "réponse 1"
    (tmp_path / name).with_name("new.toml").write_text("")
    assert asked() == "réponse 2"


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-3], lambda b: b.replace(b"0", b"9"), lambda b: b"", lambda b: b"\xff\xfe\n" + b]
)
def test_a_kept_file_that_is_not_as_it_was_written_is_no_answer(asked, tmp_path, damage):
    asked()
    (file,) = (tmp_path / "cache" / "buckpass" / "answers").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert [asked(), asked()] == ["réponse 1", "réponse 1"]


def planted(file, content=b"theirs"):
    """A file with the digest of its content, as whoever knows how answers are kept would write it."""
    file.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


@pytest.mark.parametrize(
    "what", ["open to all", "link", "pipe", "device", "folder", "huge", "another's", "another's folder"]
)
def test_a_planted_answer_is_not_taken(asked, tmp_path, what, monkeypatch):
    asked()
    folder = tmp_path / "cache" / "buckpass" / "answers"
    (file,) = folder.iterdir()
    file.unlink()
    if what == "open to all":
        planted(file)
        file.chmod(0o666)
    elif what == "link":
        planted(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif what == "huge":
        planted(file)
        os.truncate(file, 2**34)
    elif what.startswith("another's"):
        planted(file)
        stranger = os.lstat(file if what == "another's" else folder).st_ino
        is_own = files._is_own
        monkeypatch.setattr(files, "_is_own", lambda state: state.st_ino != stranger and is_own(state))
    else:
        {"pipe": lambda: os.mkfifo(file), "device": lambda: file.symlink_to("/dev/zero"), "folder": file.mkdir}[what]()
    assert asked() == "réponse 1"


def test_answers_are_the_users_alone(asked, tmp_path):
    """Also where an older version, or a loose umask, had left the folder open."""
    folder = tmp_path / "cache" / "buckpass" / "answers"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    assert [asked(), asked()] == ["réponse 0", "réponse 0"]
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, folder.parent, file)] == [0o700, 0o700, 0o600]


@pytest.mark.parametrize(
    "content", [b"[]", b"null", b'{"ledger": 3}', b'{"under": [{}], "ledger": {}}', b"[" * 100_000, b"no JSON"]
)
def test_a_ledger_put_there_by_hand_is_judged_again(asked, tmp_path, content, monkeypatch):
    case, judged_here = str(tmp_path / "case"), object()
    kept_answer("claims, seed 0", case, None, lambda: "x")
    (file,) = (tmp_path / "cache" / "buckpass" / "answers").iterdir()
    planted(file, content)
    assert kept_ledger(case, None, 0, lambda: judged_here) is judged_here


def test_a_cache_that_cannot_be_used_costs_nothing_but_time(asked, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert [asked(), asked()] == ["réponse 0", "réponse 1"]
    monkeypatch.setenv(kept.OFF, "0")
    assert asked() == "réponse 2"


def test_more_files_than_a_case_has_are_not_read_for_it(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(digests, "MOST_BYTES", 5)
    assert [asked(), asked()] == ["réponse 0", "réponse 1"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("target", ["/proc/kmsg", "/dev/zero", "nowhere", "case.toml"])
def test_a_link_is_not_followed_for_the_sake_of_a_cache(asked, tmp_path, target):
    (tmp_path / "case" / "linked.toml").symlink_to(target)
    assert [asked(), asked()] == ["réponse 0", "réponse 1"]
    assert not (tmp_path / "cache").exists()


def test_the_oldest_answers_go(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 2)
    folder = tmp_path / "cache" / "buckpass" / "answers"
    for age, question in ((30, "a"), (20, "b"), (10, "c")):
        before = set(folder.iterdir()) if folder.exists() else set()
        asked(question)
        for file in set(folder.iterdir()) - before:
            os.utime(file, (10**9 - age, 10**9 - age))
    assert len(list(folder.iterdir())) == 2
    assert [asked("b"), asked("c"), asked("a")] == ["réponse 1", "réponse 2", "réponse 3"]


def test_what_a_link_leads_to_is_neither_closed_nor_cleared(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 1)
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    mine.chmod(0o755)
    for name in ("letters.txt", "f" * 64):
        (mine / name).write_text("mine")
    cache = tmp_path / "cache" / "buckpass"
    cache.mkdir(parents=True, mode=0o700)
    (cache / "answers").symlink_to(mine)
    assert [asked("a"), asked("b"), asked("a")] == ["réponse 0", "réponse 1", "réponse 2"]
    assert (sorted(p.name for p in mine.iterdir()), stat.S_IMODE(mine.stat().st_mode)) == (
        ["f" * 64, "letters.txt"],
        0o755,
    )


def test_a_file_of_another_name_in_the_cache_is_left_there(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 1)
    folder = tmp_path / "cache" / "buckpass" / "answers"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "notes.txt").write_text("mine")
    asked("a"), asked("b")
    assert (folder / "notes.txt").read_text() == "mine"
    assert len(list(folder.iterdir())) == 2


def test_a_ledger_that_was_kept_says_what_it_said(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(kept.OFF, "1")
    fresh = judged(toy)
    assert Judged.from_dict(json.loads(json_text(fresh.as_dict()))).as_dict() == fresh.as_dict()
    first = kept_ledger(str(toy.folder), None, 0, lambda: fresh)
    again = kept_ledger(str(toy.folder), None, 0, lambda: pytest.fail("it was worked out before"))
    assert again == first
    lines = [list(ledger_lines(one.verdicts, one.under, 80)) for one in (fresh, again)]
    assert lines[0] == lines[1]


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """A package of one case whose ledger came with it, and what its numbers are."""
    monkeypatch.setattr(digests, "PACKAGE", tmp_path)
    monkeypatch.setattr(load, "BUNDLED", tmp_path / "cases")
    monkeypatch.setenv(kept.OFF, "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("cases/one/case.toml", "cases/one/posteriors/all.nc", "game/rule.py", "cli/words.py", "start.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as it was\n")
    folder = tmp_path / "cases" / "one"
    (folder / kept.ANSWERS).write_text(kept._as_file(folder, {"claims": judged_nothing()}))
    return tmp_path


def judged_nothing():
    """The ledger of a case without claims, as plain values."""
    return {"ledger": Verdicts((), "one", "0", 0).as_dict(), "under": []}


@pytest.mark.parametrize("name", [None, "cli/words.py", "cases/one/years.nc"])
def test_a_ledger_that_came_with_its_case_is_taken_as_it_is(bundled, name):
    if name:
        (bundled / name).write_text("as it is\n")
    assert kept._came_with(Judged, "one", "claims") is not None


@pytest.mark.parametrize(
    "name",
    [
        "cases/one/case.toml",
        "cases/one/posteriors/all.nc",
        "cases/one/new.toml",
        "game/rule.py",
        "start.py",
        "game/new.toml",
    ],
)
def test_a_ledger_that_came_with_another_record_fit_or_program_is_worked_out_again(bundled, name):
    (bundled / name).parent.mkdir(exist_ok=True)
    (bundled / name).write_text("as it is\n")
    assert kept._came_with(Judged, "one", "claims") is None


@pytest.mark.parametrize("ref", ["two", "../one", "./one", "one/", "one/.", "../cases/one", "cases/one", ".", "", "/"])
def test_a_ledger_is_taken_for_the_bundled_case_alone(bundled, ref, monkeypatch):
    (bundled / "cases" / kept.ANSWERS).write_text("{}")
    monkeypatch.chdir(bundled / "cases")
    assert kept._came_with(Judged, ref, "claims") is None


def test_a_ledger_is_worked_out_where_the_user_asks_so_or_sets_how_numbers_are_computed(bundled, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert kept._came_with(Judged, "one", "claims") is not None
    monkeypatch.setenv("JAX_ENABLE_X64", "0")
    assert kept._came_with(Judged, "one", "claims") is None
    monkeypatch.delenv("JAX_ENABLE_X64")
    monkeypatch.setenv(kept.OFF, "0")
    assert kept._came_with(Judged, "one", "claims") is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"digest": 3}', "[" * 100_000, '{"digest"'])
def test_what_came_with_a_case_and_is_not_whole_is_no_answer(bundled, content):
    (bundled / "cases" / "one" / kept.ANSWERS).write_text(content)
    assert kept._came_with(Judged, "one", "claims") is None


@pytest.mark.parametrize(
    ("is_said_so", "change"),
    [
        (False, lambda answers: answers["claims"]["ledger"] | {"seed": 1}),
        (True, lambda answers: []),
        (True, lambda answers: answers["claims"] | {"ledger": {"claims": 3}}),
        (True, lambda answers: {"ledger": answers["claims"]["ledger"]}),
    ],
)
def test_answers_that_were_changed_by_hand_are_none(bundled, is_said_so, change):
    """The file says what it says; and where whoever changed it knew that, no answer that cannot be read ends the verb."""
    file, folder = bundled / "cases" / "one" / kept.ANSWERS, bundled / "cases" / "one"
    answers = json.loads(file.read_text().splitlines()[1])
    changed = answers | {"claims": change(answers)}
    whole = kept._as_file(folder, changed)
    file.write_text(whole if is_said_so else "\n".join([file.read_text().splitlines()[0], whole.splitlines()[1], ""]))
    assert kept._came_with(Judged, "one", "claims") is None


def test_an_answer_that_is_no_plain_file_is_not_read(bundled, monkeypatch):
    file = bundled / "cases" / "one" / kept.ANSWERS
    monkeypatch.setattr(kept, "MOST_KEPT_BYTES", 20)
    assert kept._came_with(Judged, "one", "claims") is None
    file.unlink()
    os.mkfifo(file)
    assert kept._came_with(Judged, "one", "claims") is None


def test_a_bundled_case_of_too_many_files_is_worked_out(bundled, monkeypatch):
    monkeypatch.setattr(digests, "MOST_FILES", 3)
    assert kept._came_with(Judged, "one", "claims") is None


def test_an_agreement_that_was_kept_says_what_it_said():
    case = load_case("central-asia")
    fresh = agreement(case, load_posteriors(case), n_draws=8)
    again = Agreement.from_dict(json.loads(json_text(fresh.as_dict())))
    assert again == fresh
    assert again.statements() == fresh.statements()
    with pytest.raises(ValueError, match="fee"):
        Agreement.from_dict(fresh.as_dict() | {"fee": [0.1, 0.0, None]})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["central-asia", "western-balkans"])
def test_what_comes_with_the_cases_is_what_would_be_worked_out(name, monkeypatch):
    monkeypatch.setenv(kept.OFF, "1")
    case = load_case(name)
    fits = load_posteriors(case)
    kinds = {"claims": Judged, "agreement": Agreement}
    came = {question: kept._came_with(kind, name, question) for question, kind in kinds.items()}
    assert came["claims"] is not None, "`make kept` works them out anew"
    came = {question: found and found.as_dict() for question, found in came.items()}
    fresh = {"claims": judged(case, fits).as_dict(), "agreement": None}
    if case.settings.arrangement is not None:
        fresh["agreement"] = agreement(case, fits).as_dict()
    assert _close(json.loads(json_text(came)), json.loads(json_text(fresh)))


def _close(a, b):
    """Whether two plain values agree, numbers to nine digits: the last ones differ between machines."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_close, a, b))
    return a == b or (isinstance(a, float) and a == pytest.approx(b, rel=1e-9, abs=1e-9))
