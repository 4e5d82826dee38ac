"""The game's fits as numbers in a file, so that what the world's record says of free riding needs no download."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from buckpass.case.problems import FileRefused
from buckpass.case.strangers_files import StrangersRecord, read_json
from buckpass.results.files import write_json
from buckpass.worldwide.errors import NoYardstick
from buckpass.worldwide.free_riding import BOTH, HOST_SIDE, LOGIT, FreeRiding, Profile, WorldFit
from buckpass.worldwide.rules import DATA

__all__ = ["KEPT_GAME", "read_game", "write_game"]

KEPT_GAME = "game.json"


def write_game(path: Path, found: FreeRiding, *, force: bool = False) -> Path:
    """Keep the fits of the game as JSON: scores by conflict, κ, how they were drawn."""
    return write_json(path, asdict(found), force=force)


def read_game(path: Path | None = None) -> FreeRiding:
    """The fits that were kept; the product's own where no file is given. `NoYardstick` where they cannot be used."""
    if path is None:
        return _own()
    try:
        return _game(read_json(path, _Kept))
    except FileRefused as error:
        raise NoYardstick(
            f"{path}: no fits of the game that can be used ({error}). Remove it, and `worldwide --game --world FOLDER` fits it again."
        ) from None


@cache
def _own() -> FreeRiding:
    return _game(read_json(DATA / KEPT_GAME, _Kept))


class _Kappa(StrangersRecord):
    mean: Annotated[float, Field(ge=-1, le=1)]
    low: Annotated[float, Field(ge=-1, le=1)]
    high: Annotated[float, Field(ge=-1, le=1)]
    below: Annotated[float, Field(ge=0, le=1)]


class _Fit(StrangersRecord):
    id: str
    name: str
    says: str
    record: str
    elpd: list[float]
    exact: int
    kappa: _Kappa | None
    kappa_rivals: _Kappa | None
    scores: dict[str, float]
    reasons: list[str]


class _Profile(StrangersRecord):
    name: str
    record: str
    kappa: Annotated[float, Field(ge=-1, le=1)]
    kappa_rivals: Annotated[float, Field(ge=-1, le=1)]
    to_0: float
    near_1: float


class _Kept(StrangersRecord):
    """A file of fits: scores of as many conflicts as it names, and of each record something to compare with."""

    powers: Annotated[list[str], Field(min_length=1, max_length=50)]
    conflicts: dict[str, list[int]]
    hosts: dict[str, list[str]]
    fits: Annotated[list[_Fit], Field(min_length=2, max_length=50)]
    counts: dict[str, float]
    files: list[dict[str, Any]]
    profiles: list[_Profile]

    @model_validator(mode="after")
    def _whole(self) -> _Kept:
        if not {*self.conflicts, *self.hosts} <= {HOST_SIDE, BOTH} or "episodes" not in self.counts:
            raise ValueError("its records are not those of the model, or it does not say how many episodes there are")
        for fit in self.fits:
            if {len(fit.elpd), len(self.hosts.get(fit.record, ()))} != {len(self.conflicts.get(fit.record, ())) or -1}:
                raise ValueError(f"{fit.id} has not as many scores as its record has conflicts")
        compared = {fit.record for fit in self.fits if fit.id == LOGIT or (fit.record == BOTH and fit.kappa is None)}
        if {fit.record for fit in self.fits} - compared or self.fits[0].id != LOGIT:
            raise ValueError("nothing to compare its scores with")
        return self


def _game(kept: _Kept) -> FreeRiding:
    content = kept.model_dump()
    fits = tuple(
        WorldFit(**(fit | {"elpd": tuple(fit["elpd"]), "reasons": tuple(fit["reasons"])}))
        for fit in content.pop("fits")
    )
    profiles = tuple(Profile(**one) for one in content.pop("profiles"))
    whole = {name: {k: tuple(v) for k, v in content.pop(name).items()} for name in ("conflicts", "hosts")}
    return FreeRiding(
        powers=tuple(content.pop("powers")),
        fits=fits,
        files=tuple(content.pop("files")),
        counts=content["counts"],
        profiles=profiles,
        **whole,
    )
