"""The world's record of external support, and what it says beside a regional case."""

from buckpass.worldwide.errors import WorldError
from buckpass.worldwide.record import WorldRecord, world_record
from buckpass.worldwide.yardstick import Beside, beside

__all__ = ["Beside", "WorldError", "WorldRecord", "beside", "world_record"]
