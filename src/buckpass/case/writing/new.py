"""A new case: the starting one, in the shortest form."""

from __future__ import annotations

from pathlib import Path

from buckpass.case.start import fill_folder, write_template
from buckpass.case.writing.migrate import migrate

__all__ = ["new_case"]


def new_case(folder: str | Path) -> Path:
    """Write a small, valid, commented case to start from; all of its files, or none.

    Parameters
    ----------
    folder : a new or an empty one.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputExists
        The folder has something in it or cannot be made.
    """

    def write(draft: Path, case_id: str) -> None:
        write_template(draft, case_id)
        migrate(draft)

    return fill_folder(Path(folder), write)
