"""What a terminal can show and say: any encoding, a reader that has gone, marks that would take it over."""

from __future__ import annotations

import codecs
import os
import re
import sys
import unicodedata

__all__ = ["UNSAFE", "has_lost_its_reader", "legible", "make_legible"]

# What stands for a character where the console's encoding lacks it and its plain letters do not say it.
PLAIN = {
    "–": "-", "—": "-", "−": "-", "‑": "-", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "·": "-", "•": "*",
    "±": "+-", "×": "x", "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "∞": "inf", "½": "1/2",
    "α": "alpha", "β": "beta", "δ": "delta", "κ": "kappa", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "Σ": "sum", "│": "|", "─": "-", "━": "-", "█": "#",
}  # fmt: skip
SIZE = re.compile("0*[1-9][0-9]{0,4}")  # of a terminal, in letters or lines
UNSAFE = frozenset(
    {"Cc", "Cf", "Cs"}
)  # Unicode's control, format (bidirectional marks among them) and surrogate characters


def make_legible() -> None:
    """Let standard output and error write whatever comes, in the console's own encoding; closed ones swallow it.

    A width or height of the environment that no terminal has (0, or no number) is as if it were not said.
    """
    for name in ("COLUMNS", "LINES"):
        if not SIZE.fullmatch(os.environ.get(name, "80")):
            del os.environ[name]
    codecs.register_error("legible", _in_plain_letters)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller: >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (open as long as the process is)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="legible")


def legible(text: str) -> str:
    """The text with control and bidirectional marks made visible: nothing from a file may move the cursor or turn a line."""
    unsafe = {c for c in set(text) - {"\n", "\t"} if unicodedata.category(c) in UNSAFE}  # of each letter once
    return text.translate({ord(c): _escaped(c) for c in unsafe}) if unsafe else text


def has_lost_its_reader(end: BaseException) -> bool:
    """Whether an exit comes of a reader that has gone, as `| head` does: nothing went wrong then."""
    cause: BaseException | None = end
    while cause is not None:
        if isinstance(cause, BrokenPipeError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    letters = PLAIN.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"


def _escaped(character: str) -> str:
    return f"<U+{ord(character):04X}>"
