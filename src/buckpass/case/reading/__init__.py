"""A case on disk as rows, cells and tables, each with its file and line."""
