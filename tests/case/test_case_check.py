"""Every kind of mistake gets its file, its line, what was seen and what to do."""

import dataclasses
import re
import tomllib
from pathlib import Path

import polars as pl
import pytest

import buckpass.case.load as reading_of_cases
from buckpass.case import CaseNotFound, CaseProblems, UnknownName, check_case, load_case
from buckpass.case.checking.remaining import remaining
from buckpass.case.checking.weak_spots import _lonely_crises, _parts, _shares_of_nothing, _wholes
from buckpass.ledger import assess

TABLE = tomllib.loads((Path(__file__).parent / "mistakes.toml").read_text(encoding="utf-8"))
MISTAKES = {entry["name"]: entry for entry in TABLE["mistake"]}
WEAK_SPOTS = {entry["name"]: entry for entry in TABLE["weak_spot"]}


def test_the_starting_case_has_no_problem(folder):
    assert check_case(folder).problems == ()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_where_it_is(name, spoiled):
    mistake = MISTAKES[name]
    check = spoiled(mistake["file"], mistake["old"], mistake["new"])
    assert not check.ok
    assert check.case is None
    assert [row["message"] for row in check.table().rows()] == [p.message for p in check.problems]
    here = [p for p in check.errors if str(p).startswith(mistake["place"])]
    assert [p for p in here if mistake["message"] in p.message and mistake["hint"] in p.hint], "\n".join(
        map(str, check.problems)
    )


def test_all_problems_are_shown_at_once(folder):
    for file, old, new in (
        ("case.toml", 'rider = "BBB"', 'rider = "BBD"'),
        ("crises.csv", "2005-04-30", "2005-02-28"),
        ("responses.csv", "state,3,2,3", "state,3,4,5"),
        ("series.csv", "2000,60.0", "2000,sixty"),
        ("claims.toml", '"record"', '"recorded"'),
        ("sources.bib", "@misc{survey2015", "@misc{survey2016"),
    ):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    files = {problem.file for problem in check_case(folder).errors}
    assert files == {"case.toml", "crises.csv", "responses.csv", "series.csv", "claims.toml"}
    with pytest.raises(CaseProblems) as caught:
        load_case(folder)
    assert {problem.file for problem in caught.value.problems} == files
    assert "crises.csv:2" in str(caught.value)


def test_one_broken_crisis_does_not_blame_its_responses(spoiled):
    check = spoiled("crises.csv", "2005-04-30", "2005-02-28")
    assert [problem.file for problem in check.errors] == ["crises.csv"]


def test_a_wrong_name_in_every_statement_is_said_of_each_alone(folder):
    """That none was left to read is no fault of the list, which is as long as it was written."""
    claims = folder / "claims.toml"
    claims.write_text(claims.read_text("utf-8").replace('crisis = "dalen_', 'crisis = "dolen_'), "utf-8")
    problems = [p for p in check_case(folder).problems if p.file == "claims.toml"]
    assert len(problems) == 3
    assert all("is not a crisis" in p.message for p in problems)


def test_line_numbers_count_lines_inside_quoted_cells(spoiled):
    check = spoiled("crises.csv", "Border raids 2005", '"Border\nraids\n2005"')
    assert check.ok
    assert check.case.crises["line"].to_list() == [2, 5, 6]
    check = spoiled("crises.csv", "2016-01-12", "2015-01-12")
    assert [problem.line for problem in check.errors] == [6]


@pytest.mark.parametrize("name", WEAK_SPOTS)
def test_a_weak_spot_is_a_warning_and_the_case_is_usable(name, spoiled):
    weak = WEAK_SPOTS[name]
    check = spoiled(weak["file"], weak["old"], weak["new"])
    assert check.ok, "\n".join(map(str, check.problems))
    assert check.case is not None
    here = [p for p in check.warnings if str(p).startswith(weak["place"])]
    assert [p for p in here if weak["message"] in p.message], "\n".join(map(str, check.problems))


MINE = "trade,AAA,DDD,2020,3.00,billion USD (invented),example2019,high,"


@pytest.mark.parametrize(
    ("new", "at", "said"),
    [
        (MINE.replace("3.00", "-3.00"), "value", "trade is -3 in 2020, and no share can be taken of what is below zero"),
        (f"{MINE}\n{MINE.replace('AAA', 'WLD').replace('3.00', '6')}", "value",
         "trade with DDD in 2020: its parts add up to 8.79, the whole (WLD) is 6"),
        (f"{MINE}\n{MINE.replace('AAA', 'WLD').replace('3.00', '8.6')}", "value", "add up to 8.79"),
        (f"{MINE}\n{MINE.replace('AAA', 'WLD').replace('3.00', '5')}", "value", "the whole (WLD) is 5"),
        (f"{MINE}\n{MINE.replace('AAA', 'WLD').replace('3.00', '20000').replace('billion', 'million')}", "unit",
         "trade with DDD in 2020 stands in 2 units: billion USD (invented) | million USD (invented)"),
        (MINE.replace("billion", "million"), "unit", "stands in 2 units"),
        (MINE.replace("billion USD (invented)", "fraction of trade").replace("3.00", "0.3"), "unit", "stands in 2 units"),
    ],
)  # fmt: skip
def test_figures_of_which_no_share_can_be_taken_are_errors(spoiled, new, at, said):
    check = spoiled("series.csv", MINE, new)
    assert [(p.line, p.field) for p in check.errors] == [(84, at)], "\n".join(map(str, check.problems))
    assert said in check.errors[0].message


@pytest.mark.parametrize("whole", ["8.79", "8.7", "100"])
def test_a_whole_that_its_parts_pass_by_rounding_alone_is_none(spoiled, whole):
    assert spoiled("series.csv", MINE, f"{MINE}\n{MINE.replace('AAA', 'WLD').replace('3.00', whole)}").ok


def test_parts_that_hold_each_other_are_not_added_up_and_none_passes_the_whole(spoiled):
    """An organisation's figure may hold its members'; a count of events has one event with each who took part."""
    pact = MINE.replace("AAA", "PACT").replace("3.00", "8")
    whole = MINE.replace("AAA", "WLD").replace("3.00", "9")
    assert spoiled("series.csv", MINE, f"{MINE}\n{pact}\n{whole}").ok
    assert not spoiled("series.csv", whole, whole.replace(",9,", ",7.9,")).ok


@pytest.mark.parametrize(
    ("focus", "in_fit", "said"),
    [("valley", "true", "coast has no row in crises.csv, and it is in the fit"),
     ("coast", "true", "coast has no row in crises.csv, and it is in the fit"),
     ("coast", "false", "coast has no row in crises.csv, and the focus names it")],
)  # fmt: skip
def test_a_theatre_that_is_fitted_or_asked_about_has_crises(folder, focus, in_fit, said):
    path = folder / "case.toml"
    text = path.read_text("utf-8").replace('theatre = "valley"', f'theatre = "{focus}"', 1)
    coast = f'[[theatres]]\nid = "coast"\nname = "Coast"\nin_fit = {in_fit}\n\n[[theatres]]'
    path.write_text(text.replace("[[theatres]]", coast, 1), "utf-8")
    (problem,) = [p for p in check_case(folder).errors if "crises.csv" in p.message]
    assert said in problem.message
    assert problem.line == text[: text.index("[[theatres]]")].count("\n") + 1


def test_a_theatre_whose_crisis_cannot_be_read_is_not_said_to_have_none(spoiled):
    assert [p.file for p in spoiled("crises.csv", "2005-04-30", "2005-02-28").errors] == ["crises.csv"]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{ below = 2.0 }", "expects below 2, which holds whatever comes out: its number lies between -1 and 1"),
        ("{ above = -1.5 }", "expects above -1.5, which holds whatever comes out"),
        ("{ above = 1 }", "expects above 1, which can never hold"),
        ("{ below = -1 }", "expects below -1, which can never hold"),
        ("{ between = [1, 0] }", "'between' is nothing that a claim can expect"),
        ("{ below = [1, 0] }", "below = [1, 0] is no number, truth or word"),
        ("{ abve = 0.1 }", "'abve' is nothing that a claim can expect"),
    ],
)
def test_what_a_claim_expects_can_hold_and_can_fail_and_a_fault_is_said_once(spoiled, expect, said):
    check = spoiled("claims.toml", "{ below = 0.0 }", expect)
    (problem,) = check.errors
    assert said in problem.message
    assert problem.field.endswith("expect")
    assert "bool" not in str(problem)


RATE = """
[claim.estimand]
name = "measured.{what}"
actor = "BBB"
theatre = "valley"
{more}
"""


@pytest.mark.parametrize(
    ("what", "more", "expect", "said"),
    [
        ("rate", "at_least = 4", "{ above = -0.1 }", "between 0 and 1"),
        ("rate", "at_least = 4", "{ below = 0 }", "can never hold"),
        ("count", "at_least = 4", "{ above = -1 }", "at 0 or above"),
        ("rate", "at_least = 0", "{ above = 0.5 }", "every response reaches 0"),
        ("rate", "at_least = 0\nat_most = 3", "{ above = 0.5 }", None),
        ("count", "at_least = 4", "{ above = 2 }", None),
    ],
)
def test_what_a_claim_counts_is_not_known_before(folder, what, more, expect, said):
    path = folder / "claims.toml"
    head, _, _ = path.read_text("utf-8").rpartition("[claim.estimand]")
    head = head.replace('family = "model"', 'family = "measured"').replace("{ below = 0.0 }", expect)
    path.write_text(head + RATE.format(what=what, more=more), "utf-8")
    messages = [p.message for p in check_case(folder).errors]
    assert messages == [] if said is None else len(messages) == 1 and said in messages[0], messages


def test_a_bound_on_another_powers_number_can_fail_too(spoiled):
    check = spoiled("claims.toml", 'other = "AAA"', 'other = "AAA"\nalso = { power = "AAA", below = 2 }')
    (problem,) = check.errors
    assert "expects below 2, which holds whatever comes out" in problem.message
    assert problem.field.endswith("also")


def test_who_only_loads_a_case_does_not_wait_for_its_weak_spots(folder, monkeypatch):
    """They took a sixth of every verb's reading, and none but `check` says them."""
    monkeypatch.setattr(reading_of_cases, "weak_spots", None)
    assert load_case(folder).hash
    with pytest.raises(TypeError):
        check_case(folder)


def test_a_gap_in_capacity_is_one_that_the_nearest_years_do_not_fill(folder):
    path = folder / "series.csv"
    lines = path.read_text(encoding="utf-8").splitlines()

    def gaps(first: int, last: int) -> list[str]:
        lost = tuple(f"milex,BBB,,{year}," for year in range(first, last + 1))
        path.write_text("\n".join(line for line in lines if not line.startswith(lost)) + "\n", encoding="utf-8")
        return [str(p) for p in check_case(folder).warnings]

    assert gaps(2008, 2013) == []
    (gap,) = gaps(2007, 2013)
    assert gap.startswith("case.toml:155 [measures.capacity]")
    assert "of BBB within 3 years of 1 of 3 crisis years: 2010" in gap


def test_many_rows_with_one_weakness_are_one_warning_with_every_line(folder):
    path = folder / "responses.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("high,seen,article,example2019", "high,seen,article,"), encoding="utf-8")
    (warning,) = check_case(folder).warnings
    assert str(warning).startswith("responses.csv:2 [source_id] warning: 3 rungs have no source")
    assert all(f"(line {line})" in warning.message for line in (2, 8, 10))


def test_a_name_that_is_nowhere(tmp_path):
    with pytest.raises(CaseNotFound, match="central-asia"):
        load_case("central-asai")
    with pytest.raises(CaseNotFound):
        load_case(tmp_path / "nothing")
    with pytest.raises(CaseProblems, match="missing"):
        load_case(tmp_path)


def test_an_unknown_crisis_names_the_nearest(folder):
    with pytest.raises(UnknownName, match="dalen_2016") as caught:
        load_case(folder).crisis("dalen2016")
    assert caught.value.nearest[0] == "dalen_2016"


def test_too_many_scenarios_are_not_read(folder):
    (folder / "scenarios").mkdir()
    for number in range(60):
        (folder / "scenarios" / f"s{number}.toml").write_text('title = "x"\n', encoding="utf-8")
    (problem,) = check_case(folder).errors
    assert "60 files, more than 50" in problem.message


def test_a_crisis_of_a_theatre_outside_the_fit_needs_no_second_power():
    case = load_case("central-asia")
    others = pl.col("crisis_id").is_in(["mekong_2011", "hungary_1956"]) & (pl.col("actor") != "CHN")
    said = " ".join(p.message for p in _lonely_crises(case.replace(responses=case.responses.filter(~others))))
    assert "mekong_2011" in said
    assert not list(_lonely_crises(case))
    assert "hungary_1956" not in said


def test_what_is_left_to_look_up_has_its_lines_and_no_place_in_the_check_itself(folder):
    from buckpass.case.checking.remaining import remaining

    path = folder / "responses.csv"
    text = path.read_text(encoding="utf-8")
    before = remaining(load_case(folder))
    path.write_text(text.replace(",high,seen,article,", ",high,recalled,article,", 1), encoding="utf-8")
    check = check_case(folder)
    assert check.ok
    assert not check.warnings
    added = [p for p in remaining(check.case) if p not in before and "recalled" in p.message]
    assert [(p.file, p.line) for p in added] == [("responses.csv", 2)]
    assert added[0].message.endswith("line 2")
    assert "read a source" in added[0].hint


def test_a_source_of_a_seen_row_without_a_date_is_named(folder):
    from buckpass.case.checking.remaining import remaining

    path = folder / "sources.bib"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("year = {2019}", "year = {n.d.}", 1), encoding="utf-8")
    (undated,) = [p for p in remaining(load_case(folder)) if p.field == "date"]
    assert "1 of" in undated.message
    assert undated.file == "sources.bib"


def test_a_region_with_less_than_its_hosts_counts_something_twice(spoiled):
    """One event that stands with several hosts: the series is named, with what to write."""
    found = spoiled(
        "series.csv",
        "trade,AAA,DDD,2000,",
        "trade,AAA,valley,2000,1.5,billion USD (invented),example2019,high,\ntrade,AAA,DDD,2000,",
    )
    (seen,) = [p for p in found.problems if "over its partners" in p.message]
    assert (seen.file, seen.line, seen.level) == ("series.csv", 44, "warning")
    assert 'events = ["trade"]' in seen.hint


def test_years_that_some_partner_keeps_out_are_one_line_however_many(toy):
    """Two hosts, one of which has no figures at all: every year has no share, and one line says so."""
    rows = toy.series.filter(pl.col("series") == "trade")
    measures = toy.settings.measures
    partners = measures.economic.model_copy(update={"partners": ("DDD", "EEE", "FFF")})
    both = [rows.with_columns(pl.lit(other).alias("partner")) for other in ("EEE", "FFF")]
    both[1] = both[1].filter(pl.col("actor") == "AAA")
    settings = toy.settings.model_copy(update={"measures": measures.model_copy(update={"economic": partners})})
    case = toy.replace(settings=settings, series=pl.concat([toy.series, *both]))
    (seen,) = [p.message for p in _parts(case)]
    assert "has no figure of BBB with FFF" in seen
    assert "2000, 2002" in seen
    (seen,) = [p.message for p in _parts(case.replace(series=case.series.filter(pl.col("partner") != "FFF")))]
    assert "AAA with FFF and BBB with FFF" in seen


def test_what_has_no_whole_is_left_to_look_up(toy):
    (seen,) = [p for p in remaining(toy) if p.file == "series.csv"]
    assert seen.message.startswith("no whole (WLD) of trade, arms")
    assert "of the powers compared" in seen.message


@pytest.mark.parametrize("named", ["series", "beside", "published"])
def test_every_series_of_which_shares_are_taken_is_looked_through(toy, named):
    """Shares of a series beside, and of a published one, are listed like the measure's own: their gaps are gaps too."""
    alone = toy.settings.measures.economic.model_copy(update={"series": (), named: ("trade",)})
    settings = toy.settings.model_copy(
        update={"measures": toy.settings.measures.model_copy(update={"economic": alone})}
    )
    case = toy.replace(settings=settings)
    assert any(p.message.startswith("no whole (WLD) of trade") for p in remaining(case))
    whole = case.series.filter(pl.col("series") == "trade").head(1).with_columns(actor=pl.lit("WLD"), value=pl.lit(9.0))
    (seen,) = _wholes(case.replace(series=pl.concat([case.series, whole])))
    assert seen.message.startswith("trade has no whole (WLD) for")
    unit = pl.when(pl.col("series") == "trade").then(pl.lit("percent")).otherwise(pl.col("unit")).alias("unit")
    (seen,) = _shares_of_nothing(case.replace(series=case.series.with_columns(unit)))
    assert seen.message == "trade is a percent of nothing named (percent)"


@pytest.mark.parametrize("unit", ["percent", "fraction", "percent, claim of a minister"])
def test_a_published_share_of_nothing_named_is_named_whatever_the_series(toy, unit):
    """Also a series that no measure names: its rows say percent, and a reader asks of what."""
    row = toy.series.head(1).with_columns(
        series=pl.lit("loan_share"),
        value=pl.lit(0.2),
        unit=pl.lit(unit),
        line=pl.lit(99, dtype=toy.series["line"].dtype),
    )
    assert not list(_shares_of_nothing(toy))
    (seen,) = _shares_of_nothing(toy.replace(series=pl.concat([toy.series, row])))
    assert (seen.line, seen.message) == (99, f"loan_share is a {unit.split(',')[0]} of nothing named ({unit})")
    assert seen.hint.startswith(f"write {unit.split(',')[0]} of …")
    named = row.with_columns(unit=pl.lit("percent of all loans, spring 2020"))
    assert not list(_shares_of_nothing(toy.replace(series=pl.concat([toy.series, named]))))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"year": None, "urldate": "2024-05-01"}, "has no date but the day of reading"),
        ({"url": None}, "has no address"),
        ({"url": "https://www.example.org/"}, "has a bare home page for an address"),
        ({"note": "recalled; read again"}, "has a note that says recalled"),
    ],
)
def test_what_a_seen_source_lacks_is_left_to_look_up(toy, fields, said):
    seen = toy.responses.filter(pl.col("basis") == "seen")["source_id"].explode().unique().sort()
    whole = {"author": "{A}", "title": "{T}", "year": "2020", "url": "https://example.org/a/b", "note": "seen"}
    sources = {key: dataclasses.replace(toy.sources[key], fields=whole) for key in seen}
    complete = toy.replace(sources={**toy.sources, **sources})
    assert not [p for p in remaining(complete) if p.file == "sources.bib"]
    poorer = {name: text for name, text in (whole | fields).items() if text}
    one = dataclasses.replace(toy.sources[seen[0]], fields=poorer)
    (left,) = [
        p for p in remaining(complete.replace(sources={**complete.sources, seen[0]: one})) if p.file == "sources.bib"
    ]
    assert left.message == f"1 of {len(seen)} sources of seen rows {said}: {seen[0]}"
    assert left.line == one.line


def test_cells_that_nobody_looked_at_are_left_to_look_up(flagship):
    """A power or organisation without a row in a crisis that it could have acted in: as many as the record leaves blank."""
    from buckpass.case.reading.reach import without_row

    theatre = flagship.settings.focus.theatre
    (left,) = [p for p in remaining(flagship) if p.field == "crisis_id"]
    row = flagship.coded.filter((pl.col("theatre") == theatre) & (pl.col("actor") == "RUS")).row(0, named=True)
    of = (pl.col("crisis_id") == row["crisis"]) & (pl.col("actor") == "RUS")
    less = flagship.replace(responses=flagship.responses.filter(~of))
    (more,) = [p for p in remaining(less) if p.field == "crisis_id"]
    assert int(more.message.split()[0]) == int(left.message.split()[0]) + 1
    assert "RUS 1" in more.message
    assert "RUS" not in left.message
    crises = flagship.crises.filter(pl.col("theatre") == theatre)["crisis_id"].to_list()
    assert f"USA {len(without_row(flagship, crises, ['USA']))}" in left.message


def test_shares_without_a_denominator_are_named(folder):
    file = folder / "series.csv"
    kept = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("trade,AAA")]
    file.write_text("\n".join(kept) + "\n", "utf-8")
    (warning,) = [p for p in check_case(folder).warnings if "denominator" in p.message]
    assert str(warning).startswith(
        f"series.csv:{next(n for n, line in enumerate(kept, 1) if line.startswith('trade'))} "
    )
    assert "or all of AAA and BBB" in warning.message
    assert "WLD" in warning.hint


@pytest.mark.parametrize("content", [None, "# none yet\n", "claim = []\n"])
def test_a_case_without_claims_passes_and_says_so(folder, content):
    file = folder / "claims.toml"
    file.unlink() if content is None else file.write_text(content)
    check = check_case(folder)
    assert check.ok
    assert check.case is not None
    assert check.case.claims == ()
    (warning,) = [p for p in check.warnings if p.file == "claims.toml"]
    assert "makes no claims" in warning.message
    assert len(assess(check.case).table()) == 0


def test_a_misspelt_list_of_claims_is_no_case_without_claims(folder):
    (folder / "claims.toml").write_text('[[claims]]\nid = "C1"\n')
    (problem,) = [p for p in check_case(folder).errors if p.file == "claims.toml"]
    assert "not a known field" in problem.message
    assert "claim" in problem.hint


@pytest.mark.parametrize(
    ("condition", "said"),
    [("{ at_most = 4 }", "the condition names no actor"), ('{ actor = "FRX", at_most = 4 }', "'FRX' is not a state")],
)
def test_a_condition_that_cannot_be_read_is_one_problem(folder, condition, said):
    claim = (
        '\n[[claim]]\nid = "C9"\ntext = "t"\nshort = "s"\nkind = "fact"\nfamily = "measured"\nexpect = { above = 0.5 }\n'
        f'[claim.estimand]\nname = "measured.rate"\nactor = "AAA"\nat_least = 4\nwhere = [{condition}]\n'
    )
    (folder / "claims.toml").write_text((folder / "claims.toml").read_text("utf-8") + claim, "utf-8")
    (problem,) = check_case(folder).errors
    assert said in problem.message
    assert (problem.file, problem.line) == ("claims.toml", 51)


ABOUT_NOTHING = """
[[claim]]
id = "N1"
text = "a sentence"
short = "short"
kind = "fact"
family = "{family}"
expect = {expect}
[claim.estimand]
name = "{family}.{name}"
{given}
"""


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("count", 'actor = "AAA"\nat_least = 5\nyears = [1990, 1994]', "is about no crisis: none of the case, 1990–1994 counts"),
        ("rate", 'actor = "AAA"\nat_least = 5\nwhere = [{ actor = "AAA", at_least = 6 }, { actor = "AAA", at_most = 0 }]', "no crisis"),
        ("count", 'actor = "FRA"\nat_least = 5', "nobody looked|somebody looked for the response of FRA"),
        ("atoms", 'atoms = [{ actor = "AAA", crisis = "dalen_2005", at_least = 5 },\n'
         ' { actor = "AAA", theatre = "valley", years = [1990, 1994], at_least = 5 }]', "none of valley, 1990–1994 counts"),
        ("burden_share", 'power = "AAA"\nyears = [1990, 1994]', "no crisis"),
        ("count", 'actor = "AAA"\nat_least = 5', ""),
        ("atoms", 'atoms = [{ actor = "AAA", theatre = "valley", years = [2005, 2005], at_least = 5 }]', ""),
    ],
)  # fmt: skip
def test_a_claim_about_no_crisis_is_named_and_not_computed(folder, name, given, said):
    family, expect = ("record", "{ equals = true }") if name == "atoms" else ("measured", "{ above = 0.5 }")
    claims = folder / "claims.toml"
    own = ABOUT_NOTHING.format(family=family, name=name, given=given, expect=expect)
    claims.write_text(claims.read_text("utf-8") + own, encoding="utf-8")
    check = check_case(folder)
    assert check.ok
    found = [p for p in check.problems if "claim N1" in p.message]
    assert len(found) == bool(said)
    assert (assess(load_case(folder))["N1"].verdict == "not_computed") == bool(said)
    for problem in found:
        assert re.search(said, problem.message)
        assert problem.line > own.count("\n")
        assert problem.file == "claims.toml"


def test_an_act_some_months_from_its_crisis_is_left_to_look_at_and_one_of_the_weeks_after_is_not(folder):
    text = (folder / "responses.csv").read_text("utf-8")
    text = text.replace("2010-09-03", "2011-02").replace("2016-01-09", "2016-02-01")
    (folder / "responses.csv").write_text(text, "utf-8")
    check = check_case(folder)
    assert (check.problems, check.case is not None) == ((), True)
    told = [str(p) for p in remaining(check.case) if p.field == "date" and p.file == "responses.csv"]
    assert told[0].startswith(
        "responses.csv:5 [date] warning: 1 act lies more than a month outside its crisis: AAA in dalen_2010 (line 5: 2011-02)"
    )
    assert len(told) == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("claims.toml", "kind = ", 'pair = { rider = "AAA" }\nkind = ', "AAA is rider and provider, one of them from [focus]"),
        ("case.toml", "[ladder]", '[[access]]\npower = "DDD"\nhost = "DDD"\nact = "closed"\nfrom = 2016-01-01\n\n[ladder]', "DDD is the host itself"),
        ("case.toml", 'borders = ["AAA", "BBB"]', 'borders = ["AAA", "DDD"]', "DDD does not border itself"),
    ],
)  # fmt: skip
def test_nobody_is_two_sides_at_once(spoiled, file, old, new, said):
    assert [p.file for p in spoiled(file, old, new).errors if said in p.message] == [file]


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 301, "0x" + "f" * 5000])
def test_a_number_too_long_to_read_is_told_at_its_line_and_in_words_of_the_case(spoiled, number):
    (told,) = [str(p) for p in spoiled("case.toml", "years = [2000, 2020]", f"years = [2000, {number}]").problems]
    assert told.startswith("case.toml:9 error: a number of more than 300 digits")


def test_digits_in_a_text_are_no_number(spoiled):
    assert spoiled("case.toml", 'question = "', f'question = "{"9" * 400} # ').ok


def test_one_and_many_are_told_apart(folder):
    text = (folder / "responses.csv").read_text("utf-8")
    (folder / "responses.csv").write_text(text.replace("seen,article", "recalled,article", 1), "utf-8")
    told = [p.message for p in remaining(check_case(folder).case)]
    assert "1 row recalled in valley, known from memory alone: line 2" in told
    assert "1 row unsearched in valley, nobody looked: line 7" in told
    assert "1 of 1 mandate has no dates and holds from 2000 to 2020: PACT" in told
