#!/usr/bin/env bash
# country_converter 1.3.2 gives, as "GWcode", numbers of former states for states of today.
#
# Guess: GWcode is Gleditsch & Ward's number of the state, as UCDP writes it.
# Seen: Czechia 315 (Czechoslovakia; 316 is the Czech Republic), Yemen 680 (the southern state of 1967-1990; 678 is Yemen),
# Viet Nam 817 (the southern state of 1954-1975; 816 is Viet Nam). Rows of these states join to nothing, or to the wrong state.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" country_converter==1.3.2 "pandas==2.3.3" "numpy==2.2.6"
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
from importlib import metadata
import country_converter

print("country_converter", metadata.version("country_converter"), "pandas", metadata.version("pandas"))
names, right = ["Czechia", "Yemen", "Vietnam"], [316, 678, 816]
given = country_converter.CountryConverter().convert(names, to="GWcode")
for name, number, listed in zip(names, given, right):
    print(f"{name}: GWcode {number}, in Gleditsch & Ward's list {listed}")
sys.exit(0 if [int(n) for n in given] == [315, 680, 817] else 1)
PY
