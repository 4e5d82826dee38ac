"""The case's rider beside its provider, crisis by crisis: who went less far, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from buckpass.case import Case
from buckpass.measured.responses import OWN

__all__ = ["SideBySide", "crises_of_less", "side_by_side"]


@dataclass(frozen=True)
class SideBySide:
    """Crises of the focus's theatre in which both were looked up, and in how many the rider went less far, or further.

    surely_less, surely_more : of those, in how many no coding that the sources allow says otherwise. more_for_itself : of those
    in which the rider went further, in how many its act was not for the host. less_in_words : of those in which it went less
    far, in how many the provider did no more than words. same_in_words : of those in which both went equally far, in how many
    neither did.
    """

    n: int
    less: int
    surely_less: int
    more: int
    surely_more: int
    more_for_itself: int
    less_in_words: int
    same_in_words: int

    @property
    def same(self) -> int:
        """Crises in which both went equally far."""
        return self.n - self.less - self.more


def side_by_side(case: Case) -> SideBySide:
    """How often the focus's rider went less far than its provider in the focus's theatre."""
    both = _both(case)
    rung, low, high = (pl.col("rung"), pl.col("low"), pl.col("high"))
    theirs = {end: pl.col(f"{end}_provider") for end in ("rung", "low", "high")}
    counts = [both.filter(test).height for test in (
        rung < theirs["rung"], high < theirs["low"], rung > theirs["rung"], low > theirs["high"],
        (rung > theirs["rung"]) & pl.col("scope").is_in(OWN),
        (rung < theirs["rung"]) & (theirs["rung"] <= case.rungs.words), (rung == theirs["rung"]) & (rung <= case.rungs.words))]  # fmt: skip
    return SideBySide(both.height, *counts)


def crises_of_less(case: Case) -> tuple[str, ...]:
    """The crises of the theatre in which the rider did less: the focus's first, then by the width of the coded gap, then by start."""
    gaps = _both(case).with_columns((pl.col("rung_provider") - pl.col("rung")).alias("gap")).filter(pl.col("gap") > 0)
    return tuple(gaps.sort(pl.col("crisis") != case.settings.focus.crisis, -pl.col("gap"), "start")["crisis"])


def _both(case: Case) -> pl.DataFrame:
    focus = case.settings.focus
    here = case.coded.filter(pl.col("theatre") == focus.theatre).drop_nulls("rung")
    ends = ("crisis", "start", "scope", "rung", "low", "high")
    rider, provider = (here.filter(pl.col("actor") == p).select(ends) for p in (focus.rider, focus.provider))
    return rider.join(provider, on="crisis", suffix="_provider", maintain_order="left")
