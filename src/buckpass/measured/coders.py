"""How far two coders of the same record agree."""

from __future__ import annotations

import numpy as np
import polars as pl

from buckpass.case import Case
from buckpass.case.coded import counted
from buckpass.results.table import ResultTable

__all__ = ["agreement_table"]

KEY = ("crisis_id", "actor")

NOTE = (
    "Krippendorff's alpha for ordinal values over responses that more than one coder coded; 95 % interval by bootstrap "
    "over crises. That two look-ups found nothing is easier to agree on than what a text says, so the responses of which every "
    "coder read a text also stand by themselves.{settled} Empty where the record has one coder: its reliability is then unknown, not perfect."
)
ONCE = " Counted in are {n} that responses.csv has once, as what was settled{missed}. Without them alpha would be {alpha:.2f} over {rest}."


def agreement_table(case: Case, seed: int) -> ResultTable:
    """Krippendorff's alpha of the rungs of all responses that several coders read; no row where none was.

    A second row is of those of which every coder read a text, where they are not all. Responses whose coders' rows are not in
    responses.csv since they were settled (`settled` in case.toml) count with the rest, and the note says what they are.
    """
    in_file = counted(case.responses).filter(pl.col("weight") < 1)
    in_file = in_file.with_columns(in_text=(pl.col("basis") != "absence").all().over(KEY)).select(
        *KEY, "coder", "rung", "in_text"
    )
    once = [
        (s.crisis, s.actor, coder, rung, s.in_text) for s in case.settings.settled for coder, rung in s.rungs.items()
    ]
    rows = pl.concat([in_file, pl.DataFrame(once, schema=in_file.schema, orient="row")])
    read = rows.filter("in_text")
    schema = {
        "responses": pl.String, "coders": pl.Int64, "alpha": pl.Float64, "low": pl.Float64, "high": pl.Float64, "n": pl.Int64,
    }  # fmt: skip
    sets = {"read by several": rows} | ({"read in a text by all": read} if 0 < read.height < rows.height else {})
    found = [{"responses": name} | _alpha(of, seed) for name, of in sets.items() if of["coder"].n_unique() > 1]
    return ResultTable(
        pl.DataFrame(found, schema=schema, orient="row"), "How far the coders agree",
        {"alpha": "0 chance to 1 always"}, NOTE.format(settled=_settled(case, in_file, seed)), (), case.hash, seed,
    )  # fmt: skip


def _settled(case: Case, in_file: pl.DataFrame, seed: int) -> str:
    """Which responses are counted though responses.csv has them once, and what alpha would be without them."""
    settled = case.settings.settled
    rest = _alpha(in_file, seed) if settled and in_file["coder"].n_unique() > 1 else None
    if rest is None or rest["alpha"] is None:
        return ""
    missed = sum(not s.in_text for s in settled)
    whose = "each" if missed == len(settled) else str(missed)
    found_nothing = f"; of {whose} one coder found nothing where another had a source" if missed else ""
    return ONCE.format(n=len(settled), missed=found_nothing, alpha=rest["alpha"], rest=rest["n"])


def _alpha(rows: pl.DataFrame, seed: int) -> dict[str, float | int | None]:
    from buckpass.events.reliability import alpha_interval

    wide = rows.pivot(on="coder", index=KEY, values="rung", aggregate_function="first")
    coders = [c for c in wide.columns if c not in KEY]
    codings = wide.select(pl.col(coders).cast(pl.Float64)).to_numpy().T
    found = alpha_interval(codings.astype(float), "ordinal", seed, wide["crisis_id"].to_numpy())
    ends = {"alpha": found.alpha, "low": found.low, "high": found.high}
    known = {k: (float(v) if np.isfinite(v) else None) for k, v in ends.items()}
    return {"coders": len(coders), **known, "n": found.n_units}
