"""The page: whole, honest about what is missing, and deaf to what a case writes into its texts."""

import itertools
import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import altair as alt
import numpy as np
import polars as pl
import pytest
import xarray as xr
from browser import Watch, chromium
from markupsafe import escape
from prior_fits import prior_fit

from buckpass.bargain import Agreement
from buckpass.case import OutputExists, load_case
from buckpass.case.schema import Estimand
from buckpass.fitting.files import load_posteriors
from buckpass.ledger import Judged, Verdicts
from buckpass.page.chapters.bargain import agreement_chapter
from buckpass.page.chapters.decades import _deployed, left_alone_figure
from buckpass.page.chapters.world import world_chapter
from buckpass.page.figures import record_heat_map, shares_over_time
from buckpass.page.findings import trust
from buckpass.page.page import _with_code, _with_rivals, render_page, write_page
from buckpass.page.places import end_names
from buckpass.page.results import Chapter, gather
from buckpass.page.theme import ink_on
from buckpass.page.wording import with_interval
from buckpass.results.summary import Summary
from buckpass.results.table import ResultTable
from buckpass.results.words import percent


@pytest.fixture(scope="module")
def page(small_case) -> str:
    return render_page(small_case, gather(small_case))


def test_without_a_fit_the_page_says_so_and_shows_no_expectation(page):
    assert "has not been fitted" in page
    assert "Expected rung" not in page
    assert 'id="figure-gap"' not in page


def test_the_page_needs_nothing_else(page):
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|https?://)', page), "only anchors and links to sources"
    assert not re.search(r"url\((?!#)", page)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_every_claim_crisis_and_source_is_there(page, small_case):
    for claim in small_case.claims:
        assert claim.id in page
    assert page.count("<details><summary>") >= small_case.crises.height
    for key, source in small_case.sources.items():
        assert f"<i>{key}{'' if source.basis == 'seen' else f'; {source.basis}'}</i>" in page


def test_question_answer_and_verdicts_come_before_what_is_folded(page, small_case):
    places = [
        page.index(text)
        for text in (
            small_case.settings.question,
            'class="answer"',
            'class="glance"',
            'class="verdicts"',
            'class="map"',
            'class="chapter"',
        )
    ]
    assert places == sorted(places)
    assert "In numbers" in page


def test_what_a_verdict_turns_on_is_said_once_and_no_line_is_empty(page):
    facts = re.findall(r'<p class="facts">(.*?)</p>', page, re.DOTALL)
    assert any("Turns on " in one for one in facts)
    assert not any("Turns on: on" in one or one.lstrip().startswith("<br>") for one in facts)


def test_what_stands_between_backticks_is_code_and_all_of_it_text(page):
    assert "Fit it with <code>buckpass fit" in page
    assert _with_code("a `b <i>` c` <i>") == "a <code>b &lt;i&gt;</code> c` &lt;i&gt;"


def test_a_reading_under_which_one_fit_stands_alone_is_no_ranking():
    frame = pl.DataFrame(
        {"reading": ["as coded", "seen only"], "n": [9, 7], "best": ["a", "b"], "a": [0, None], "b": [-1, 0]}
    )
    shown = _with_rivals(ResultTable(frame, "title", {}, "Note."))
    assert shown.frame["reading"].to_list() == ["as coded"]
    assert shown.note == "Note. Left out: 1 reading under which one fit alone was asked."


def test_of_crises_that_nobody_can_compare_no_share_is_said(small_case):
    assert world_chapter(small_case).line == (
        "of 1 crisis that can be compared, restraint by Bergmark is rare among conflicts alike in 0 of 1"
    )


def test_what_the_worlds_record_does_not_count_is_said_and_not_compared(flagship):
    told = world_chapter(flagship)
    assert "help by China is rare among conflicts alike in 1 of 3" in told.line
    assert "Not comparable: 4 acts through an organisation whose mission there" in told.finding
    reasons = dict(told.tables[1].frame.select("Reason", "Which").iter_rows())
    (missions,) = (which for why, which in reasons.items() if "through UN" in why)
    assert {"Darfur war", "Haiti rebellion"} <= set(missions.split(", "))


def test_every_verdict_is_one_line_that_opens_to_all_of_it(page, small_case):
    verdicts = gather(small_case).verdicts
    assert len(verdicts) == len(small_case.claims) > 1
    for v in verdicts:
        opened = re.search(
            rf'<details class="claim" id="claim-{v.id}"><summary>(.*?)</summary>(.*?)\n</details>\n', page, re.DOTALL
        )
        assert str(escape(v.short)) in opened[1]
        for text in (v.text, v.reason[1:], v.rival):
            assert str(escape(text)) in opened[2]
        assert "Where this stands in the case" in opened[2]


def test_every_chapter_is_folded_under_its_finding(page):
    chapters = re.findall(
        r'<details class="chapter" id="([^"]+)"( open)?><summary><h2>(.*?)</h2> <span>(.*?)</span></summary>', page
    )
    assert {"shares", "crises", "trust", "sources"} <= {c[0] for c in chapters}
    assert page.count('class="chapter"') == len(chapters)
    assert all(not is_open and heading.strip() and len(line.strip()) > 10 for _, is_open, heading, line in chapters)


def test_a_chapter_of_a_later_room_is_folded_under_its_line(small_case):
    chapter = Chapter("The treaty", "it holds in most years", "P(it holds) = 0.71, with its conditions.")
    page = render_page(small_case, gather(small_case, chapters=[chapter]))
    line = "<summary><h2>The treaty</h2> <span>it holds in most years</span></summary>"
    assert page.index(line) < page.index("P(it holds) = 0.71") < page.index('id="crises"')


def test_a_source_says_what_it_is_where_it_is_cited(page, small_case):
    tips = dict(re.findall(r'<a href="#(s\d+)" title="([^"]+)"', page))
    assert tips
    assert all(len(tip) > 10 for tip in tips.values())


def test_axes_of_numbers_have_three_ticks(page):
    axes = re.findall(r"role-axis-label[^>]*>(.*?)</g>", page, flags=re.DOTALL)
    labels = [re.findall(r"<text[^>]*>([^<]*)</text>", axis) for axis in axes]
    numeric = [row for row in labels if row and all(re.fullmatch(r"[−-]?[\d.,]+%?", text) for text in row)]
    assert all(len(row) >= 3 for row in numeric), numeric


def test_what_is_settled_is_not_drawn():
    years, hosts = [2026, 2050], ["DDD", "EEE"]

    def played(chance):
        over = {"run": ["baseline"], "year": years, "host": hosts}
        summary = xr.Dataset({"nobody_by": (("run", "year", "host"), np.full((1, 2, 2), chance))}, over)
        return SimpleNamespace(summary=summary, manifest={"identity": {"histories": 100}})

    assert left_alone_figure(None, played(1.0)) is None
    assert left_alone_figure(None, played(0.0)) is None
    case = SimpleNamespace(id="x", settings=SimpleNamespace(powers=(), hosts=(), organisations=(), theatres=()))
    drawn = left_alone_figure(case, played(0.4))
    assert drawn.unit == "percent of histories"
    assert "of simulated histories" in drawn.title


def test_shares_that_nobody_divides_are_not_drawn(small_case):
    record = gather(small_case).record
    whole = record.shares.frame.with_columns(pl.when(pl.col("value").is_not_null()).then(1.0).alias("value"))
    assert shares_over_time(small_case, replace(record, shares=replace(record.shares, frame=whole))) is None


def test_figures_have_words_for_those_who_cannot_see_them(page):
    labels = re.findall(r'<div class="scroll[^"]*" role="img" aria-label="([^"]*)"', page)
    assert labels
    assert all(len(label) > 20 for label in labels)


def test_every_figure_says_its_n_and_its_source(page, small_case):
    figures = re.findall(r'<figure id="figure-.*?</figure>', page, flags=re.DOTALL)
    assert figures
    for figure in figures:
        notes = re.findall(r'<p class="note">(.*?)</p>', figure, flags=re.DOTALL)
        assert "n = " in notes[0]
        assert re.search(r"Years: .*\d{4}.*\. Unit: \S+", notes[0]) or "Years: under each name" in notes[0]
        assert re.search(r"<figcaption>\S.+</figcaption>", figure)
        assert notes[-1].startswith("Source")


def test_svg_ids_do_not_collide(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_links_lead_to_places_on_the_page(page):
    ids = set(re.findall(r'\sid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids


def test_text_of_a_case_stays_text(hostile_folder):
    case = load_case(hostile_folder)
    page = render_page(case, gather(case))
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 5


def test_a_claim_that_holds_in_part_lists_its_statements(small_case):
    statements = [
        {"actor": "AAA", "crisis": "dalen_2005", "at_least": 5},
        {"actor": "BBB", "crisis": "dalen_2005", "at_least": 5},
    ]
    claim = small_case.claims[0].model_copy(update={"estimand": Estimand.model_validate({"name": "record.atoms", "atoms": statements}),
                                                    "family": "record"})  # fmt: skip
    case = small_case.replace(claims=(claim,))
    page = render_page(case, gather(case))
    assert "1 of 2 statements hold" in page
    assert "Does not hold: Bergmark in “Border raids 2005”" in page
    assert ">partly 1<" in page


def test_a_missing_response_is_never_a_zero(small_case):
    results = gather(small_case)
    figure = record_heat_map(small_case, results.record, [small_case.settings.focus.theatre])
    missing = results.record.responses.frame["rung"].null_count()
    drawn = figure.chart.to_json()
    assert drawn.count('"rung": null') >= missing > 0 or missing == 0


@pytest.mark.slow
def test_an_existing_file_is_left_alone(small_case, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(OutputExists):
        write_page(small_case, None, path)
    assert path.read_text() == "mine"
    write_page(small_case, None, path, force=True)
    assert path.read_text("utf-8").startswith("\n<!doctype html>") or path.read_text("utf-8").startswith(
        "<!doctype html>"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_same_case_same_bytes(small_case, page):
    assert render_page(small_case, gather(small_case)) == page


@pytest.mark.slow
def test_with_fits_the_page_ranks_them_and_adds_up(small_case):
    fits = {e: prior_fit(small_case, e) for e in ("FR", "BL", "base")}
    results = gather(small_case, fits, n_draws=16)
    model = results.model
    assert {f.id for f in model.fits} == set(fits)
    assert model.fits[0].difference == 0
    assert sum(model.weights.values()) == pytest.approx(1)
    assert "base" not in model.weights
    assert sum(p.mean for p in model.gap.parts.values()) == pytest.approx(model.gap.gap.mean, abs=1e-9)
    for expected in model.expected.values():
        assert sum(expected.by_rung) == pytest.approx(1, abs=1e-9)
        assert expected.rung.low <= expected.rung.mean <= expected.rung.high
    page = render_page(small_case, results)
    assert "Expected rung" in page
    unclear, less = (replace(model.gap, gap=Summary(mean, mean - 0.1, mean + 0.1)) for mean in (0.0, -0.5))
    page = render_page(small_case, replace(results, model=replace(model, gap=unclear)))
    assert 'id="figure-gap"' not in page
    assert "were expected to do</h2>" in page
    assert "in none does the model expect that of it" in page
    page = render_page(small_case, replace(results, model=replace(model, gap=less)))
    assert 'id="figure-gap"' in page
    assert "did not do what" in page
    assert "NaN" not in page
    assert results.verdicts["C2"].reason[1:] in unescape(page)


@pytest.mark.slow
def test_a_failed_fit_is_named_and_supports_nothing(small_case):
    results = gather(small_case, {"FR": prior_fit(small_case, "FR", passed=False)}, n_draws=16)
    assert not results.model.weights
    assert not results.model.expected
    page = render_page(small_case, results)
    assert "R-hat 1.500" in page
    assert results.verdicts["C2"].p_low is not None
    assert "1 fit (FR) failed and only widens the range" in page
    assert "not ranked" in page
    assert "no fit of the case can be relied on" in page


def test_numbers_are_rounded_by_their_interval():
    assert with_interval(1234.5678, 1100.0, 1400.0) == "1,235 (1,100 to 1,400)"
    assert with_interval(0.012345, 0.0121, 0.0126) == "0.01235 (0.01210 to 0.01260)"
    assert with_interval(None, None, None) == "–"


def test_ink_reads_on_every_colour():
    assert ink_on("#123a6b") == "#ffffff"
    assert ink_on("#eef2f7") != "#ffffff"


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_opens_quietly_at_both_widths(hostile_folder, tmp_path, width):
    path = write_page(load_case(hostile_folder), None, tmp_path / "page.html")
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": width, "height": 900})
        watch = Watch(tab, path.as_uri())
        tab.goto(path.as_uri())
        assert watch.errors == []
        assert watch.outside == []
        assert "<script>" in tab.title()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.screenshot(path=str(tmp_path / f"page-{width}.png"))


EDGES = """() => Object.fromEntries(['.question', '.answer', '.verdicts', '.map svg', '.glance'].map(name => {
  const box = document.querySelector(name).getBoundingClientRect(); return [name, [box.top, box.bottom]]; }))"""


def opened(browser, page_text, tmp_path, **more):
    path = tmp_path / "page.html"
    path.write_text(page_text, "utf-8")
    tab = browser.new_page(**more)
    tab.goto(path.as_uri())
    return tab


@pytest.mark.browser
def test_the_answer_stands_in_one_screen(page, tmp_path):
    with chromium() as browser:
        tab = opened(browser, page, tmp_path, viewport={"width": 1280, "height": 900})
        edges = tab.evaluate(EDGES)
        assert max(bottom for _, bottom in edges.values()) <= 900
        assert edges[".answer"][0] < 200
        assert tab.evaluate("document.documentElement.scrollHeight") <= 6000
        assert tab.locator("details.chapter[open]").count() == 0
        tab.set_viewport_size({"width": 390, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.evaluate("document.documentElement.scrollHeight") <= 9000
        assert tab.evaluate(EDGES)[".answer"][1] <= 900


@pytest.mark.browser
def test_verdicts_and_sources_open_in_place(page, tmp_path):
    with chromium() as browser:
        tab = opened(browser, page, tmp_path, viewport={"width": 1280, "height": 900})
        claim = tab.locator("details.claim").first
        claim.locator("summary").first.click()
        assert claim.locator(".beside").is_visible()
        link = claim.locator(".keys a").first
        target = tab.locator(link.get_attribute("href"))
        assert not target.is_visible()
        link.click()
        assert target.is_visible(), "a link to a folded source opens the list"


CROWDED = """() => {
  const panels = document.querySelector('.hosts .panels'), more = document.createElement('details'), claim = document.querySelector('.claim');
  more.className = 'aside';
  more.innerHTML = '<summary>20 more</summary>' + panels.outerHTML.repeat(20);
  panels.after(more);
  for (let k = 0; k < 28; k++) claim.after(claim.cloneNode(true));
  [...document.querySelectorAll('.claim')].slice(0, 3).forEach(one => one.open = true) }"""


def pages_on_paper(tab) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4", prefer_css_page_size=True)))


@pytest.mark.browser
def test_dark_and_paper(page, tmp_path):
    shade = "s => getComputedStyle(document.querySelector(s)).backgroundColor"
    with chromium() as browser:
        tab = opened(browser, page, tmp_path, viewport={"width": 1280, "height": 900})
        assert tab.evaluate(shade, "body") == "rgb(255, 255, 255)"
        tab.emulate_media(color_scheme="dark")
        assert tab.evaluate(shade, "body") == "rgb(20, 24, 29)"
        assert tab.evaluate(shade, ".map .scroll") == "rgb(255, 255, 255)", "figures stay on a light panel"
        tab.emulate_media(media="print", color_scheme="dark")
        assert tab.evaluate(shade, "body") == "rgb(255, 255, 255)"
        assert tab.locator("details.chapter:visible").count() == 0
        assert tab.locator(".claim:visible").count() == tab.locator(".claim").count() > 0
        assert tab.locator(".answer").is_visible()
        assert pages_on_paper(tab) == 2
        tab.evaluate(CROWDED)
        assert pages_on_paper(tab) == 2, (
            "hosts that are folded stay so, and three open verdicts fit beside 27 closed ones"
        )


PAPER = ("A4", "Letter")
OPEN = "many => [...document.querySelectorAll('.claim')].forEach((one, i) => one.open = i % 10 === 0 && i < 10 * many)"


def on_paper(tab, size: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format=size, prefer_css_page_size=True)))


@pytest.mark.browser
@pytest.mark.slow
def test_the_longest_page_prints_on_two_sheets_of_either_size(flagship, tmp_path):
    """The flagship with all that its fits say, closed and with three verdicts open; a small page fits whatever the style says."""
    path = write_page(flagship, load_posteriors(flagship), tmp_path / "page.html")
    assert path.stat().st_size < 2.5e6, "it is sent by mail"
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(path.as_uri())
        for verdicts in (0, 3):
            tab.evaluate(OPEN, verdicts)
            assert [on_paper(tab, size) for size in PAPER] == [2, 2], f"{verdicts} verdicts open"
        tab.evaluate(OPEN, 0)
        tab.emulate_media(media="print")
        for selector in (".claim .beside p:first-of-type", ".meaning .note", "footer p"):
            assert tab.locator(selector).first.is_visible(), "what is judged, what that means, and of which record"
        assert flagship.record_hash[:12] in tab.locator("footer").inner_text()


@pytest.mark.browser
def test_on_a_phone_every_table_is_read_row_by_row(page, tmp_path):
    with chromium() as browser:
        tab = opened(browser, page, tmp_path, viewport={"width": 390, "height": 900})
        tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wide = "[...document.querySelectorAll('.scroll, table')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert tab.evaluate(wide) == 0


def test_the_years_of_a_pooled_share_are_those_that_were_pooled(small_case):
    """The last share of the starting case is of 2018, whose five years reach from 2016 to 2020, of which three have figures."""
    title = shares_over_time(small_case, gather(small_case).record).title
    assert "3 years of 2016–20" in title
    amounts = small_case.series.filter(pl.col("series") == "trade", pl.col("year").is_in([2016, 2018, 2020]))
    total = (
        amounts.filter(pl.col("actor").is_in(small_case.powers)).group_by("actor").agg(pl.col("value").sum())["value"]
    )
    assert f"({percent(total.max() / total.sum())}, 3 years" in title


def test_names_of_lines_stand_within_the_axis_and_are_joined_to_them():
    ends = [
        {"power": p, "year": 2020, "value": v, "name": p, "ink": "#000000"}
        for p, v in zip("ABCD", (1.0, 1.0, 0.99, 0.2), strict=True)
    ]
    strokes, names = end_names(ends, alt.X("year:Q"), alt.Y("value:Q"), (2000, 2020), 0.1, 1.0)
    (rows,) = strokes.to_dict()["datasets"].values()
    beside = sorted(row["beside"] for row in rows)
    assert 0 <= beside[0] <= beside[-1] <= 1
    assert min(b - a for a, b in itertools.pairwise(beside)) >= 0.1 - 1e-9
    assert strokes.to_dict()["encoding"]["y2"] == {"field": "beside"}
    assert names.to_dict()["encoding"]["y"]["field"] == "beside"


def test_a_chapter_of_an_agreement_stands_where_there_is_one(small_case):
    none = small_case.replace(settings=small_case.settings.model_copy(update={"arrangement": None}))
    assert agreement_chapter(none, {}) is None


def test_an_agreement_names_its_fee_by_whatever_its_parties_are_called():
    """One sentence for terminal and page: who sought the yearly fee on the page found none, though `buckpass agreement` prints it."""
    parties = tuple(SimpleNamespace(party=p) for p in ("CHN", "RUS"))
    given = SimpleNamespace(parties=parties, unbounded="", transfer=(-0.28, 0.64, 1.0), fee=(0.64, 0.37, 0.95))
    called = {"CHN": "China", "RUS": "Russia"}.__getitem__
    assert Agreement.fee_in_words(given, called) == (
        "A yearly fee from China to Russia, as a share of China’s stake in a crisis: China would pay up to 0.64 (0.37 to 0.95) "
        "rather than break it; Russia needs none (it would even pay 0.28). In 100 % of draws some fee keeps both to it."
    )
    given.transfer = (0.1, 0.64, 0.4)
    assert "RUS needs at least 0.10. In 40 % of draws" in Agreement.fee_in_words(given)
    given.unbounded = "No fee can be named."
    assert Agreement.fee_in_words(given) == "No fee can be named."
    given.parties, given.unbounded = parties[:1], ""
    assert Agreement.fee_in_words(given) == ""


def test_where_all_histories_agree_no_percent_is_compared(small_case):
    focus, years = small_case.settings.focus, [2026, 2050]
    powers = [focus.provider, focus.rider]

    def played(*chances):
        values = np.broadcast_to(np.array(chances), (1, 2, 2))
        over = {"run": ["baseline"], "year": years, "power": powers}
        summary = xr.Dataset({"deployed_by_mean": (("run", "year", "power"), values)}, over)
        return SimpleNamespace(summary=summary, manifest={"identity": {"histories": 100}})

    assert "%" not in _deployed(small_case, played(0.999, 1.0), "histories")
    assert "alike" in _deployed(small_case, played(0.999, 1.0), "histories")
    assert "40 %" in _deployed(small_case, played(1.0, 0.4), "histories")


@pytest.mark.slow
def test_the_page_says_what_the_fit_would_not_have_made_of_such_crises():
    case = load_case("western-balkans")
    results = gather(
        case, load_posteriors(case), judge=lambda *_, **__: Judged(Verdicts((), case.id, case.hash, 0), ())
    )
    (said,) = [line for line in trust(case, results) if "Would it make such a record?" in line]
    checks = results.compared.checks(of=("all",)).rows()
    assert f"Of {len(checks)} shares" in said
    for word, before in (("misses", "theatres, "), ("fails", "read as the fit would have them, ")):
        named = [r["group"] for r in checks if r[word]]
        assert f"{before}{len(named) or 'none'}" in said
        assert all(case.theatre(n).name in said for n in named if n in case.theatres)
