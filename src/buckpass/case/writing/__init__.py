"""Cases and tables written as files."""
