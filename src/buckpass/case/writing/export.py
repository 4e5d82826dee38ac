"""Tables as CSV for other programs, spreadsheets included."""

from __future__ import annotations

import polars as pl

from buckpass.case.reading.files import safe_cell


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """The table as CSV in UTF-8: lists joined by `;`, and text that a spreadsheet would compute made harmless.

    >>> csv_bytes(pl.DataFrame({"actor": ["=1+1"], "asked": [["AAA", "BBB"]]})).decode()
    "actor,asked\\n'=1+1,AAA;BBB\\n"
    """
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.List):
            column = column.cast(pl.List(pl.String)).list.join(";")
        if isinstance(dtype, pl.List) or dtype == pl.String:
            column = column.map_elements(safe_cell, return_dtype=pl.String)
        columns.append(column)
    return frame.select(columns).write_csv().encode("utf-8")
