"""Many years: the unwritten agreement, histories of a theatre, sweeps over what is assumed (model §5, §6)."""

from buckpass.futures.agreement import Agreement, agreement
from buckpass.futures.backtest import Backtest, backtest
from buckpass.futures.design import Design, read_design
from buckpass.futures.run import Futures, Plan, simulate
from buckpass.futures.sweep import Sweep, sweep

__all__ = [
    "Agreement",
    "Backtest",
    "Design",
    "Futures",
    "Plan",
    "Sweep",
    "agreement",
    "backtest",
    "read_design",
    "simulate",
    "sweep",
]
