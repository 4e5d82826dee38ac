"""The dashboard's tests use the made-up fits and the browser of the page's tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "page"))

from conftest_report import hostile_folder, small_case, small_folder  # noqa: F401
