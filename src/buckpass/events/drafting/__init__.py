"""A draft case from a store: its crises, responses and series."""
