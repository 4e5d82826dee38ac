"""Rows of recognised files into the store: typed, judged, counted once."""
