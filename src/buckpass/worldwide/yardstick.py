"""What powers like this one did in conflicts like this one, world-wide, beside what it did in a regional case."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.case.names import actor_name
from buckpass.game import covariates
from buckpass.results.summary import Summary, summary
from buckpass.results.table import ResultTable, ShowsItself
from buckpass.results.words import and_join, count_of, percent
from buckpass.worldwide.errors import NoYardstick
from buckpass.worldwide.fit import Yardstick, read_yardstick
from buckpass.worldwide.rules import LADDER, LEVELS, Rules, ruled, rules

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Beside", "beside", "shares"]

HELP = LEVELS.index(4)  # from here on both ladders say the same: arms, training and more
DRAWS, SEED = 1000, 20240620
RARE = 0.1
WAR = 1000  # lives a year
EVERY = "all"  # in place of a power: what is said holds for each
THROUGH = "what it did was through"
HERE = ("host_support", "none")  # scopes that say what was done for the host
NODES, LOG_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = LOG_WEIGHTS / np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Beside(ShowsItself):
    """A case's crises beside the world's record: what was done, and how often its like was done elsewhere."""

    rows: pl.DataFrame
    left_out: pl.DataFrame
    note: str
    case_hash: str

    def table(self) -> ResultTable:
        """Of each crisis and power: what it did, the share of such conflicts in which it and its peers gave help or sent troops."""
        units = {"did": "rungs", "helped": "share of conflicts like this, rung 4 or more", "peers": "share, the other powers of the fit",
                 "troops": "share, rung 5 or more"}  # fmt: skip
        shown = self.rows.select(
            "crisis", "power", "did", *(_interval(name) for name in ("helped", "peers", "troops")), "reading"
        )
        return ResultTable(shown, "Beside the world's record", units, self.note, case_hash=self.case_hash, seed=SEED)

    def tables(self) -> tuple[ResultTable, ...]:
        """The comparison, and what could not be compared."""
        if self.left_out.is_empty():
            return (self.table(),)
        why = self.left_out.group_by("reason", maintain_order=True).agg(
            *COUNTED, pl.col("crisis").unique(maintain_order=True).str.join(", ").alias("which")
        )
        note = "The world's record has no such case, or this one lacks what is asked: no figure, not even a bad one."
        return self.table(), ResultTable(why, "Not comparable", RESPONSES, note, case_hash=self.case_hash)

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"rows": self.rows.to_dicts(), "not_comparable": self.left_out.to_dicts(), "note": self.note,
                "case_hash": self.case_hash, "seed": SEED}  # fmt: skip

    def plot(self) -> alt.FacetChart:
        """The share of such conflicts with security assistance or more as a grey band, with a mark where the power gave it."""
        import altair as alt

        chart = alt.Chart(self.rows.with_columns(gave=pl.col("gave").replace_strict(SAID)))
        place = alt.Y("crisis:N", sort=None, title=None)
        band = chart.mark_bar(color="#bbbbbb", height=9).encode(
            x=alt.X("helped_low:Q", title="share of conflicts like this with rung 4 or more (90 %)", scale=alt.Scale(domain=[0, 1])),
            x2="helped_high:Q", y=place,
        )  # fmt: skip
        middle = chart.mark_tick(color="#555555", thickness=2, height=11).encode(x="helped:Q", y=place)
        did = chart.mark_point(filled=True, size=55, color="#D55E00").encode(
            x=alt.X("at:Q"), y=place, shape=alt.Shape("gave:N", title="here it", sort=list(SAID.values()))
        )
        layers = alt.layer(band, middle, did, data=self._marked()).properties(width=360)
        return layers.facet(row=alt.Row("power:N", title=None)).resolve_scale(y="independent")

    def _marked(self) -> pl.DataFrame:
        at = pl.col("gave").replace_strict({"yes": 1.0, "no": 0.0, "open": 0.5})
        return self.rows.with_columns(at=at, gave=pl.col("gave").replace_strict(SAID))


RESPONSES = {"responses": "of one power in one crisis; all: no power's can be compared in these crises"}
COUNTED = (
    pl.col("crisis").n_unique().alias("crises"),
    pl.when(pl.col("power").first() == EVERY)
    .then(pl.lit(EVERY))
    .otherwise(pl.len().cast(pl.String))
    .alias("responses"),
)
SAID = {"yes": "gave rung 4 or more", "no": "did not", "open": "is not known to have"}


def _interval(name: str) -> pl.Expr:
    ends = (pl.col(f"{name}{end}").mul(100).round(0).cast(pl.Int64) for end in ("", "_low", "_high"))
    return pl.format("{} % ({} to {})", *ends).alias(name)


def beside(
    case: Case, power: str | None = None, yardstick: Yardstick | None = None, the: Rules | None = None
) -> Beside:
    """Each crisis of a case beside what powers did in conflicts like it, world-wide.

    A conflict is like a crisis by intensity (1,000 lives a year), years, distance, border, defence pact, colonial tie, a rival that
    fights on the other side, and whether it began after 1991. Compared is help to the host's government from rung 4 (arms,
    training) up: lower rungs of the two ladders are not the same things. What was done through an organisation's mission is compared
    where the data code that mission as troops of the states that sent them (`missions` of the rules). The share is of all such conflicts: the effect of a host
    is averaged over, the interval (90 %) is of what is known of the share.

    Parameters
    ----------
    case : a regional record. power : one of its powers; all by default. yardstick : of `fit_world`; the product's own by
    default. the : rules that say which types of crisis are alike.

    Raises
    ------
    UnknownName for a power that the case has not; NoYardstick where the fit failed its diagnostics.
    """
    own, the = yardstick or read_yardstick(), the or rules()
    _check_measures(case, own)
    powers = (case.power(power).id,) if power else case.powers
    rows, left_out = [], []
    for crisis in case.crises.iter_rows(named=True):
        why = _unlike(case, crisis, the)
        for one in (EVERY,) if why else powers:
            what, reason = ({}, why) if why else _done(case, crisis, one, the)
            place = {"crisis": crisis["crisis_id"], "power": one}
            if reason:
                left_out.append(place | {"reason": reason})
            else:
                rows.append(place | what | _elsewhere(case, crisis, one, own))
    return Beside(
        _read(rows), _table(left_out, ("crisis", "power", "reason")), _note(case, own, powers, left_out), case.hash
    )


def _check_measures(case: Case, own: Yardstick) -> None:
    if own.reasons:
        raise NoYardstick(f"The yardstick's fit failed ({'; '.join(own.reasons)}): it measures nothing. Fit it again.")
    if case.rungs != LADDER:
        raise NoYardstick(
            f"The ladder of {case.id} has other rungs than the data on support are read by ({LADDER.span}, words up to {LADDER.words}, "
            f"deployments from {LADDER.deployment}, through an organisation at {LADDER.through}): its rungs cannot be set beside theirs."
        )


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pl.DataFrame:
    return (
        pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    )


def _note(case: Case, own: Yardstick, powers: Sequence[str], left_out: Sequence[dict[str, Any]]) -> str:
    strangers = and_join(actor_name(case.settings, p) for p in powers if p not in own.powers)
    of = (
        f" The fit to these episodes knows nothing of {strangers}: the mean of its powers stands for each."
        if strangers
        else ""
    )
    sent = [row for row in left_out if row["reason"].startswith(THROUGH)]
    acts = (
        f" Not comparable: {count_of(len(sent), 'act')} through an organisation whose mission there the data on support do not code as "
        "troops of the states that sent them."
        if sent
        else ""
    )
    counts = own.counts
    data = next((f["citation"] for f in own.files if f["layout"] == "ucdp_support"), "")
    return (
        f"Context, no verdict. {int(counts['episodes'])} episodes of civil conflict in {int(counts['hosts'])} states, 1975 to 2017, "
        f"{len(own.powers)} powers ({and_join(actor_name(case.settings, p) for p in own.powers)}); UCDP external support ({data}). In {percent(counts['none_of_cells'])} of the "
        f"cells nothing is coded, which is silence, words or mediation.{acts}{of}"
    )


def _unlike(case: Case, crisis: dict[str, Any], the: Rules) -> str:
    """Why the world's record cannot be set beside a crisis; empty where it can."""
    alike, unlike = the.crises.alike, the.crises.unlike
    if crisis["type"] in unlike.types:
        return f"{crisis['type']}: {unlike.reason}"
    if crisis["type"] not in alike.types:
        return f"{crisis['type']}: a type that the rules do not place ([crises] in rules.toml)"
    if crisis["deaths_best"] is None:
        return "its deaths are not in the record, so its intensity is not known"
    if crisis["deaths_best"] / _years(case, crisis) < alike.least_deaths:
        return f"{crisis['deaths_best']} deaths: under {alike.least_deaths} a year it is no armed conflict there"
    return ""


def _years(case: Case, crisis: dict[str, Any]) -> int:
    """How many calendar years a crisis went on in."""
    first, last = case.years_of(crisis)
    return last - first + 1


def _done(case: Case, crisis: dict[str, Any], power: str, the: Rules) -> tuple[dict[str, Any], str]:
    """What a power did for the host: its band, whether that is rung 4 or more; or why it cannot be compared."""
    if power in crisis["host"]:
        return {}, "it is the host"
    found = case.coded.filter(crisis=crisis["crisis_id"], actor=power)
    if found.is_empty() or found["rung"][0] is None:
        return {}, "nobody looked for what it did"
    row = found.row(0, named=True)
    if row["scope"] not in (*HERE, "unknown") or (row["stance"] == "critical" and row["high"] >= LEVELS[HELP]):
        return (
            {},
            f"what it did was for {row['scope'].replace('_', ' ')}, {row['stance']}: no help to the host's government",
        )
    low, high = row["low"], row["high"]
    if row["vehicle"] and high >= LEVELS[HELP] and not _is_coded(case, crisis, power, row["vehicle"], the):
        return (
            {},
            f"{THROUGH} {row['vehicle']}, whose mission there the data do not code as troops of the states that sent them",
        )
    gave = "yes" if low >= LEVELS[HELP] else "no" if high < LEVELS[HELP] else "open"
    return {"did": str(low) if low == high else f"{low}–{high}", "gave": gave}, ""


def _is_coded(case: Case, crisis: dict[str, Any], power: str, body: str, the: Rules) -> bool:
    """Whether the data code what states sent through a body there as those states' support."""
    first, last = crisis["start"].year, crisis["start"].year + _years(case, crisis) - 1
    return any(
        one.body == body and one.host in crisis["host"] and one.years[0] <= last and first <= one.years[1]
        and (not one.states or power in one.states)
        for one in the.crises.missions.coded
    )  # fmt: skip


def _elsewhere(case: Case, crisis: dict[str, Any], power: str, own: Yardstick) -> dict[str, float]:
    """The shares of conflicts like a crisis in which this power, and the others of the fit, went so far."""
    x = np.array([_like(case, crisis, power)[name] for name in own.slopes])
    levels = shares(own, x)
    mine = [own.powers.index(power)] if power in own.powers else list(range(len(own.powers)))
    others = [k for k in range(len(own.powers)) if own.powers[k] != power] or mine
    found: dict[str, Summary] = {
        "helped": summary(levels[:, mine, HELP - 1].mean(axis=1)),
        "peers": summary(levels[:, others, HELP - 1].mean(axis=1)),
        "troops": summary(levels[:, mine, HELP].mean(axis=1)),
    }
    return {key: value for name, one in found.items() for key, value in one.columns(name).items()}


def _like(case: Case, crisis: dict[str, Any], power: str) -> dict[str, float]:
    """A crisis as the world's record describes a conflict."""
    across = (
        actor for actor in case.belligerents(crisis["crisis_id"])
        if actor in case.powers and actor != power
        and (actor == case.power(power).main_rival or case.alignment(crisis["theatre"], power, actor, crisis["start"]) < 0)
    )  # fmt: skip
    return {
        "war": float(crisis["deaths_best"] / _years(case, crisis) >= WAR),
        "duration": math.log(_years(case, crisis)),
        "distance": covariates.distance(case, crisis, power),
        "border": covariates.border(case, crisis, power),
        "alliance": float(covariates.is_treaty_partner(case, crisis, power)),
        "colony": float(any((host, power) in ruled() for host in crisis["host"])),
        "rival_across": float(any(across)),
        "recent": float(crisis["start"].year >= 1992),
    }


def shares(own: Yardstick, x: Float[np.ndarray, " k"]) -> Float[np.ndarray, "s p l"]:
    """P(level ≥ l) for l = 1, … of every power in conflicts of covariates x, over draws; the host's effect averaged over.

    x : the covariates of `own.slopes`, not standardised. The draws are the same whatever is asked.
    """
    x = x.copy()
    for name, centre, sd in zip(("duration", "distance"), own.centre, own.sd, strict=True):
        x[own.slopes.index(name)] = (x[own.slopes.index(name)] - centre) / sd
    root = np.linalg.cholesky(own.covariance + 1e-9 * np.eye(len(own.mean)))
    theta = own.mean + np.random.default_rng(SEED).standard_normal((DRAWS, len(own.mean))) @ root.T
    tau, slope, recent, spread = own.parts(theta)
    shift = (slope @ x)[:, None] + recent * x[own.slopes.index("recent")]
    tau = np.concatenate([np.zeros((*tau.shape[:2], 1)), tau], axis=-1)
    above = np.logaddexp.accumulate(tau[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    below = np.logaddexp.accumulate(tau, axis=-1)[..., :-1]
    height = (above - below + shift[..., None])[..., None] + spread[:, None, None, None] * NODES
    return np.exp(-np.logaddexp(0.0, -height)) @ WEIGHTS


def _read(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = [
        "crisis",
        "power",
        "did",
        "gave",
        *(f"{n}{e}" for n in ("helped", "peers", "troops") for e in ("", "_low", "_high")),
    ]
    if not rows:
        return pl.DataFrame(
            schema={c: pl.String if c in columns[:4] else pl.Float64 for c in columns} | {"reading": pl.String}
        )
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.Series("reading", list(_readings(rows))))


def _readings(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Whether what was done is rare among such conflicts: the whole interval says so, or it is not said."""
    for row in rows:
        if row["gave"] == "yes":
            yield "rare help" if row["helped_high"] < RARE else "help is not rare there"
        elif row["gave"] == "no":
            yield "rare restraint" if row["helped_low"] > 1 - RARE else "restraint is not rare there"
        else:
            yield "not known whether it helped"
