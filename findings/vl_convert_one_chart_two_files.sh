#!/usr/bin/env bash
# vl-convert 1.9.0.post1 draws one chart as another file each time: its SVG in one process, its PDF anywhere.
#
# Guess: one specification gives the same bytes, so that figures can be compared, cached by their hash and rebuilt by another person.
# Seen: ids in the SVG (gradient_0, clip1, …) are counted over all that the process drew before, and start again in each process, so
# that pictures of two runs on one page have the same ids; of twelve PDF files of one chart some differ. PNG files are the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" vl-convert-python==1.9.0.post1
cat > "$folder/draw.py" <<'PY'
import re
import vl_convert

fade = {"gradient": "linear", "stops": [{"offset": 0, "color": "white"}, {"offset": 1, "color": "navy"}]}
chart = {
    "data": {"values": [{"year": 1991, "aid": 2}, {"year": 1992, "aid": 5}]},
    "mark": {"type": "area", "clip": True, "color": fade},
    "encoding": {"x": {"field": "year", "type": "quantitative"}, "y": {"field": "aid", "type": "quantitative"}},
}
draw = {"svg": vl_convert.vegalite_to_svg, "png": vl_convert.vegalite_to_png, "pdf": vl_convert.vegalite_to_pdf}
drawn = {kind: [to(chart) for _ in range(12)] for kind, to in draw.items()}
different = {kind: len(set(files)) for kind, files in drawn.items()}
ids = [re.findall(r'id="(\w+)"', svg) for svg in drawn["svg"][:2]]
print("vl-convert", vl_convert.__version__, "ids of the first", ids[0], "of the second", ids[1])
print("of 12: SVG", different["svg"], "PNG", different["png"], "of PDF more than one:", different["pdf"] > 1)
raise SystemExit(0 if different["svg"] == 12 and different["png"] == 1 and different["pdf"] > 1 and "gradient_0" in ids[0] else 1)
PY
for run in 1 2; do PYTHONPATH="$folder" python3 "$folder/draw.py" > "$folder/$run"; done
cat "$folder/1"
cmp "$folder/1" "$folder/2" && echo "and so again in another process, with the same ids"
