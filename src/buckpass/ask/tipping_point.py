"""Where an answer turns, as a result: the value of one input, or the diagram of two (model §3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from buckpass.ask.answer import Answer
from buckpass.ask.crossing import Crossing
from buckpass.results.summary import Summary, summary
from buckpass.results.table import ResultTable, plain
from buckpass.results.words import percent

__all__ = ["PhaseDiagram", "Tipping"]


BESIDE = 1e-6  # nearer to 0 the grid has a second point, on the other side of a switch, which a reader takes for 0


@dataclass(frozen=True)
class Tipping(Answer):
    """The value of an input nearest to the present one at which a condition starts or stops holding, per draw."""

    over: str
    unit: str
    crosses: Crossing
    bounds: tuple[float, float]
    present: float  # the input as it is
    value: Summary | None  # median (as mean) and 90 % interval over the draws that cross; None where none does
    draws: np.ndarray  # [draw], NaN where the draw does not cross between the bounds
    share_crossing: float
    share_holding: float  # of the draws in which the condition holds at the present value
    grid: np.ndarray  # values of the input
    curve: np.ndarray  # [grid, draw] the estimand
    still: str | None = (
        None  # of an input that moves nothing: why, in brackets, where that is known; None where it moves something
    )

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        low, high = self.bounds
        if self.still is not None:
            return (
                f"{self.over} moves nothing in {self.crisis}{self.still}: no value between {low:g} and {high:g}{self._in_unit} "
                f"changes a game, so nothing turns on it. {self.crosses.text} holds in {percent(self.share_holding)} of draws."
            )
        if self.value is None:
            least, most = (f"{end(self.curve.mean(axis=1)):.3g}" for end in (np.min, np.max))
            return (
                f"No tipping point of {self.over} between {low:g} and {high:g}{self._in_unit}: whatever its value there, "
                f"{self.crosses.text} holds in {percent(self.share_holding)} of draws. The mean of {self.crosses.estimand} there is "
                f"{least if least == most else f'{least} to {most}'}."
            )
        return (
            f"{self.crosses.text} turns at {self.over} = {_near(self.value.mean)} [{_near(self.value.low)}, {_near(self.value.high)}]"
            f"{self._in_unit} (median of the {percent(self.share_crossing)} of draws that cross between {low:g} and {high:g}; it holds "
            f"now in {percent(self.share_holding)})."
        )

    @property
    def _in_unit(self) -> str:
        """The unit after a number; of a number without one, whose range stands for it, nothing."""
        return "" if re.fullmatch(r"\S+ to \S+", self.unit) else f" {self.unit}"

    def table(self, every: int = 1) -> ResultTable:
        """The curve (every so manieth value of the input): the estimand's mean and interval at each value of the input, and how often the condition holds."""
        rows = [
            {"value": float(x), **summary(y).as_dict(), "holds": float(self.crosses.holds(y).mean())}
            for x, y in zip(self.grid, self.curve, strict=True)
            if x == 0 or abs(x) > BESIDE
        ]
        note = f"{self.n_draws} posterior draws, means and 90 % intervals. {' '.join(self.notes)}"
        units = {"value": self.unit, "low": "5 %", "high": "95 %"}
        title = f"{self.crosses.text} over {self.over} in {self.crisis}"
        return ResultTable(pl.DataFrame(rows[::every]), title, units, note, (), self.case_hash, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `value` is null where no draw crosses."""
        found = self.value and {"median": self.value.mean, "low": self.value.low, "high": self.value.high}
        return plain({
            **self.rests_on(), "over": self.over, "unit": self.unit,
            "crosses": self.crosses.text, "bounds": list(self.bounds), "present": self.present, "value": found,
            "share_crossing": self.share_crossing, "share_holding": self.share_holding, "sentence": self.sentence,
            "curve": self.table().rows(),
        })  # fmt: skip

    def plot(self):
        """The estimand over the input with its 90 % band and the threshold (Altair)."""
        import altair as alt

        base = alt.Chart(alt.Data(values=self.table().rows())).encode(
            x=alt.X("value:Q", title=f"{self.over} ({self.unit})")
        )
        band = base.mark_area(opacity=0.25).encode(y=alt.Y("low:Q", title=self.crosses.text), y2="high:Q")
        line = base.mark_line().encode(y="mean:Q")
        threshold = alt.Chart(alt.Data(values=[{"y": self.crosses.threshold}])).mark_rule(strokeDash=[4, 3])
        title = f"{self.crisis} under {self.explanation} (n = {self.n_draws} draws)"
        return (band + line + threshold.encode(y="y:Q")).properties(title=title, width=420)


@dataclass(frozen=True)
class PhaseDiagram(Answer):
    """The posterior mean of an estimand over two inputs, and where it crosses the threshold."""

    over: tuple[str, str]
    units: tuple[str, str]
    crosses: Crossing
    grids: tuple[np.ndarray, np.ndarray]
    mean: np.ndarray  # [first input, second input]
    contour: tuple[tuple[float, float], ...]  # values of both inputs at which the mean crosses

    def _rows(self) -> list[dict[str, float]]:
        first, second = self.grids
        return [
            {self.over[0]: float(x), self.over[1]: float(y), "mean": float(self.mean[i, j])}
            for i, x in enumerate(first)
            for j, y in enumerate(second)
        ]

    def table(self) -> ResultTable:
        """One row per pair of values."""
        crossed = f"{len(self.contour)} crossings on the grid" if self.contour else "no tipping point on the grid"
        note = f"{crossed}; posterior mean over {self.n_draws} draws. {' '.join(self.notes)}"
        units = dict(zip(self.over, self.units, strict=True))
        title = f"{self.crosses.text} over {self.over[0]} and {self.over[1]} in {self.crisis}"
        return ResultTable(pl.DataFrame(self._rows()), title, units, note, (), self.case_hash, self.seed)

    @property
    def drawn(self) -> str:
        """The diagram in characters: █ where the condition holds in the posterior mean, · where it does not."""
        first, second = self.grids
        holds = self.crosses.holds(self.mean)
        lines = [f"{self.over[1]} ({self.units[1]})"]
        for j in reversed(range(len(second))):
            lines.append(f"{second[j]:9.3g}  " + "".join("██" if holds[i, j] else "· " for i in range(len(first))))
        ends = f"{first[0]:.3g}".ljust(2 * len(first) - 5) + f"{first[-1]:.3g}"
        return "\n".join([*lines, " " * 11 + ends, " " * 11 + f"{self.over[0]} ({self.units[0]})"])

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        share = float(self.crosses.holds(self.mean).mean())
        spread = f"The mean of {self.crosses.estimand} is {self.mean.min():.3g} to {self.mean.max():.3g} there."
        if not self.contour:
            held = "everywhere" if share == 1.0 else "nowhere"
            return f"No tipping point on the grid: {self.crosses.text} holds {held}. {spread}"
        return (
            f"{self.crosses.text} holds in {percent(share)} of the grid, in the mean of {self.n_draws} draws. {spread}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return plain({
            **self.rests_on(), "over": list(self.over), "units": list(self.units),
            "crosses": self.crosses.text, "grids": [g.tolist() for g in self.grids], "mean": self.mean.tolist(),
            "sentence": self.sentence, "contour": [list(point) for point in self.contour],
        })  # fmt: skip

    def plot(self):
        """The estimand as colour over both inputs, the contour as points (Altair)."""
        import altair as alt

        rows = [{"x": r[self.over[0]], "y": r[self.over[1]], "mean": r["mean"]} for r in self._rows()]
        x = alt.X("x:O", title=f"{self.over[0]} ({self.units[0]})", axis=alt.Axis(format=".2g"))
        y = alt.Y("y:O", sort="descending", title=f"{self.over[1]} ({self.units[1]})", axis=alt.Axis(format=".2g"))
        sign, threshold = (">" if self.crosses.above else "<"), self.crosses.threshold
        cells = alt.Chart(alt.Data(values=rows)).mark_rect().encode(
            x=x, y=y, color=alt.Color("mean:Q", title="posterior mean"),
            stroke=alt.condition(f"datum.mean {sign} {threshold}", alt.value("black"), alt.value(None)),
        )  # fmt: skip
        title = [
            f"{self.crosses.text} in {self.crisis}",
            f"under {self.explanation}, n = {self.n_draws} draws; outlined where it holds",
        ]
        return cells.properties(title=title, width=320, height=320)


def _near(value: float) -> str:
    """A value of an input to three digits, 0 where it lies between 0 and the point beside it."""
    return f"{0.0 if abs(value) <= BESIDE else value:.3g}"
