"""Every share says what it is a share of, and nobody leads what nobody measured."""

import re

import polars as pl
import pytest
from typer.testing import CliRunner

from buckpass.case import load_case
from buckpass.case.figures import published
from buckpass.cli.main import app
from buckpass.measured import measure
from buckpass.measured.positions import amounts_of, shares_table
from buckpass.measured.shares import FRESH, WHOLE, all_leaders, host_shares, leaders, leaders_table, of_everything_table
from buckpass.measured.terminal import leading
from buckpass.page.figures import shares_over_time
from buckpass.page.regional_map import positions_map


@pytest.fixture(scope="module")
def balkans():
    return load_case("western-balkans")


def with_whole(case, series, value):
    rows = case.series.filter(pl.col("series") == series)
    whole = rows.unique(["series", "partner", "year"], keep="first", maintain_order=True).with_columns(
        pl.lit(WHOLE).alias("actor"), pl.lit(float(value)).alias("value")
    )
    return case.replace(series=pl.concat([case.series, whole]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagship", "balkans"])
def test_no_share_of_any_series_lacks_its_denominator(name, request):
    case = request.getfixturevalue(name)
    shares = host_shares(case)
    measures = case.settings.measures
    for domain in (measures.economic, measures.security):
        for series in (*domain.series, *(s for a in domain.alternatives for s in a.series)):
            actors = case.series.filter(pl.col("series") == series)["actor"]
            if set(domain.powers) <= set(actors):
                assert any(s.series == series for s in shares), series
    for share in shares:
        assert share.denominator is not None, share
        assert share.of, share
        assert share.unit, share
        assert share.sources, share
        assert share.lines, share
        assert (share.value is None) == (share.denominator == 0), share
        assert share.value is None or share.value == pytest.approx(share.numerator / share.denominator)
        assert share.value is None or 0 <= share.value <= 1, share
    frame = measure(case).shares.frame
    assert frame["denominator"].null_count() == 0
    assert (frame["of"] != "").all()


@pytest.mark.parametrize("named", ["beside", "published"])
def test_a_series_that_is_named_twice_has_its_shares_once(toy, named):
    measures = toy.settings.measures
    twice = measures.economic.model_copy(update={named: measures.economic.series})
    settings = toy.settings.model_copy(update={"measures": measures.model_copy(update={"economic": twice})})
    assert host_shares(toy.replace(settings=settings)) == host_shares(toy)


def test_shares_of_everything_are_the_registers(flagship):
    """The register's own figures for 2021–25, all suppliers (SIPRI Arms Transfers Database)."""
    found = {one.host: one for one in leaders(flagship, "security")}
    shares = {(h, s.actor): s.value for h, one in found.items() for s in one.shares}
    expected = {("KAZ", "RUS"): 0.86, ("KAZ", "ESP"): 0.08, ("KGZ", "BLR"): 0.44, ("KGZ", "TUR"): 0.35, ("KGZ", "RUS"): 0.21,
                ("TKM", "TUR"): 0.41, ("TKM", "ITA"): 0.35, ("UZB", "RUS"): 0.53, ("UZB", "FRA"): 0.37}  # fmt: skip
    assert {k: shares[k] for k in expected} == pytest.approx(expected, abs=0.006)
    assert {h: one.power for h, one in found.items()} == {
        "KAZ": "RUS", "KGZ": "BLR", "TJK": None, "TKM": "TUR", "UZB": "RUS"}  # fmt: skip
    assert "least volume" in found["TJK"].why_nobody


def test_who_took_part_in_exercises_is_not_the_one_power_that_was_counted(flagship):
    rows = [s for s in host_shares(flagship) if s.series == "joint_exercises_mme" and s.partner == "central_asia"]
    early = [s for s in rows if 1994 <= s.first <= 2001]
    assert {s.of for s in early} == {"all"}
    held = {s.first: s.denominator for s in early}
    took_part = {actor: sum(s.numerator for s in early if s.actor == actor) for actor in ("RUS", "USA")}
    assert took_part["RUS"] < 0.6 * sum(held.values())
    assert took_part["USA"] > 0.4 * sum(held.values())


def test_an_exercise_counts_once_in_the_region_whatever_hosts_took_part(flagship):
    """The region's figure, not the sum over hosts, in which one exercise of five states counts five times."""
    found = shares_table(flagship, "alternatives").frame.filter(pl.col("series") == "joint_exercises_mme")
    rows = flagship.series.filter((pl.col("series") == "joint_exercises_mme") & (pl.col("partner") == "central_asia"))
    region = {(actor, year): value for actor, year, value in rows.select("actor", "year", "value").iter_rows()}
    assert found.height == 38
    for year, power, amount, whole in found.select("year", "power", "amount", "denominator").iter_rows():
        assert (amount, whole) == (region[power, year], region[WHOLE, year])


@pytest.mark.parametrize("name", ["flagship", "balkans"])
def test_no_series_adds_over_hosts_what_the_region_counts_once(name, request):
    """Every series of the case, also those that no measure names: a region with less than its hosts is marked as events."""
    case = request.getfixturevalue(name)
    hosts, theatre = [h.id for h in case.settings.hosts], case.settings.focus.theatre
    for (series,), rows in case.series.drop_nulls("value").group_by("series"):
        if published(rows["unit"][0]) is not None:  # shares are never added
            continue
        over = (
            rows.filter(pl.col("partner").is_in(hosts))
            .group_by("actor", "year")
            .agg(pl.col("value").sum().alias("sum"))
        )
        both = over.join(rows.filter(pl.col("partner") == theatre), on=["actor", "year"])
        if both.filter(pl.col("value") < 0.99 * pl.col("sum")).height:
            assert series in case.settings.measures.events, series


def own_and_other(case, domain):
    own, other = amounts_of(case, domain)
    return (*own, *other)


def test_published_shares_of_several_places_are_not_added(balkans):
    """Half of one operation and half of another are no whole: a year with both has no amount."""
    rows = balkans.series.filter((pl.col("series") == "ground_share") & (pl.col("partner") == "BIH")).head(1)
    other = rows.with_columns(pl.lit("XKX").alias("partner"))
    both = balkans.replace(series=pl.concat([balkans.series, other]))
    year, actor = rows.select("year", "actor").row(0)
    named = {a.series: a for a in own_and_other(both, "security")}["ground_share"]
    assert actor not in {**named.by_year, **named.alone}.get(year, {})


def test_zero_of_zero_is_missing_and_nobody_leads(toy):
    nothing = toy.replace(series=toy.series.with_columns(
        pl.when(pl.col("series") == "arms").then(0.0).otherwise(pl.col("value")).alias("value")))  # fmt: skip
    assert {s.value for s in host_shares(nothing) if s.series == "arms"} == {None}
    assert {one.power for one in leaders(nothing, "security")} == {None}


def test_a_whole_changes_the_share_and_the_words(toy):
    assert {s.of for s in host_shares(toy) if s.series == "trade"} == {"AAA+BBB"}
    whole = with_whole(toy, "trade", 1e6)
    shares = [s for s in host_shares(whole) if s.series == "trade"]
    assert {s.of for s in shares} == {"all"}
    assert all(s.denominator == 1e6 for s in shares)
    assert {one.is_complete for one in leaders(whole, "economic")} == {False}


def test_below_the_least_volume_of_the_case_nobody_leads(toy):
    measures = toy.settings.measures
    least = measures.security.least_volumes[0].model_copy(update={"value": 1e9})
    security = measures.security.model_copy(update={"least_volumes": (least,)})
    settings = toy.settings.model_copy(update={"measures": measures.model_copy(update={"security": security})})
    assert leaders(toy, "security")[0].power
    assert leaders(toy.replace(settings=settings), "security")[0].power is None


def test_the_hosts_own_shares_of_whole_years_say_who_leads_before_other_counts(flagship):
    """Tajikistan in 2024: 22.1 percent with Russia and 22.0 with China; part of 2025 and Chinese customs say otherwise."""
    found = {one.host: one for one in leaders(flagship, "economic")}
    assert {h: (one.power, one.shares[0].series) for h, one in found.items()} == {
        "KAZ": ("CHN", "trade_total_partner_stats"), "KGZ": ("CHN", "trade_total_partner_stats"), "TJK": (None, "trade_share"),
        "TKM": ("CHN", "trade_total"), "UZB": ("CHN", "trade_total_partner_stats")}  # fmt: skip
    assert found["TJK"].why_nobody == "Russia 22.1 % and China 22.0 % are a tie"
    assert {s.of for s in found["TJK"].shares} == {"the state's trade"}
    measures = flagship.settings.measures
    economic = measures.economic.model_copy(update={"published": ()})
    settings = flagship.settings.model_copy(update={"measures": measures.model_copy(update={"economic": economic})})
    without = {one.host: one for one in leaders(flagship.replace(settings=settings), "economic")}
    assert (without["TJK"].power, without["TJK"].share.series) == ("CHN", "trade_total")


def test_a_host_whose_whole_is_known_is_told_of_all_beside_others_told_of_the_powers(flagship):
    """Uzbek statistics of 2024 have 65.9 billion dollars with everybody; Kazakh and Kyrgyz ones have China and Russia alone."""
    found = {one.host: one.share or one.shares[0] for one in leaders(flagship, "economic")}
    assert (found["UZB"].numerator, found["UZB"].denominator, found["UZB"].of) == (12.5, 65.9, "all")
    assert {h: s.of for h, s in found.items() if "+" in s.of} == dict.fromkeys(("KAZ", "KGZ", "TKM"), "CHN+RUS")
    drawn = positions_map(flagship)
    assert "China 19 % in Uzbekistan (2024, 12 of 66 billion USD)" in drawn.alt_text
    assert "nobody in Tajikistan (2024: Russia 22.1 % and China 22.0 % are a tie)" in drawn.alt_text
    assert "30 of 58 billion USD of China and Russia together" in drawn.alt_text
    marked = re.findall(r'"(\w+ \d+ %\*?)"', drawn.chart.to_json())
    assert {"China 19 %", "China 52 %*"} <= {*marked}


def test_the_claim_about_trade_and_the_map_name_the_same_leaders(flagship):
    """A02: where its own last year is old it gives the count that the map has; and says that its range is over statistics."""
    from buckpass.ledger import assess_claim

    claim = assess_claim(flagship, next(c for c in flagship.claims if c.id == "A02"))
    assert claim.unit.endswith("range over whose statistics count")
    found = {one.host: one for one in leaders(flagship, "economic")}
    for row in claim.detail["partners"]:
        one = found[row["partner"]]
        ahead, year = (
            (row["ratio"] > 1, row["year"])
            if one.shares[0].last == row["year"]
            else (row["ratio_other_count"] > 1, row["year_other_count"])
        )
        assert (one.power == "CHN", one.shares[0].last) == (ahead, year), row["partner"]
    assert "TKM 2016 (2023, trade, Chinese and Russian statistics: ahead, ratio 6.62)" in claim.reason


def test_a_share_of_a_window_says_the_volume_of_the_window(flagship):
    """1,612.7 in the register for the five in 2021–25, all suppliers; none where a year of the window is not in it."""
    rows = [s for s in host_shares(flagship) if s.series == "arms_share_5y"]
    volume = {s.last: s.volume for s in rows}
    whole = flagship.series.filter((pl.col("series") == "arms_tiv") & (pl.col("actor") == WHOLE))
    for year, amount in volume.items():
        assert amount == pytest.approx(whole.filter(pl.col("year").is_between(year - 4, year))["value"].sum())
    assert volume[2025] == pytest.approx(1612.7, abs=0.1)
    russia = next(s for s in rows if (s.last, s.actor) == (2025, "RUS"))
    delivered = flagship.series.filter(
        (pl.col("series") == "arms_tiv") & (pl.col("actor") == "RUS") & pl.col("year").is_between(2021, 2025)
    )
    assert russia.value * russia.volume == pytest.approx(delivered["value"].sum(), rel=0.002)
    is_gone = (pl.col("series") == "arms_tiv") & (pl.col("partner") == "TKM") & (pl.col("year") == 2023)
    without = flagship.replace(series=flagship.series.filter(~is_gone))
    assert {s.volume for s in host_shares(without) if s.series == "arms_share_5y" and s.last == 2025} == {None}
    assert {s.volume for s in host_shares(flagship) if s.series == "trade_share"} == {None}
    assert all(s.volume == s.denominator for s in host_shares(flagship) if s.series == "arms_tiv")


def test_shares_by_year_say_of_how_much(flagship):
    """Of 1.8 in 1996 Russia delivered all: without the volume that reads like 1995, when it was 99."""
    from buckpass.measured.terminal import brief_tables

    lines = next(t for t in brief_tables(measure(flagship)) if t.title.startswith("Shares of"))
    said = {r["year"]: r["shares"] for r in lines.rows() if r["measure"] == "arms deliveries"}
    assert said[1995] == "CHN 0.00 RUS 1.00 of 99.1 all"
    assert said[1996] == "CHN 0.00 RUS 1.00 of 1.8 all"
    assert any("of 1,613 (TIV, five years ending in year)" in r["other counts"] for r in lines.rows())
    assert "SIPRI trend-indicator value (million)" in lines.note


@pytest.mark.slow
def test_titles_say_of_what_and_when(flagship):
    title = positions_map(flagship).title
    assert title == (
        "China is ahead of Russia in trade in 3 of 3 hosts (2024, trade, Central Asian statistics), in 1 of 1 host "
        "(2023, trade, Chinese and Russian statistics) and not in 1 host (2024, published share of trade); "
        "Russia leads in arms deliveries, of all, in 2 of 5 hosts (2021–25)"
    )
    shown = shares_over_time(flagship, measure(flagship)).title
    assert "China had the largest share of all trade (" in shown
    assert "2014–16; later years not counted)" in shown
    assert "Russia has the largest share of all arms deliveries (" in shown
    for one in (*leaders(flagship, "economic"), *leaders(flagship, "security")):
        assert one.shares[0].last >= flagship.settings.years[1] - 3, one.host


def test_check_says_where_the_whole_is_missing(toy):
    from buckpass.case.checking.weak_spots import _wholes

    assert not list(_wholes(toy))
    first = with_whole(toy, "trade", 1e6)
    is_gone = (pl.col("actor") == WHOLE) & (
        pl.col("year") == first.series.filter(pl.col("series") == "trade")["year"].min()
    )
    (problem,) = _wholes(first.replace(series=first.series.filter(~is_gone)))
    assert "no whole" in problem.message


def gaps(case):
    from buckpass.case.checking.weak_spots import _parts

    return {p.message: p for p in _parts(case)}


@pytest.mark.parametrize(
    ("series", "actor", "partner", "year", "whom"),
    [
        ("arms_tiv", "CHN", "KAZ", 2023, "CHN with KAZ"),
        ("trade_itpd", "RUS", "KAZ", 2016, "RUS with KAZ"),  # the region's own row stands in the year
        ("trade_itpd", "RUS", "KAZ", 2010, "RUS with KAZ"),
        ("trade_itpd", None, "TJK", 2016, "CHN with TJK and RUS with TJK"),
        ("trade_itpd", "CHN", "central_asia", 2016, "CHN with central_asia"),
        ("joint_exercises_mme", "RUS", "KAZ", 2006, "RUS with KAZ"),  # another count than the measure's own
    ],
)
def test_check_says_which_figure_keeps_a_year_out(flagship, series, actor, partner, year, whom):
    known = gaps(flagship)
    assert any(
        m.startswith("trade_total_partner_stats of 2024 has no figure of RUS with TJK and RUS with TKM") for m in known
    )
    is_gone = (pl.col("series") == series) & (pl.col("partner") == partner) & (pl.col("year") == year)
    is_gone &= pl.lit(True) if actor is None else pl.col("actor") == actor
    assert flagship.series.filter(is_gone).height
    found = gaps(flagship.replace(series=flagship.series.filter(~is_gone)))
    (new,) = found.keys() - known.keys()
    assert new.startswith(f"{series} of {year} has no figure of {whom}, so no share")
    assert found[new].line


def test_check_says_where_others_are_known_and_the_whole_is_not(flagship):
    """Without the whole a share is of China and Russia alone, though Turkey, Italy and others delivered."""
    from buckpass.case.checking.weak_spots import _wholes_left_out

    assert [p.message.split()[0] for p in _wholes_left_out(flagship)] == ["trade_total"]
    is_gone = (pl.col("series") == "arms_tiv") & (pl.col("actor") == WHOLE)
    without = flagship.replace(series=flagship.series.filter(~is_gone))
    (seen,) = (p for p in _wholes_left_out(without) if p.message.startswith("arms_tiv"))
    assert "no whole (WLD): a share there is of the powers compared" in seen.message
    assert seen.line


def test_check_says_what_another_count_does_not_cover(flagship):
    from buckpass.case.checking.weak_spots import _coverage_beside

    def lacks(case):
        said = next(p.message for p in _coverage_beside(case) if "trade_wits" in p.message)
        return next(part for part in said.split("; ") if part.startswith("trade_wits"))

    assert lacks(flagship) == "trade_wits lacks TJK, TKM and UZB"
    is_gone = (pl.col("series") == "trade_wits") & (pl.col("partner") == "KAZ")
    assert lacks(flagship.replace(series=flagship.series.filter(~is_gone))) == "trade_wits lacks KAZ, TJK, TKM and UZB"


def test_where_leaders_are_compared_with_each_other_the_shares_of_everything_stand_beside(flagship):
    """Uzbek statistics of 2024: 12.5 billion dollars with China and 11.6 with Russia, of 65.9 with all partners."""
    rows = of_everything_table(flagship, host_shares(flagship), all_leaders(flagship)).rows()
    found = {(r["partner"], r["last"], r["actor"]): r["value"] for r in rows if r["of"] == "all"}
    assert ("UZB", 2024, "CHN") not in found  # the leader's, which stands above with the leaders
    assert found["UZB", 2024, "RUS"] == pytest.approx(11.6 / 65.9)
    assert {r["domain"] for r in rows} == {"economic"}  # deliveries of arms are of all suppliers already
    assert min(r["last"] for r in rows) == flagship.settings.years[1] - FRESH
    assert not any("+" in r["of"] for r in rows)
    assert {"trade_share", "trade_share_part_year"} < {r["series"] for r in rows}


def test_a_published_share_is_told_once_and_a_tie_is_told_for_what_it_is(flagship):
    """Tajik statistics of 2024 have 22.0 and 22.1 %: amounts rounded to 2 of 8.9 billion would make it 22.5 and another order."""
    rows = of_everything_table(flagship, host_shares(flagship), all_leaders(flagship)).rows()
    whose = [(r["partner"], r["last"], r["actor"]) for r in rows if r["of"] in ("all", "the state's trade")]
    assert len(set(whose)) == len(whose)
    told = [
        r["value"]
        for r in rows
        if (r["partner"], r["last"], r["actor"], r["series"]) == ("TJK", 2024, "CHN", "trade_share")
    ]
    assert told == [pytest.approx(0.22)]
    table = leading(leaders_table(flagship, all_leaders(flagship)))
    assert "Tajikistan: Russia 22.1 % and China 22.0 % are a tie." in table.note
    assert [r["who"] for r in table.rows() if (r["where"], str(r["year"])) == ("Tajikistan", "2024")] == ["nobody"]


def test_whoever_has_a_share_stands_there_by_name(flagship):
    """A supplier or partner that the case does not declare, too; and a panel says of what its shares are."""
    drawn = positions_map(flagship)
    said = f"{drawn.alt_text} {drawn.chart.to_json()}"
    assert "Belarus 44 %" in drawn.chart.to_json()
    codes = {s.actor for s in host_shares(flagship)} - {o.id for o in flagship.settings.organisations}
    assert not [code for code in codes if re.search(rf"\b{code} \d", said)]
    assert "Largest share of all trade (* that of China and Russia alone)" in said
    assert "Largest share of all arms deliveries" in said


@pytest.mark.slow
def test_the_terminal_prints_every_share_in_eighty_columns():
    run = CliRunner().invoke(app, ["record", "central-asia", "--shares"], env={"COLUMNS": "80"})
    assert run.exit_code == 0
    lines = run.stdout.splitlines()
    assert "sipri_at2026" in run.stdout
    assert "e+0" not in run.stdout
    assert not any(line.strip() == "%" or line.split()[:1] == ["%"] for line in lines)
    assert any(line.split()[3:7] == ["Russia", "60.8%", "60.8", "100"] and "1,612.7" in line for line in lines)
    assert max(len(line) for line in lines if line.startswith(("Kazakhstan", "Central Asia"))) <= 80
    assert any(line.split()[:3] == ["Kazakhstan", "2016", "China"] for line in lines)
    assert any(line.split()[:3] == ["Kyrgyzstan", "2021–25", "Belarus"] for line in lines)
