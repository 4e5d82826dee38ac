#!/usr/bin/env bash
# Streamlit 1.67.0: after a test of an app by AppTest every process that multiprocessing (or Dask) spawns dies at once.
#
# Guess: AppTest.from_function(page, kwargs=...).run() runs the page and leaves the process that called it as it was.
# Seen: sys.modules["__main__"] is the temporary script of the test from then on. A spawned process runs the file of __main__ again under
# another name, finds a script whose arguments are names that only the test had set, and ends with a NameError before it begins to work.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --only-binary :all: --target "$folder/lib" streamlit==1.67.0
cat >"$folder/before_and_after.py" <<'PY'
import multiprocessing
import sys


def page(word):
    import streamlit

    streamlit.write(word)


if __name__ == "__main__":
    import streamlit
    from streamlit.testing.v1 import AppTest

    def exit_code():
        worker = multiprocessing.get_context("spawn").Process(target=print, args=("worked",))
        worker.start()
        worker.join()
        return worker.exitcode

    main = sys.modules["__main__"]
    before = exit_code()
    shown = AppTest.from_function(page, kwargs={"word": "hello"}, default_timeout=60).run()
    after = exit_code()
    is_other = sys.modules["__main__"] is not main
    print("streamlit", streamlit.__version__, "wrote", shown.markdown[0].value, "exit codes before and after:", before, after, "another __main__:", is_other)
    sys.exit(0 if (before, after, is_other) == (0, 1, True) else 1)
PY
PYTHONPATH="$folder/lib" python3 -W ignore "$folder/before_and_after.py" 2>"$folder/said" || { cat "$folder/said"; exit 1; }
tail -n 1 "$folder/said"
