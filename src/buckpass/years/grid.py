"""Every kind of crisis that may come, as settings of crisis games: host × kind of crisis × request."""

from __future__ import annotations

import dataclasses
from datetime import date

import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, Float

from buckpass.game.covariates import COLUMN, is_pressed
from buckpass.game.crises import CrisisNames
from buckpass.game.setting import CrisisSetting, Standard, setting_of, standard_of
from buckpass.years.arrivals import Past
from buckpass.years.starting_point import base_rows

__all__ = ["Grid", "grid_of"]

FROM_REQUEST = ("asked", "treaty_asked")


@dataclasses.dataclass(frozen=True)
class Grid:
    """Settings of one crisis for every cell (host, kind, request), request fastest; kinds are types that play alike.

    kept : the vehicles that are open to somebody in some cell; the columns of the others are dropped.
    pressed : 1 where the power is pressed by its rival in this theatre, so that rival pressure applies.
    """

    setting: CrisisSetting
    kind_of_type: np.ndarray
    kinds: int
    requests: tuple[tuple[str, ...], ...]
    kept: tuple[int, ...]
    standard: Standard
    pressed: Float[Array, "h p"]
    rival: np.ndarray  # position of each power's main rival, its own where the case names none of the powers


def grid_of(past: Past, requests: tuple[tuple[str, ...], ...], with_closed: bool = False) -> Grid:
    """The grid of a case at the first year: each row is a made crisis of that day, read like any other crisis.

    `with_closed` : keep the vehicles that are open to nobody, for a power that is held at a deployment through one.
    """
    case, kinds = past.case, _kinds(past)
    standard = standard_of(case)
    firsts = [kinds.index(k) for k in dict.fromkeys(kinds)]
    kind_of_type = np.array([list(dict.fromkeys(kinds)).index(k) for k in kinds])
    by_kind = _made(past, [(h, past.types[t], ()) for h in past.hosts for t in firsts])
    by_request = _made(past, [(h, past.types[firsts[0]], r) for h in past.hosts for r in requests])
    ids = by_kind["crisis_id"].to_list() + by_request["crisis_id"].to_list()
    made = case.replace(crises=pl.concat([by_kind, by_request]), responses=case.responses.clear())
    whole = setting_of(made, ids, standard)
    setting = _crossed(whole, len(past.hosts), len(firsts), len(requests))
    setting, kept = _without_closed_vehicles(setting, with_closed)
    pressed, rival = _pressure(past)
    return Grid(setting, kind_of_type, len(firsts), requests, kept, standard, pressed, rival)


def _kinds(past: Past) -> list[tuple]:
    """What tells types of crisis apart in a game: at home or not, spilling or not, and which mandates cover them."""
    entries = past.case.settings.crisis_types
    mandates = past.case.mandates_of_vehicles(date(past.first_year, 1, 1))
    return [(entries[t].domestic, entries[t].spills, *(m.covers_type(t) for m in mandates)) for t in past.types]


def _made(past: Past, cells: list[tuple[str, str, tuple[str, ...]]]) -> pl.DataFrame:
    bases, pattern = base_rows(past), past.case.crises.row(0, named=True)
    theatre, begins = past.case.settings.focus.theatre, date(past.first_year, 1, 1)
    rows = [
        {**pattern, "crisis_id": f"made-{host}-{kind}-{'+'.join(asked)}-{len(asked)}", "host": [host], "theatre": theatre,
         "type": kind, "start": begins, "end": None, "severity": 0.5, "asked": list(asked),
         "help_requested": bool(asked), "patron": _usual_patron(past, host), "own_stake": [], "assets": [],
         "claimants": [], "bases": bases[host]}
        for host, kind, asked in cells
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=past.case.crises.schema)
    return frame.with_columns(pl.lit(f"{past.first_year}-") + pl.col("crisis_id") + pl.int_range(pl.len()).cast(str))


def _usual_patron(past: Past, host: str) -> str:
    rows = past.crises.filter(pl.col("host").list.contains(host)).sort("start")
    return rows["patron"][-1] if len(rows) else ""


def _crossed(whole: CrisisSetting, hosts: int, kinds: int, requests: int) -> CrisisSetting:
    """Rows (host × kind) and (host × request) combined into host × kind × request."""
    h, k, r = np.meshgrid(np.arange(hosts), np.arange(kinds), np.arange(requests), indexing="ij")
    kind_row = (h * kinds + k).ravel()
    request_row = hosts * kinds + (h * requests + r).ravel()
    setting, asked = whole.select(kind_row.tolist()), whole.select(request_row.tolist())
    columns = np.array([COLUMN[name] for name in FROM_REQUEST])
    covariates = np.array(setting.covariates)
    covariates[..., columns] = np.asarray(asked.covariates)[..., columns]
    return dataclasses.replace(setting, covariates=covariates, unasked_at=asked.unasked_at)


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


def _pressure(past: Past) -> tuple[Float[Array, "h p"], np.ndarray]:
    case, powers, theatre = past.case, past.case.powers, past.case.settings.focus.theatre
    rivals = [case.power(p).main_rival for p in powers]
    rival = np.array([powers.index(r) if r in powers else i for i, r in enumerate(rivals)])
    begins = date(past.first_year, 1, 1)
    places = [{"patron": _usual_patron(past, host), "theatre": theatre, "start": begins} for host in past.hosts]
    return jnp.asarray([[float(is_pressed(case, place, p)) for p in powers] for place in places]), rival
