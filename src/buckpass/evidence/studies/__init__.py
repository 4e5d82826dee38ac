"""Studies that simulate records and fit them again: power, decisive cases, calibration (model §4)."""
