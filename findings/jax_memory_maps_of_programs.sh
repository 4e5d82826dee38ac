#!/usr/bin/env bash
# jax 0.10.2 on CPU under Linux: every compiled program that is held keeps some twenty memory maps of its process, of 65,530 allowed by default.
#
# Guess: programs cost memory; a process that compiles too many is told so by an exception.
# Seen: more than a thousand maps for 200 small programs. In a long run of tests with some three thousand, compiling ended the process
#       with a segmentation fault (not repeated here). jax.clear_caches() gives the maps back, also those of functions that are kept.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" jax==0.10.2 jaxlib==0.10.2
JAX_PLATFORMS=cpu PYTHONPATH="$folder" python3 - <<'PY'
import gc
import sys
from pathlib import Path
import jax
import jax.numpy as jnp

maps = lambda: Path("/proc/self/maps").read_bytes().count(b"\n")

def program(shift):
    function = jax.jit(lambda x: jnp.sin(x) * shift + jnp.linalg.solve(x, x).sum())
    function(jnp.eye(3)).block_until_ready()
    return function

held = [program(k) for k in range(5)]
before = maps()
held += [program(k) for k in range(5, 205)]
after = maps()
jax.clear_caches()
gc.collect()
print("jax", jax.__version__, "maps before", before, "with 200 programs more", after, "after clear_caches", maps())
sys.exit(0 if after - before > 1000 and maps() < before + 200 else 1)
PY
