#!/usr/bin/env bash
# pycountry 26.2.16: the best match for the name of one state is another state.
#
# Guess: search_fuzzy puts the state whose name is the text itself first; a former state is found by its name among the former ones.
# Seen: of "Niger" the first is Nigeria, of "Kosovo" the only one is Serbia; among historic countries "Czechoslovakia" is Serbia and
# Montenegro (both had the code CS), and "Niger" an AttributeError. Nothing says that a match is of part of a name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pycountry==26.2.16
PYTHONPATH="$folder" python3 - <<'PY'
import sys
from importlib.metadata import version
import pycountry


def first(names, text):
    try:
        return names.search_fuzzy(text)[0].alpha_3
    except (AttributeError, LookupError) as error:
        return type(error).__name__


today = {text: first(pycountry.countries, text) for text in ("Niger", "Kosovo", "Guinea")}
former = {text: first(pycountry.historic_countries, text) for text in ("Czechoslovakia", "Yugoslavia", "Niger")}
print("pycountry", version("pycountry"), "countries", today, "historic_countries", former)
sys.exit(0 if today == {"Niger": "NGA", "Kosovo": "SRB", "Guinea": "GIN"} and list(former.values()) == ["SCG", "YUG", "AttributeError"] else 1)
PY
