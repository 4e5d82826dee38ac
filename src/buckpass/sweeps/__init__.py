"""Sweeps of simulated years over what is assumed: designs, chunks on disk, a cluster, what moves the outcome."""

from buckpass.sweeps.design import Design, read_design
from buckpass.sweeps.sweep import Sweep, sweep

__all__ = ["Design", "Sweep", "read_design", "sweep"]
