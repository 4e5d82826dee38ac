"""What fits say of crises: draw, change, solve, summarise, once for every room that asks."""
