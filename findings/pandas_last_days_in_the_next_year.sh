#!/usr/bin/env bash
# pandas 3.1.1 writes the last day of a year, or the last two, into the first week of the next one when it writes Stata's weeks.
#
# Guess: Stata's weeks start anew each year, and there are 52 of them, of which the last is longer; a day written with
# convert_dates={"day": "tw"} is in a week of its own year, and is read back as that week's first day.
# Seen: 31 December, and 30 December of a leap year, come back as 1 January of the next year; every other day is right. pyreadstat
# reads the same week numbers, so the file has them. Of events counted by year and week the last days are the next year's. No warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder" pandas==3.1.1 pyreadstat==1.3.7 numpy==2.4.6
PYTHONPATH="$folder" python3 -W error - "$folder" <<'PY'
import sys
from importlib.metadata import version
import pandas as pd
import pyreadstat

file = f"{sys.argv[1]}/weeks.dta"
days = pd.date_range("1989-01-01", "2020-12-31").to_series().reset_index(drop=True)
days.to_frame("day").to_stata(file, write_index=False, convert_dates={"day": "tw"})
back, week = pd.read_stata(file)["day"], pyreadstat.read_dta(file)[0]["day"].astype(int)
right = (days.dt.year - 1960) * 52 + ((days.dt.day_of_year - 1) // 7).clip(upper=51)
late = back > days
ends = sorted(set(days[late].dt.strftime("%d %B")))
print("pandas", version("pandas"), "pyreadstat", version("pyreadstat"), "of", len(days), "days", late.sum(), "come back later:", ends)
print(days[late].iloc[-1].date(), "came back as", back[late].iloc[-1].date(), "week", week[late].iloc[-1], "where it is", right[late].iloc[-1])
leap = days.dt.is_leap_year & (days.dt.strftime("%m-%d") == "12-30")
expected = (days.dt.strftime("%m-%d") == "12-31") | leap
sys.exit(0 if late.equals(expected) and (week != right).equals(expected) and set(back[late].dt.day_of_year) == {1} else 1)
PY
