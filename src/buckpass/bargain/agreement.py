"""Whether the unwritten agreement keeps itself: critical discount factors, slack, transfers, and the year it breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from pydantic import TypeAdapter

from buckpass.bargain.arrangement import StageValues, critical_discount_factor, has_bargain, transfer_range
from buckpass.bargain.stages_of_the_bargain import Terms, arrangement_of, terms_of
from buckpass.bargain.theatre_year import Stage, Theatre, changes_of_agreement, inputs_of, stage_in, theatre_of
from buckpass.case import Case
from buckpass.changes.idle import idle_changes, idle_note
from buckpass.changes.overrides import Changes, Override, as_changes
from buckpass.evidence.verdict_policy import agreed
from buckpass.fitting.posterior import Posterior
from buckpass.model.mechanisms import ALL, combination
from buckpass.model.terms import entering
from buckpass.predict.which_fits import NoUsablePosterior, best_first, best_freeing, fits_of
from buckpass.results.summary import DRAWS, interval
from buckpass.results.table import ResultTable, ShowsItself, plain
from buckpass.results.words import fixed, percent
from buckpass.years.parameters import check_growth

__all__ = ["Agreement", "PartyResult", "YearResult", "agreement"]

YEARS_AHEAD = (0, 5, 10, 15, 20, 25, 30, 35)
KEEPS = {
    "supported": "keeps it",
    "contradicted": "breaks it",
    "undecided": "undecided",
}  # by the verdict that it keeps it


@dataclass(frozen=True)
class PartyResult:
    """One party's side of the bargain; medians with 90 % intervals over draws that have a bargain to keep.

    critical : δ* when punishment lasts the stated years (above 1: too short to deter anybody), critical_grim for ever.
    """

    party: str
    forgoes: tuple[str, ...]
    p_has_bargain: float
    critical: tuple[float, float, float] | None  # median, low, high
    critical_grim: tuple[float, float, float] | None
    slack: tuple[float, float, float] | None
    p_keeps: float

    @property
    def verdict(self) -> str:
        """In words, where no number would say it."""
        if self.p_has_bargain < 0.05:
            return "no bargain to keep: what follows breakdown is worth at least as much as keeping it"
        if self.p_has_bargain < 0.5:
            return "mostly no bargain to keep"
        if self.critical is not None and self.critical[2] == 0:
            return "keeps it: breaking it would gain nothing"
        return KEEPS[agreed(self.p_keeps, self.p_keeps)]


@dataclass(frozen=True)
class YearResult:
    """The agreement some years on."""

    year: int
    p_self_enforcing: float
    critical: dict[str, float | None]  # median δ* by party, None without a bargain


@dataclass(frozen=True)
class Agreement(ShowsItself):
    """The result of `agreement`; `break_year` is the first year on the path in which more draws break it than keep it.

    transfer : yearly side payments from the first party to the second that keep both in, as shares of the payer's stake
    (median least, median most, and the share of draws in which any does). fee : the most that the first would pay a year
    rather than break the agreement (median, low, high); a fee that nine of ten draws bear is the low end.
    """

    explanation: str
    n_draws: int
    discount: tuple[float, float]
    parties: tuple[PartyResult, ...]
    p_self_enforcing: float
    transfer: tuple[float, float, float]
    fee: tuple[float, float, float]
    path: tuple[YearResult, ...]
    break_year: int | None
    p_broken_by: dict[int, float]
    overrides: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    speaks_from: str = ""  # which fit answers, where it stands, and why no better one does

    def table(self) -> ResultTable:
        """One row per party: whether it has a bargain to keep, the patience that keeping it takes, its slack."""
        rows = []
        for p in self.parties:
            row: dict[str, Any] = {"party": p.party, "p_has_bargain": p.p_has_bargain, "p_keeps": p.p_keeps}
            for name in ("critical", "slack"):
                value = getattr(p, name) or (None, None, None)
                row |= {name: value[0], f"{name}_low": value[1], f"{name}_high": value[2]}
            rows.append(row)
        note = f"Medians and 90 % intervals over {self.n_draws} draws under {self.explanation}; slack: patience above what is needed."
        units = {
            "p_has_bargain": "share of draws",
            "p_keeps": "share of draws",
            "critical": "discount factor",
            "slack": "discount factor",
        }
        return ResultTable(
            pl.DataFrame(rows, infer_schema_length=None), "What each party needs to keep the agreement", units, note
        )

    def path_table(self) -> ResultTable:
        """One row per year of the path: the shares of draws in which it keeps itself and is broken by then, each party's median δ*."""
        rows = [
            {"year": y.year, "p_keeps_itself": y.p_self_enforcing, "p_broken_by": self.p_broken_by[y.year],
             **{f"needed_{p}": v for p, v in y.critical.items()}}
            for y in self.path
        ]  # fmt: skip
        units = {"p_keeps_itself": "share of draws", "p_broken_by": "share of draws"}
        return ResultTable(pl.DataFrame(rows, infer_schema_length=None), "The agreement over the years", units,
                           "needed: the median discount factor that keeping it takes.")  # fmt: skip

    def tables(self) -> tuple[ResultTable, ...]:
        """By party, and by year."""
        return self.table(), self.path_table()

    def statements(self) -> tuple[str, ...]:
        """The answer in sentences: whether it keeps itself, until when, and which fee keeps both in."""
        until = (
            f"broken in most of them from {self.break_year}" if self.break_year else "in most of them on the whole path"
        )
        lines = [f"Keeps itself in {percent(self.p_self_enforcing)} of {self.n_draws} draws under {self.explanation}, {until}; rents "
                 "and patience are assumed."]  # fmt: skip
        lines += [f"{p.party} (forgoes {', '.join(p.forgoes) or 'nothing'}): {p.verdict}." for p in self.parties]
        return (*lines, *filter(None, (self.fee_in_words(), self.speaks_from)), *self.notes)

    def fee_in_words(self, called: Callable[[str], str] = str) -> str:
        """What the first party would pay the second a year, and what the second needs; empty where one stands alone.

        called : what a party is called, by its id.
        """
        if self.unbounded or len(self.parties) < 2:
            return self.unbounded
        payer, receiver = (called(p.party) for p in self.parties[:2])
        least, _, share = self.transfer
        need = f"needs at least {fixed(least)}" if least > 0 else f"needs none (it would even pay {fixed(-least)})"
        median, low, high = map(fixed, self.fee)
        return (
            f"A yearly fee from {payer} to {receiver}, as a share of {payer}’s stake in a crisis: {payer} would pay up to "
            f"{median} ({low} to {high}) rather than break it; {receiver} {need}. In {percent(share)} of draws some fee keeps both to it."
        )

    @property
    def unbounded(self) -> str:
        """Why there is no fee to name; empty where there is one."""
        if np.isfinite([*self.transfer, *self.fee]).all():
            return ""
        return "No fee can be named: at a discount factor of 1 what is kept for ever is worth more than any payment."

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data; a fee without bound is None, and `notes` says so."""
        found = plain(asdict(self)) | {"notes": [*filter(None, (self.unbounded, *self.notes))]}
        for row, party in zip(found["parties"], self.parties, strict=True):
            row["verdict"] = party.verdict
        return found

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Agreement:
        """The agreement that `as_dict` gave as plain values; raises ValueError where a fee has no bound."""
        return TypeAdapter(cls).validate_python(content)

    def plot(self):
        """The share of draws in which it keeps itself and each party's δ* over the years (an Altair chart)."""
        from buckpass.bargain.charts import agreement_chart

        return agreement_chart(self.path, self.discount)


def agreement(
    case: Case, posteriors: Posterior | Mapping[str, Posterior], overrides: Changes = (), n_draws: int = DRAWS, seed: int = 0,
    years_ahead: Sequence[int] = YEARS_AHEAD,
) -> Agreement:  # fmt: skip
    """Whether each party's patience suffices to keep the case's arrangement, now and over the years ahead.

    δ* solves deviate - cooperate = (δ + … + δ^T)(cooperate - punished) with T the years of punishment (Friedman 1971,
    Abreu 1988); stage values are years of the focus theatre's crises under posterior draws, in logit units. Rents,
    breakdown and δ are drawn evenly from their stated ranges.

    Parameters
    ----------
    case : with an [arrangement] in its case.toml.
    posteriors : one posterior, or all of the case, of which *all* answers where it passed, else the best with κ.
    overrides : those of any what-if, of the bargain's terms (`transfer`, `arrangement.…`) and of growth; texts or read.
    n_draws, seed : posterior draws, and of the draws of the terms.
    years_ahead : points of the path, in years; the first is now (0).

    Returns
    -------
    Agreement
        By party, over the years, and the fees that keep it.

    Assumed: no discounting within a year; rents are shares of the party's mean stake in a crisis, once a year; the path
    moves capacities and trade at their central growth rates.

    Raises
    ------
    NoArrangement, NoUsablePosterior, NotPosteriors, NoSharedCrises, BadOverride, GrowthOverflows, OutOfReach
    """
    changes = changes_of_agreement(case, overrides)
    fits = fits_of(case, posteriors)
    fit = _fit(fits)
    theatre = theatre_of(case, changes, fit, n_draws)
    check_growth(theatre.case, max(years_ahead))
    notes = _notes(case, theatre, fit, n_draws, max(years_ahead))
    return _agreed(case, theatre, seed, years_ahead, explanation=fit.explanation, overrides=tuple(map(str, as_changes(overrides))),
                   notes=notes, speaks_from=_speaks_from(fit, fits))  # fmt: skip


def _agreed(case: Case, theatre: Theatre, seed: int, years_ahead: Sequence[int], **said: Any) -> Agreement:
    """The answer from the years of a theatre; `said` is what it says of the fit and of the changes."""
    first = case.settings.years[1] + 1
    terms = terms_of(theatre.case, theatre.n_draws, seed)
    stages = [stage_in(theatre, terms, ahead) for ahead in years_ahead]
    kept = np.stack([_keeps(s.values, terms) for s in stages])  # [year, draw, party]
    holds = np.logical_and.accumulate(kept.all(axis=-1), axis=0)
    names = arrangement_of(case).parties
    path = tuple(_year(first + a, s, k, terms, names) for a, s, k in zip(years_ahead, stages, kept, strict=True))
    broken = 1 - holds.mean(axis=1)
    least, most = _payments(stages[0], terms)
    return Agreement(
        **said, n_draws=theatre.n_draws, discount=(float(terms.discount.min()), float(terms.discount.max())),
        parties=_parties(case, stages[0], kept[0], terms), p_self_enforcing=float(kept[0].all(axis=-1).mean()),
        transfer=_transfer(least, most), fee=_quantiles(most), path=path,
        break_year=next((y.year for y, b in zip(path, broken, strict=True) if b > 0.5), None),
        p_broken_by={y.year: float(b) for y, b in zip(path, broken, strict=True)},
    )  # fmt: skip


def _notes(case: Case, changed: Theatre, posterior: Posterior, n_draws: int, last: float) -> tuple[str, ...]:
    """Which changes by themselves move no game and no term."""
    if not changed.overrides:
        return ()

    def inputs(overrides: Sequence[Override]) -> Any:
        return inputs_of(theatre_of(case, overrides, posterior, n_draws), last)

    reached = changed.setting.reached_vehicles()
    return idle_note(
        idle_changes(case, changed.overrides, inputs(()), lambda o: inputs([o]), reached, changed.setting.names.crises)
    )


def _speaks_from(fit: Posterior, posteriors: Mapping[str, Posterior]) -> str:
    """Which fit the answer is of, where it stands among those that passed, and why a better one does not answer."""
    order = list(best_first(posteriors))
    better = order[: order.index(fit.explanation)]
    name, in_words = fit.explanation, combination(fit.explanation).name
    said = f"This speaks from {name}{f' ({in_words})' if in_words != name else ''}, " + (
        "which predicts best of those that passed"
        if not better
        else f"number {len(better) + 1} of {len(order)} by what it predicts"
    )
    if not better:
        return f"{said}."
    if fit.explanation == ALL:
        return f"{said}, since it leaves every mechanism open; {better[0]} predicts better."
    return f"{said}: {', '.join(better)} {'predicts' if len(better) == 1 else 'predict'} better, and in none of them others' effort counts (κ)."


def _fit(posteriors: Mapping[str, Posterior]) -> Posterior:
    """All mechanisms together, as everywhere, if that fit passed, else the best one with κ."""
    found = best_freeing(posteriors, entering("kappa.aligned"), (ALL,))
    if found is None:
        raise NoUsablePosterior(
            f"an agreement is about what each party's effort is worth to the other, so it needs a fit of {ALL} or "
            f"of another explanation with κ whose diagnostics passed (given: {', '.join(posteriors) or 'none'})"
        )
    return found


_transfers = jax.jit(transfer_range, static_argnums=(2, 3))
_grim = jax.jit(critical_discount_factor)


@jax.jit
def _by_draw(values: StageValues, periods):
    return jax.vmap(critical_discount_factor)(values, periods)


def _critical(values: StageValues, terms: Terms) -> np.ndarray:
    """δ* per draw and party at the draw's own years of punishment."""
    return np.asarray(_by_draw(values, jnp.asarray(terms.punishment_years)))


def _keeps(values: StageValues, terms: Terms) -> np.ndarray:
    return np.nan_to_num(_critical(values, terms), nan=np.inf) <= terms.discount[:, None]


def _parties(case: Case, stage: Stage, kept: np.ndarray, terms: Terms) -> tuple[PartyResult, ...]:
    arrangement = arrangement_of(case)
    bargain = np.asarray(has_bargain(stage.values))
    critical, grim = _critical(stage.values, terms), np.asarray(_grim(stage.values))
    slack = terms.discount[:, None] - critical
    return tuple(
        PartyResult(
            party, tuple(t.forgoes for t in arrangement.terms if t.party == party), float(bargain[:, i].mean()),
            _interval(critical[:, i]), _interval(grim[:, i]), _interval(slack[:, i]), float(kept[:, i].mean()),
        )
        for i, party in enumerate(arrangement.parties)
    )  # fmt: skip


def _year(year: int, stage: Stage, kept: np.ndarray, terms: Terms, names: tuple[str, ...]) -> YearResult:
    critical = _critical(stage.values, terms)
    middle = {p: (_interval(critical[:, i]) or (None,))[0] for i, p in enumerate(names)}
    return YearResult(year, float(kept.all(axis=-1).mean()), middle)


def _payments(stage: Stage, terms: Terms) -> tuple[np.ndarray, np.ndarray]:
    """Per draw the least and the most that keeps receiver and payer in, as shares of the payer's stake."""
    discount = jnp.asarray(np.repeat(terms.discount[:, None], stage.stake.shape[1], axis=1))
    found = _transfers(stage.values, discount, 0, 1, jnp.asarray(terms.punishment_years))
    least, most = (np.asarray(x) / stage.stake[:, 0] + terms.transfer for x in found)
    return least, most


def _transfer(least: np.ndarray, most: np.ndarray) -> tuple[float, float, float]:
    return float(np.median(least)), float(np.median(most)), float((least <= most).mean())


def _interval(draws: np.ndarray) -> tuple[float, float, float] | None:
    known = draws[~np.isnan(draws)]
    return _quantiles(known) if known.size else None


def _quantiles(draws: np.ndarray) -> tuple[float, float, float]:
    return float(np.median(draws)), *interval(draws)
