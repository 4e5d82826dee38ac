"""Chapters of the page that stand by themselves."""
