"""The unwritten agreement of two powers as a repeated bargain (model §5)."""

from buckpass.bargain.agreement import Agreement, agreement

__all__ = ["Agreement", "agreement"]
