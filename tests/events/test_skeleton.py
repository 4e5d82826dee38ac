"""A case begun with names alone: it passes every check, and what the tables do not know is left out and named."""

from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.case import bundled_cases, load_case
from buckpass.case.checking.remaining import remaining
from buckpass.case.reading.rows import CrisisRow, ResponseRow
from buckpass.case.start import TEMPLATE
from buckpass.changes.check import check_case
from buckpass.cli.main import app
from buckpass.events.actors import capital, members
from buckpass.events.drafting.skeleton import BadSkeleton, Skeleton, write_skeleton

MANY = "FRA,USA,RUS,CHN,GBR,DEU,TUR,IND,IRN,BRA,ITA,JPN"


def begun(folder, powers="FRA,USA", hosts="MLI,NER", organisations="ECOWAS,AU", years="2012-2024"):
    check = check_case(write_skeleton(folder / "begun", Skeleton.of(powers, hosts, organisations, years)))
    assert not check.errors, check.errors
    return check.case


def test_names_and_capitals_are_those_of_the_tables(tmp_path):
    case = begun(tmp_path)
    assert (case.powers, case.hosts, case.organisations) == (("FRA", "USA"), ("MLI", "NER"), ("ECOWAS", "AU"))
    assert [case.power("USA").name, case.host("MLI").name] == ["United States", "Mali"]
    assert case.organisation("AU").name == "African Union"
    assert all(one.capital == capital(one.id) for one in (*case.settings.powers, *case.settings.hosts))
    assert case.settings.years == (2012, 2024)


@pytest.mark.parametrize(
    ("state", "neighbour", "kilometres"),
    [("GRD", "VCT", 200), ("ATG", "KNA", 150), ("BRA", "PRY", 1600), ("TUN", "DZA", 700), ("DJI", "ERI", 700)],
)
def test_a_capital_lies_where_its_neighbours_do(state, neighbour, kilometres):
    """The library behind the table puts these in another state, or in the middle of their own."""
    (a, b), (c, d) = np.radians(capital(state)), np.radians(capital(neighbour))
    assert 6371 * np.arccos(np.sin(a) * np.sin(c) + np.cos(a) * np.cos(c) * np.cos(b - d)) < kilometres


def test_what_no_table_knows_is_left_empty_and_named(tmp_path):
    case = begun(tmp_path)
    assert not any(host.borders for host in case.settings.hosts)
    assert not any(body.is_vehicle for body in case.settings.organisations)
    assert case.responses["rung"].null_count() == len(case.powers)
    told = remaining(case)
    assert {"case.toml", "claims.toml", "alignments.csv", "crises.csv", "responses.csv"} <= {
        p.file for p in told if "to be set" in p.message
    }
    assert any("no host borders a power" in p.message for p in told)
    assert all(p.line for p in told)


def test_members_are_those_of_the_table_that_the_case_names(tmp_path):
    case = begun(tmp_path, organisations="ECOWAS,AU,UN,XYZ")
    assert case.members("ECOWAS", date(2012, 1, 1)) == ("MLI", "NER")
    assert case.members("ECOWAS", date(2025, 1, 29)) == ()
    assert case.organisation("AU").founded == date(2002, 7, 9)
    assert set(case.members("UN", date(2012, 1, 1))) >= {"FRA", "MLI"}
    assert case.organisation("XYZ").members == ()
    assert any(p.file == "case.toml" and "to be set" in p.message for p in remaining(case))


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled_cases())
def test_the_table_of_members_says_what_the_bundled_cases_say(name):
    """Every stay in a body of the table that a case has too, but for that founded under another name before."""
    bodies = [body for body in load_case(name).settings.organisations if body.founded == founded(body.id)]
    assert bodies
    for body in bodies:
        known = {(one["state"], one["from"]) for one in members(body.id)}
        said = {(one.state, one.from_.isoformat()) for one in body.members}
        assert said <= known or any(state == "*" for state, _ in known), body.id


def founded(body):
    """The first day on which anybody was a member."""
    return min((date.fromisoformat(one["from"]) for one in members(body)), default=None)


def test_a_theatre_is_its_hosts_and_the_title_what_happened_there(tmp_path):
    case = begun(tmp_path, hosts="YEM,ARE,BHR")
    assert case.theatre("region").name == "Yemen, the United Arab Emirates and Bahrain"
    assert case.title == "Crises of Yemen, the United Arab Emirates and Bahrain"


def test_a_power_that_is_a_host_lacks_no_alignment_with_itself(tmp_path):
    folder = write_skeleton(tmp_path / "begun", Skeleton.of("USA,IRN", "IRN,YEM", "", "2012-2024"))
    assert not [p for p in check_case(folder).problems if "alignment" in p.message]
    rows = (folder / "alignments.csv").read_text("utf-8").splitlines()
    (folder / "alignments.csv").write_text("\n".join(r for r in rows if "IRN,USA" not in r) + "\n", "utf-8")
    (told,) = [p.message for p in check_case(folder).problems if "alignment" in p.message]
    assert told == "1 alignment is missing in region, counted as 0: IRN with USA"


def test_every_pair_has_its_row_at_nought_and_asks_to_be_set(tmp_path):
    case = begun(tmp_path, powers="FRA,USA,RUS")
    assert {(a.of, a.with_) for a in case.settings.alignments} == {
        (of, power) for of in ("FRA", "USA", "RUS", "MLI", "NER") for power in ("FRA", "USA", "RUS") if of != power
    }
    assert {a.value for a in case.settings.alignments} == {0.0}
    (told,) = (p for p in remaining(case) if p.file == "alignments.csv" and "to be set" in p.message)
    assert "12 places" in told.message


def test_the_tables_have_every_column(tmp_path):
    folder = begun(tmp_path).folder
    for file, row in (("crises.csv", CrisisRow), ("responses.csv", ResponseRow)):
        assert (folder / file).read_text("utf-8").splitlines()[0].split(",") == [*row.columns()]


@pytest.mark.parametrize(("powers", "organisations"), [(MANY, ""), ("FRA,USA", ""), ("FRA,USA", "ECOWAS")])
def test_any_number_of_powers_and_no_organisation_will_do(tmp_path, powers, organisations):
    assert len(begun(tmp_path, powers, organisations=organisations).powers) == powers.count(",") + 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"powers": "FRA"}, "two or more"),
        ({"powers": "FRA,USB"}, "USA"),
        ({"hosts": ""}, "--hosts"),
        ({"hosts": "MLX"}, "MLI"),
        ({"hosts": "ATA"}, "no capital"),
        ({"organisations": "E"}, "--organisations"),
        ({"organisations": "FRA"}, "--organisations"),
        ({"years": "2024"}, "2012-2024"),
        ({"years": "2024-2012"}, "2012-2024"),
        ({"years": "0001-9999"}, "from 1800 to 2100"),
    ],
)
def test_what_cannot_begin_a_case_is_said_and_nothing_is_written(tmp_path, wrong, said):
    with pytest.raises(BadSkeleton, match=said):
        begun(tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


def test_the_verb_writes_it_and_takes_events_or_names(tmp_path):
    names = ["--powers", "FRA,USA", "--hosts", "MLI,NER", "--organisations", "ECOWAS", "--years", "2012-2024"]
    found = CliRunner().invoke(app, ["new", str(tmp_path / "sahel"), *names])
    assert found.exit_code == 0, found.output
    assert CliRunner().invoke(app, ["check", str(tmp_path / "sahel")]).exit_code == 0
    both = CliRunner().invoke(app, ["new", str(tmp_path / "other"), "--from", "store.db", *names])
    assert both.exit_code == 2
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--hosts KAZ", "--hosts goes with --powers or --from"),
        ("--from-year 2001", "--from-year goes with --from"),
        ("--powers RUS,CHN --hosts KAZ --years 2012-2024 --from-year 1999", "--from-year goes with --from"),
        ("--from s.duckdb --world --powers USA,RUS --from-year 2000", "--world goes with --from STORE"),
        ("--from s.duckdb --hosts KAZ --years 2012-2024", "give one of them"),
        ("--rules rules.toml", "--world goes with --from STORE"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(tmp_path, options, said):
    found = CliRunner().invoke(app, ["new", str(tmp_path / "case"), *options.split()])
    assert found.exit_code == 2
    assert said in " ".join(found.output.replace("│", " ").split())
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--crisis dalen_2016 --shares", "--crisis tells its part alone"),
        ("--shares --long", "--long tells its part alone"),
    ],
)
def test_a_table_that_would_not_be_told_is_refused(options, said):
    found = CliRunner().invoke(app, ["record", str(TEMPLATE), *options.split()])
    assert found.exit_code == 2
    assert said in " ".join(found.output.replace("│", " ").split())


def test_figures_come_one_series_at_a_time(tmp_path):
    """Capacity alone makes a case that checks; who asks for shares is told what is missing."""
    folder = begun(tmp_path, hosts="MLI").folder
    (folder / "series.csv").write_text(
        "series,actor,partner,year,value,unit\nmilex,FRA,,2012,50,billion USD\nmilex,USA,,2012,680,billion USD\n",
        "utf-8",
    )
    check = check_case(folder)
    assert check.ok
    assert not [p for p in check.problems if "milex" in p.message]
    told = CliRunner().invoke(app, ["record", str(folder), "--shares"])
    assert told.exit_code == 0
    assert told.stdout.startswith("No shares: series.csv has no figures")
