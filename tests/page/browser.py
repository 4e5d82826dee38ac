"""Debian's Chromium, driven by Playwright, with everything switched off that talks to the network by itself."""

import shutil
from contextlib import contextmanager

import pytest

SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium():
    """A running browser; the test skips visibly where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What a page complained about and what it asked of the network."""

    def __init__(self, page, home: str):
        self.errors, self.outside = [], []
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: self.errors.append(str(e)))
        page.on("dialog", lambda d: (self.errors.append("dialog"), d.dismiss()))
        page.on("request", lambda r: None if r.url.startswith((home, "data:", "blob:")) else self.outside.append(r.url))
