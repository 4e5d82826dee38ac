"""The dashboard: one crisis, moved by hand, seen against its baseline."""
