"""What the record says by itself, measured and not modelled (model §7)."""

from buckpass.record.coding import widened, without_recalled
from buckpass.record.measure import Record, measure
from buckpass.record.results import ResultTable

__all__ = ["Record", "ResultTable", "measure", "widened", "without_recalled"]
