"""What is measured of a record: missing is never zero, absence is a band, and the numbers can be recomputed by hand."""

import json
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case import Case, load_case
from buckpass.case.reading.reach import eligible_crises
from buckpass.measured import measure, widened, without_recalled
from buckpass.measured.positions import amounts_of, shares_table
from buckpass.measured.terminal import brief_tables, grid_lines
from made_cases import with_mandate


def with_response(case: Case, **changes) -> Case:
    """The case with the first row of dalen_2010 of an actor changed."""
    wanted = (pl.col("crisis_id") == changes.pop("crisis")) & (pl.col("actor") == changes.pop("actor"))
    columns = [
        pl.when(wanted).then(pl.lit(v, case.responses.schema[k])).otherwise(pl.col(k)).alias(k)
        for k, v in changes.items()
    ]
    return case.replace(responses=case.responses.with_columns(columns))


def activity(case: Case, organisation: str) -> dict:
    return measure(case).activity.frame.filter(pl.col("organisation") == organisation).to_dicts()[0]


def test_json_has_the_fields_that_others_rely_on(toy):
    found = json.loads(json.dumps(measure(toy).as_dict(), allow_nan=False))
    assert found["n_crises"] == 3
    assert {"crisis", "actor", "rung", "low", "high", "basis", "scope"} <= set(found["responses"][0])
    assert {"organisation", "eligible", "acts", "rate"} <= set(found["activity"][0])
    assert set(found["activity"][0]["rate"]) == {"mean", "low", "high"}
    assert {"year", "power", "domain", "value"} <= set(found["shares"][0])
    assert {"year", "index"} <= set(found["division_of_labour"][0])
    assert isinstance(found["comparisons"], list)


@pytest.mark.slow
def test_dropping_what_nobody_looked_for_changes_nothing(toy):
    searched = toy.replace(responses=toy.responses.filter(pl.col("basis") != "unsearched"))
    for name, table in measure(toy).by_name().items():
        if name != "responses":
            # the row that says that nobody looked is the only difference there may be
            assert table.frame.equals(measure(searched).by_name()[name].frame), name


def test_unsearched_crises_are_no_chances(toy):
    found = activity(toy, "PACT")
    assert (found["eligible"], found["unsearched"], found["acts"]) == (2, 1, 1)
    assert found["rate_mean"] == pytest.approx(1.5 / 3)


def test_absence_is_a_band_and_never_a_deployment(toy):
    absent = with_response(
        toy, crisis="dalen_2016", actor="PACT", rung=0, rung_low=0, rung_high=1, basis="absence", vehicle=""
    )
    row = absent.coded.filter((pl.col("crisis") == "dalen_2016") & (pl.col("actor") == "PACT")).to_dicts()[0]
    assert (row["low"], row["high"]) == (0, 1)
    assert activity(absent, "PACT")["acts_possibly"] == 0
    profile = measure(absent).profiles.frame.filter((pl.col("power") == "BBB") & (pl.col("rung") == 1))
    assert profile["possibly"].item() > profile["n_coded"].item()


def test_a_doubtful_code_moves_the_interval_only(toy):
    sure = activity(toy, "PACT")
    doubtful = activity(with_response(toy, crisis="dalen_2016", actor="PACT", rung_low=3), "PACT")
    assert doubtful["rate_mean"] == sure["rate_mean"]
    assert doubtful["rate_low"] < sure["rate_low"]


def test_an_organisation_could_act_only_while_it_existed_and_covered_the_host(toy):
    assert eligible_crises(toy, "PACT") == ("dalen_2005", "dalen_2010", "dalen_2016")
    settings = toy.settings
    late = settings.organisations[0].model_copy(update={"founded": toy.crisis("dalen_2010")["end"]})
    assert eligible_crises(toy.replace(settings=settings.model_copy(update={"organisations": (late,)})), "PACT") == (
        "dalen_2016",
    )
    narrow = with_mandate(settings.organisations[0], types=("insurgency_incursion",))
    narrowed = toy.replace(settings=settings.model_copy(update={"organisations": (narrow,)}))
    assert eligible_crises(narrowed, "PACT") == ("dalen_2005",)
    assert eligible_crises(narrowed, "PACT", "membership") == eligible_crises(toy, "PACT")


def test_a_body_could_act_from_the_first_day_of_a_crisis_on_or_in_none_of_it(toy):
    first = toy.crisis("dalen_2010")["start"]
    for founded, could in ((first, True), (first + timedelta(days=3), False)):
        body = toy.settings.organisations[0].model_copy(update={"founded": founded})
        found = eligible_crises(
            toy.replace(settings=toy.settings.model_copy(update={"organisations": (body,)})), "PACT"
        )
        assert ("dalen_2010" in found) is could
        assert "dalen_2005" not in found


@pytest.mark.slow
def test_a_treaty_for_which_no_row_stands_is_in_no_table(flagship):
    listed = set(flagship.responses["actor"]) | set(flagship.settings.focus.organisations)
    found = [row["organisation"] for row in measure(flagship).activity.rows()]
    assert set(found) == listed & set(flagship.organisations)
    assert set(flagship.organisations) - set(found)


def test_shares_add_up_and_divide_as_the_formula_says(toy):
    record = measure(toy)
    shares = record.shares.frame.filter(pl.col("value").is_not_null())
    assert shares.group_by("year", "domain").agg(pl.col("value").sum())["value"].to_list() == pytest.approx(
        [1.0] * shares.select("year", "domain").n_unique()
    )
    for row in record.division_of_labour.frame.drop_nulls("index").iter_rows(named=True):
        wide = shares.filter(pl.col("year") == row["year"]).pivot(on="domain", index="power", values="value")
        by_hand = 0.5 * (wide["economic"] - wide["security"]).abs().sum()
        assert row["index"] == pytest.approx(by_hand)


def test_a_year_without_one_partner_of_one_power_is_no_year(toy):
    year = max(amounts_of(toy, "economic")[0][0].by_year)
    is_gone = (pl.col("series") == "trade") & (pl.col("actor") == "AAA") & (pl.col("year") == year)
    holed = toy.replace(series=toy.series.filter(~is_gone))
    assert year not in amounts_of(holed, "economic")[0][0].by_year


def test_order_of_rows_changes_nothing(toy):
    shuffled = toy.replace(responses=toy.responses.reverse(), series=toy.series.reverse())
    one, other = measure(toy).as_dict(), measure(shuffled).as_dict()
    for name in ("activity", "comparisons", "shares", "division_of_labour", "profiles", "size_and_burden"):
        first, second = (
            json.dumps([{k: v for k, v in r.items() if k != "sources"} for r in d[name]]) for d in (one, other)
        )
        assert first == second, name


def test_two_coders_become_one_row_with_the_wider_band(toy):
    both = pl.concat(
        [
            toy.responses.with_columns(pl.lit("first").alias("coder")),
            toy.responses.with_columns(
                pl.lit("second").alias("coder"),
                (pl.col("rung_high") + 1).clip(0, 6).cast(pl.Int8),
                (pl.col("rung") + 1).clip(0, pl.col("rung_high")).cast(pl.Int8),
            ),
        ]
    )
    rows = toy.replace(responses=both).coded
    assert rows.height == toy.responses.height
    one = toy.coded
    assert (rows["high"].drop_nulls() >= one["high"].drop_nulls()).all()
    found = measure(toy.replace(responses=both)).agreement.frame
    found = measure(toy.replace(responses=both)).agreement.frame
    assert found["coders"].to_list() == [2, 2]  # all, and those read in a text
    assert found["alpha"].is_between(0, 1, closed="right").all()


def test_one_coder_has_no_reliability(toy):
    assert measure(toy).agreement.frame.is_empty()


@given(steps=st.integers(2, 12), by=st.integers(0, 12))
def test_widened_acts_against_stay_on_their_steps(toy, steps, by):
    against = toy.settings.against.model_copy(update={"names": tuple(f"step {n}" for n in range(steps))})
    rows = toy.responses.drop_nulls("rung").with_columns(
        direction=pl.lit("against"), rung_low=pl.lit(1, pl.Int8), rung_high=pl.lit(1, pl.Int8)
    )
    case = toy.replace(
        settings=toy.settings.model_copy(update={"against": against}), responses=pl.concat([toy.responses, rows])
    )
    wide = widened(case, by).responses.filter(direction="against")
    assert wide["rung_low"].unique().to_list() == [max(0, 1 - by)]
    assert wide["rung_high"].unique().to_list() == [min(steps - 1, 1 + by)]


def test_widening_stays_on_the_ladder_and_recalled_rows_become_missing(toy):
    wide = widened(toy, 9).responses.drop_nulls("rung")
    assert wide["rung_low"].unique().to_list() == [0]
    assert wide["rung_high"].unique().to_list() == [6]
    assert widened(toy, 1).responses["rung"].null_count() == toy.responses["rung"].null_count()
    recalled = with_response(toy, crisis="dalen_2016", actor="PACT", basis="recalled")
    assert activity(without_recalled(recalled), "PACT")["eligible"] == 1


@pytest.mark.slow
def test_flagship_compares_its_passive_organisation_first(flagship):
    found = measure(flagship)
    first, *others = flagship.settings.focus.organisations
    pairs = found.comparisons.frame.filter(pl.col("a") == first)
    assert set(others) <= set(pairs["b"])
    assert pairs["p_less"].is_between(0, 1).all()
    assert found.responses.frame.height == flagship.responses.select("crisis_id", "actor").n_unique()
    json.dumps(found.as_dict(), allow_nan=False)


def test_flagship_shows_both_counts_of_a_year_that_is_counted_twice(flagship):
    """For 2024 Chinese customs and Central Asian statistics differ by half: neither stands without the other."""
    other = shares_table(flagship, "alternatives").frame.filter((pl.col("year") == 2024) & (pl.col("power") == "CHN"))
    amounts = dict(other.filter(pl.col("domain") == "economic").select("series", "amount").iter_rows())
    assert amounts["trade_total"] == pytest.approx(94.8, abs=0.1)
    assert amounts["trade_total_partner_stats"] == pytest.approx(60.7, abs=0.15)


def test_a_published_share_stays_what_the_source_says(flagship):
    """Russia had 61 % of all arms to the region in 2021–25; the two powers over one another would make it all of them."""
    other = shares_table(flagship, "alternatives").frame.filter(pl.col("series") == "arms_share_5y")
    last = other.filter((pl.col("year") == 2025) & (pl.col("power") == "RUS")).row(0, named=True)
    assert last["value"] == pytest.approx(0.61, abs=0.005)
    assert (last["denominator"], last["of"]) == (100, "TIV, five years ending in year")


@pytest.mark.slow
def test_every_other_count_in_the_terminal_says_of_what(flagship):
    (shares,) = (table for table in brief_tables(measure(flagship)) if table.title.startswith("Shares of"))
    counts = [count for cell in shares.frame["other counts"] for count in cell.split("; ") if count]
    assert counts
    for count in counts:
        assert "0." not in count.split("(")[0] or " of " in count.split("(")[0] or "USD" in count, count
    assert ". Deliveries of major arms" in shares.note


def test_an_amount_that_only_one_power_has_is_shown_without_a_share(toy):
    year = max(amounts_of(toy, "economic")[0][0].by_year)
    is_gone = (pl.col("series") == "trade") & (pl.col("actor") == "AAA") & (pl.col("year") == year)
    holed = toy.replace(series=toy.series.filter(~is_gone))
    rows = shares_table(holed, "alternatives").frame.filter((pl.col("domain") == "economic") & (pl.col("year") == year))
    assert rows.select("power", "value").rows() == [("BBB", None)]
    assert rows["amount"].item() > 0


def test_the_terminal_has_every_interval_in_one_cell_and_fits(toy):
    tables = brief_tables(measure(toy))
    rate = tables[0].frame.row(0, named=True)
    assert rate["acts"] == "1 (1–1)"
    assert rate["rate"] == "0.50 [0.10, 0.90]"
    for table in tables:
        assert not any(c.endswith(("low", "high")) or c == "sources" for c in table.frame.columns), table.title
        widths = [max(len(c), *(len(str(v)) for v in table.frame[c])) for c in table.frame.columns]
        assert sum(widths) + 2 * len(widths) <= 82, table.title


@pytest.mark.slow
@pytest.mark.parametrize(("name", "crisis", "powers"), [
    ("western-balkans", "Collapse of Albania", {"USA", "DEU", "GBR"}), ("central-asia", "Murder of the Chinese", {"CHN"}),
])  # fmt: skip
def test_who_came_for_its_own_people_is_not_shown_as_who_came_for_the_host(name, crisis, powers):
    """An evacuation stands on the rung of a deployment: a star tells it from help, and the legend tells the star."""
    case = load_case(name)
    lines = list(grid_lines(case, measure(case).responses, 120))
    head, (row,) = lines[0].split(), [line for line in lines if line.startswith(crisis)]
    cells = {actor: row[lines[0].index(f" {actor}") + 1 :][: len(actor)].strip() for actor in head}
    assert {actor for actor, cell in cells.items() if cell.endswith("*")} == powers
    assert "not for the host" in " ".join(lines)
