"""How long a user waits for the verbs, in a fresh process each (median of three): help_s, solve_s, claims_s, report_s.

claims_s and report_s work everything out; claims_first_s, agreement_first_s and report_first_s are what a new user waits for, with
what comes with the case; claims_again_s and report_again_s ask again what was asked before, of files that have not changed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASE = "central-asia"
BUCKPASS = str(Path(sys.executable).with_name("buckpass"))


def seconds(*arguments: str, times: int = 3, keeps: bool = False, is_first: bool = False) -> float:
    """keeps : answers are kept and used. is_first : likewise, in a cache that is empty each time."""
    taken, environment = [], {**os.environ, "BUCKPASS_KEEP_ANSWERS": str(int(keeps or is_first))}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as cache:
            own = {"XDG_CACHE_HOME": cache} if is_first else {}
            started = time.perf_counter()
            subprocess.run([BUCKPASS, *arguments], check=True, capture_output=True, env=environment | own)
            taken.append(time.perf_counter() - started)
    return round(statistics.median(taken), 2)


def main() -> None:
    from buckpass.case import load_case

    crisis = load_case(CASE).settings.focus.crisis
    with tempfile.TemporaryDirectory() as folder:
        page = str(Path(folder) / "page.html")
        results = {
            "help_s": seconds("--help"),
            "solve_s": seconds("solve", CASE, crisis),
            "claims_s": seconds("claims", CASE),
            "claims_first_s": seconds("claims", CASE, is_first=True),
            "agreement_first_s": seconds("agreement", CASE, is_first=True),
            "claims_again_s": seconds("claims", CASE, keeps=True),
            "report_s": seconds("report", CASE, "-o", page, "--force", times=1),
            "report_first_s": seconds("report", CASE, "-o", page, "--force", is_first=True),
            "report_again_s": seconds("report", CASE, "-o", page, "--force", keeps=True),
            "page_mb": round(Path(page).stat().st_size / 1e6, 2),
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
