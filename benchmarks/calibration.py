"""Coverage and rank uniformity of all mechanisms together and of three, on simulated records; goes on from where it stopped.

Writes benchmarks/calibration.json: ranks of the truth among posterior draws, and what they say. Records are simulated on
the first crises of the flagship (its covariates, alignments and vehicles), one exact rung per power and crisis. Ranks that an
earlier model gave are dropped.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from machine import machine

from buckpass.case import load_case
from buckpass.evidence.studies.calibration import calibrated, replicate, rows_of
from buckpass.fitting.program import Program
from buckpass.fitting.sampling import NutsSettings, Sampling
from buckpass.fitting.stamp import stamp_hash
from buckpass.game.setting import setting_of
from buckpass.model.mechanisms import combination
from buckpass.model.stamp import model_stamp

CASE, CRISES = "central-asia", 12
NUTS = NutsSettings(chains=2, warmup=150, draws=130)
KEPT = Path(__file__).with_suffix(".json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replications", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600.0, help="stop after this long; run again to go on")
    parser.add_argument("--explanation", action="append", help="only these (repeatable)")
    arguments = parser.parse_args()
    kept = of_this_model(json.loads(KEPT.read_text()) if KEPT.exists() else {})
    until = time.perf_counter() + arguments.seconds
    setting = setting_of(load_case(CASE)).select(range(CRISES))
    programs: dict[bool, Program] = {}
    for name in arguments.explanation or ["all", "FR", "BL", "VE"]:
        ranks, one = kept["ranks"].setdefault(name, []), combination(name)
        if one.interacts not in programs:
            programs[one.interacts] = Program(setting, rows_of(setting), one.interacts)
        sampling = Sampling(one, programs[one.interacts], NUTS)
        while len(ranks) < arguments.replications and time.perf_counter() < until:
            ranks.append(replicate(sampling, setting, seed=1000 + len(ranks)))
            write(kept)
    print(json.dumps(kept["found"]))


def of_this_model(kept: dict) -> dict:
    """What was kept, less the ranks of explanations whose terms or priors have changed since."""
    made_with = kept.get("model", {}).items()
    return {"ranks": {name: kept["ranks"][name] for name, model in made_with if model == model_hash(name)}}


def model_hash(name: str) -> str:
    return stamp_hash(model_stamp(name))[:16]


def write(kept: dict) -> None:
    kept["found"] = {name: asdict(calibrated(ranks)) for name, ranks in kept["ranks"].items() if len(ranks) > 1}
    kept["model"] = {name: model_hash(name) for name in kept["found"]}
    kept["machine"] = machine()
    kept["crises"], kept["case"] = CRISES, CASE
    rounded = {
        n: [{k: [round(x, 4) for x in v] for k, v in one.items()} for one in r] for n, r in kept["ranks"].items()
    }
    KEPT.write_text(json.dumps({**kept, "ranks": rounded}, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
