"""Serving the dashboard on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from buckpass.app import ENDS_WITH_INPUT
from buckpass.case import BuckpassError, load_case
from buckpass.fitting.files import load_posteriors
from buckpass.fitting.posterior import PosteriorFileError

__all__ = ["DashboardMissing", "PortInUse", "serve"]

# No telemetry, no file served but the app's own, no uploads, no reloading when files change.
OPTIONS = {
    "browser.gatherUsageStats": "false", "server.headless": "true", "server.enableStaticServing": "false",
    "server.fileWatcherType": "none", "server.runOnSave": "false", "server.maxUploadSize": "1", "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none", "global.developmentMode": "false", "theme.base": "light",
}  # fmt: skip


PATIENCE = 5.0  # seconds that the server has to end by itself


class PortInUse(BuckpassError):
    """Something else answers at the address, or the address cannot be used."""


class DashboardMissing(BuckpassError):
    """The packages of the dashboard are not installed."""


def serve(case_ref: str | Path, port: int = 8501, address: str = "127.0.0.1", posteriors: Path | None = None) -> int:
    """Serve the dashboard of a case until stopped; returns the server's exit status. Without a fit it has the part *Code* alone.

    address : 127.0.0.1 is this machine alone; any other lets others in, and nothing asks them who they are.
    posteriors : folder of fits; without one, those bundled with the case.

    Raises
    ------
    CaseProblems
        The case cannot be read: found before the server starts.
    PortInUse, DashboardMissing
        Nothing was started.
    """
    case = load_case(case_ref)
    command = server_command(case_ref, port, address, posteriors)
    check_free(port, address)
    try:
        load_posteriors(case, posteriors)
    except PosteriorFileError as reason:
        print(f"{reason}. Until then the dashboard has the part Code alone.", file=sys.stderr, flush=True)
    return _run(command)


def _run(command: list[str]) -> int:
    """Run the server and take it down with us, however we are told to end; a shell's `&` leaves Ctrl-C's signal ignored.

    It reads a pipe of ours that ends with us, so that it ends also where we are killed.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name in ("SIGTERM", "SIGHUP"):
            if (number := getattr(signal, name, None)) is not None:
                signal.signal(number, lambda seen, _: sys.exit(128 + seen))
    environment = {**os.environ, "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false", ENDS_WITH_INPUT: "yes"}
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(server)


def _end(server: subprocess.Popen) -> None:
    """End the server and all that it started: asked first, and after some seconds without asking."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number) if hasattr(os, "killpg") else server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)


def server_command(case_ref: str | Path, port: int, address: str, posteriors: Path | None) -> list[str]:
    """The command that runs the dashboard."""
    from importlib.util import find_spec

    if find_spec("streamlit") is None:
        raise DashboardMissing("the dashboard needs streamlit, which is not installed: pip install 'buckpass[app]'")
    script = Path(__file__).with_name("dashboard.py")
    options = {**OPTIONS, "server.port": str(port), "server.address": address}
    flags = [f"--{name}={value}" for name, value in options.items()]
    given = [str(case_ref), *([str(posteriors)] if posteriors else [])]
    return [sys.executable, "-m", "buckpass.app.server", "run", str(script), *flags, "--", *given]


def check_free(port: int, address: str) -> None:
    """Raise `PortInUse` where the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except (OSError, OverflowError) as error:
        raise PortInUse(
            f"{address} port {port} cannot be used ({error}): nothing was started. Stop what runs there, or give another "
            f"port: --port {port + 1 if port < 65535 else 8501}"
        ) from error
