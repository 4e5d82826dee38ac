#!/usr/bin/env bash
# xarray 2026.9.0 with h5netcdf 1.8.2: a list of one text in the attributes of a data set comes back from its file as a text.
#
# Guess: attributes are read as they were written; a list of names stays a list, however long it is.
# Seen: ["KAZ"] is "KAZ" (a loop over the states gets K, A, Z), [3] is 3, and a list of none is an array of floats. So a program that
# keeps the states of a fit in attributes works for every case with two states and fails for one. None among texts comes back as "".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" xarray==2026.9.0 h5netcdf==1.8.2 h5py==3.16.0 numpy==2.4.6
PYTHONPATH="$folder" python3 -W ignore - "$folder/fit.nc" <<'PY'
import sys
from importlib.metadata import version
import numpy as np
import xarray

given = {"two": ["KAZ", "UZB"], "one": ["KAZ"], "number": [3], "none": []}
texts = np.array(["seen", None], dtype=object)
xarray.Dataset({"basis": ("source", texts)}, attrs=given).to_netcdf(sys.argv[1], engine="h5netcdf")
read = xarray.load_dataset(sys.argv[1], engine="h5netcdf")
print("xarray", xarray.__version__, "h5netcdf", version("h5netcdf"))
for name, value in given.items():
    print(f"{value!r} came back as {read.attrs[name]!r}")
print(f"{texts.tolist()} came back as {read['basis'].values.tolist()}")
is_so = read.attrs["two"] == ["KAZ", "UZB"] and read.attrs["one"] == "KAZ" and read.attrs["number"] == 3
sys.exit(0 if is_so and read.attrs["none"].dtype == float and read["basis"].values.tolist() == ["seen", ""] else 1)
PY
