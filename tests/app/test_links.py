"""Links and controls: what a link asks for is shown, what it must not ask for is named."""

import shutil

import pytest
from prior_fits import save_fits

from buckpass.app.controls import controls_of, override_text, settings_from
from buckpass.app.links import View, read_link, scenario_file, write_link
from buckpass.app.serve import PortInUse, serve, server_command
from buckpass.case import CaseNotFound, CaseProblems, load_case
from buckpass.changes import BadOverride, override_paths, parse_overrides


def test_a_link_reproduces_its_view(small_case):
    view = View("opinion", "BBB", ("AAA.stake=2x", "AAA.capacity=0.3x"))
    assert read_link(small_case, write_link(small_case, view)) == view


def test_the_base_case_has_an_empty_link(small_case):
    assert write_link(small_case, read_link(small_case, {})) == {}


@pytest.mark.parametrize(
    ("link", "seen"),
    [({"measure": ["weight"]}, "weight"), ({"power": ["ZZZ"]}, "ZZZ"), ({"crisis": ["dalen_2005"]}, "crisis"),
     ({"set": ["AAA.stake=1000000x"]}, "AAA.stake"), ({"set": ["AAA.steak=2"]}, "AAA.stake"),
     ({"set": ["x=1"] * 41}, "41 changes"), ({"power": ["a" * 3000]}, "2000 characters")],
)  # fmt: skip
def test_what_a_link_must_not_ask_for_is_named_and_left_out(small_case, link, seen):
    view = read_link(small_case, link)
    assert any(seen in p for p in view.problems)
    assert view.power == small_case.settings.focus.rider
    assert not view.changes


def test_one_bad_change_does_not_take_the_good_ones_with_it(small_case):
    view = read_link(small_case, {"set": ["AAA.stake=2x", "AAA.stake=bad", "severity=7"]})
    assert view.changes == ("AAA.stake=2x",)
    assert len(view.problems) == 2


def test_every_control_stays_inside_its_path(small_case):
    paths = override_paths(small_case)
    for power in small_case.powers:
        controls = controls_of(small_case, power)
        assert any(c.words for c in controls)
        assert {c.path for c in controls} > {f"{power}.stake", f"{power}.backlash"}
        for control in controls:
            assert control.path in paths
            assert override_text(control, control.rest) is None
            for text in _extremes(control):
                parse_overrides([text], small_case)


@pytest.mark.parametrize("case", ["central-asia", "western-balkans"])
def test_what_the_years_ahead_cannot_use_has_no_control(case):
    """Nobody asked Bosnians of Germany, and the Western European Union was gone by then."""
    found = load_case(case)
    paths = {c.path for c in controls_of(found, found.settings.focus.rider)}
    assert ("CHN.opinion@KAZ" in paths, "SCO.consent" in paths) == ((case == "central-asia"),) * 2
    assert not {"DEU.opinion@BIH", "WEU.consent"} & paths


def test_a_control_returns_to_where_its_text_says(small_case):
    controls = controls_of(small_case, "BBB")
    texts = [t for c in controls if (t := _extremes(c)[0]) is not None]
    positions, others = settings_from(controls, texts)
    assert others == []
    assert sorted(override_text(c, positions[c.path]) for c in controls) == sorted(texts)


def test_what_no_control_shows_is_kept(small_case):
    controls = controls_of(small_case, "BBB")
    assert settings_from(controls, ["absent=AAA", "BBB.stake=900x"]) == ({}, ["absent=AAA", "BBB.stake=900x"])


def test_a_scenario_file_reads_back(small_case):
    import tomllib

    from buckpass.case.schema import Scenario

    text = scenario_file(View("burden", "AAA", ("AAA.stake=2x",)), 'a "quoted" title \\ with \u00e9')
    found = Scenario(**tomllib.loads(text))
    assert found.set == ("AAA.stake=2x",)
    assert found.title.startswith('a "quoted"')


def test_a_port_in_use_is_named(small_folder):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(PortInUse, match="--port"):
            serve(small_folder, other.getsockname()[1])


def test_a_case_that_is_not_there_starts_nothing():
    with pytest.raises(CaseNotFound):
        serve("no-such-case", 8599)


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been run."""
    commands = []
    monkeypatch.setattr("buckpass.app.serve._run", lambda command: commands.append(command) or 0)
    return commands


@pytest.mark.slow
def test_a_fit_of_another_version_is_named_and_leaves_coding_alone(small_folder, tmp_path, started, capsys):
    folder = tmp_path / "changed"
    shutil.copytree(small_folder, folder)
    fits = save_fits(load_case(folder), tmp_path / "fits", ("base",))
    table = folder / "crises.csv"
    table.write_text(table.read_text("utf-8").replace("2005-", "2006-"), "utf-8")
    assert serve(folder, 8598, posteriors=fits) == 0
    told = capsys.readouterr().err
    assert ("refitted" in told, "Code alone" in told, len(started)) == (True, True, 1)


def test_a_case_without_a_fit_is_served_for_coding_and_a_fitted_one_without_a_word(
    small_folder, tmp_path, started, capsys
):
    assert serve(small_folder, 8597) == 0
    assert "buckpass fit" in capsys.readouterr().err
    fits = save_fits(load_case(small_folder), tmp_path / "fits", ("base",))
    assert serve(small_folder, 8597, posteriors=fits) == 0
    assert (capsys.readouterr().err, len(started)) == ("", 2)


def test_a_case_that_fails_its_check_starts_nothing(small_folder, tmp_path, started):
    folder = tmp_path / "broken"
    shutil.copytree(small_folder, folder)
    (folder / "case.toml").write_text("title = ", "utf-8")
    with pytest.raises(CaseProblems, match=r"case\.toml"):
        serve(folder, 8596)
    assert started == []


def test_the_server_listens_here_only_and_tells_nobody():
    command = server_command("any", 8501, "127.0.0.1", None)
    assert "--server.address=127.0.0.1" in command
    assert "--browser.gatherUsageStats=false" in command


def _extremes(control):
    if control.words:
        return [t for w in control.words if (t := override_text(control, w))] or [None]
    return [t for v in (control.low, control.high) if (t := override_text(control, v))]


def test_bad_overrides_are_the_parsers_business(small_case):
    with pytest.raises(BadOverride):
        parse_overrides(["AAA.stake=nan"], small_case)
