"""The world's record: what some powers did in every civil conflict, year by year and episode by episode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl

from buckpass.events.actors import capital, heirs, iso3_codes, on
from buckpass.events.files.layouts import layout
from buckpass.events.store import frame, reading
from buckpass.game.covariates import kilometres
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.results.words import and_join
from buckpass.worldwide import tables
from buckpass.worldwide.errors import NothingToLearn, OnePower, OneRegion, UnknownPowers
from buckpass.worldwide.rules import LEVELS, SLOPES, Rules, ruled, rules

__all__ = ["World", "WorldRecord", "WorldTables", "world_record"]

RECENT = 1992
NO_CAPABILITY = "the game takes the usual one, equal for all where none is known; load COW's national material capabilities to fill it"


@dataclass(frozen=True)
class World:
    """What the publishers' tables of a store say, for some years: read once, whatever the powers and the counting.

    given : see `tables.given`. allied, touching, rivals : pairs of states by year. by_conflict, by_host : UCDP/PRIO's
    intensity. capability : COW's index by state and year. files : publisher, layout, name, sha256 and rows of each file.
    """

    given: pl.DataFrame
    by_conflict: dict[tuple[int, int], int]
    by_host: dict[tuple[str, int], int]
    allied: tables.Pairs
    touching: tables.Pairs
    rivals: tables.Pairs
    capability: dict[tuple[str, int], float]
    files: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class WorldTables:
    """What the game reads of a world's record, and its powers in their order."""

    powers: tuple[str, ...]
    cells: pl.DataFrame
    against: pl.DataFrame
    pairs: pl.DataFrame


@dataclass(frozen=True)
class WorldRecord(ShowsItself):
    """What powers did in the world's civil conflicts.

    episodes : one row an episode (or conflict-year, with its active years so far, where the rules say so): episode_id, conflict_id,
    location, host, first and last year, active years, war.
    cells : one row an episode and power that could have helped its government: low and high rung of the band, weight,
    covariates. against : the same for powers that backed the other side, low and high of what they gave it. pairs : of powers
    that were allies or rivals when an episode began: episode_id, power, other, tie. years : one row a conflict-year and
    power: low, high. of_years : every conflict-year.
    """

    powers: tuple[str, ...]
    episodes: pl.DataFrame
    cells: pl.DataFrame
    against: pl.DataFrame
    pairs: pl.DataFrame
    years: pl.DataFrame
    of_years: pl.DataFrame
    rules: Rules
    files: tuple[dict[str, Any], ...]

    @cached_property
    def counts(self) -> dict[str, float | None]:
        """What is in it: the numbers of `docs/world.md`."""
        helped, before = pl.col("high") > self.rules.support.none.rungs[1], pl.col("before")
        earlier = self.years.select("conflict_id", "power", pl.col("year") + 1, helped.alias("before"))
        both = self.years.join(earlier, on=["conflict_id", "power", "year"])
        none = ~helped
        return {
            "conflicts": self.of_years["conflict_id"].n_unique(),
            "hosts": self.of_years["host"].n_unique(),
            "conflict_years": self.of_years.height,
            "cells_of_years": self.years.height,
            "none_of_years": self.years.select(none.mean()).item(),
            "episodes": self.episodes.height,
            "cells": self.cells.height,
            "none_of_cells": self.cells.select(none.mean()).item(),
            "weight_of_cells": float(self.cells["weight"].sum()),
            "support_after_support": both.filter(before).select(helped.mean()).item(),
            "support_after_none": both.filter(~before).select(helped.mean()).item(),
        }

    @property
    def for_game(self) -> WorldTables:
        """What the game reads."""
        return WorldTables(self.powers, self.cells, self.against, self.pairs)

    def table(self) -> ResultTable:
        """How often each power went how far, over episodes."""
        counted = (
            self.cells.group_by("power")
            .agg(
                pl.len().alias("episodes"),
                *(_reached(level).sum().alias(f"rung {level} or more") for level in LEVELS[1:]),
            )
            .sort(pl.col("power").replace_strict({p: k for k, p in enumerate(self.powers)}))
        )
        said = self.counts
        note = (
            f"{said['conflict_years']:,} conflict-years of {said['conflicts']} conflicts and {said['hosts']} hosts; "
            f"{said['episodes']} episodes. A rung counts where the whole band of the cell reaches it."
            f"{_without_capability(self.cells)}"
        )
        return ResultTable(counted, "What powers did in the world's civil conflicts, by episode", note=note)

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"powers": list(self.powers), "counts": self.counts, "episodes": self.episodes.to_dicts(),
                "cells": self.cells.to_dicts(), "files": list(self.files)}  # fmt: skip


def _without_capability(cells: pl.DataFrame) -> str:
    """What is said where the capability of powers is unknown in some cells; empty where it is known in all."""
    bare = cells.filter(pl.col("capability").is_null())
    if bare.is_empty():
        return ""
    of = and_join(bare["power"].unique(maintain_order=True).to_list())
    where = "every cell" if bare.height == cells.height else f"{bare.height:,} of {cells.height:,} cells ({of})"
    return f" The column capability is empty in {where}: {NO_CAPABILITY}."


def _reached(level: int) -> pl.Expr:
    return pl.col("low") >= level


def world_record(store: Path, powers: Sequence[str], the: Rules | None = None) -> WorldRecord:
    """The world's record of some powers from a store that holds UCDP's external support and the tables around it.

    Parameters
    ----------
    store : made by `buckpass events load`. powers : ISO3 codes of today's states; Russia stands for the Soviet Union too.
    the : rules; the product's own by default.

    Returns
    -------
    WorldRecord

    Raises
    ------
    TablesMissing, OneRegion, UnknownPowers, NothingToLearn; each says what to load or to change.
    """
    the = the or rules()
    return counted(read_world(store, the), powers, the)


def read_world(store: Path, the: Rules) -> World:
    """The tables of a store, for the years of the rules."""
    years = range(the.conflicts.years[0], the.conflicts.years[1] + 1)
    with reading(Path(store)) as connection:
        tables.check_tables(connection, Path(store))
        rows = frame(
            connection, "SELECT name, layout, sha256, rows_loaded FROM files WHERE layout IN "
            f"({', '.join(repr(name) for name in (*tables.NEEDED, *tables.OPTIONAL))}) ORDER BY layout, name",
        )  # fmt: skip
        files = tuple(row | _publisher(row["layout"]) for row in rows.to_dicts())
        world = World(
            tables.given(connection, the), *tables.intensities(connection), tables.allied(connection, years),
            tables.touching(connection, years), tables.rivals(connection, years), tables.capabilities(connection, years), files,
        )  # fmt: skip
    hosts = world.given["host"].unique().drop_nulls().sort().to_list()
    if len(hosts) < the.conflicts.fewest_hosts:
        raise OneRegion(Path(store), hosts, the.conflicts.fewest_hosts)
    return world


def _publisher(name: str) -> dict[str, str]:
    known = layout(name)
    return {"publisher": known.publisher, "says": known.says, "citation": known.citation}


def counted(world: World, powers: Sequence[str], the: Rules) -> WorldRecord:
    """The record of some powers, by the rules."""
    powers = tuple(dict.fromkeys(powers))
    unknown = [power for power in powers if power not in iso3_codes()]
    if unknown or not powers:
        raise UnknownPowers(unknown or ["…"])
    first, *others = powers
    if not others:
        raise OnePower(first)
    of_years, episodes = _episodes(world, the)
    every = _every_cell(world, of_years, powers, the)
    is_usable = pl.lit(True) if the.support.rebels.counts == "not at all" else ~pl.col("is_against")
    years = every.filter(is_usable).select("conflict_id", "episode_id", "year", "host", "power", "low", "high")
    found = (
        every.group_by("episode_id", "power", maintain_order=True)
        .agg(pl.col("low", "high", "against_low", "against_high").max(), pl.len().alias("years"),
             pl.col("is_against").any(), pl.col("rival_across").max())
        .join(episodes, on="episode_id", how="left", maintain_order="left")
    )  # fmt: skip
    _check_learnable(every, found.filter(is_usable), powers, the)
    cells = _weighted(found.filter(is_usable), the)
    against = found.filter(~is_usable).with_columns(low="against_low", high="against_high", weight=pl.lit(1.0))
    shown = "episode_id", "conflict_id", "host", "power", "low", "high", "years", "weight", *SLOPES, "capability"
    cells, against = (_described(one, world).select(shown) for one in (cells, against))
    return WorldRecord(
        powers, episodes, cells, against, _pairs(episodes, powers, world), years, of_years, the, world.files
    )


def _pairs(episodes: pl.DataFrame, powers: Sequence[str], world: World) -> pl.DataFrame:
    """Which powers were bound by a defence pact, or strategic rivals, when an episode began; rivals come first."""
    rows = []
    for episode, year in episodes.select("episode_id", "first_year").iter_rows():
        for one, other in permutations(powers, 2):
            pair = on(one, year), on(other, year), year
            tie = "rival" if pair in world.rivals else "ally" if pair in world.allied else None
            rows += [(episode, one, other, tie)] if tie else []
    names = "episode_id", "power", "other", "tie"
    return pl.DataFrame(rows, schema=[(name, pl.String) for name in names], orient="row")


def _episodes(world: World, the: Rules) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every conflict-year with its episode, and the episodes; where the rules have years for units, each year is one."""
    years = world.given.select("conflict_id", "year", "location", "host").unique(["conflict_id", "year"], keep="first")
    years = years.filter(pl.col("host").is_not_null()).sort("conflict_id", "year")
    level = [
        world.by_conflict.get((conflict, year), world.by_host.get((host, year), 1))
        for conflict, year, host in years.select("conflict_id", "year", "host").iter_rows()
    ]
    is_new = pl.col("year").diff().over("conflict_id").fill_null(1_000) > the.conflicts.bridged_years + 1
    first = pl.when(is_new).then("year").forward_fill().over("conflict_id")
    years = years.with_columns(pl.Series("intensity", level), first.alias("first_year"))
    years = years.with_columns(active=pl.col("year").cum_count().over("conflict_id", "first_year"))
    if the.conflicts.unit == "years":
        years = years.with_columns(first_year="year")
    years = years.with_columns(episode_id=pl.format("{}_{}", "conflict_id", "first_year"))
    episodes = years.group_by("episode_id", maintain_order=True).agg(
        pl.col("conflict_id", "location", "host", "first_year").first(),
        pl.col("year").max().alias("last_year"),
        pl.col("active").max().alias("active_years"),
        (pl.col("intensity").max() == 2).cast(pl.Int8).alias("war"),
    )
    return years, episodes


def _every_cell(world: World, of_years: pl.DataFrame, powers: Sequence[str], the: Rules) -> pl.DataFrame:
    """Every conflict-year and power that is not its host: band, whether it backs the other side, whether a rival does."""
    none_low, none_high = the.support.none.rungs
    firm = pl.col("is_alleged").not_() | (the.support.alleged.counts == "as firm")
    helps = world.given.filter(pl.col("low").is_not_null() & ~pl.col("is_against"))
    if the.support.alleged.counts == "not at all":
        helps = helps.filter(~pl.col("is_alleged"))
    key = ["conflict_id", "year", "supporter"]
    helps = helps.group_by(key).agg(pl.col("low").filter(firm).max().alias("given"), pl.col("high").max().alias("most"))
    backers = world.given.filter(pl.col("low").is_not_null() & pl.col("is_against"))
    against = backers.group_by(key).agg(
        pl.col("low").filter(firm).max().alias("against_low"), pl.col("high").max().alias("against_high")
    )
    cells = of_years.join(pl.DataFrame({"power": list(powers)}), how="cross")
    cells = cells.with_columns(supporter=pl.Series([on(*pair) for pair in cells.select("power", "year").iter_rows()]))
    cells = (
        cells.filter(pl.col("supporter") != pl.col("host"))
        .join(helps, on=key, how="left", maintain_order="left")
        .join(against, on=key, how="left", maintain_order="left")
        .with_columns(
            low=pl.col("given").fill_null(none_low).cast(pl.Int64),
            high=pl.max_horizontal(pl.col("most").fill_null(none_high), pl.lit(none_high)).cast(pl.Int64),
            is_against=pl.col("against_high").is_not_null(),
            against_low=pl.col("against_low").fill_null(0).cast(pl.Int64),
        )
    )
    return _with_own_operations(_with_rivals(cells, backers, world.rivals), the)


def _with_rivals(cells: pl.DataFrame, backers: pl.DataFrame, rivals: tables.Pairs) -> pl.DataFrame:
    """Whether a rival of the power firmly backs the other side in the year."""
    across: dict[tuple[int, int], set[str]] = {}
    for conflict, year, state in (
        backers.filter(~pl.col("is_alleged")).select("conflict_id", "year", "supporter").iter_rows()
    ):
        across.setdefault((conflict, year), set()).add(state)
    found = [
        any((power, state, year) in rivals for state in across.get((conflict, year), ()) if state != power)
        for conflict, year, power in cells.select("conflict_id", "year", "supporter").iter_rows()
    ]
    return cells.with_columns(pl.Series("rival_across", found, dtype=pl.Boolean).cast(pl.Int8))


def _with_own_operations(cells: pl.DataFrame, the: Rules) -> pl.DataFrame:
    for one in the.own_operations:
        is_it = (
            (pl.col("power") == one.power) & (pl.col("host") == one.host) & pl.col("year").is_between(*one.years)
            & (pl.col("high") > the.support.none.rungs[1])
        )  # fmt: skip
        cells = cells.with_columns(
            pl.when(is_it).then(pl.max_horizontal(end, pl.lit(one.rung))).otherwise(end) for end in ("low", "high")
        )
    return cells


def _check_learnable(every: pl.DataFrame, counting: pl.DataFrame, powers: Sequence[str], the: Rules) -> None:
    """Raise `NothingToLearn` where a power has no cell of a conflict-year, or none of the episodes that count has it act firmly."""
    acts = pl.col("low") > the.support.none.rungs[1]
    able, acted, counts = set(every["power"]), set(every.filter(acts)["power"]), set(counting.filter(acts)["power"])
    still = [power for power in powers if power in able - counts]
    always = [power for power in powers if power not in able]
    if still or always:
        raise NothingToLearn([p for p in still if p not in acted], always, [p for p in still if p in acted])


def _weighted(cells: pl.DataFrame, the: Rules) -> pl.DataFrame:
    """1 over the number of episodes of its host that go on during an episode, itself among them, for the same power."""
    if the.support.shared.counts == "in every conflict":
        return cells.with_columns(weight=pl.lit(1.0))
    key = ["host", "power"]
    other = cells.select(*key, pl.col("first_year").alias("since"), pl.col("last_year").alias("until"))
    together = (
        cells.join(other, on=key)
        .filter((pl.col("since") <= pl.col("last_year")) & (pl.col("until") >= pl.col("first_year")))
        .group_by("episode_id", "power").agg((1.0 / pl.len()).alias("weight"))
    )  # fmt: skip
    return cells.join(together, on=["episode_id", "power"], how="left", maintain_order="left")


def _described(cells: pl.DataFrame, world: World) -> pl.DataFrame:
    """The covariates of every cell."""
    rows = cells.select("power", "host", "first_year").rows()
    then = [(on(power, year), host, year) for power, host, year in rows]
    found = {
        "distance": [_log_distance(power, host) for power, host, _ in rows],
        "border": [int(one in world.touching) for one in then],
        "alliance": [int(one in world.allied) for one in then],
        "colony": [int((host, power) in ruled()) for power, host, _ in rows],
        "capability": [world.capability.get((state, year)) for state, _, year in then],
    }
    return cells.with_columns(
        *(pl.Series(name, values) for name, values in found.items()),
        duration=pl.col("active_years").log(),
        recent=(pl.col("first_year") >= RECENT).cast(pl.Int8),
    )


def _log_distance(power: str, host: str) -> float:
    """Log kilometres between capitals; a state that is no more has the capital of the one in its place."""
    here, there = (next(place for state in heirs(one) if (place := capital(state))) for one in (power, host))
    return math.log(max(kilometres(here, there), 100.0))


def without(the: Rules, rule: str) -> Rules:
    """The rules with one of them set aside: what it does to the counts (`docs/world.md`)."""
    conflicts, support = the.conflicts, the.support
    changed = {
        "not_hosts": {"conflicts": conflicts.model_copy(update={"not_hosts": ()})},
        "only_active": {"conflicts": conflicts.model_copy(update={"only_active": False})},
        "episodes": {"conflicts": conflicts.model_copy(update={"unit": "years"})},
        "bridged_years": {"conflicts": conflicts.model_copy(update={"bridged_years": 0})},
        "rebels": {"support": support.model_copy(update={"rebels": support.rebels.model_copy(update={"counts": "not at all"})})},
        "alleged": {"support": support.model_copy(update={"alleged": support.alleged.model_copy(update={"counts": "as firm"})})},
        "own_operations": {"own_operations": ()},
    }[rule]  # fmt: skip
    return the.model_copy(update=changed)
