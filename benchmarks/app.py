"""How the page and the dashboard feel in a real browser.

python benchmarks/app.py [--json] [--moves 40]

move_ms_median, move_ms_p95 : from the press that moves a slider until the bars and the finding above them show the new scenario;
server_ms_median : the same move inside the server (parse, solve, chart), without browser and transport;
page_mb, page_ms : size of the bundled case's page, and its load event in Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

CASE, PORT = "central-asia", 8653
HOME = f"http://127.0.0.1:{PORT}"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip
FINDING = "document.querySelector('[data-testid=stMain] strong')"
PICTURE = "document.querySelector('[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg')"
# Resolves with the milliseconds from the key press until finding and picture have both changed, measured inside the browser.
CLOCK = f"""() => {{
  const drawn = () => {{ const p = {PICTURE}; return !p ? null : p.toDataURL ? p.toDataURL() : p.outerHTML; }};
  const started = {{}}, finding = {FINDING}.innerText, picture = drawn();
  window.taken = new Promise(done => {{
    window.addEventListener('keydown', () => started.at = performance.now(), {{once: true, capture: true}});
    const watch = () => started.at && {FINDING} && {FINDING}.innerText !== finding && ![null, picture].includes(drawn())
      ? done(performance.now() - started.at) : requestAnimationFrame(watch);
    watch(); }}) }}"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--moves", type=int, default=40)
    given = parser.parse_args()
    results = {**in_server(given.moves), **in_browser(given.moves)}
    print(json.dumps(results))


def in_server(moves: int) -> dict[str, float]:
    """The work of one move without browser and transport."""
    from buckpass.app.charts import answer_specs
    from buckpass.app.live import LiveCrisis
    from buckpass.case import load_case, parse_overrides
    from buckpass.fit.fitting import load_posteriors

    case = load_case(CASE)
    focus, taken = case.settings.focus, []
    live = LiveCrisis(case, next(iter(load_posteriors(case).values())), focus.crisis)
    for i in range(moves + 2):
        started = time.perf_counter()
        changes = parse_overrides([f"{focus.provider}.capacity={0.5 + i / 100:g}x"], case, focus.crisis)
        answer_specs(case, live.answer(changes))
        taken.append(1000 * (time.perf_counter() - started))
    return {"server_ms_median": round(statistics.median(taken[2:]), 1)}


def in_browser(moves: int) -> dict[str, float]:
    """Page and slider as a visitor meets them."""
    from playwright.sync_api import sync_playwright

    from buckpass.app.serve import server_command
    from buckpass.case import load_case
    from buckpass.fit.fitting import load_posteriors
    from buckpass.report import write_page

    case = load_case(CASE)
    server = subprocess.Popen(
        server_command(CASE, PORT, "127.0.0.1", None), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
            page = write_page(case, load_posteriors(case), Path(folder) / "page.html")
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
            tab = browser.new_page()
            tab.goto(page.as_uri())
            loaded = tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            return {
                "page_mb": round(page.stat().st_size / 1e6, 2),
                "page_ms": round(loaded),
                **move_times(browser, moves),
            }
    finally:
        server.terminate()
        server.wait(20)


def move_times(browser, moves: int) -> dict[str, float]:
    """The first control, a factor, moved one step at a time."""
    wait_for_server()
    tab = browser.new_page(viewport={"width": 1440, "height": 1000})
    tab.goto(HOME)
    tab.wait_for_selector("[data-testid=stVegaLiteChart]", timeout=120_000)
    slider = tab.get_by_role("slider").first
    taken = []
    for i in range(moves + 2):
        slider.focus()
        tab.evaluate(CLOCK)
        tab.keyboard.press("ArrowLeft" if (i // 8) % 2 == 0 else "ArrowRight")
        taken.append(tab.evaluate("window.taken"))
        tab.wait_for_timeout(250)
    taken = taken[2:]
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    return {"move_ms_median": round(statistics.median(taken)), "move_ms_p95": round(p95), "moves": len(taken)}


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
