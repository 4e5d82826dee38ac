"""The yardstick: shares of its model in closed form, what is not comparable, and what is kept of the fit."""

import json
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from buckpass.case import BuckpassError, load_case
from buckpass.case.ladder import ALONE, STANDARD
from buckpass.cli.main import app
from buckpass.worldwide import beside
from buckpass.worldwide.errors import NoYardstick
from buckpass.worldwide.fit import fit_world, read_yardstick, write_yardstick
from buckpass.worldwide.folder import yardstick_of
from buckpass.worldwide.record import counted
from buckpass.worldwide.rules import LEVELS, Missions, ruled, rules
from buckpass.worldwide.terminal import brief_tables
from buckpass.worldwide.yardstick import shares


@pytest.fixture(scope="module")
def kept():
    return read_yardstick()


@pytest.fixture(scope="module")
def found(flagship, kept):
    return beside(flagship, "CHN", kept)


def at_rest(kept, spread=1e-6, **slopes):
    """A yardstick known exactly: every level as likely, and slopes of one's choosing."""
    mean = np.zeros_like(kept.mean)
    mean[-1] = np.log(spread)
    for name, value in slopes.items():
        mean[len(LEVELS) - 1 + kept.slopes.index(name)] = value
    return replace(kept, mean=mean, covariance=np.zeros_like(kept.covariance), centre=(0.0, 0.0), sd=(1.0, 1.0))


def test_shares_are_those_of_the_levels_where_nothing_else_acts(kept):
    found = shares(at_rest(kept), np.zeros(len(kept.slopes)))
    np.testing.assert_allclose(found, np.broadcast_to([0.8, 0.6, 0.4, 0.2], found.shape), rtol=1e-3)


def test_a_slope_moves_the_log_odds(kept):
    x = np.zeros(len(kept.slopes))
    x[kept.slopes.index("war")] = 1.0
    found = shares(at_rest(kept, war=np.log(2.0)), x)[0, 0]
    np.testing.assert_allclose(found / (1 - found), [8.0, 3.0, 4 / 3, 0.5], rtol=1e-3)


def test_the_effect_of_hosts_draws_shares_to_the_middle(kept):
    x = np.zeros(len(kept.slopes))
    narrow, wide = shares(at_rest(kept), x)[0, 0], shares(at_rest(kept, spread=2.0), x)[0, 0]
    assert (np.abs(wide - 0.5) < np.abs(narrow - 0.5)).all()


def test_the_products_own_passed_and_says_what_it_is_made_of(kept):
    assert not kept.reasons
    assert kept.powers == ("USA", "RUS", "CHN", "FRA", "GBR")
    assert (kept.counts["episodes"], kept.counts["cells"]) == (298, 1413)
    assert {one["layout"] for one in kept.files} >= {
        "ucdp_support",
        "ucdp_conflicts",
        "atop_dyad_years",
        "tss_rivalries",
    }
    assert all(one["citation"] and len(one["sha256"]) == 64 for one in kept.files)


def test_what_was_kept_comes_back(tmp_path, kept):
    again = read_yardstick(write_yardstick(tmp_path / "y.json", kept))
    np.testing.assert_allclose(again.covariance, kept.covariance, rtol=1e-4)
    assert (again.counts, again.files, again.mean.tolist()) == (kept.counts, kept.files, kept.mean.tolist())
    assert np.linalg.eigvalsh(again.covariance).min() > -1e-6


@pytest.mark.parametrize("spoil", ["{", "[]", '{"mean": [1]}', None])
def test_a_damaged_yardstick_is_named(tmp_path, kept, spoil):
    file = write_yardstick(tmp_path / "y.json", kept)
    content = json.loads(file.read_text())
    content["mean"] = content["mean"][:-1]
    file.write_text(json.dumps(content) if spoil is None else spoil)
    with pytest.raises(NoYardstick, match="not a yardstick"):
        read_yardstick(file)


def test_a_fit_that_failed_measures_nothing(flagship, kept):
    with pytest.raises(NoYardstick, match="R-hat"):
        beside(flagship, "CHN", replace(kept, reasons=("R-hat 1.2",)))


def test_only_armed_conflicts_are_compared(found, flagship):
    left = dict(found.left_out.select("crisis", "reason").iter_rows())
    assert "mass_protest" in left["kz_jan_2022"]
    assert "border_clash" in left["galwan_2020"]
    assert "deaths are not in the record" in left["syria_2015"]
    assert "own assets" in left["kokang_2009"]
    assert {"tajik_war_1992", "batken_2000"} <= set(found.rows["crisis"])
    every = set(flagship.crises["crisis_id"])
    assert set(found.rows["crisis"]) | set(left) == every
    assert not set(found.rows["crisis"]) & set(left)


THROUGH_UN = (
    "what it did was through UN, whose mission there the data do not code as troops of the states that sent them"
)


def test_a_mission_that_the_data_do_not_code_is_not_compared(found):
    left = dict(found.left_out.select("crisis", "reason").iter_rows())
    missions = {crisis for crisis, reason in left.items() if reason == THROUGH_UN}
    assert missions == {"liberia_2003", "haiti_2004", "darfur_2003", "south_sudan_2013"}
    assert "Not comparable: 4 acts through an organisation" in found.note
    helped = found.rows.filter(gave="yes")
    assert dict(helped.select("crisis", "reading").iter_rows()) == {
        "mali_2012": "rare help",  # the data have China among the states of MINUSMA
        "sri_lanka_2006": "help is not rare there", "marawi_2017": "help is not rare there"}  # fmt: skip


def test_rules_say_which_missions_the_data_code(flagship, kept):
    """Of no mission where a file of rules is silent; of some states only where it names them."""
    the = rules()
    without = the.model_copy(update={"crises": the.crises.model_copy(update={"missions": Missions()})})
    assert {"power": "CHN", "crisis": "mali_2012", "reason": THROUGH_UN} in beside(
        flagship, "CHN", kept, without
    ).left_out.to_dicts()
    mali = next(one for one in the.crises.missions.coded if one.host == "MLI")
    others = Missions(coded=(mali.model_copy(update={"states": ("NLD",)}),))
    only = the.model_copy(update={"crises": the.crises.model_copy(update={"missions": others})})
    assert "mali_2012" in beside(flagship, "CHN", kept, only).left_out["crisis"].to_list()


def test_the_second_case_is_not_measured_by_missions(kept):
    of = beside(load_case("western-balkans"), None, kept)
    assert of.left_out.filter(pl.col("reason").str.starts_with("what it did was through")).height == 15
    assert of.rows.filter(gave="yes").is_empty()


def test_the_data_code_just_the_missions_that_the_rules_name(shared_data):
    """In active years of civil conflicts; China's soldiers stand under Mali alone, and nothing of China's under Liberia or Haiti."""
    given = pl.read_csv(
        shared_data / "external_support/ucdp-esd-ty-181.csv", infer_schema_length=None, encoding="utf8-lossy"
    )
    troops = given.filter(
        pl.col("active") == 1, pl.col("civil") == 1, pl.col("actor_nonstate") == 0, pl.col("ext_x") == 1
    )
    missions = troops.filter(
        pl.col("ext_coalition_name").str.contains("MINU|UNM|UNAM|UNPRO|MONU|ONU|UNOC|AMIS|ISAF|RS")
    )
    found = missions.group_by(pl.col("location").str.split(":").list.first()).agg(
        pl.col("year").min(), pl.col("year").max().alias("to")
    )
    years = {place: (first, last) for place, first, last in found.iter_rows()}
    assert years.pop("Uganda") == years.pop("DR Congo (Zaire)") == (2013, 2017)  # of one brigade
    assert years.pop("Rwanda") == (2016, 2016)
    assert years == {"Mali": (2013, 2017), "Somalia": (2012, 2017), "Afghanistan": (2006, 2017)}
    assert {(one.host, *one.years) for one in rules().crises.missions.coded} == {
        ("MLI", 2013, 2017), ("COD", 2013, 2017), ("SOM", 2012, 2017), ("AFG", 2006, 2017)}  # fmt: skip
    for one in rules().crises.missions.coded:
        if one.states:
            place = {"COD": "DR Congo", "SOM": "Somalia"}[one.host]
            of = missions.filter(pl.col("location").str.starts_with(place))
            assert of["ext_name"].n_unique() == len(one.states)
    chinese = given.filter(pl.col("active") == 1, pl.col("ext_name") == "Government of China")
    assert chinese.filter(pl.col("location").str.contains("Liberia|Haiti|South Sudan")).is_empty()
    assert chinese.filter(pl.col("location").str.starts_with("Sudan"), pl.col("ext_x") + pl.col("ext_p") > 0).is_empty()
    assert "Government of China" in missions.filter(pl.col("location") == "Mali: Government")["ext_name"].to_list()


def test_every_type_of_the_bundled_cases_has_its_place(flagship):
    the = rules().crises
    assert set(flagship.crises["type"]) <= {*the.alike.types, *the.unlike.types}


def test_shares_are_shares_and_help_holds_troops(found):
    rows = found.rows
    assert rows.filter(
        (pl.col("helped_low") > pl.col("helped")) | (pl.col("helped") > pl.col("helped_high"))
    ).is_empty()
    assert rows.filter(pl.col("troops") >= pl.col("helped")).is_empty()


def test_rare_is_said_of_help_and_of_restraint_only_where_the_whole_interval_says_it(found):
    rows = found.rows
    assert rows.filter(pl.col("gave") == "open")["reading"].unique().to_list() == ["not known whether it helped"]
    rare = rows.filter(pl.col("reading") == "rare help")
    assert (rare["helped_high"] < 0.1).all()
    assert (rare["gave"] == "yes").all()


def test_a_power_outside_the_fit_is_measured_by_the_others(flagship, kept):
    of = beside(flagship, "IND", kept)
    assert "The fit to these episodes knows nothing of India:" in of.note
    np.testing.assert_allclose(of.rows["helped"], of.rows["peers"])


def test_of_all_powers_every_response_is_counted_once_and_named_as_the_case_names_it(flagship, kept):
    """The table once mixed crises with powers by crisis, and the note counted an act more than its row."""
    every = beside(flagship, None, kept)
    power_by_power, left = brief_tables(flagship, every)
    rows = left.frame.with_columns(pl.col("responses").cast(pl.Int64, strict=False).alias("n"))
    of_all = rows.filter(responses="all")
    crises = flagship.crises.height - of_all["crises"].sum()
    assert sum(power_by_power.frame["crises"].to_list()) + sum(rows["n"].drop_nulls().to_list()) == crises * len(
        flagship.powers
    )
    sent = rows.filter(pl.col("reason").str.starts_with("what it did was through"))
    assert (sent["crises"].sum(), sent["n"].sum()) == (4, 5)
    assert f"Not comparable: {sent['n'].sum()} acts through an organisation" in every.note
    assert "Turkey" in power_by_power.frame["power"].to_list()
    assert "India, Iran and Turkey" in every.note
    assert every.tables()[1].frame.filter(responses="all")["crises"].sum() == of_all["crises"].sum()


def test_a_power_that_the_case_has_not(flagship, kept):
    with pytest.raises(BuckpassError, match="XXX"):
        beside(flagship, "XXX", kept)


@pytest.mark.parametrize(
    "said",
    [{"names": STANDARD[:5]}, {"words": STANDARD[1:4]}, {"deploys": STANDARD[4:]}, {"through_organisation": ALONE}],
)
def test_another_ladder_is_refused_also_one_as_long_on_which_a_rung_is_something_else(said, kept, toy):
    ladder = toy.settings.ladder.model_copy(update=said)
    other = toy.replace(settings=toy.settings.model_copy(update={"ladder": ladder}))
    with pytest.raises(NoYardstick, match="other rungs"):
        beside(other, None, kept)


def test_the_figure_has_a_band_for_every_crisis(found):
    assert len(json.loads(found.plot().to_json())["datasets"].popitem()[1]) == found.rows.height


def test_colonial_ties_are_of_the_five_powers():
    assert {power for _, power in ruled()} == {"USA", "RUS", "CHN", "FRA", "GBR"}
    assert {("TJK", "RUS"), ("MLI", "FRA"), ("MMR", "GBR")} <= ruled()


def test_a_folder_measures_by_the_yardstick_that_it_keeps(tmp_path, kept):
    write_yardstick(tmp_path / "yardstick.json", kept)
    assert yardstick_of(tmp_path).mean.tolist() == kept.mean.tolist()
    assert yardstick_of(None) is kept


@pytest.mark.exhaustive
def test_the_files_give_the_products_yardstick_again(real_world, kept):
    """Minutes: the whole build and fit, where the publishers' files are."""
    record = counted(real_world, kept.powers, rules())
    again = fit_world(record.cells, {"powers": kept.powers, "counts": record.counts, "files": record.files})
    assert not again.reasons
    assert record.counts == pytest.approx(kept.counts, rel=1e-3)
    away = np.abs(again.mean - kept.mean) / np.sqrt(np.diag(kept.covariance))
    assert away.max() < 0.3


@pytest.mark.parametrize("words", [[], ["--power", "CHN"], ["--game"]])
def test_a_terminal_of_eighty_columns_breaks_no_cell(words, monkeypatch):
    """No interval and no reason over two lines, names instead of ids, no column that is empty."""
    monkeypatch.setenv("COLUMNS", "80")
    told = CliRunner().invoke(app, ["worldwide", "central-asia", *words], env={"COLUMNS": "80"}).stdout
    lines = told.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 60
    assert not re.search(r"[a-z]+_[a-z0-9_]+|`helped`|\b(?:CHN|RUS)\b|(?<![\w)])-\d", told)
    if "--power" in words:
        rows = [line for line in lines if re.search(r"\d \(\d+–\d+\)", line)]
        assert all(len(re.findall(r"\d \(\d+–\d+\)", line)) == 3 for line in rows)
        assert len(rows) > 10
    if "--game" in words:
        assert "kappa" not in told
        assert told.index("κ is how much a power counts what others do") < told.index(
            "κ = ", told.index("free riding:")
        )
