"""Where the made inputs of other rooms are."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / room) for room in ("events", "worldwide", "game")]
