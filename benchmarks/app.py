"""How the page and the dashboard feel in a real browser.

python benchmarks/app.py [--json] [--moves 40] [--only page,dashboard] [--beside PATH/src]

dashboard_ms : from opening the address of a server that has just started until its first charts are drawn; dashboard_again_ms :
the same for the next visitors, median of five;
page_mb, page_px : size of the bundled case's page, and its height, closed, 1280 wide; first_paint_ms, page_ms : until Chromium first
paints something of it, and its load event, median of five;
move_page_ms_median, move_page_ms_p95 : from the event of a slider inside the page until its tables are laid out again, no server;
report_ratio, claims_ratio : with --beside, how many times as long another build's sources take for the same command, run in
turn with these, all worked out and nothing compiled before; …_cpu_ratio : the same in seconds of processor; …_as_it_comes_ratio : with
the answers that come with a bundled case, as its first reader meets it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CASE, PORT = "central-asia", 8653
HOME = f"http://127.0.0.1:{PORT}"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
PICTURE = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"

PAINTED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done([performance.getEntriesByName('first-paint')[0].startTime,
  performance.getEntriesByType('navigation')[0].loadEventEnd]))))"""
# Each slider of the page's what-if in turn, to another stop each time; milliseconds of each move.
PAGE_MOVES = """async moves => {
  for (let up = document.getElementById('what-if-place'); up; up = up.parentElement) if (up.tagName === 'DETAILS') up.open = true;
  const sliders = [...document.querySelectorAll('#what-if-place input[type=range]')], taken = [];
  for (let k = 0; k < moves; k++) {
    const one = sliders[k % sliders.length];
    one.value = Number(one.min) + (one.max - one.min) * ((k * 7919) % 97) / 97;
    const started = performance.now();
    one.dispatchEvent(new Event('input'));
    document.getElementById('what-if-place').offsetHeight;
    taken.push(performance.now() - started);
    await new Promise(done => setTimeout(done, 30));
  }
  return taken; }"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--only", default="page,dashboard")
    parser.add_argument("--beside", type=Path, help="The sources of another build, to be timed in turn with these.")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    wanted = set(given.only.split(","))
    results = ratios(given.beside, given.rounds) if given.beside else {}
    print(json.dumps(results | (in_browser(given.moves, wanted) if wanted & {"page", "dashboard"} else {})))


def ratios(beside: Path, rounds: int) -> dict[str, float]:
    """How many times as long the other build takes, the two in turn so that they share the machine's moods."""
    ours = Path(__file__).parents[1] / "src"
    builds = {"": (ours, "0"), "_as_it_comes": (ours, "1"), "beside": (beside.resolve(), "0")}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for verb, more in {"report": ["-o", f"{folder}/page.html", "--force"], "claims": []}.items():
            taken = [
                {name: first_time(*build, [verb, CASE, *more]) for name, build in builds.items()} for _ in range(rounds)
            ]
            for at, kind in enumerate(("", "_cpu")):
                middle = {name: statistics.median(one[name][at] for one in taken) for name in builds}
                theirs = middle.pop("beside")
                found |= {f"{verb}{how}{kind}_ratio": round(theirs / mine, 2) for how, mine in middle.items()}
    return found


def first_time(build: Path, keeps: str, arguments: list[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor that a command takes where nothing was compiled before; keeps: "1" where answers that
    come with a case are used."""
    start = "from buckpass.cli.main import main; main()"
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPATH": str(build), "XDG_CACHE_HOME": cache, "BUCKPASS_KEEP_ANSWERS": keeps}
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-c", start, *arguments], check=True, capture_output=True, env=environment)
        clock, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def in_browser(moves: int, wanted: set[str]) -> dict[str, float]:
    """Page and dashboard as a visitor meets them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        found = page_measures(browser, moves) if "page" in wanted else {}
        return found | (dashboard_measures(browser) if "dashboard" in wanted else {})


def dashboard_measures(browser) -> dict[str, float]:
    """How long the first visitor of a server waits for a picture, and the next ones."""
    from buckpass.app.serve import server_command

    command = server_command(CASE, PORT, "127.0.0.1", None)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server()
        first, *next_ones = (first_picture_ms(browser) for _ in range(6))
        return {"dashboard_ms": round(first), "dashboard_again_ms": round(statistics.median(next_ones))}
    finally:
        server.terminate()
        server.wait(20)


def first_picture_ms(browser) -> float:
    """A visitor with a context of its own, from opening the address until charts are drawn."""
    tab = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    started = time.perf_counter()
    tab.goto(HOME)
    tab.wait_for_selector(PICTURE, timeout=180_000)
    taken = 1000 * (time.perf_counter() - started)
    tab.context.close()
    return taken


def page_measures(browser, moves: int) -> dict[str, float]:
    """Size of the page, when its load event has ended, and how long a move of its own what-if takes."""
    from buckpass.case import load_case
    from buckpass.fitting.files import load_posteriors
    from buckpass.page.page import write_page

    case = load_case(CASE)
    with tempfile.TemporaryDirectory() as folder:
        page = write_page(case, load_posteriors(case), Path(folder) / "page.html")
        *_, tab = tabs = [browser.new_page(viewport={"width": 1280, "height": 900}) for _ in range(5)]
        times = []
        for one in tabs:
            one.goto(page.as_uri())
            times.append(one.evaluate(PAINTED))
        painted, loaded = (statistics.median(one[k] for one in times) for k in (0, 1))
        height = tab.evaluate("document.documentElement.scrollHeight")  # before the moves: they open what is folded
        tab.bring_to_front()
        taken = sorted(tab.evaluate(PAGE_MOVES, moves))
        return {
            "page_mb": round(page.stat().st_size / 1e6, 2), "first_paint_ms": round(painted), "page_ms": round(loaded),
            "page_px": round(height),
            "move_page_ms_median": round(statistics.median(taken), 1),
            "move_page_ms_p95": round(taken[int(0.95 * (len(taken) - 1))], 1),
        }  # fmt: skip


def wait_for_server(seconds: float = 60.0) -> None:
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        try:
            urllib.request.urlopen(f"{HOME}/_stcore/health", timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise SystemExit("the dashboard did not start")


if __name__ == "__main__":
    main()
