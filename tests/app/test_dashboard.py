"""The dashboard in a real browser: a slider moves the years ahead, a link reproduces them, script stays text."""

import socket
import subprocess
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest
from browser import Watch, chromium
from prior_fits import save_fits

from buckpass.app.serve import server_command
from buckpass.case import load_case
from buckpass.case.schema import Scenario

PICTURE = "[data-testid=stVegaLiteChart] svg, [data-testid=stVegaLiteChart] canvas"
FINDING = "[data-testid=stMain] strong"


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
def test_a_slider_moves_the_years_and_the_link_reproduces_them(home):
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1440, "height": 1000})
        watch = Watch(tab, home)
        watch_sockets = []
        tab.on("websocket", lambda s: watch_sockets.append(s.url))
        tab.goto(home)
        fine(tab)
        before = tab.locator(FINDING).first.inner_text()
        press(tab, 1, "ArrowRight", 5, "=1.5x")
        moved, link = tab.locator(FINDING).first.inner_text(), tab.url
        assert moved != before
        other = browser.new_page()
        other.goto(home)
        fine(other)
        assert other.locator(FINDING).first.inner_text() == before, "a second visitor sees the baseline"
        other.goto(link)
        fine(other)
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
        tab.goto(home + "/?power=BBB&set=nonsense&other=1")
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
    fine(tab)


def part(tab, name: str):
    """The button of a part."""
    return tab.get_by_test_id("stRadioGroup").get_by_text(name, exact=True)


def fine(tab) -> None:
    """Wait until the rough picture has given way to the fine one."""
    tab.get_by_text("2,000 histories").wait_for(timeout=180_000)
    tab.wait_for_selector(PICTURE, timeout=60_000)
    tab.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=180_000)


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
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<svg", "csv": b"run,year,power,mean,low,high", "tex": b"\\begin{",
              "html": b"<!doctype html>"}  # fmt: skip
    with chromium() as browser:
        tab = browser.new_context(accept_downloads=True).new_page()
        tab.goto(home + "/?set=AAA.stake=2x")
        tab.wait_for_selector(PICTURE, timeout=120_000)
        part(tab, "Download").click()
        buttons = tab.get_by_test_id("stDownloadButton")
        buttons.nth(6).wait_for(timeout=60_000)
        found = {}
        for i in range(buttons.count()):
            with tab.expect_download(timeout=300_000) as download:
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
def test_what_needs_no_server_is_said_to_be_on_the_page_and_fits_are_ranked(home):
    with chromium() as browser:
        tab = browser.new_page()
        watch = Watch(tab, home)
        tab.goto(home)
        tab.wait_for_selector(PICTURE, timeout=120_000)
        assert "buckpass report CASE" in tab.locator("[data-testid=stMain]").inner_text()
        assert "no forecast" in tab.locator("[data-testid=stMain]").inner_text()
        part(tab, "Fits").click()
        tab.get_by_text("two standard errors").wait_for(timeout=60_000)
        assert tab.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
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


def _wait(url: str, seconds: float = 60.0) -> None:
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the dashboard did not start")
