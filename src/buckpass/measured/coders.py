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
    "over crises. That two look-ups found nothing is easier to agree on than what a text says, so the responses of which every "
    "coder read a text also stand by themselves. Empty where the record has one coder: its reliability is then unknown, not perfect."
)


def agreement_table(case: Case, seed: int) -> ResultTable:
    """Krippendorff's alpha of the rungs where a response has several coders; no row where none has.

    A second row is of those responses of which every coder read a text, where they are not all.
    """
    rows = counted(case.responses).filter(pl.col("weight") < 1)
    read = rows.filter((pl.col("basis") != "absence").all().over("crisis_id", "actor"))
    schema = {
        "responses": pl.String, "coders": pl.Int64, "alpha": pl.Float64, "low": pl.Float64, "high": pl.Float64, "n": pl.Int64,
    }  # fmt: skip
    sets = {"coded by several": rows} | ({"read in a text by all": read} if 0 < read.height < rows.height else {})
    found = [{"responses": name} | _alpha(of, seed) for name, of in sets.items() if of["coder"].n_unique() > 1]
    return ResultTable(
        pl.DataFrame(found, schema=schema, orient="row"), "How far the coders agree",
        {"alpha": "0 chance to 1 always"}, NOTE, (), case.hash, seed,
    )  # fmt: skip


def _alpha(rows: pl.DataFrame, seed: int) -> dict[str, float | int | None]:
    from buckpass.events.reliability import alpha_interval

    wide = rows.pivot(on="coder", index=["crisis_id", "actor"], values="rung", aggregate_function="first")
    coders = [c for c in wide.columns if c not in ("crisis_id", "actor")]
    codings = wide.select(pl.col(coders).cast(pl.Float64)).to_numpy().T
    found = alpha_interval(codings.astype(float), "ordinal", seed, wide["crisis_id"].to_numpy())
    ends = {"alpha": found.alpha, "low": found.low, "high": found.high}
    known = {k: (float(v) if np.isfinite(v) else None) for k, v in ends.items()}
    return {"coders": len(coders), **known, "n": found.n_units}
