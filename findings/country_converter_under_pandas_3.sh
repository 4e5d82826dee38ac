#!/usr/bin/env bash
# country_converter 1.3.2 cannot make a converter under pandas 3.1: Namibia's ISO2 code and one regular expression are read
# as missing values.
#
# Guess: the newest release of a table of countries works with the newest release of pandas, which its metadata allows.
# Seen: CountryConverter() raises TypeError before any country is asked for. Its own table read as text is whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" country_converter==1.3.2 pandas==3.1.1
PYTHONPATH="$folder" python3 -W ignore - <<'PY'
import sys
from importlib import metadata
import country_converter

print("country_converter", metadata.version("country_converter"), "pandas", metadata.version("pandas"))
try:
    country_converter.CountryConverter()
except TypeError as error:
    print(f"CountryConverter(): TypeError: {error}")
    sys.exit(0)
print("CountryConverter() works: the behaviour has changed")
sys.exit(1)
PY
