"""The dashboard in a real browser: a slider moves the bars, a link reproduces them, script stays text."""

import socket
import subprocess
import time
import urllib.request

import pytest
from browser import Watch, chromium
from prior_fits import prior_fit, save_fits

from buckpass.app.live import LiveCrisis
from buckpass.app.serve import server_command
from buckpass.case import load_case, parse_overrides

PICTURE = "[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas"
FINDING = "[data-testid=stMain] strong"


@pytest.mark.slow
def test_no_change_is_exactly_no_difference(small_case):
    live = LiveCrisis(small_case, prior_fit(small_case, "FR"), "dalen_2016", n_draws=8)
    same = live.answer(parse_overrides(["AAA.stake=1x"], small_case, "dalen_2016"))
    assert all(row["difference"] == 0 for q in ("expected_rung", "residual") for row in same.rows(q))
    more = live.answer(parse_overrides(["AAA.stake=3x"], small_case, "dalen_2016"))
    moved = {row["power"]: row["difference"] for row in more.rows("expected_rung")}
    assert moved["AAA"] > 0
    assert live.answer(()).rows("expected_rung")[0]["scenario"] == live.baseline["expected_rung"].mean(0)[0]


@pytest.fixture(scope="module")
def home(hostile_folder, tmp_path_factory):
    """A running dashboard of the hostile case."""
    folder = save_fits(load_case(hostile_folder), tmp_path_factory.mktemp("fits") / "posteriors")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        server_command(hostile_folder, port, "127.0.0.1", folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.slow
@pytest.mark.browser
def test_a_slider_moves_the_bars_and_the_link_reproduces_them(home):
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1440, "height": 1000})
        watch = Watch(tab, home)
        watch_sockets = []
        tab.on("websocket", lambda s: watch_sockets.append(s.url))
        tab.goto(home)
        tab.wait_for_selector(PICTURE, timeout=120_000)
        before = tab.locator(FINDING).first.inner_text()
        tab.get_by_role("slider").nth(1).focus()
        for _ in range(5):
            tab.keyboard.press("ArrowRight")
        tab.wait_for_function(
            "b => document.querySelector('[data-testid=stMain] strong').innerText !== b", arg=before, timeout=30_000
        )
        tab.wait_for_url("**set=**", timeout=30_000)
        tab.wait_for_timeout(1500)
        moved, link = tab.locator(FINDING).first.inner_text(), tab.url
        other = browser.new_page()
        other.goto(home)
        other.wait_for_selector(PICTURE, timeout=60_000)
        assert other.locator(FINDING).first.inner_text() == before, "a second visitor sees the baseline"
        other.goto(link)
        other.wait_for_selector(PICTURE, timeout=60_000)
        assert other.locator(FINDING).first.inner_text() == moved
        assert watch.errors == []
        assert watch.outside == []
        assert all("127.0.0.1" in url for url in watch_sockets)


@pytest.mark.slow
@pytest.mark.browser
def test_script_in_a_case_is_shown_as_text(home):
    with chromium() as browser:
        tab = browser.new_page()
        watch = Watch(tab, home)
        tab.goto(home + "/?crisis=dalen_2005&set=nonsense&other=1")
        tab.wait_for_selector(PICTURE, timeout=120_000)
        assert "<script>document.title" in tab.locator("[data-testid=stMain]").inner_text()
        assert tab.title() == "buckpass"
        warnings = " ".join(tab.locator("[data-testid=stAlert]").all_inner_texts())
        assert "nonsense" in warnings
        assert "other" in warnings
        assert [e for e in watch.errors if "dialog" in e] == []
        assert watch.outside == []


def _wait(url: str, seconds: float = 60.0) -> None:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the dashboard did not start")
