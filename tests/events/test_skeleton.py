"""A case begun with names alone: it passes every check, and what the tables do not know is left out and named."""

import numpy as np
import pytest
from typer.testing import CliRunner

from buckpass.case.checking.remaining import remaining
from buckpass.changes.check import check_case
from buckpass.cli.main import app
from buckpass.events.actors import capital
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
    assert not any(body.members or body.is_vehicle for body in case.settings.organisations)
    assert not case.settings.alignments
    assert case.responses["rung"].null_count() == len(case.powers)
    told = remaining(case)
    assert {"case.toml", "claims.toml", "crises.csv", "responses.csv"} <= {
        p.file for p in told if "to be set" in p.message
    }
    assert any("no host borders a power" in p.message for p in told)
    assert all(p.line for p in told)


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
