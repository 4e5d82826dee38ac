"""Pages of cases that are unlike any other: they answer what they can, hold together, and obey nothing."""

import json
import re
from pathlib import Path

import pytest
from browser import Watch, chromium
from odd_cases import LARGE, ODD, odd_folder

from buckpass.case import load_case
from buckpass.measured import measure
from buckpass.page import gather, render_page
from buckpass.page.by_host import WIDTH, by_host, crisis_anchors
from buckpass.page.figures import MOST_ROWS, record_heat_map


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
    assert ("The case has no series that measures both" in page) == (kind == "without series")


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
    assert {m.anchor for panel in found.panels for m in panel.marks} == {*crisis_anchors(case).values()}


def test_marks_and_title_count_as_the_answer_does(flagship):
    found = by_host(flagship, measure(flagship))
    assert [int(n) for n in re.findall(r"in (\d+) of", found.title)] == [9, 4]
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
