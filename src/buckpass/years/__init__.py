"""Many years: histories of a theatre under common random numbers, and what was foreseen of the past (model §6)."""

from buckpass.years.backtest import Backtest, backtest
from buckpass.years.run import Futures, Plan, simulate

__all__ = ["Backtest", "Futures", "Plan", "backtest", "simulate"]
