"""The dashboard in a real browser: a slider moves the bars, a link reproduces them, script stays text."""

import socket
import subprocess
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest
from browser import Watch, chromium
from prior_fits import prior_fit, save_fits

from buckpass.app.charts import answer_specs
from buckpass.app.live import LiveCrisis
from buckpass.app.serve import server_command
from buckpass.case import load_case
from buckpass.case.schema import Scenario
from buckpass.changes import parse_overrides

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
        press(tab, 1, "ArrowRight", 5, "=1.5x")
        moved, link = tab.locator(FINDING).first.inner_text(), tab.url
        assert moved != before
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


def press(tab, slider: int, key: str, times: int, value: str) -> None:
    """Move a slider by the keyboard, and wait until the address bar and the picture stand where it stands."""
    tab.get_by_role("slider").nth(slider).focus()
    for _ in range(times):
        tab.keyboard.press(key)
    tab.wait_for_function("v => decodeURIComponent(location.href).includes(v)", arg=value, timeout=120_000)
    tab.wait_for_function(
        "v => document.querySelector('[data-testid=stMain]').innerText.includes(v)", arg=value, timeout=120_000
    )
    tab.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=120_000)


@pytest.mark.exhaustive
@pytest.mark.browser
def test_twenty_visitors_move_at_once_and_each_sees_its_own(home):
    with chromium() as browser:
        tabs = [browser.new_context().new_page() for _ in range(20)]
        for tab in tabs:
            tab.goto(home)
        for tab in tabs:
            tab.wait_for_selector(PICTURE, timeout=180_000)
        for i, tab in enumerate(tabs):
            tab.get_by_role("slider").nth(1).focus()
            for _ in range(1 + i % 4):
                tab.keyboard.press("ArrowRight")
        for i, tab in enumerate(tabs):
            own = f"={1 + 0.1 * (1 + i % 4):g}x"
            tab.wait_for_function("v => decodeURIComponent(location.href).includes(v)", arg=own, timeout=120_000)
            assert tab.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0


@pytest.mark.slow
@pytest.mark.browser
def test_downloads_are_whole_files(home):
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<svg", "csv": b"quantity,power,baseline", "tex": b"\\begin{"}
    with chromium() as browser:
        tab = browser.new_context(accept_downloads=True).new_page()
        tab.goto(home + "/?set=AAA.stake=2x")
        tab.wait_for_selector(PICTURE, timeout=120_000)
        tab.get_by_text("Download", exact=True).click()
        buttons = tab.get_by_test_id("stDownloadButton")
        buttons.nth(5).wait_for(timeout=60_000)
        found = {}
        for i in range(buttons.count()):
            with tab.expect_download(timeout=60_000) as download:
                buttons.nth(i).locator("button").click()
            found[download.value.suggested_filename.rsplit(".", 1)[1]] = Path(download.value.path()).read_bytes()
    assert set(found) == {*starts, "toml"}
    assert all(found[kind].lstrip().startswith(start) or start in found[kind][:400] for kind, start in starts.items())
    scenario = Scenario(**tomllib.loads(found["toml"].decode()))
    assert scenario.set == ("AAA.stake=2x",)


@pytest.mark.slow
@pytest.mark.browser
def test_a_huge_link_and_a_phone(home):
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 390, "height": 844})
        tab.goto(home + "/?set=" + "A" * 3000)
        tab.wait_for_selector(PICTURE, timeout=120_000)
        assert "2000 characters" in tab.locator("[data-testid=stAlert]").first.inner_text()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
@pytest.mark.browser
def test_the_years_ahead_are_shown_or_said_to_be_missing(home):
    with chromium() as browser:
        tab = browser.new_page()
        watch = Watch(tab, home)
        tab.goto(home)
        tab.wait_for_selector(PICTURE, timeout=120_000)
        tab.get_by_text("Years ahead", exact=True).click()
        tab.get_by_text("no forecast").or_(tab.locator("[data-testid=stAlert]")).first.wait_for(timeout=180_000)
        assert tab.locator("[data-testid=stException]").count() == 0
        assert watch.errors == []


@pytest.mark.slow
@pytest.mark.parametrize("path", [
    "/../../../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/app/static/../dashboard.py", "/static/../../case.toml",
    "/media/..%2f..%2fcase.toml", "/component/../../etc/passwd", "/case.toml", "/dashboard.py", "/_stcore/../case.toml",
])  # fmt: skip
def test_nothing_on_disk_is_read_through_the_server(home, path):
    with socket.create_connection(("127.0.0.1", int(home.rsplit(":", 1)[1])), timeout=20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 ")
    for secret in (b"root:", b"[[powers]]", b"import streamlit"):
        assert secret not in answer


@pytest.mark.slow
def test_a_thousand_moves_leave_memory_where_it_was(small_case):
    live = LiveCrisis(small_case, prior_fit(small_case, "FR"), "dalen_2016", n_draws=8)
    early = None
    for i in range(1000):
        answer_specs(
            small_case, live.answer(parse_overrides([f"AAA.stake={1 + (i % 40) / 20:g}x"], small_case, "dalen_2016"))
        )
        if i == 200:
            early = resident_mb()
    assert early is not None
    assert resident_mb() - early < 25, "megabytes"


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("reads memory from /proc")
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def _wait(url: str, seconds: float = 60.0) -> None:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the dashboard did not start")
