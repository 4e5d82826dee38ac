"""A case in the shortest form says what it said; alignments as rows are read, checked and followed like blocks."""

import dataclasses
import re
import shutil

import pytest

from buckpass.case import check_case, load_case
from buckpass.case.case import RECORD
from buckpass.case.load import BUNDLED, bundled_cases
from buckpass.case.provenance import origins_of, setting_place
from buckpass.case.strangers_files import comment_lines
from buckpass.case.writing.migrate import migrate
from buckpass.results.errors import OutputExists

ROW = "theatre,of,with,value,from,to,label,reason\n"
LARGE = ("posteriors", "years.nc")  # of a fit, and copied as they are


@pytest.fixture
def moved(folder):
    """The starting case in the new form."""
    migrate(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_cases())
def test_a_bundled_case_says_the_same_in_a_third_of_its_lines(name, tmp_path):
    old = shutil.copytree(BUNDLED / name, tmp_path / "old", ignore=shutil.ignore_patterns(*LARGE))
    before = load_case(old)
    done = migrate(old, tmp_path / "new")
    after = load_case(tmp_path / "new")
    assert (after.settings, after.claims, after.sources) == (before.settings, before.claims, before.sources)
    assert all(getattr(after, part).equals(getattr(before, part)) for part in RECORD if part != "settings")
    settings = before.settings.model_copy(update={"question": "the same?"})
    assert after.replace(settings=settings).record_hash == before.replace(settings=settings).record_hash
    assert done.before == (old / "case.toml").read_text("utf-8").count("\n")
    assert 3 * done.after <= done.before
    said = {text.lstrip("# ") for text in comment_lines((old / "case.toml").read_text("utf-8")).values()}
    kept = (tmp_path / "new" / "case.toml").read_text("utf-8")
    assert not [comment for comment in said if comment not in kept]


def test_the_new_form_checks_without_a_problem_and_is_left_as_it_is(moved):
    assert check_case(moved).problems == ()
    texts = [(moved / name).read_bytes() for name in ("case.toml", "alignments.csv")]
    assert migrate(moved).before == migrate(moved).after
    assert texts == [(moved / name).read_bytes() for name in ("case.toml", "alignments.csv")]


def test_a_case_of_the_package_is_not_changed_in_place():
    with pytest.raises(OutputExists, match="--to"):
        migrate("western-balkans")


def test_a_parameter_at_its_default_need_not_be_written(moved, toy):
    text = (moved / "case.toml").read_text("utf-8")
    assert "delivery.capacity" not in text
    assert "futures.capacity_growth.AAA" in text  # the starting case gives a reason of its own
    assert load_case(moved).settings.parameters == toy.settings.parameters


def test_what_rows_say_is_found_where_it_stands(moved, toy):
    case = load_case(moved)
    places = [one.place for one in origins_of(case, "dalen_2016") if one.what.startswith("alignment")]
    assert places == [f"alignments.csv:{line}" for line in (2, 3, 4, 5)]
    assert setting_place(dataclasses.replace(case), ("alignments", 1)) == ("alignments.csv:3",)
    rows = (moved / "alignments.csv").read_text("utf-8")
    (moved / "alignments.csv").write_text(rows.replace("0.3,", "0.31,", 1), "utf-8")
    assert setting_place(dataclasses.replace(case), ("alignments", 1)) == ()  # the file says something else now


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("valley,AAA,BBB", "valey,AAA,BBB", "alignments.csv:2 [theatre]", "did you mean 'valley'"),
        ("valley,AAA,BBB", "valley,AAA,AAA", "alignments.csv:2", "with itself"),
        ("0.3,0.0,0.6", "3,0.0,0.6", "alignments.csv:2 [value]", "less than or equal to 1"),
        ("0.3,0.0,0.6", "0.3,0.4,0.6", "alignments.csv:2", "value = 0.3 lies below low = 0.4"),
        ("theatre,of", "theater,of", "alignments.csv:1 [theater]", "did you mean 'theatre'"),
        ("source_id", "source", "alignments.csv:1 [source]", "source_id"),
        ("example2019", "example2018", "alignments.csv:3 [sources[1]]", "example2019"),
    ],
)
def test_a_mistake_in_a_row_is_found_in_the_row(moved, old, new, place, said):
    text = (moved / "alignments.csv").read_text("utf-8")
    assert old in text
    (moved / "alignments.csv").write_text(text.replace(old, new, 1), "utf-8")
    check = check_case(moved)
    assert not check.ok
    assert [p for p in map(str, check.problems) if p.startswith(place) and said in p], check.problems


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("valley,AAA,BBB,0.3,,2011-12-31,assumed,r\nvalley,AAA,BBB,0.1,2011-06,,assumed,r\n", "stands twice"),
        ("valley,AAA,BBB,0.3,,2010-12-31,assumed,r\nvalley,AAA,BBB,0.1,2012,,assumed,r\n", "left open between"),
        ("valley,AAA,BBB,0.3,,,assumed,r\nvalley,AAA,BBB,0.1,2012,,assumed,r\n", "stands twice"),
    ],
)
def test_periods_of_rows_follow_each_other(folder, rows, said):
    text = (folder / "case.toml").read_text("utf-8")
    entry = re.search(r'\[\[alignments\]\][^\[]*?with = "BBB".*?\n\n', text, re.DOTALL)
    (folder / "case.toml").write_text(text.replace(entry[0], ""), "utf-8")
    (folder / "alignments.csv").write_text(ROW + rows, "utf-8")
    (problem,) = check_case(folder).errors
    assert str(problem).startswith("alignments.csv:3 ")
    assert said in problem.message


def test_a_relation_in_both_forms_is_refused(folder):
    (folder / "alignments.csv").write_text(ROW + "valley,AAA,BBB,0.1,2012-01-01,,assumed,later\n", "utf-8")
    problems = [p for p in check_case(folder).errors if "stands in case.toml too, on line" in p.message]
    assert [str(p).startswith("alignments.csv:2") and "buckpass migrate" in p.hint for p in problems] == [True]
