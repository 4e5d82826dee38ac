"""What the record says that each actor did in each crisis: the one reading of responses, over coders and bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

COUNTED = ("seen", "recalled", "absence")  # from the strongest; *machine* and *unsearched* are no coder's finding
UNDECIDED = {"stance": "unknown", "scope": "unknown", "vehicle": ""}  # what is said where coders differ evenly
SETTLED = ("", "settled")  # as coder beside others: what was settled between them, and no coder's own reading
_KEY = ("crisis_id", "actor")
_ACTED = "acted"  # whose act it was, where a power's response is also what a company or group behind it did
Phase = Literal["furthest", "first", "last"]


def sources_of(keys: pl.Series) -> tuple[str, ...]:
    """The keys of sources in a column of lists, each once."""
    return tuple(dict.fromkeys(keys.explode(empty_as_null=True).drop_nulls().to_list()))


def attributed(responses: pl.DataFrame, sponsors: Mapping[str, tuple[str, int]]) -> pl.DataFrame:
    """The rows with acts of companies and armed groups beside as acts of the power behind them, up to a rung.

    sponsors : by actor the power, and the highest rung up to which an act counts for it. `acted` tells the power's own rows from
    those: each is read over its own coders and phases, and the furthest is the response.
    """
    rows = responses.filter(pl.col("actor").is_in(list(sponsors)) & pl.col("rung").is_not_null())
    if rows.is_empty():
        return responses
    powers, most = ({actor: of[n] for actor, of in sponsors.items()} for n in (0, 1))
    cap = pl.col("actor").replace_strict(most, return_dtype=pl.Int8)
    added = rows.filter(pl.col("direction") == "for").with_columns(
        *(pl.min_horizontal(name, cap).alias(name) for name in ("rung", "rung_low", "rung_high")),
        pl.col("actor").replace_strict(powers, return_dtype=pl.String).alias("actor"),
        pl.lit("state").alias("kind"), pl.lit("").alias("vehicle"), pl.col("actor").alias(_ACTED),
    )  # fmt: skip
    return pl.concat([responses.with_columns(pl.col("actor").alias(_ACTED)), added])


def chosen(responses: pl.DataFrame, phase: Phase = "furthest", direction: str = "for") -> pl.DataFrame:
    """The rows of one direction, and of each coder's phases of an actor's acts one: the furthest (of equals the earliest), the
    first, or the last. Rows that do not count are chosen only where nothing else is there.
    """
    if "direction" in responses.columns:
        responses = responses.filter(pl.col("direction") == direction)
    if "phase" not in responses.columns or responses["phase"].null_count() == responses.height:
        return responses
    at, key = pl.col("phase").fill_null(1), (*_own_key(responses), "coder")
    order = {
        "furthest": (pl.col("rung").fill_null(-1), -at),
        "first": (-at, pl.col("rung")),
        "last": (at, pl.col("rung")),
    }[phase]
    best = pl.struct(_counts(COUNTED).alias("a"), *(by.alias(f"b{n}") for n, by in enumerate(order)))
    is_best = best.rank("dense").over(key) == best.rank("dense").max().over(key)
    return responses.filter(is_best).unique(key, keep="first", maintain_order=True)


def counted(responses: pl.DataFrame, bases: Sequence[str] = COUNTED) -> pl.DataFrame:
    """The rows of responses.csv that count, bands filled in, each with the weight of one of its response's coders.

    Parameters
    ----------
    responses : rows as `Case.responses` has them. bases : which of `COUNTED` count.
    Of a response in phases the furthest act is taken (`chosen`).

    Returns
    -------
    The rows whose coder looked, with `rung_low` and `rung_high` never null, and `weight`: 1 over the number of coders
    who are left for the crisis and actor, so that a response counts once however many coded it. What was settled between
    coders is left out beside their rows: it is no reading of its own.
    """
    rows = chosen(responses).filter(_counts(bases))
    own, key = ~pl.col("coder").is_in(SETTLED), _own_key(responses)
    rows = rows.filter(own | ~own.any().over(key))
    rows = rows.with_columns(*_band(), (1.0 / pl.len().over(key)).alias("weight"))
    return rows if key == _KEY else _with_the_furthest(rows)


def read(responses: pl.DataFrame, phase: Phase = "furthest", direction: str = "for") -> pl.DataFrame:
    """One row per crisis and actor: what its coders found, read as one response, of one phase and one direction (`chosen`).

    `rung` is the lower median of the coders' rungs: of an ordered scale the median is what may be said (Stevens 1946),
    and of two middle ones the lower claims no act that half of the coders did not find. The band, `low` to `high`, runs
    over the bands of all coders. `stance`, `scope` and `vehicle` are what most coders say; where as many say otherwise
    they are *unknown* (no vehicle). `basis` is the weakest of the coders' bases.

    A row without a coder, or by *settled*, beside rows of coders is what was settled between them: it alone decides rung,
    band, basis and words.

    Where nobody looked, `rung`, `low` and `high` are null, and `basis` is *machine* if a machine proposed a code, else
    *unsearched*; stance, scope and vehicle are not known either, whatever such rows say.

    Returns
    -------
    crisis, actor, rung, low, high, basis, coders (how many), stance, scope, vehicle, kind, detail, sources (keys), dates (as written),
    line (of the first row behind it) and lines (of all), in the order of the file.

    References: S. S. Stevens (1946), On the theory of scales of measurement, *Science* 103(2684), 677–680.
    """
    counts = _counts(COUNTED)
    weakness = pl.col("basis").replace_strict({b: i for i, b in enumerate(COUNTED)}, default=-1)
    rows = chosen(responses, phase, direction).with_columns(
        *_band(), counts.alias("counts"), weakness.alias("weakness")
    )
    key = _own_key(rows)
    rows = _settled(rows.filter(pl.col("counts") | ~pl.col("counts").any().over(key)), key)
    joined = rows.group_by(key, maintain_order=True).agg(*_of_all_coders())
    nobody_looked = pl.when("is_proposed").then(pl.lit("machine")).otherwise(pl.lit("unsearched"))
    read_as_one = joined.with_columns(
        pl.when(pl.col("coders") > 0).then("basis").otherwise(nobody_looked).alias("basis"),
        *(_undisputed(word, undecided) for word, undecided in UNDECIDED.items()),
        pl.col("detail").list.join("; "),
    )
    if key != _KEY:
        read_as_one = _furthest(read_as_one)
    return read_as_one.rename({"crisis_id": "crisis"}).drop("is_proposed")


def _settled(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Which rows decide, and which are a coder's own: what was settled between coders decides alone, and is nobody's own."""
    is_settled, several = pl.col("coder").is_in(SETTLED) & pl.col("counts"), pl.len().over(key) > 1
    return rows.with_columns(
        (pl.col("counts") & (is_settled | ~(is_settled.any().over(key) & several))).alias("decides"),
        (pl.col("counts") & ~(is_settled & several)).alias("counts"),
    )


def _own_key(rows: pl.DataFrame) -> tuple[str, ...]:
    """What one coder's row stands alone for: crisis and actor, and whose act it was where several are one response."""
    return (*_KEY, _ACTED) if _ACTED in rows.columns else _KEY


def _furthest(rows: pl.DataFrame) -> pl.DataFrame:
    """Of a power's own act and those of the companies and groups behind it one response: the furthest, with its words.

    The response is the largest of several rungs, so its band runs from the largest of their lows to the largest of their highs.
    """
    ranked = rows.with_row_index("place").sort("rung", descending=True, nulls_last=True, maintain_order=True)
    several = ("rung", "low", "high", "detail", "sources", "dates", "lines", "place", _ACTED)
    joined = ranked.group_by(_KEY, maintain_order=True).agg(
        pl.col("rung", "low", "high").max(), pl.col("place").min(), pl.exclude(*_KEY, *several).first(),
        pl.col("detail").unique(maintain_order=True).str.join("; "),
        *(pl.col(name).list.explode().unique(maintain_order=True) for name in ("sources", "dates", "lines")),
    )  # fmt: skip
    return joined.sort("place").select(name for name in rows.columns if name != _ACTED)


def _with_the_furthest(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that count, a power's own act and those behind it as one row each: by several coders, as one of them (`_furthest`)."""
    is_joint = pl.col(_ACTED).n_unique().over(_KEY) > 1
    joint = rows.filter(is_joint)
    ends = (pl.col("rung").quantile(0.5, "lower"), pl.col("rung_low").min(), pl.col("rung_high").max())
    of_each = joint.group_by(*_KEY, _ACTED, maintain_order=True).agg(*ends)
    ends = of_each.group_by(_KEY, maintain_order=True).agg(pl.col("rung", "rung_low", "rung_high").max().cast(pl.Int8))
    first = joint.sort("rung", descending=True, maintain_order=True).unique(_KEY, keep="first", maintain_order=True)
    as_one = (
        first.drop("rung", "rung_low", "rung_high").join(ends, on=_KEY, how="left").with_columns(weight=pl.lit(1.0))
    )
    return (
        pl.concat([rows.filter(~is_joint), as_one.select(rows.columns)]).sort("line", maintain_order=True).drop(_ACTED)
    )


def _of_all_coders() -> list[pl.Expr]:
    """What the rows of one response say together; the words of each kind that are said most often, as lists."""
    found = pl.col("decides")
    return [
        pl.col("rung").filter(found).quantile(0.5, "lower").cast(pl.Int8),
        pl.col("rung_low").filter(found).min().alias("low"),
        pl.col("rung_high").filter(found).max().alias("high"),
        pl.col("basis").filter(found | ~found.any()).sort_by(pl.col("weakness").filter(found | ~found.any())).last(),
        pl.col("counts").sum().cast(pl.Int64).alias("coders"),
        (pl.col("basis") == "machine").any().alias("is_proposed"),
        pl.col(*UNDECIDED).filter(found | ~found.any()).mode(),
        pl.col("kind").first(),
        pl.col("detail").unique(maintain_order=True),
        pl.col("source_id").explode(empty_as_null=True).drop_nulls().unique(maintain_order=True).alias("sources"),
        pl.col("date").filter(found).drop_nulls().unique(maintain_order=True).alias("dates"),
        pl.col("line").first(),
        pl.col("line").alias("lines"),
    ]


def _counts(bases: Sequence[str]) -> pl.Expr:
    return pl.col("basis").is_in([b for b in COUNTED if b in bases]) & pl.col("rung").is_not_null()


def _band() -> tuple[pl.Expr, pl.Expr]:
    """The ends of the coder's band; an end that was left empty is the rung."""
    return pl.col("rung_low").fill_null(pl.col("rung")), pl.col("rung_high").fill_null(pl.col("rung"))


def _undisputed(word: str, undecided: str) -> pl.Expr:
    """The word that most coders say, of the list of those said most often."""
    is_said = (pl.col("coders") > 0) & (pl.col(word).list.len() == 1)
    return pl.when(is_said).then(pl.col(word).list.first()).otherwise(pl.lit(undecided)).alias(word)
