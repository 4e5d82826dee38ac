"""What the world's record says of free riding: the game's specifications beside the ordered logit, scored by conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from buckpass.case.catalogue import state_names
from buckpass.evidence.verdict_policy import agreed
from buckpass.fitting.differences import Clusters, ScoreGap, difference
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.results.words import and_join, fixed, percent, sentence

__all__ = ["BEYOND_CHANCE", "BOTH", "HOST_SIDE", "LOGIT", "FreeRiding", "Profile", "WorldFit", "reading_of", "words_of"]

LOGIT = "ordered_logit"
HOST_SIDE, BOTH = "host's side", "both sides"
BEYOND_CHANCE = 2.71  # twice the log likelihood ratio that a 90 % interval allows
KAPPA = "κ is how much a power counts what others do on its side: 0 not at all, 1 as its own work"
LINKS = {
    "log link": "in which circumstances multiply the stake",
    "linear link": "in which circumstances add to the price",
}
MISSING = "shocks that the powers have in common are missing from the model"


@dataclass(frozen=True)
class WorldFit:
    """One specification fitted to the world's record.

    record : "host's side" or "both sides"; scores of different records are not comparable. elpd : of every conflict when it is
    left out (nats). exact : how many were left out by drawing again. kappa, kappa_rivals : mean and 90 % interval, with the
    probability that it lies below 0; None where κ is 0. scores : how it was drawn. reasons : why the fit is not to be used.
    """

    id: str
    name: str
    says: str
    record: str
    elpd: tuple[float, ...]
    exact: int
    kappa: Mapping[str, float] | None
    kappa_rivals: Mapping[str, float] | None
    scores: Mapping[str, float]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Profile:
    """A game at its mode: κ of both kinds of pairs, and twice the log of how much likelier the record is there than with κ held at 0
    and at 0.95 at the best of all else. No draws, and no curvature: a fold misleads neither."""

    name: str
    record: str
    kappa: float
    kappa_rivals: float
    to_0: float
    near_1: float

    @property
    def reading(self) -> str:
        """What it says of κ; never 0 for what lies below."""
        found = f"κ = {fixed(self.kappa)} where the record is likeliest"
        if self.to_0 <= BEYOND_CHANCE:
            return f"{found}, not told from 0{f', pulled below it: {MISSING}' if self.kappa < 0 else ''}"
        where = (
            f"lies below 0, which no riding can explain: {MISSING}" if self.kappa < 0 else "lies above 0: powers ride"
        )
        return f"{found} {where}"


@dataclass(frozen=True)
class FreeRiding(ShowsItself):
    """Every specification with its score by conflict and its κ. conflicts, hosts : by record, in the order of the scores.

    profiles : of games with κ free, at their modes.
    """

    powers: tuple[str, ...]
    conflicts: Mapping[str, tuple[int, ...]]
    hosts: Mapping[str, tuple[str, ...]]
    fits: tuple[WorldFit, ...]
    counts: Mapping[str, float]
    files: tuple[Mapping[str, Any], ...]
    profiles: tuple[Profile, ...] = ()

    @property
    def chosen(self) -> WorldFit:
        """The game with the best score among those that passed, on the host's side; the first where none did."""
        games = [fit for fit in self.fits if fit.id != LOGIT and fit.record == HOST_SIDE]
        return max(games, key=lambda fit: (not fit.reasons, sum(fit.elpd)))

    def gap(self, fit: WorldFit, to: WorldFit) -> ScoreGap:
        """How much better one is than the other, with standard errors by host and by conflict; both of the same record."""
        hosts = np.array(self.hosts[fit.record])
        together = Clusters(hosts[:, None] == hosts, len(set(hosts.tolist())))
        return difference(np.subtract(fit.elpd, to.elpd), together)

    def beside(self, fit: WorldFit) -> WorldFit:
        """What a fit is compared with: the ordered logit, and of both sides the game with κ = 0."""
        return next(
            f for f in self.fits if f.record == fit.record and (f.id == LOGIT or (f.record == BOTH and f.kappa is None))
        )

    @property
    def sentence(self) -> str:
        """What the record says of κ: by draws where a game with κ free passed its tests, at the mode otherwise."""
        drawn = [
            f"{_spelt(fit.name)}: {reading_of(fit)}" for fit in self.fits if fit.kappa is not None and not fit.reasons
        ]
        at_mode = [f"{_spelt(one.name)}: {one.reading}" for one in self.profiles]
        said = "; ".join(drawn or at_mode)
        return f"{KAPPA}. {sentence(said)}" if said else "no fit with κ free is kept"

    def table(self) -> ResultTable:
        """Each specification: its score by conflict, how much better than what it is compared with, and κ where it was free."""
        rows = []
        for fit in self.fits:
            gap = self.gap(fit, self.beside(fit))
            rows.append({
                "specification": fit.name, "record": fit.record, "elpd": round(sum(fit.elpd), 1),
                "better_by": "" if gap.diff == 0 else f"{fixed(gap.diff, 1, '+')} ± {gap.se:.1f}", "κ": words_of(fit.kappa),
                "κ of rivals": words_of(fit.kappa_rivals),
            })  # fmt: skip
        told = [
            name
            for name in rows[0]
            if any(row[name] != "" for row in rows) and (name != "record" or len(self.conflicts) > 1)
        ]
        units = {
            "elpd": "nats, conflicts left out",
            "better_by": "than the ordered logit; on both sides, than κ = 0; se by host",
        }
        return ResultTable(pl.DataFrame(rows).select(told), "The game on the world's episodes", units, self.note)

    @property
    def note(self) -> str:
        """What is in it and what is not."""
        return (
            f"{KAPPA}. Better by: than the ordered logit, on both sides than κ = 0. {_unusable(self.fits)}{int(self.counts['episodes'])} episodes, "
            f"{and_join(state_names().get(p, p) for p in self.powers)}. These data know no requests: the host's choice whom to ask and the price of coming "
            f"unasked are switched off. {_as_able(self.files)}Context, no verdict."
        )

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        fits = []
        for fit in self.fits:
            gap = self.gap(fit, self.beside(fit))
            fits.append({"id": fit.id, "name": fit.name, "says": fit.says, "record": fit.record, "elpd": sum(fit.elpd),
                         "better_by": gap.as_dict(), "than": self.beside(fit).id, "exact": fit.exact, "kappa": fit.kappa,
                         "kappa_rivals": fit.kappa_rivals, "scores": dict(fit.scores), "reasons": list(fit.reasons),
                         "reading": reading_of(fit)})  # fmt: skip
        modes = [asdict(one) | {"reading": one.reading} for one in self.profiles]
        return {"sentence": self.sentence, "at_the_mode": modes, "chosen": self.chosen.id, "powers": list(self.powers), "fits": fits,
                "counts": dict(self.counts), "note": self.note}  # fmt: skip


def words_of(kappa: Mapping[str, float] | None) -> str:
    """κ with its 90 % interval; empty where it is 0 by assumption."""
    return f"{fixed(kappa['mean'])} ({fixed(kappa['low'])} to {fixed(kappa['high'])})" if kappa else ""


def _spelt(name: str) -> str:
    """The name of a specification for a reader who does not know what a link is."""
    for link, said in LINKS.items():
        name = name.replace(link, said)
    return name.replace("game, ", "in the game ")


def _unusable(fits: Sequence[WorldFit]) -> str:
    """Which fits are not to be used, with why; empty where all are."""
    failed = [f"{fit.name} ({'; '.join(fit.reasons)})" for fit in fits if fit.reasons]
    return f"Not to be used: {'; '.join(failed)}. " if failed else ""


def _as_able(files: Sequence[Mapping[str, Any]]) -> str:
    """What is said where no file gave the powers' capability; empty where one did."""
    is_known = any(one.get("layout") == "cow_capabilities" for one in files)
    return "" if is_known else "No file gave the powers' capability: they are taken as equally able. "


def reading_of(fit: WorldFit) -> str:
    """What κ says: that powers ride, that it is not known, or, below 0, that something is missing; never 0 for what lies below."""
    if fit.reasons:
        return f"not to be used: {'; '.join(fit.reasons)}"
    if fit.kappa is None:
        return ""
    found, below = words_of(fit.kappa), fit.kappa["below"]
    if (sign := agreed(below, below)) == "supported":
        return f"κ = {found} lies below 0, which no riding can explain: {MISSING}"
    if sign == "contradicted":
        return f"κ = {found} lies above 0: powers count what others do, and ride"
    if fit.kappa["mean"] < 0:
        return f"κ = {found} cannot be told from 0; {percent(below)} of the draws lie below it, where no riding leads: if so, {MISSING}"
    return f"κ = {found} cannot be told from 0"
