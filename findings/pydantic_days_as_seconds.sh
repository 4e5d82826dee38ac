#!/usr/bin/env bash
# pydantic 2.14.3 reads the days of event data sets (20240101) and plain years (1991) as seconds since 1970.
#
# Guess: a field of type datetime takes YYYYMMDD, the basic form of ISO 8601 that GDELT and others write, or refuses it.
# Seen: 20240101 is 23 August 1970, a quarter past six, as a number and as a text; 1991 is half past midnight on 1 January 1970. A
# field of type date refuses the day, for want of a time of zero, and takes "20131200" (day not known) as 22 August 1970.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" pydantic==2.14.3
PYTHONPATH="$folder" python3 - <<'PY'
import sys
from datetime import date, datetime
import pydantic


def read(kind, value):
    try:
        return str(pydantic.TypeAdapter(kind).validate_python(value))
    except pydantic.ValidationError:
        return "refused"


given = [(datetime, 20240101), (datetime, "20240101"), (datetime, 1991), (date, "20240101"), (date, "20131200")]
found = [read(*each) for each in given]
print("pydantic", pydantic.VERSION)
for (kind, value), text in zip(given, found):
    print(f"{kind.__name__} of {value!r}: {text}")
first = "1970-08-23 06:15:01+00:00"
sys.exit(0 if found == [first, first, "1970-01-01 00:33:11+00:00", "refused", "1970-08-22"] else 1)
PY
