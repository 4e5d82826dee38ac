"""What a case says that cannot be so: references, claims, wording, weak spots."""
