"""What the record says by itself, measured and not modelled (model §7)."""

from buckpass.record.coding import widened, without_recalled
from buckpass.record.measure import Record, measure

__all__ = ["Record", "measure", "widened", "without_recalled"]
