"""The dashboard's server process: Streamlit that asks no outside address who it is, and that no other page may frame."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading

from streamlit import net_util
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_app

from buckpass.app import ENDS_WITH_INPUT
from buckpass.case.problems import BuckpassError

__all__ = ["NotFramed"]

HEADERS = ((b"content-security-policy", b"frame-ancestors 'none'"), (b"x-frame-options", b"DENY"))


class NotFramed:
    """Middleware: every answer says that no page may hold it in a frame."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def with_headers(message):
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def main() -> None:
    """Streamlit's command line, with what it lacks; it would look its own addresses up when a foreign page calls it."""
    from starlette.middleware import Middleware

    net_util.get_external_ip = net_util.get_internal_ip = lambda: None
    made = starlette_app.create_streamlit_middleware
    starlette_app.create_streamlit_middleware = lambda: [Middleware(NotFramed), *made()]
    cli.main(prog_name="streamlit")


def _end_with_parent() -> None:
    """Wait for the end of the pipe that `serve` holds, then end as if told to."""
    while os.read(0, 1):  # not by the buffer of stdin, whose lock would be waited for when the process ends of itself
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _warm(case: str, posteriors: str = "") -> None:
    """Read what the first visitor would wait for."""
    from buckpass.app.dashboard import stored_of

    with contextlib.suppress(BuckpassError, OSError, ValueError):  # whoever opens the dashboard is told
        stored_of(case, posteriors)


if __name__ == "__main__":
    if os.environ.get(ENDS_WITH_INPUT):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_warm, args=sys.argv[sys.argv.index("--") + 1 :], daemon=True).start()
    main()
