"""What people look at: figures, tables and the page (one grammar for page, dashboard and notebook)."""

from buckpass.report.page import render_page, write_page
from buckpass.report.results import ReportResults, gather

__all__ = ["ReportResults", "gather", "render_page", "write_page"]
