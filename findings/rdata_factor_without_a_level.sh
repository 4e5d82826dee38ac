#!/usr/bin/env bash
# rdata 1.1.0 reads a missing level of a factor that it wrote itself as the last level: who was not coded stood highest.
#
# Guess: a column of categories with a missing value comes back from an R file as it was written, or is refused.
# Seen: "talk", missing, "war" come back as "talk", "war", "war", from .rds and from .rda, with no warning. It writes the code 0 for the
# missing level, where R has NA, and reads 0 as the level before the first. pyreadr reads the same file as missing, and rdata reads
# a missing level right in a file of pyreadr's: only the way there and back by rdata alone puts a value in.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" rdata==1.1.0 pyreadr==0.5.8 pandas==2.3.3 numpy==2.2.6
PYTHONPATH="$folder" python3 -W error - "$folder" <<'PY'
import sys
from importlib.metadata import version
import pandas as pd
import pyreadr
import rdata

folder, levels = sys.argv[1], ["none", "talk", "war"]
coded = pd.DataFrame({"rung": pd.Categorical(["talk", None, "war"], levels)})
rdata.write_rds(f"{folder}/by_rdata.rds", coded)
rdata.write_rda(f"{folder}/by_rdata.rda", {"coded": coded})
pyreadr.write_rds(f"{folder}/by_pyreadr.rds", coded)
told = lambda frame: [value if isinstance(value, str) else None for value in frame["rung"]]
read = {
    "rdata of rdata's .rds": told(rdata.read_rds(f"{folder}/by_rdata.rds")),
    "rdata of rdata's .rda": told(rdata.read_rda(f"{folder}/by_rdata.rda")["coded"]),
    "pyreadr of rdata's": told(pyreadr.read_r(f"{folder}/by_rdata.rds")[None]),
    "rdata of pyreadr's": told(rdata.read_rds(f"{folder}/by_pyreadr.rds")),
}
print("rdata", version("rdata"), "pyreadr", version("pyreadr"), "written", told(coded))
for how, values in read.items():
    print(f"{how}: {values}")
wrong, right = ["talk", "war", "war"], ["talk", None, "war"]
sys.exit(0 if list(read.values()) == [wrong, wrong, right, right] else 1)
PY
