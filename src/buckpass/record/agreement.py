"""How far coders of a record agree beyond chance: Krippendorff's alpha with its bootstrap interval.

The numbers are computed in `buckpass.events.reliability`, the earlier room, which needs them too.
"""

from buckpass.events.reliability import AlphaInterval, alpha_interval, krippendorff_alpha

__all__ = ["AlphaInterval", "alpha_interval", "krippendorff_alpha"]
