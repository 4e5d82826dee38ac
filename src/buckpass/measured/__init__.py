"""What the record says by itself, measured and not modelled (model §7)."""

from buckpass.measured.coding import widened, without_recalled
from buckpass.measured.measure import Record, measure

__all__ = ["Record", "measure", "widened", "without_recalled"]
