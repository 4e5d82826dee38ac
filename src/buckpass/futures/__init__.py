"""Many years: the unwritten agreement, histories of a theatre, sweeps over what is assumed (model §5, §6)."""
