"""What a fitted case answers about one crisis: who does what, what if, where it turns, why."""
