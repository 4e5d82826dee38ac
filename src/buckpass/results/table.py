"""How every result is handed to a reader: a table that knows its title, units, sources and the case it came from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from buckpass.results.words import minus

if TYPE_CHECKING:  # `buckpass --help` loads this file, and needs neither
    import polars as pl
    from great_tables import GT

__all__ = ["LEAST", "ResultTable", "ShowsItself", "cell", "plain"]

DECIMALS = 3
LEAST = 0.001  # what is smaller is said to be so, not written with a power of ten
ROUNDING = 1e-12  # below the solver's tolerance: the processor's last bits, shown as 0


@dataclass(frozen=True)
class ResultTable:
    """A table of results with what is needed to read and to repeat it.

    frame : one row per result, one column per quantity.
    title : what the table shows, in a sentence.
    units : unit of each column that has one.
    note : how it was computed and what to beware of.
    sources : keys of the case's sources.bib behind it.
    case_hash, seed : which case and which draws gave these numbers (no seed where nothing was drawn).

    Examples
    --------
    >>> t = ResultTable(pl.DataFrame({"power": ["A"], "share": [0.5]}), "Shares", {"share": "of total"})
    >>> t.as_dict()["rows"]
    [{'power': 'A', 'share': 0.5}]
    """

    frame: pl.DataFrame
    title: str
    units: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    sources: tuple[str, ...] = ()
    case_hash: str = ""
    seed: int | None = None

    def __len__(self) -> int:
        return self.frame.height

    def rows(self) -> list[dict[str, Any]]:
        """The rows as plain values, fit for JSON: what is missing is None, never NaN; dates are ISO text."""
        return [plain(row) for row in self.frame.iter_rows(named=True)]

    def as_dict(self) -> dict[str, Any]:
        """Everything about the table as plain values, fit for JSON."""
        return {
            "title": self.title, "units": dict(self.units), "note": self.note, "sources": list(self.sources),
            "case_hash": self.case_hash, "seed": self.seed, "rows": self.rows(),
        }  # fmt: skip

    def table(self) -> ResultTable:
        """Itself: what every result gives."""
        return self

    def tables(self) -> tuple[ResultTable, ...]:
        """Itself alone."""
        return (self,)

    def great_table(self) -> GT:
        """The table for print (great-tables), numbers rounded, units under the column names, note and sources below."""
        from great_tables import GT, html

        names = {c: html(f"{_label(c)}<br><small>{_escape(self.units[c])}</small>") if c in self.units else _label(c)
                 for c in self.frame.columns}  # fmt: skip
        shown = GT(self._for_print()).tab_header(title=_escape(self.title)).cols_label(cases=dict(names.items()))
        shown = shown.sub_missing(missing_text="–")
        for line in self._footer():
            shown = shown.tab_source_note(source_note=_escape(line))
        return shown

    def to_latex(self) -> str:
        """The table as LaTeX."""
        from great_tables import GT

        names = {c: f"{_label(c)} ({self.units[c]})" if c in self.units else _label(c) for c in self.frame.columns}
        shown = (
            GT(self._for_print())
            .tab_header(title=self.title)
            .cols_label(cases=dict(names.items()))
            .sub_missing(missing_text="–")
        )
        for line in self._footer():
            shown = shown.tab_source_note(source_note=line)
        return shown.as_latex()

    def _repr_html_(self) -> str:
        return self.great_table().as_raw_html()

    def _footer(self) -> list[str]:
        sources = f"Sources: {', '.join(self.sources)}." if self.sources else ""
        stamp = f"Case {self.case_hash[:12]}" if self.case_hash else ""
        seed = f"seed {self.seed}" if self.seed is not None else ""
        return [line for line in (self.note, sources, ", ".join(p for p in (stamp, seed) if p)) if line]

    def _for_print(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(
            {c: [cell(v, c) for v in self.frame[c].to_list()] for c in self.frame.columns},
            schema=dict.fromkeys(self.frame.columns, pl.String),
        )


class ShowsItself:
    """A result that a notebook shows as its chart and its tables.

    It has `table()`, the one table that says most, as a `ResultTable`; where there are more, `tables()` gives them all,
    that one first; it may have `plot()`. The chart is drawn here and set as a picture, so that it needs neither network
    nor scripts where it is read.
    """

    def tables(self) -> tuple[ResultTable, ...]:
        """Every table of the result, the one that says most first."""
        give = getattr(self, "table", None)
        return () if give is None else (give(),)

    def _repr_html_(self) -> str:
        parts = [self._picture(), *(one._repr_html_() for one in self.tables())]
        return "".join(f"<div style='margin:0 0 1rem;overflow-x:auto'>{part}</div>" for part in parts if part)

    def _picture(self) -> str:
        import vl_convert

        draw = getattr(self, "plot", None)
        return "" if draw is None else vl_convert.vegalite_to_svg(draw().to_json())


def plain(value: Any) -> Any:
    """A value as JSON knows it: NaN and infinity become None, dates ISO text, tuples and arrays lists, paths text."""
    if type(value) in (str, int, bool, type(None)):  # nearly all: the tests below cost most of a large answer's time
        return value
    if hasattr(value, "tolist"):  # a number or an array of NumPy
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict | Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, PurePath):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def cell(value: Any, column: str = "") -> str | None:
    """A value as a reader sees it in a table, in print and on a terminal; None where it is missing.

    >>> cell(-0.12345), cell(1234.5), cell(0.00004), cell(2024.0, "year"), cell(True), cell(["a", "b"]), cell(float("nan"))
    ('−0.123', '1,234', '<0.001', '2024', 'yes', 'a, b', None)
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if column == "year" else _rounded(value)
    if isinstance(value, int):
        return f"{value}".replace("-", "−")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) for v in value)
    return str(value)


def _rounded(value: float) -> str:
    value = 0.0 if abs(value) < ROUNDING else value
    if 0.0 < abs(value) < LEAST:
        return f"<{LEAST}" if value > 0 else f">−{LEAST}"
    return minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{DECIMALS}g}")


def _label(column: str) -> str:
    return column.replace("_", " ")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
