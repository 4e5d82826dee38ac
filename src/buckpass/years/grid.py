"""Every kind of crisis that may come, as settings of crisis games: host × kind of crisis × request."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from functools import partial

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, Float

from buckpass.case import Case
from buckpass.game.covariates import is_pressed, main_rivals
from buckpass.game.crises import CrisisNames
from buckpass.game.setting import UNBATCHED, CrisisSetting, Standard, setting_of, standard_of
from buckpass.model.requests import with_requests_of
from buckpass.years.arrivals import Past
from buckpass.years.spells import relations_on
from buckpass.years.starting_point import base_rows

__all__ = ["Grid", "grid_of"]


@dataclasses.dataclass(frozen=True)
class Grid:
    """Settings of one crisis for every cell (spell, host, kind, request), request fastest; kinds are types that play alike.

    spells : the years in which other relations begin to hold, the first year first. kept : the vehicles that are open to somebody in some cell; the columns of the others are dropped.
    pressed : 1 where the power is pressed by its rival in this theatre, so that rival pressure applies.
    """

    setting: CrisisSetting
    kind_of_type: np.ndarray
    kinds: int
    requests: tuple[tuple[str, ...], ...]
    spells: tuple[int, ...]
    kept: tuple[int, ...]
    standard: Standard
    pressed: Float[Array, "s h p"]
    rivals: list[int]  # `main_rivals`


def grid_of(
    past: Past, requests: tuple[tuple[str, ...], ...], spells: tuple[int, ...], with_closed: bool = False
) -> Grid:
    """The grid of a case: each row is a made crisis of the first year, read like any other, with the relations of its spell.

    What the series say is that of the first year in every spell; the years move it. `with_closed` : keep the vehicles that are open to nobody, for a power that is held at a deployment through one.
    """
    standard, kinds = standard_of(past.case), _kinds(past, spells)
    firsts = [kinds.index(k) for k in dict.fromkeys(kinds)]
    kind_of_type = np.array([list(dict.fromkeys(kinds)).index(k) for k in kinds])
    cases = [past.case, *(relations_on(past.case, date(year, 1, 1)) for year in spells[1:])]
    of_spells = [_cells(past, *of, firsts, requests, standard) for of in zip(cases, spells, strict=True)]
    setting, kept = _without_closed_vehicles(_joined(of_spells), with_closed)
    pressed = jnp.asarray([_pressed(past, case) for case in cases])
    return Grid(setting, kind_of_type, len(firsts), requests, spells, kept, standard, pressed, main_rivals(past.case))


def _cells(past: Past, case: Case, year: int, firsts: list[int], requests, standard: Standard) -> CrisisSetting:
    """The cells of one spell, in which the relations of `case` hold."""
    made = partial(_made, past, case, date(year, 1, 1))
    by_kind = made([(h, past.types[t], ()) for h in past.hosts for t in firsts])
    by_request = made([(h, past.types[firsts[0]], r) for h in past.hosts for r in requests])
    ids = by_kind["crisis_id"].to_list() + by_request["crisis_id"].to_list()
    whole = case.replace(crises=pl.concat([by_kind, by_request]), responses=case.responses.clear())
    return _crossed(setting_of(whole, ids, standard), len(past.hosts), len(firsts), len(requests))


def _joined(parts: Sequence[CrisisSetting]) -> CrisisSetting:
    """The crises of several settings after each other."""
    names = dataclasses.replace(parts[0].names, crises=tuple(c for part in parts for c in part.names.crises))
    batched = [f.name for f in dataclasses.fields(CrisisSetting) if f.name not in UNBATCHED]
    rows = {name: np.concatenate([np.asarray(getattr(part, name)) for part in parts]) for name in batched}
    return dataclasses.replace(parts[0], names=names, **rows)


def _kinds(past: Past, spells: tuple[int, ...]) -> list[tuple]:
    """What tells types of crisis apart in a game: at home or not, spilling or not, and which mandates cover them."""
    entries = past.case.settings.crisis_types
    mandates = [m for year in spells for m in past.case.mandates_of_vehicles(date(year, 1, 1))]
    return [(entries[t].domestic, entries[t].spills, *(m.covers_type(t) for m in mandates)) for t in past.types]


def _made(past: Past, case: Case, on: date, cells: list[tuple[str, str, tuple[str, ...]]]) -> pl.DataFrame:
    """Crises of the first year with the bases and open doors of a day; a host asks no power to which it is closed then."""
    bases, pattern = base_rows(past, on), case.crises.row(0, named=True)
    theatre, begins = case.settings.focus.theatre, date(past.first_year, 1, 1)
    shut = {(host, p) for host in past.hosts for p in case.powers if case.closed_to(p, [host], begins)}
    rows = [
        {**pattern, "crisis_id": f"made-{host}-{kind}-{'+'.join(asked)}-{len(asked)}", "host": [host], "theatre": theatre,
         "type": kind, "start": begins, "end": None, "severity": 0.5, "asked": [a for a in asked if (host, a) not in shut],
         "help_requested": bool(asked), "patron": _usual_patron(past, host), "own_stake": [], "assets": [],
         "claimants": [], "bases": bases[host]}
        for host, kind, asked in cells
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=case.crises.schema)
    return frame.with_columns(pl.lit(f"{on.year}-") + pl.col("crisis_id") + pl.int_range(pl.len()).cast(str))


def _usual_patron(past: Past, host: str) -> str:
    rows = past.crises.filter(pl.col("host").list.contains(host)).sort("start")
    return rows["patron"][-1] if len(rows) else ""


def _crossed(whole: CrisisSetting, hosts: int, kinds: int, requests: int) -> CrisisSetting:
    """Rows (host × kind) and (host × request) combined into host × kind × request."""
    h, k, r = np.meshgrid(np.arange(hosts), np.arange(kinds), np.arange(requests), indexing="ij")
    kind_row = (h * kinds + k).ravel()
    request_row = hosts * kinds + (h * requests + r).ravel()
    return with_requests_of(whole.select(kind_row.tolist()), whole.select(request_row.tolist()))


def _without_closed_vehicles(setting: CrisisSetting, with_closed: bool) -> tuple[CrisisSetting, tuple[int, ...]]:
    is_open, plain = np.any(np.asarray(setting.is_open), axis=(0, 1)).tolist(), len(setting.rungs.plain)
    kept = tuple(v for v in range(len(setting.vehicles)) if with_closed or is_open[plain + v])
    options = np.array([*range(plain), *(plain + v for v in kept)])
    per_option = (
        "effort_at",
        "cost_share_at",
        "presence_at",
        "influence_at",
        "deploys_at",
        "unasked_at",
        "is_open",
        "rung",
    )
    names = CrisisNames(setting.names.crises, setting.names.powers, tuple(setting.names.options[o] for o in options))
    changed = {name: np.asarray(getattr(setting, name))[..., options] for name in per_option}
    vehicles = tuple(setting.vehicles[v] for v in kept)
    return dataclasses.replace(setting, names=names, vehicles=vehicles, **changed), kept


def _pressed(past: Past, case: Case) -> list[list[float]]:
    theatre, begins = case.settings.focus.theatre, date(past.first_year, 1, 1)
    places = [{"patron": _usual_patron(past, host), "theatre": theatre, "start": begins} for host in past.hosts]
    return [[float(is_pressed(case, place, p)) for p in case.powers] for place in places]
