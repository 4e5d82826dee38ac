"""Drawings made in a process of their own, while the page goes on: the library that draws holds up all else in its process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["Draw", "Drawing", "Drawings", "draw_lines", "drawn_here"]

Drawing = Callable[[], str]  # gives the SVG, and waits for it if it is not there yet
Draw = Callable[[dict[str, Any]], Drawing]  # of a Vega-Lite specification
HELPER = "from buckpass.page.drawing import draw_lines; draw_lines()"


def drawn_here(spec: dict[str, Any]) -> Drawing:
    """The drawing of a specification, made in this process when it is taken."""

    def taken() -> str:
        import vl_convert

        return vl_convert.vegalite_to_svg(spec)

    return taken


class Drawings:
    """Draws in a second process, in the order in which it is asked; what that cannot draw is drawn here, with its error."""

    def __init__(self) -> None:
        self._asking = ThreadPoolExecutor(1)
        try:  # -P: nothing in the folder that the user is in is taken for a library
            self._helper = subprocess.Popen([sys.executable, "-P", "-c", HELPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, text=True, encoding="utf-8")  # fmt: skip
        except OSError:
            self._helper = None

    def __enter__(self) -> Drawings:
        return self

    def __exit__(self, *_: object) -> None:
        if self._helper is not None:
            self._helper.kill()
        self._asking.shutdown(cancel_futures=True)
        if self._helper is not None:
            self._helper.communicate()

    def __call__(self, spec: dict[str, Any]) -> Drawing:
        return self._asking.submit(self._drawn, spec).result

    def _drawn(self, spec: dict[str, Any]) -> str:
        answer = self._answer(json.dumps(spec))
        return json.loads(answer) if answer else drawn_here(spec)()

    def _answer(self, line: str) -> str:
        """What the helper says to a line; nothing where it has ended."""
        if self._helper is None or self._helper.stdin is None or self._helper.stdout is None:
            return ""
        try:
            self._helper.stdin.write(f"{line}\n")
            self._helper.stdin.flush()
            return self._helper.stdout.readline()
        except (OSError, ValueError):
            return ""


def draw_lines() -> None:
    """The second process: a specification a line as JSON in, its SVG a line as JSON out; it ends with its input."""
    import vl_convert

    for line in sys.stdin:
        print(json.dumps(vl_convert.vegalite_to_svg(line)), flush=True)
