"""A host closed to a power from a day to a day: in the game, the what-if, the years ahead, claims, the record, and the checks."""

import numpy as np
import pytest

from buckpass.case import check_case, load_case
from buckpass.case.provenance import origins_of
from buckpass.case.reading.which_crises import truth_of
from buckpass.case.start import TEMPLATE
from buckpass.changes import parse_overrides
from buckpass.changes.scenario import scenario_setting
from buckpass.game.setting import setting_of
from buckpass.measured import measure
from buckpass.measured.terminal import grid_lines
from buckpass.years.arrivals import past_of
from buckpass.years.grid import grid_of

ENTRY = '[[access]]\npower = "AAA"\nhost = "DDD"\nact = "{act}"\nfrom = {start}\nreason = "the host said so"\n{more}\n'


def with_access(folder, act="expelled", start="2010-01-01", more=""):
    """A copy of the starting case with one entry of access."""
    folder.mkdir()
    for file in TEMPLATE.iterdir():
        text = file.read_text("utf-8")
        if file.name == "case.toml":
            text = text.replace("[ladder]", ENTRY.format(act=act, start=start, more=more) + "[ladder]", 1)
        (folder / file.name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def shut(tmp_path):
    return load_case(with_access(tmp_path / "case"))


def deployments(setting, power):
    """Whether a power may deploy, crisis by crisis, and by which option."""
    p = setting.names.powers.index(power)
    may = np.asarray(setting.is_open)[:, p] & (np.asarray(setting.deploys_at)[:, p] > 0)
    return [{setting.names.options[o] for o in np.flatnonzero(row)} for row in may]


def test_a_power_has_no_deployment_where_the_host_is_closed_on_the_day(shut, toy):
    assert deployments(setting_of(shut), "AAA") == [{"6", "5@PACT"}, set(), set()]
    assert deployments(setting_of(shut), "BBB") == deployments(setting_of(toy), "BBB")
    below = np.asarray(setting_of(shut).is_open)[:, 0, :5]
    assert below.all()  # statement, aid and arms need no soldiers in the country


def test_a_closure_ends_and_lets_in_what_it_names(tmp_path):
    ended = load_case(with_access(tmp_path / "a", more="to = 2012-01-01"))
    assert deployments(setting_of(ended), "AAA") == [{"6", "5@PACT"}, set(), {"6", "5@PACT"}]
    let_in = load_case(with_access(tmp_path / "b", more='still_through = ["PACT"]'))
    assert deployments(setting_of(let_in), "AAA") == [{"6", "5@PACT"}, {"5@PACT"}, {"5@PACT"}]


def test_a_withdrawal_closes_nothing(tmp_path, toy):
    left = load_case(with_access(tmp_path / "case", act="withdrew"))
    assert deployments(setting_of(left), "AAA") == deployments(setting_of(toy), "AAA")
    assert [o.what for o in origins_of(left, "dalen_2016") if "forces of" in o.what] == [
        "DDD and the forces of AAA: withdrew since 2010-01-01"
    ]


def test_what_if_the_host_were_closed_or_open(toy, shut):
    ids = ["dalen_2016"]
    for case, text, expected in ((toy, "AAA.access@DDD=closed", set()), (shut, "AAA.access@DDD=open", {"6", "5@PACT"})):
        changed = scenario_setting(case, ids, parse_overrides([text], case, ids[0]))
        assert deployments(changed, "AAA") == [expected]


def test_an_expelled_power_does_not_come_back_in_the_years_ahead(shut, toy):
    may = deployments(grid_of(past_of(shut, 2021), ((),), (2021,)).setting, "AAA")
    assert may == [set()] * len(may) != []
    assert all(deployments(grid_of(past_of(toy, 2021), ((),), (2021,)).setting, "AAA"))


def test_a_claim_can_ask_where_the_host_was_closed(shut):
    said = [truth_of(shut, {"closed": True}, "AAA", crisis) for crisis in shut.crises["crisis_id"]]
    assert said == ["false", "true", "true"]
    assert truth_of(shut, {"closed": True, "at_least": 5}, "AAA", "dalen_2016") == "true"
    assert truth_of(shut, {"closed": False}, "BBB", "dalen_2016") == "true"


def test_the_grid_of_the_record_marks_it(shut, toy):
    told = list(grid_lines(shut, measure(shut).responses, 100))
    assert [line.count("×") for line in told[1:4]] == [0, 1, 1]
    assert "the host was closed to it" in " ".join(told)
    assert "×" not in "".join(grid_lines(toy, measure(toy).responses, 100))


def test_a_closed_host_that_asks_is_refused(tmp_path):
    (problem,) = check_case(with_access(tmp_path / "case", start="2004-06-01")).errors
    assert str(problem).startswith("crises.csv:2 [asked]")
    assert "DDD asks AAA, to which it is closed (expelled) since 2004-06-01 (case.toml:" in problem.message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"more": 'to = 2009-01-01'}, "lies before from"),
        ({"more": 'still_through = ["PCT"]'}, "is not an organisation"),
        ({"act": "withdrew", "more": "to = 2012-01-01"}, "closes nothing"),
        ({"act": "shut"}, "is not one of closed, expelled"),
        ({"more": '[[access]]\npower = "AAA"\nhost = "DDD"\nact = "closed"\nfrom = 2011-01-01'}, "stands twice for the same days"),
        ({"more": '[[access]]\npower = "AAX"\nhost = "DDD"\nact = "closed"\nfrom = 2011-01-01'}, "is not a power"),
    ],
)  # fmt: skip
def test_what_access_cannot_say_is_refused_with_its_line(tmp_path, given, said):
    found = [p for p in check_case(with_access(tmp_path / "case", **given)).errors if said in p.message]
    assert [p.file for p in found] == ["case.toml"]
    assert all(p.line for p in found)


def test_a_deployment_into_a_closed_host_is_a_warning_of_its_row(tmp_path):
    told = [str(p) for p in check_case(with_access(tmp_path / "case")).warnings]
    assert [t for t in told if t.startswith("responses.csv:8 [rung]") and "closed to it since 2010-01-01" in t]


@pytest.mark.parametrize("is_closed", [False, True])
def test_of_two_hosts_one_that_is_open_may_ask(tmp_path, is_closed):
    """Whether a crisis of two hosts is closed is asked of both, by the game and by the check."""
    shut = ENTRY.format(act="closed", start="2015-01-01", more="").replace('"DDD"', '"EEE"') if is_closed else ""
    folder = with_access(tmp_path / "case")
    settings = (folder / "case.toml").read_text("utf-8")
    host = '[[hosts]]\nid = "EEE"\nname = "Elde"\ncapital = [47.0, 31.0]\n\n'
    (folder / "case.toml").write_text(settings.replace("[ladder]", host + shut + "[ladder]", 1), "utf-8")
    crises = (folder / "crises.csv").read_text("utf-8")
    crises = crises.replace("dalen_2016,Uprising 2016,DDD,", "dalen_2016,Uprising 2016,DDD;EEE,").replace(
        "yes,PACT,", "yes,AAA,"
    )
    (folder / "crises.csv").write_text(crises, "utf-8")
    told = [p.message.split(" (")[0] for p in check_case(folder).errors]
    assert told == (["DDD and EEE ask AAA, to which both are closed"] if is_closed else [])
