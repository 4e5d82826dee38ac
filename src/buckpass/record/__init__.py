"""What the record says by itself, measured and not modelled (model §7)."""

from buckpass.record.coding import coded, widened, without_recalled
from buckpass.record.measure import Record, measure

__all__ = ["Record", "coded", "measure", "widened", "without_recalled"]
