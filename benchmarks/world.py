"""The world's record: what each rule does to its counts, and the fits of the yardstick and the game that the product ships.

buckpass events load world.duckdb ucdp-esd-ty-181.csv ucdp_prio_acd.csv atop_dyad_years.csv contdir.csv rivalries.csv
python benchmarks/world.py world.duckdb            # counts, for docs/world.md
python benchmarks/world.py world.duckdb --fit      # also fits, and replaces src/buckpass/worldwide/data/yardstick.json
python benchmarks/world.py world.duckdb --game     # the game, and replaces src/buckpass/worldwide/data/game.json
python benchmarks/world.py world.duckdb --years    # the game on every conflict-year, with half the draws
python benchmarks/world.py world.duckdb --made-up 10 --at 0.9   # records made up with that κ: in how many is it told from 0
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from buckpass.evidence.baselines import Drawing, Fitting
from buckpass.worldwide.fit import KEPT, fit_world, write_yardstick
from buckpass.worldwide.fit_game import BOTH_SIDES, DRAWING, SPECIFICATIONS, alone, fit_games, fit_one, settle
from buckpass.worldwide.free_riding import BOTH, HOST_SIDE, Profile, WorldFit, words_of
from buckpass.worldwide.games import episode_games
from buckpass.worldwide.kept_game import KEPT_GAME, read_game, write_game
from buckpass.worldwide.made_up import made_up, parts_with, ratio_at, told_of_kappa
from buckpass.worldwide.play import WorldGame, kappa_of
from buckpass.worldwide.program import scale_of
from buckpass.worldwide.record import WorldRecord, counted, read_world, without
from buckpass.worldwide.rules import rules

POWERS = ("USA", "RUS", "CHN", "FRA", "GBR")
SET_ASIDE = ("not_hosts", "only_active", "bridged_years", "rebels")
SHIPPED = Path(__file__).parent.parent / "src/buckpass/worldwide/data" / KEPT
GAME = SHIPPED.with_name(KEPT_GAME)
SEED = 20240620
PROFILED = (-0.4, -0.2, 0.0, 0.25, 0.5, 0.75, 0.95)
SHOWN = ("conflict_years", "cells_of_years", "none_of_years", "support_after_support", "support_after_none", "episodes",
         "cells", "none_of_cells", "weight_of_cells")  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("store", type=Path)
    asked.add_argument("--fit", action="store_true")
    asked.add_argument("--game", action="store_true")
    asked.add_argument(
        "--sides", action="store_true", help="with --game: also powers that may take the opponents' side"
    )
    asked.add_argument("--mode", action="store_true", help="κ at the mode only, on the host's side and on both")
    asked.add_argument("--years", action="store_true", help="the game with a linear link on conflict-years")
    asked.add_argument("--made-up", type=int, metavar="N", default=0, help="records to make up and fit at their mode")
    asked.add_argument(
        "--at", type=float, nargs="+", metavar="KAPPA", default=[0.9, 0.5, 0.25], help="κ in the records made up"
    )
    asked.add_argument("--link", choices=("log", "linear"), default="linear", help="of the game that makes them up")
    given = asked.parse_args()
    the = rules()
    record = counted(read_world(given.store, the), POWERS, the)
    if given.mode:
        at_the_mode(record)
        return
    if given.years:
        on_years(counted(read_world(given.store, the), POWERS, without(the, "episodes")))
        return
    if given.made_up:
        how_much_can_be_told(record, WorldGame(given.link), given.at, given.made_up)
        return
    if given.game:
        found = fit_games(
            record.for_game,
            {"counts": record.counts, "files": record.files},
            the.game,
            tell=tell_fit,
            specifications=SPECIFICATIONS + BOTH_SIDES * given.sides,
        )
        write_game(GAME, found, force=True)
        at_the_mode(record)
        return
    tell(given.store, record)
    if given.fit:
        began = time.perf_counter()
        found = fit_world(record.cells, {"powers": POWERS, "counts": record.counts, "files": record.files})
        scores = found.scores | {"seconds": time.perf_counter() - began}
        write_yardstick(SHIPPED, replace(found, scores=scores), force=True)
        print(f"\n{scores}\n{found.reasons or 'passed its diagnostics'}")


def tell_fit(fit: WorldFit) -> None:
    """One specification as it is done."""
    said = {name: round(value, 3) for name, value in fit.scores.items()}
    kappas = f"κ {words_of(fit.kappa) or '–'}, of rivals {words_of(fit.kappa_rivals) or '–'}"
    print(
        f"{fit.name}: elpd {sum(fit.elpd):.1f} ({fit.exact} drawn again), {kappas}; {said} {'; '.join(fit.reasons)}",
        flush=True,
    )


def on_years(record: WorldRecord) -> None:
    """The game on conflict-years, which one effect holds together by conflict: how long it takes, and what it says of κ."""
    game, half = WorldGame("linear"), Drawing(DRAWING.warmup // 2, DRAWING.draws // 2)
    rows, conflicts = episode_games(record.for_game, record.rules.game, scale_of(record.cells), game.sides)
    print(
        f"{record.cells.height:,} cells of {record.episodes.height:,} conflict-years, {len(conflicts)} conflicts",
        flush=True,
    )
    tell_fit(fit_one(Fitting(game, rows, game.blocks(len(POWERS)), half, draws_at_once=1), HOST_SIDE, conflicts))


def at_the_mode(record: WorldRecord) -> None:
    """κ of the real record at the posterior's mode, and how much likelier the record is there than with κ held at other values."""
    profiles = []
    for game in (one for one in SPECIFICATIONS[::-1] + BOTH_SIDES if one.interacts):
        rows, _ = episode_games(record.for_game, record.rules.game, scale_of(record.cells), game.sides)
        fitting = Fitting(game, rows, game.blocks(len(POWERS)), DRAWING)
        u = settle(fitting)
        kappa, rivals = (
            float(kappa_of(u[fitting.blocks.levels + game.slopes.index(name)])) for name in ("kappa", "kappa_rivals")
        )
        ratios = {at: round(ratio_at(game, fitting, u, at), 1) + 0.0 for at in PROFILED}
        print(
            f"{game.name}: κ = {kappa:.2f}, of rivals {rivals:.2f}; twice the log likelihood ratio to {ratios}",
            flush=True,
        )
        record_of = BOTH if game.sides else HOST_SIDE
        profiles.append(Profile(game.name, record_of, kappa, rivals, ratios[0.0], ratios[PROFILED[-1]]))
    write_game(GAME, replace(read_game(GAME), profiles=tuple(profiles)), force=True)


def how_much_can_be_told(record: WorldRecord, game: WorldGame, kappas: list[float], n: int) -> None:
    """Records made up with a κ on these covariates, all else at the mode of the real one: in how many is κ told from 0."""
    rows, _ = episode_games(record.for_game, record.rules.game, scale_of(record.cells), game.sides)
    fitting = Fitting(game, rows, game.blocks(len(POWERS)), DRAWING)
    beside = alone(fitting)
    u = settle(fitting, rows, beside)
    for kappa in kappas:
        told = []
        for k in range(n):
            made = made_up(game, rows, parts_with(game, fitting, u, kappa), np.random.default_rng(SEED + k))
            told.append(told_of_kappa(game, fitting, made, beside))
            print(
                f"κ = {kappa}: found {told[-1].kappa:.2f}, ratio {told[-1].ratio:.1f}, told: {told[-1].is_told}",
                flush=True,
            )
        known, found = sum(one.is_told for one in told), np.array([one.kappa for one in told])
        print(f"κ = {kappa}: told from 0 in {known} of {n}; found {found.mean():.2f}, sd {found.std():.2f}", flush=True)


def tell(store: Path, record: WorldRecord) -> None:
    """The counts by the rules and with each rule set aside, and the record's table."""
    rows = [("as ruled", record.counts)]
    for name in SET_ASIDE:
        the = without(record.rules, name)
        rows.append((f"without {name}", counted(read_world(store, the), POWERS, the).counts))
    table = pl.DataFrame([{"rule": name, **{k: round(counts[k], 3) for k in SHOWN}} for name, counts in rows])
    with pl.Config(tbl_cols=-1, tbl_rows=-1, tbl_width_chars=220, tbl_hide_column_data_types=True):
        print(table, record.table().frame, sep="\n")


if __name__ == "__main__":
    main()
