"""How far two coders of the same record agree."""

from __future__ import annotations

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import counted
from buckpass.results.table import ResultTable

__all__ = ["agreement_table"]

NOTE = (
    "Krippendorff's alpha for ordinal values over responses that more than one coder coded; 95 % interval by bootstrap "
    "over crises. Empty where the record has one coder: its reliability is then unknown, not perfect."
)


def agreement_table(case: Case, seed: int) -> ResultTable:
    """Krippendorff's alpha of the rungs where a response has several coders; no row where none has."""
    wide = (
        counted(case.responses)
        .filter(pl.col("weight") < 1)
        .pivot(on="coder", index=["crisis_id", "actor"], values="rung", aggregate_function="first")
    )
    coders = [c for c in wide.columns if c not in ("crisis_id", "actor")]
    schema = {"coders": pl.Int64, "alpha": pl.Float64, "low": pl.Float64, "high": pl.Float64, "n": pl.Int64}
    found = [_alpha(wide, coders, seed)] if len(coders) > 1 else []
    return ResultTable(
        pl.DataFrame(found, schema=schema, orient="row"), "How far the coders agree",
        {"alpha": "0 chance to 1 always"}, NOTE, (), case.hash, seed,
    )  # fmt: skip


def _alpha(wide: pl.DataFrame, coders: list[str], seed: int) -> dict[str, float | int | None]:
    from buckpass.events.reliability import alpha_interval

    codings = wide.select(pl.col(coders).cast(pl.Float64)).to_numpy().T
    found = alpha_interval(codings.astype(float), "ordinal", seed, wide["crisis_id"].to_numpy())
    ends = {"alpha": found.alpha, "low": found.low, "high": found.high}
    known = {k: (float(v) if np.isfinite(v) else None) for k, v in ends.items()}
    return {"coders": len(coders), **known, "n": found.n_units}
