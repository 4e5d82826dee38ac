"""What people look at: figures, tables and the page (one grammar for page, dashboard and notebook).

Names are loaded when they are first used: a verb that borrows the page's wording does not load its figures.
"""

from importlib import import_module
from typing import Any

_FILE_OF = {
    "ReportResults": "results", "gather": "results", "page_text": "page", "render_page": "page", "write_page": "page"
}  # fmt: skip

__all__ = [*sorted(_FILE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"buckpass.page has no public name {name!r}")
    return getattr(import_module(f"buckpass.page.{_FILE_OF[name]}"), name)
