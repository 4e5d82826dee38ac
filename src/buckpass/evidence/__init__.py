"""What the record says of fitted mechanisms: scores, comparisons, checks (model §4)."""
