"""The dashboard's server: told to end, all of it ends; it asks nobody who it is; no page may frame it; an address is text."""

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

from buckpass.app.marks import plain
from buckpass.app.serve import server_command

pytest.importorskip("streamlit")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listened_on(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, patience: float = 240):
    """The headers of the page once the server is up."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
                return response.headers
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


PARENT = """
    import signal, sys
    from buckpass.app.serve import _run, server_command
    if sys.argv[2] == "ignored":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a shell's & does to its children
    sys.exit(_run(server_command(sys.argv[3], int(sys.argv[1]), "127.0.0.1", None)))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGTERM, ""), (signal.SIGINT, "ignored"), (signal.SIGHUP, ""), (signal.SIGKILL, "")]
)
def test_a_signal_to_the_parent_ends_all_of_it(number, how, tmp_path):
    port = free_port()
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(port), how, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        headers = answers(port)
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        os.kill(parent.pid, number)
        ends = {signal.SIGINT: 0, signal.SIGKILL: -signal.SIGKILL}
        assert parent.wait(30) == ends.get(number, 128 + number)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 30
    while is_listened_on(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_foreign_page_makes_the_server_ask_nobody(monkeypatch):
    """Streamlit looks its outside address up for an origin that it does not know."""
    from streamlit import net_util
    from streamlit.web import cli
    from streamlit.web.server import server_util
    from streamlit.web.server.starlette import starlette_app

    from buckpass.app import server

    asked = []
    for name in ("get_external_ip", "get_internal_ip"):
        monkeypatch.setattr(net_util, name, lambda: asked.append("looked up"))
    monkeypatch.setattr(starlette_app, "create_streamlit_middleware", list)
    monkeypatch.setattr(cli, "main", lambda prog_name: None)
    monkeypatch.setattr(server.cli, "main", lambda prog_name: None)
    server.main()
    assert not server_util.is_url_from_allowed_origins("http://evil.example")
    assert not asked
    assert "buckpass.app.server" in server_command("case", 1, "127.0.0.1", None)


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/a", "see HTTP://evil.example.", "www.evil.example", "a@evil.example", "mailto:a@b.example"],
)
def test_a_bare_address_in_a_title_is_text(text):
    """GitHub's Markdown makes links of bare addresses after it has read the escapes (GFM 6.9): what is shown must not be one."""
    shown = re.sub(r"\\(.)", r"\1", plain(text))
    assert not re.search(r"https?://[\w.-]|www\.[\w-]|[\w.+-]@[\w-]", shown, re.IGNORECASE)
    assert shown.replace("\u2060", "") == text
