"""The what-if inside the page: its script answers as `buckpass whatif` does, offline, and nothing of a case becomes code."""

import base64
import hashlib
import inspect
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Watch, chromium
from live_answers import Asked, asked, assert_agree

from buckpass.ask.tip import tip
from buckpass.case import load_case
from buckpass.changes.overrides import BadOverride
from buckpass.changes.paths import override_paths
from buckpass.changes.scenario import changes_of
from buckpass.fitting.files import load_posteriors
from buckpass.page.live_data import live_data, live_what_if
from buckpass.page.page import render_page
from buckpass.page.results import gather
from buckpass.results.summary import DRAWS
from drawn import prior_posterior

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "src/buckpass/page/assets"


@pytest.fixture(scope="module")
def fit(small_case):
    return prior_posterior(small_case, "all")


@pytest.fixture(scope="module")
def page(small_case, fit) -> str:
    return render_page(small_case, replace(gather(small_case), live=live_what_if(small_case, fit, 12)))


def by_node(given: Asked, by_arc: bool = False) -> list[dict]:
    """The script's answers, run by Node; by_arc: as it finds those whose branch folds."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node (apt-get install nodejs)")
    text = json.dumps({"script": str(ASSETS / "whatif.js"), "data": given.data, "asks": given.asks, "byArc": by_arc})
    done = subprocess.run([node, HERE / "answer_what_ifs.cjs"], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_is_moved_and_the_cards_have_the_same_draws():
    """Else the page would give two numbers for one crisis as it was."""
    of_cards, of_live = (inspect.signature(one).parameters["n_draws"].default for one in (gather, live_what_if))
    assert of_cards == of_live


@pytest.mark.slow
def test_the_script_answers_as_python_does(small_case, fit):
    given = asked(small_case, fit, 40, 12)
    assert_agree(given, by_node(given))
    assert_agree(given, by_node(given, by_arc=True))


def test_a_fit_without_mechanisms_is_answered_alike(small_case):
    given = asked(small_case, prior_posterior(small_case, "base"), 12, 12, seed=22)
    assert_agree(given, by_node(given))


def test_a_draw_in_data_that_is_changed_is_seen(small_case, fit):
    given = asked(small_case, fit, 1, 12)
    effect = given.data["coefficients"]["stake_level"]
    given.data["coefficients"]["stake_level"] = base64.b64encode(bytes(len(base64.b64decode(effect)))).decode()
    with pytest.raises(AssertionError):
        assert_agree(given, by_node(given))


def test_changes_that_cannot_be_made_are_told(small_case, fit):
    given = asked(small_case, fit, 1, 12)
    power, crisis = given.data["powers"][0], given.data["crises"][0]
    wrong = ["severity=2", "severity=0.5y", f"{power}.capacity=0x", f"{power}.stake=1e", "absent=ZZZ", f"{power}.force=99",
             "constructor.stake=2x", f"{power}.__proto__=1", "request=", "severity", f"{power}.alignment@{power}=0"]  # fmt: skip
    asks = [{"crisis": crisis["id"], "set": [text]} for text in wrong]
    for one in by_node(Asked(given.data, asks, [])):
        assert len(one["problems"]) == 1
    body, lead = next(iter(given.data["leads"].items()))
    together = [["severity=0.1", "severity=0.2"], [f"absent={power}", f"{power}.stake=2x"],
                [f"absent={given.data['powers'][lead]}", f"request={body}"]]  # fmt: skip
    for one in by_node(Asked(given.data, [{"crisis": crisis["id"], "set": texts} for texts in together], [])):
        assert len(one["problems"]) == 1


def by_script(work: str, given: dict):
    """What a piece of JavaScript returns of the engine, the model of the data and what is given, run by Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node (apt-get install nodejs)")
    script = (
        'const given = JSON.parse(require("fs").readFileSync(0, "utf8")), engine = require(given.script);'
        "const model = engine.unpack(given.data), crisis = model.crises[0];"
        f"process.stdout.write(JSON.stringify((() => {{ {work} }})()));"
    )
    text = json.dumps({"script": str(ASSETS / "whatif.js"), **given})
    done = subprocess.run([node, "-e", script], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_change_of_who_does_not_play_is_said_to_move_nothing(small_case, fit):
    """A link could ask for it, and the page answered that nobody moves."""
    data = asked(small_case, fit, 1, 4).data
    out, other = data["powers"][:2]
    data["crises"][0]["open"][0] = [1, *[0] * (len(data["crises"][0]["open"][0]) - 1)]
    texts = [f"{out}.stake=2x", f"{out}.norm=9", f"absent={out}", f"{other}.stake=2x"]
    found = by_script(
        "const before = engine.answer(model, crisis, []);"
        "return given.texts.map((one) => engine.idle(model, crisis, engine.readChanges(model, crisis, [one]).changes, before));",
        {"data": data, "texts": texts},
    )
    for text, said in zip(texts[:3], found[:3], strict=True):
        assert said == [f"{text} moves nothing: {data['names'][0]} does not play here"]
    assert found[3] == []
    (told,) = by_script(
        "return [engine.readChanges(model, crisis, given.texts).problems];", {"data": data, "texts": [f"{out}.force=0"]}
    )
    assert told == [f"{out}.force=0: {out} does not play here"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "crisis", "power", "other"),
                         [("central-asia", "kz_jan_2022", "RUS", "CHN"), ("western-balkans", "srebrenica_1995", "FRA", "USA")])  # fmt: skip
def test_an_answer_turns_where_tip_says_that_it_does(name, crisis, power, other):
    case, draws = load_case(name), 20
    fit = load_posteriors(case)["all"]
    data = live_data(case, fit, draws)
    assert data is not None
    paths = [f"{power}.stake", f"{other}.capacity", f"{power}.alignment@{other}", "severity"]
    said = [tip(case, fit, crisis, [path], f"p_deploy:{power}>0.5", n_draws=draws) for path in paths]
    inputs = [{"path": path, "low": one.bounds[0], "high": one.bounds[1], "present": one.present,
               "isFactor": one.unit == "times what it is"} for path, one in zip(paths, said, strict=True)]  # fmt: skip
    found = by_script(
        "const one = model.crises.find((c) => c.id === given.crisis), p = model.powers.indexOf(given.power);"
        "return given.inputs.map((input) => engine.turning(model, one, [], input, p));",
        {"data": data, "crisis": crisis, "power": power, "inputs": inputs},
    )
    assert any(one.value for one in said), "else nothing is tested"
    for path, python, script in zip(paths, said, found, strict=True):
        assert script["share"] == pytest.approx(python.share_crossing), path
        assert script["ends"] == pytest.approx([python.curve[0].mean(), python.curve[-1].mean()], abs=1e-6), path
        value = python.value and [python.value.mean, python.value.low, python.value.high]
        assert (script["value"] is None) == (value is None), path
        assert value is None or script["value"] == pytest.approx(value, abs=1e-5), path


def told_of(data: dict, crisis: str, *links: list[str]) -> list[list[str]]:
    """What the page says of the changes of each link that it does not make."""
    work = (
        "const one = model.crises.find((c) => c.id === given.crisis);"
        "return given.links.map((texts) => engine.readChanges(model, one, texts).problems);"
    )
    return by_script(work, {"data": data, "crisis": crisis, "links": links})


@pytest.fixture(scope="module")
def flagship_data() -> dict:
    case = load_case("central-asia")
    data = live_data(case, prior_posterior(case, "all"), 4)
    assert data is not None
    return data


def test_a_link_is_told_when_an_organisation_existed(flagship_data):
    """The page once said that a power was no member of what did not yet exist."""
    when = "existed from 1993-09-24 to 2000-06-21, not when tajik_war_1992 began"
    asked_of = ["RUS.force@CIS_CPF=5", "request=CIS_CPF", "CIS_CPF.consent=majority", "CIS_CPF.legitimacy=0.5"]
    for text, said in zip(asked_of, told_of(flagship_data, "tajik_war_1992", *([t] for t in asked_of)), strict=True):
        assert said == [f"{text}: CIS_CPF {when}"]
    case = load_case("central-asia")
    with pytest.raises(BadOverride, match="existed from 1993-09-24 to 2000-06-21, not when tajik_war_1992 began"):
        changes_of(asked_of[:1], case, "tajik_war_1992")
    (out,) = told_of(flagship_data, "kz_jan_2022", ["CHN.force@CSTO=5"])
    assert out == ["CHN.force@CSTO=5: CHN was no member of CSTO"]


def test_a_link_names_the_verb_of_a_path_that_the_page_does_not_play(flagship_data):
    verbs = {"CSTO.members=-KAZ": "whatif", "CHN.access@KAZ=closed": "whatif", "WP.consent=lead": "whatif", "severity.base=1": "whatif",
             "agreement.discount=0.5": "agreement", "arrangement.rent@CHN=0.3": "agreement", "CHN.capacity.growth=0.1": "futures",
             "futures.trade_growth.CHN=0.1": "futures"}  # fmt: skip
    for text, said in zip(verbs, told_of(flagship_data, "kz_jan_2022", *([t] for t in verbs)), strict=True):
        assert said == [f"{text}: not on this page; use `buckpass {verbs[text]}`"]
    strange = ["FOO.stake=2x", "CHN.access@FOO=closed", "CHN.members=+KAZ", "agreement.foo=1", "CHN.alignment@CHN=0"]
    for text, said in zip(strange, told_of(flagship_data, "kz_jan_2022", *([t] for t in strange)), strict=True):
        assert said == [f"{text}: unknown here"]


def test_every_path_of_the_catalogue_is_played_or_sent_to_its_verb(flagship_data):
    """Whatever is added to the catalogue: a link is never told that a path of the product is unknown."""
    case = load_case("central-asia")
    texts = [[f"{form}={path.example}"] for form, path in override_paths(case).items()]
    found = told_of(flagship_data, "kz_jan_2022", *texts)
    assert len(found) > 400
    assert [text for text, said in zip(texts, found, strict=True) if "unknown here" in " ".join(said)] == []


def test_what_rests_on_a_part_that_the_page_does_not_play_is_told_so(flagship_data):
    """It was left out as a wrong change of its own, or played as if the other part had never been asked."""
    where = "which is not on this page; use `buckpass whatif`"
    pairs = {"CHN.force@CSTO=5": "CSTO.members=+CHN", "RUS.force@CSTO=5": "CSTO.members=-RUS", "CSTO.consent=majority": "CSTO.mandate=any",
             "CHN.force=5": "CHN.access@KAZ=closed"}  # fmt: skip
    links = [list(order) for pair in pairs.items() for order in (pair, pair[::-1])]
    for link, said in zip(links, told_of(flagship_data, "kz_jan_2022", *links), strict=True):
        (rests,) = pairs.keys() & set(link)
        assert set(said) == {f"{rests}: rests on {pairs[rests].split('=')[0]}, {where}",
                             f"{pairs[rests]}: not on this page; use `buckpass whatif`"}  # fmt: skip
    alone = told_of(
        flagship_data, "kz_jan_2022", ["CSTO.members=+CHN", "CHN.stake=2x", "RUS.force=4", "RUS.alignment@CHN=0"]
    )
    assert len(alone[0]) == 1


def test_changes_are_compared_by_their_values(flagship_data):
    alike = [["severity=0.9", "severity=0.90"], ["CHN.stake=2x", "CHN.stake=2.0 x"], ["request=RUS,CSTO", "request=RUS, CSTO"],
             ["CHN.force=4", "CHN.force=04"], ["CHN.opinion@KAZ=0.1", "CHN.opinion@KAZ=.1"],
             ["request=RUS,CSTO", "request=CSTO,RUS"], ["absent=IND,TUR", "absent=TUR,IND"]]  # fmt: skip
    case = load_case("central-asia")
    assert told_of(flagship_data, "kz_jan_2022", *alike) == [[]] * len(alike)
    for texts in alike:
        assert len(changes_of(texts, case, "kz_jan_2022")) == 1
    unlike = [["severity=0.9", "severity=0.9x"], ["CHN.stake=2x", "CHN.stake=2"], ["CHN.opinion@KAZ=0.1", "CHN.opinion@KAZ=0.2"],
              ["CSTO.legitimacy=1x", f"CSTO.legitimacy={case.organisation('CSTO').legitimacy.value}"]]  # fmt: skip
    for texts, said in zip(unlike, told_of(flagship_data, "kz_jan_2022", *unlike), strict=True):
        assert said == [f"{texts[1]}: contradicts an earlier change"]
        with pytest.raises(BadOverride, match="contradicts"):
            changes_of(texts, case, "kz_jan_2022")


def test_a_path_with_a_part_too_many_is_nobodys(flagship_data):
    """Such a path was once read as the one without that part, which every verb refuses."""
    texts = ["CHN.stake@=2", "CHN.force@=5", "CHN.capacity@=2x", "CSTO.consent@=majority", "CHN.opinion@KAZ@X=0.1", "CHN.force@CSTO@X=5",
             "CHN.alignment@RUS@IND=0", "CHN.force@CSTO@=5"]  # fmt: skip
    case = load_case("central-asia")
    for text, said in zip(texts, told_of(flagship_data, "kz_jan_2022", *([text] for text in texts)), strict=True):
        assert len(said) == 1, text
        with pytest.raises(BadOverride):
            changes_of([text], case, "kz_jan_2022")


def test_a_request_that_rests_on_a_change_of_members_is_sent_to_its_verb(flagship_data):
    said = told_of(flagship_data, "kz_jan_2022", ["request=SCO", "absent=CHN", "SCO.members=-CHN"])[0]
    assert any("rests on SCO.members, which is not on this page; use `buckpass whatif`" in one for one in said)


def test_a_link_says_what_of_it_is_not_used(small_case, fit):
    """An unknown power was once left out without a word, and another's inputs shown."""
    data = asked(small_case, fit, 1, 4).data
    out, other = data["powers"][:2]
    data["crises"][0]["open"][0] = [1, *[0] * (len(data["crises"][0]["open"][0]) - 1)]
    crisis = data["crises"][0]["id"]
    links = [f"crisis={crisis}&power={other}", f"crisis={crisis}&power=ZZZ", f"crisis={crisis}&power={out}",
             f"crisis={crisis}&power={other}&colour=red", f"crisis=ZZZ&power={other}",
             f"crisis={crisis}&power={other}" + "&set=severity%3D0.1" * 41]  # fmt: skip
    found = by_script(
        f"return given.links.map((one) => engine.readLink(model, one, {{crisis, power: '{other}'}}));",
        {"data": data, "links": links},
    )
    said = [" ".join(one["problems"]) for one in found]
    assert said[0] == ""
    assert "a power that is not here (ZZZ)" in said[1]
    assert f"a power that does not play there ({out})" in said[2]
    assert f"{data['names'][data['powers'].index(found[1]['power'])]} is shown" in said[1]
    assert "key colour is not known" in said[3]
    assert "a crisis that is not here (ZZZ)" in said[4]
    assert "asks for 41 changes" in said[5]


def test_without_a_fit_the_page_has_no_script(small_case):
    plain = render_page(small_case, gather(small_case))
    assert "<script" not in plain
    assert "script-src" not in plain
    assert 'id="what-if"' not in plain


def test_the_policy_allows_the_page_s_own_script_and_no_other(page):
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, flags=re.DOTALL)
    assert [attributes for attributes, _ in scripts] == [' type="application/json" id="what-if-data"', ""]
    digest = base64.b64encode(hashlib.sha256(scripts[1][1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert re.findall(r"script-src ([^;]*);", policy[1]) == [f"'sha256-{digest}'"]
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"fetch\(|XMLHttpRequest|innerHTML|eval\(|import\(|WebSocket|document\.write", scripts[1][1])


def test_text_of_a_case_stays_data(hostile_folder):
    case = load_case(hostile_folder)
    live = live_what_if(case, prior_posterior(case, "all"), 12)
    assert live is not None
    assert "<" not in live.data
    assert "<script>" in json.loads(live.data)["crises"][0]["name"]
    page = render_page(case, replace(gather(case), live=live))
    assert page.count("<script") == page.count("</script") == 2
    assert "<img" not in page


def test_fits_in_which_powers_move_in_order_are_left_to_python(small_case, fit):
    assert live_what_if(small_case, replace(fit, order="patron first"), 12) is None
    assert live_what_if(small_case, {}) is None


def opened(browser, path: Path, content: str, fragment: str = ""):
    path.write_text(content, "utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    watch = Watch(tab, "file://")
    tab.goto(f"{path.as_uri()}{fragment}")
    tab.evaluate("document.getElementById('what-if').open = true")
    return tab, watch


BUNDLED = {"central-asia": 150, "western-balkans": 150}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", BUNDLED)
def test_the_page_answers_as_python_does_in_chromium(name, tmp_path):
    case = load_case(name)
    kept = load_posteriors(case, None) if (case.folder / "posteriors").is_dir() else {}
    fit = kept.get("all") or prior_posterior(case, "all", DRAWS)
    given = asked(case, fit, BUNDLED[name], DRAWS)
    page = render_page(case, replace(gather(case), live=live_what_if(case, fit)))
    with chromium() as browser:
        tab, watch = opened(browser, tmp_path / "page.html", page)
        found = tab.evaluate(
            """asks => {
              const engine = buckpassWhatIf, model = engine.unpack(JSON.parse(document.getElementById("what-if-data").textContent));
              return asks.map(({crisis, set}) => {
                const one = model.crises.find(c => c.id === crisis), {changes, problems} = engine.readChanges(model, one, set);
                if (problems.length) return {problems};
                const found = engine.answer(model, one, changes);
                return Object.fromEntries([...engine.OF_POWER, ...engine.OF_CRISIS].map(n => [n, Array.from(found[n])]));
              });
            }""",
            given.asks,
        )
    assert_agree(given, found)
    assert watch.errors == watch.outside == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_slider_moves_the_table_and_the_link_holds_it(page, small_case, tmp_path):
    power = small_case.settings.focus.rider
    with chromium() as browser:
        tab, watch = opened(browser, tmp_path / "page.html", page)
        before = tab.locator("#what-if-place table").first.inner_text()
        stake = tab.get_by_label(f"Stake of {_name(small_case, power)}")
        stake.focus()
        for _ in range(5):
            tab.keyboard.press("ArrowRight")
        assert tab.locator("#what-if-place table").first.inner_text() != before
        tab.wait_for_url(re.compile("stake"), wait_until="commit")
        link = tab.get_by_text("Link to this change").get_attribute("href")
        assert link == tab.evaluate("location.hash")
        tab.locator("#what-if-place .said", has_text=f"{_name(small_case, power)}’s stake × 1.5").wait_for(
            state="attached"
        )
        shown = tab.locator("#what-if-place table").first.inner_text()
        again, _ = opened(browser, tmp_path / "page.html", page, link)
        assert again.locator("#what-if-place table").first.inner_text() == shown
        assert float(again.get_by_label(f"Stake of {_name(small_case, power)}").input_value()) == pytest.approx(1.5)
        again.get_by_role("button", name="Back to the baseline").click()
        assert again.locator("#what-if-place table").first.inner_text() == before
    assert watch.errors == watch.outside == []


@pytest.mark.browser
@pytest.mark.slow
def test_where_a_power_begins_to_deploy_is_sought_until_something_else_is_moved(page, small_case, tmp_path):
    power = small_case.settings.focus.rider
    with chromium() as browser:
        tab, watch = opened(browser, tmp_path / "page.html", page)
        tab.get_by_role("button", name=f"{_name(small_case, power)}: at which value does it deploy?").click()
        tab.locator("#what-if-place [role=status]", has_text="turns it in most draws").wait_for()
        rows = tab.locator("#what-if-place .turns tbody tr")
        assert rows.count() >= 7
        assert all("→" in text for text in rows.all_inner_texts())
        tab.get_by_label(f"Stake of {_name(small_case, power)}").press("ArrowRight")
        assert tab.locator("#what-if-place .turns").count() == 0
        button = tab.get_by_role("button", name="at which value")
        button.wait_for()
        tab.get_by_label(f"{_name(small_case, power)} is held at").select_option("0")
        button.wait_for(state="detached")
    assert watch.errors == watch.outside == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_link_to_more_than_a_slider_has_is_shown_as_what_it_is(page, small_case, tmp_path):
    power = small_case.settings.focus.rider
    link = f"#what-if?crisis={small_case.settings.focus.crisis}&power={power}&set={power}.stake%3D99x"
    with chromium() as browser:
        tab, watch = opened(browser, tmp_path / "page.html", page, link)
        tab.locator("#what-if-place .said", has_text="stake × 99").wait_for(state="attached")
        slider = tab.get_by_label(f"Stake of {_name(small_case, power)}")
        assert float(slider.input_value()) == 99
        assert "99" in (slider.get_attribute("aria-valuetext") or "")
    assert watch.errors == watch.outside == []


@pytest.mark.browser
@pytest.mark.slow
def test_where_every_power_is_absent_no_number_is_shown(page, small_case, tmp_path):
    """There is no game to solve then, and the baseline's numbers would be read as the answer."""
    with chromium() as browser:
        tab, watch = opened(browser, tmp_path / "page.html", page)
        place = tab.locator("#what-if-place")
        tab.get_by_label("Severity of the crisis").fill("0.9")
        boxes = place.locator("fieldset.ticks", has_text="Who is not there at all").get_by_role("checkbox")
        assert boxes.count() == len(small_case.powers)
        shown = []
        for one in boxes.all():
            shown.append(place.locator("table").count())
            one.check()
        assert shown == [2] * boxes.count()
        assert place.locator("table").count() == 0
        assert "leaves no power in the game" in place.get_by_role("alert").inner_text()
        place.locator(".said", has_text="no answer").wait_for(
            state="attached"
        )  # the page's policy runs no text as code
        boxes.first.uncheck()
        assert place.locator("table").count() == 2
        assert not place.get_by_role("alert").inner_text()
    assert watch.errors == watch.outside == []


def _name(case, power):
    return next(p.name for p in case.settings.powers if p.id == power)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("link", ["#what-if?crisis=<img src=x onerror=alert(1)>", "#what-if?crisis=__proto__&set=severity=9",
                                  "#what-if?" + "set=a%3D1&" * 400])  # fmt: skip
def test_a_link_that_leads_nowhere_is_told_and_the_baseline_shown(page, tmp_path, link):
    with chromium() as browser:
        plain, _ = opened(browser, tmp_path / "page.html", page)
        baseline = plain.locator("#what-if-place table").first.inner_text()
        tab, watch = opened(browser, tmp_path / "page.html", page, link)
        assert tab.locator("#what-if-place [role=alert] p").count() >= 1
        assert tab.locator("#what-if-place img").count() == 0
        assert tab.locator("#what-if-place table").first.inner_text() == baseline
    assert watch.errors == watch.outside == []


@pytest.mark.browser
def test_a_link_to_a_chapter_opens_it(page, tmp_path):
    with chromium() as browser:
        (tmp_path / "page.html").write_text(page, "utf-8")
        tab = browser.new_page()
        tab.goto(f"{(tmp_path / 'page.html').as_uri()}#what-if")
        assert tab.locator("details.chapter[open]").evaluate_all("found => found.map(one => one.id)") == ["what-if"]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_serious_stands_between_the_page_and_who_cannot_see_it(page, tmp_path, width, scheme):
    """axe-core 4.14.1 (npm, MPL 2.0) on the page with every chapter, claim and crisis open."""
    path = tmp_path / "page.html"
    path.write_text(page, "utf-8")
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        tab.goto(path.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        tab.evaluate((HERE / "axe.min.js").read_text("utf-8"))
        found = tab.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    serious = [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
