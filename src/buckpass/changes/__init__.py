"""What can be changed: one list of `--set` paths, and for each where it bites and which verbs honour it."""

from buckpass.changes.overrides import BadOverride, Override
from buckpass.changes.paths import OverridePath, general_paths, override_paths
from buckpass.changes.together import parse_overrides

__all__ = ["BadOverride", "Override", "OverridePath", "general_paths", "override_paths", "parse_overrides"]
