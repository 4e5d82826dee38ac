"""Fixtures of the page's tests."""

from conftest_report import hostile_folder, small_case, small_folder  # noqa: F401
