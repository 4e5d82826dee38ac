"""Pages of cases that are unlike any other: they answer what they can, hold together, and obey nothing."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from browser import Watch, chromium
from odd_cases import LARGE, ODD, odd_folder

from buckpass.case import load_case
from buckpass.ledger import Verdicts
from buckpass.measured import measure
from buckpass.page.by_host import WIDTH, HostPanel, Mark, _others, by_host, crisis_anchors
from buckpass.page.figures import MOST_ROWS, record_heat_map
from buckpass.page.page import render_page
from buckpass.page.results import ReportResults, gather
from buckpass.page.theme import lighter, linked


def test_the_lines_of_a_label_stay_where_the_label_stands():
    """A line counts from its label; only a label of one line can have its place written in it."""
    at = 'transform="translate(5,6)"'
    drawn = lighter(
        f'<svg xmlns="http://www.w3.org/2000/svg"><g><text {at}><tspan x="0">A</tspan><tspan x="0" dy="11">B</tspan></text>'
        f"<text {at}>C</text></g></svg>"
    )
    assert drawn.count(at) == 1
    assert f'<text {at}><tspan x="0">' in drawn
    assert '<text x="5" y="6">C</text>' in drawn


@pytest.fixture(scope="module")
def odd(small_folder, tmp_path_factory):
    """A case by its kind, read once."""
    known = {}

    def made(kind: str):
        if kind not in known:
            known[kind] = load_case(odd_folder(kind, small_folder, tmp_path_factory.mktemp("odd") / "case"))
        return known[kind]

    return made


def undrawn(spec):
    return lambda: '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize("kind", ODD)
def test_a_page_of_an_odd_case_answers_and_stays_text(odd, kind):
    case = odd(kind)
    page = render_page(case, gather(case), undrawn)
    assert "<script" not in page
    assert "<b>bold" not in page
    assert "did less than" in page or "did not do less" in page or "In no" in page
    assert page.count('class="claim"') == len(case.claims)
    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places
    assert ('class="chapter" id="shares"' in page) == (kind != "without series"), "no chapter that holds nothing"


@pytest.mark.parametrize("kind", ["long", "unbroken", "markup"])
def test_no_name_makes_a_picture_larger_than_its_cells(odd, small_case, kind):
    sizes = []
    for case in (small_case, odd(kind)):
        svg = record_heat_map(case, measure(case), [case.settings.focus.theatre]).svg()
        sizes.append([float(n) for n in re.search(r'viewBox="([^"]+)"', svg)[1].split()][2:])
    (width, height), (wide, high) = sizes
    assert wide < 2.5 * width
    assert high < 2 * height


def test_of_many_crises_the_gravest_are_drawn_and_the_note_says_so(odd):
    case = odd("many")
    figure = record_heat_map(case, measure(case), ["valley"])
    assert f"n = 78 crises, the {MOST_ROWS} gravest drawn" in figure.note
    assert "of 78" in figure.title
    drawn = re.findall(
        r"(Uprising|Protests|Border raids)[^\"]* 20\d\d\"", json.dumps(figure.chart.to_dict(validate=False))
    )
    assert len(drawn) == MOST_ROWS
    assert drawn.count("Uprising") == drawn.count("Border raids") == 26, "all of the two graver kinds"


@pytest.mark.parametrize("kind", ["many", "alone", "right to left"])
def test_every_crisis_is_a_mark_beside_the_next(odd, kind):
    case = odd(kind)
    found = by_host(case, measure(case))
    assert found is not None
    for panel in found.panels:
        places = [m.x for m in panel.marks]
        assert places == sorted(places)
        assert places[0] >= 0
        assert places[-1] <= WIDTH
        assert all(b - a >= m.wide - 0.11 for a, b, m in zip(places, places[1:], panel.marks, strict=False))
        assert sum(m.x - m.at for m in panel.marks) == pytest.approx(0, abs=0.1 * len(places)) or {0.0, WIDTH} & {
            *places
        }
    assert {m.anchor for panel in found.panels for m in panel.marks} == {*crisis_anchors(case).values()}


@pytest.mark.slow
def test_a_mark_that_stands_aside_has_a_stroke_to_its_date_and_the_note_says_how_far(flagship):
    found = by_host(flagship, measure(flagship))
    moved = [abs(m.x - m.at) for panel in (*found.panels, *found.folded) for m in panel.marks]
    first, last = flagship.settings.years
    years = max(moved) / WIDTH * (last + 1 - first)
    assert years < 1.5
    assert f"stands aside, by up to {years:.1f} years" in found.note
    page = render_page(flagship, bare(flagship), undrawn)
    assert len(re.findall(rf" {found.height + 5}L[\d.]+ {found.height + 8.5}", page)) == sum(m > 0 for m in moved)


def bare(case):
    """What the page shows of a case of which no claim is judged and nothing was fitted."""
    return ReportResults(measure(case), Verdicts((), case.id, case.hash, 0), None)


def test_what_is_not_coded_is_said_and_not_drawn(small_case):
    nothing = pl.lit(None, dtype=pl.Int64)
    empty = small_case.replace(
        responses=small_case.responses.with_columns(rung=nothing, rung_low=nothing, rung_high=nothing), claims=()
    )
    assert record_heat_map(empty, measure(empty), ["valley"]) is None
    page = render_page(empty, bare(empty), undrawn)
    assert "No response is coded yet" in page
    assert "no response is coded yet" in page
    assert "0 of 0 coded" not in page
    first = small_case.crises["crisis_id"][0]
    mine = pl.col("crisis_id") == first
    less = small_case.replace(responses=small_case.responses.filter(~mine), claims=())
    figure = record_heat_map(less, measure(less), ["valley"])
    assert f"n = {small_case.crises.height - 1} crises; 1 more not drawn" in figure.note
    assert not any(row.anchor == crisis_anchors(less)[first] for row in figure.rows)


def test_a_name_that_is_cut_is_whole_under_the_pointer_and_opens_its_crisis(odd):
    case = odd("long")
    figure = record_heat_map(case, measure(case), ["valley"])
    drawn = linked(figure.svg(), figure.rows)
    names, anchors = list(case.crises["name"]), crisis_anchors(case)
    found = re.findall(r'<a href="#([^"]+)"><title>([^<]+)</title><text[^>]*>([^<]+)</text></a>', drawn)
    assert {(anchor, name) for anchor, name, _ in found} == {
        (anchors[c], n) for c, n in zip(case.crises["crisis_id"], names, strict=True)
    }
    assert all("…" in label for *_, label in found)
    for row in re.findall(r"<g([^>]*)>(?:<text[^>]*>[^<]*</text>)+</g>", drawn):
        assert 'aria-hidden="true"' in row, "numbers out of their table are not read aloud"


def test_hosts_that_are_folded_are_counted_as_they_are():
    one = Mark("a", "says", 1.0, 1.0, 1.0, 1.0)
    panels = [HostPanel("A", (one, one)), HostPanel("B", (one,))]
    assert _others(panels) == "2 more hosts, with 1 to 2 crises each"
    assert _others(panels[1:]) == "1 more host, with 1 crisis"


def test_marks_and_title_count_as_the_answer_does(flagship):
    found = by_host(flagship, measure(flagship))
    assert [int(n) for n in re.findall(r"in (\d+) of", found.title)] == [8, 5]
    says = {m.says for panel in found.panels for m in panel.marks}
    assert "Kazakhstan January 2022, 2022: Russia 5, China 1" in says


@pytest.mark.exhaustive
@pytest.mark.browser
@pytest.mark.parametrize("kind", [*ODD, *LARGE])
def test_an_odd_page_fits_every_width(odd, kind, tmp_path):
    case = odd(kind)
    path: Path = tmp_path / "page.html"
    path.write_text(render_page(case, gather(case)), "utf-8")
    with chromium() as browser:
        for width in (1280, 390):
            tab = browser.new_page(viewport={"width": width, "height": 900})
            watch = Watch(tab, path.as_uri())
            tab.goto(path.as_uri())
            assert watch.errors == []
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate("document.documentElement.scrollHeight") <= (6000 if width == 1280 else 9000)
            mark = tab.locator(".panels a").first
            mark.evaluate(
                "one => { for (let e = one; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true }"
            )
            mark.click()
            assert tab.evaluate("document.querySelector(location.hash).closest('details').open")
