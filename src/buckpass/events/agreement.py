"""How far responses coded from events agree with the hand-coded record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from buckpass.events.coding import FIRST_EVIDENCE, CodedRecord, code, gaps
from buckpass.events.reliability import AlphaInterval, alpha_interval
from buckpass.results.table import ResultTable

if TYPE_CHECKING:
    from buckpass.case import Case

FEWEST = 10
RELIABLE, TENTATIVE = 0.8, 0.667


@dataclass(frozen=True)
class Agreement:
    """Agreement of machine and hand on the ladder.

    `alpha` is Krippendorff's ordinal alpha over the pairs, with crises drawn as wholes in the bootstrap; `verdict`
    says in words
    what it is worth. `confusion`: hand, machine, n. `disagreements`: worst first, with the evidence. `refused`:
    crisis × actor that the events do not cover, with the reason.
    """

    alpha: AlphaInterval
    verdict: str
    pairs: pl.DataFrame
    confusion: pl.DataFrame
    disagreements: pl.DataFrame
    refused: pl.DataFrame

    def table(self) -> ResultTable:
        """The confusion matrix with the verdict."""
        alpha = "Krippendorff's ordinal alpha, 95 % interval with crises drawn as wholes."
        return ResultTable(
            self._matrix(), "Hand (rows) against machine (columns), by rung", note=f"{self.verdict} {alpha}"
        )

    def tables(self) -> tuple[ResultTable, ...]:
        """The confusion matrix with the verdict, the disagreements worst first, and what was not compared and why."""
        units = {"hand": "rung", "machine": "rung", "apart": "rungs"}
        apart = self.disagreements.select(
            "crisis_id", "actor", "hand",
            pl.col("rung").alias("machine"),
            pl.col("distance").alias("apart"),
            pl.col("is_in_band").replace_strict({True: "yes", False: "no"}, return_dtype=pl.String).alias("in band"),
            pl.col("n_events").alias("events"),
            pl.col("evidence").list.head(FIRST_EVIDENCE).list.join(" ").alias("evidence"),
        )  # fmt: skip
        return (
            self.table(),
            ResultTable(
                apart, "Disagreements, worst first", units, "`events evidence` shows the events behind the keys."
            ),
            gaps(self.refused, f"{self.refused.height} hand-coded responses that the events do not cover"),
        )

    def _matrix(self) -> pl.DataFrame:
        rungs = sorted({*self.confusion["hand"], *self.confusion["machine"]})
        counts = {(hand, machine): n for hand, machine, n in self.confusion.iter_rows()}
        columns = {str(machine): [counts.get((hand, machine), 0) for hand in rungs] for machine in rungs}
        return pl.DataFrame({"hand": rungs, **columns})

    def as_dict(self) -> dict[str, Any]:
        """The agreement as plain values; NaN becomes None."""
        alpha = {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in asdict(self.alpha).items()}
        frames = {name: getattr(self, name).to_dicts() for name in ("confusion", "disagreements", "refused")}
        return {"alpha": alpha, "verdict": self.verdict, **frames}


def agree(store: Path, case: Case, *, seed: int = 0, mapping_file: Path | None = None) -> Agreement:
    """Compare the responses that events propose with those coded by hand, where the events cover both actor and host.

    Hand-coded rows that were never searched are no pair, and neither is a crisis × actor that the files do not
    cover: those are
    listed in `refused`, not guessed. Where the hand gives a band, `is_in_band` tells whether the machine's rung lies
    in it. mapping_file : as `code` takes it.

    Reference: Krippendorff (2004), ch. 11.
    """
    return compare(code(Path(store), case, mapping_file), case.coded, seed=seed)


def compare(coded: CodedRecord, by_hand: pl.DataFrame, *, seed: int = 0) -> Agreement:
    """Agreement of a coded record with responses coded by hand, as `Case.coded` has them."""
    hand = by_hand.drop_nulls("rung").select(
        pl.col("crisis").alias("crisis_id"), "actor",
        *(pl.col(name).cast(pl.Int64).alias(new) for name, new in (("rung", "hand"), ("low", "hand_low"), ("high", "hand_high"))),
    )  # fmt: skip
    pairs = hand.join(coded.coded, on=["crisis_id", "actor"], how="inner").with_columns(
        distance=(pl.col("rung") - pl.col("hand")).abs(),
        is_in_band=pl.col("rung").is_between(pl.col("hand_low"), pl.col("hand_high")),
    )
    refused = hand.join(coded.refused, on=["crisis_id", "actor"], how="inner")
    alpha = alpha_interval(
        pairs.select(pl.col("hand").cast(pl.Float64), pl.col("rung").cast(pl.Float64)).to_numpy().T,
        "ordinal",
        seed,
        clusters=pairs["crisis_id"].to_numpy() if pairs.height else None,
    )
    return Agreement(
        alpha,
        _verdict(alpha, pairs, refused),
        pairs.select(
            "crisis_id", "actor", "hand", "hand_low", "hand_high", "rung", "low", "high", "is_in_band", "n_events"
        ),
        pairs.group_by("hand", "rung").len("n").rename({"rung": "machine"}).sort("hand", "machine"),
        _worst_first(pairs),
        refused.select("crisis_id", "actor", "hand", "status", "gap", "reason").sort("crisis_id", "actor"),
    )


def _worst_first(pairs: pl.DataFrame) -> pl.DataFrame:
    columns = ["crisis_id", "actor", "hand", "rung", "distance", "is_in_band", "n_events", "n_coercive", "evidence"]
    apart = pairs.filter(pl.col("distance") > 0)
    return apart.sort("distance", "n_events", "crisis_id", "actor", descending=[True, True, False, False]).select(
        columns
    )


def _verdict(alpha: AlphaInterval, pairs: pl.DataFrame, refused: pl.DataFrame) -> str:
    asked = pairs.height + refused.height
    seen = f"{pairs.height} of {asked} hand-coded responses are covered by the events"
    if pairs.height == 0:
        return f"No agreement can be computed: {seen}."
    if not np.isfinite(alpha.alpha):
        return f"Alpha is undefined: {seen}, and all have the same rung."
    worth = "too few to judge the coding by" if pairs.height < FEWEST else _worth(alpha)
    return f"{seen}: alpha {alpha.alpha:.2f} [{alpha.low:.2f}, {alpha.high:.2f}], {worth}."


def _worth(alpha: AlphaInterval) -> str:
    """Krippendorff's customary limits (2004, p. 241), where the interval allows to apply them."""
    if alpha.low < TENTATIVE <= alpha.high:
        return f"too few to judge the coding by: the interval holds both unreliable and usable ({TENTATIVE} or more)"
    if alpha.alpha >= RELIABLE:
        return "reliable"
    return (
        "good for tentative conclusions only" if alpha.low >= TENTATIVE else "not reliable: confirm every row by hand"
    )
