"""Solve a strategic-form game with pygambit; print the answer and the time. Run where pygambit is installed."""

import json
import sys
import time

import pygambit


def main(path: str) -> None:
    game = pygambit.read_nfg(path)
    started = time.perf_counter()
    found = pygambit.qre.logit_solve_lambda(game, lam=[1.0])[0]
    seconds = time.perf_counter() - started
    rows = [[float(found.profile[s]) for s in player.strategies] for player in game.players]
    report = {"version": pygambit.__version__, "seconds": seconds, "rationality": float(found.lam), "strategy": rows}
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])
