"""Which crisis, if it came or were coded, would say most about which explanation is right (model §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce

import numpy as np
import polars as pl
from jaxtyping import Float

from buckpass.case import Case
from buckpass.evidence.studies.hypothetical import Hypothetical, HypotheticalCrises, hypothetical_crises
from buckpass.fitting.posterior import Posterior
from buckpass.fitting.scoring import rankable
from buckpass.model.mechanisms import combination
from buckpass.predict.rung_probabilities import rung_probabilities
from buckpass.predict.which_fits import fits_of, refuse_in_order
from buckpass.results.table import ResultTable, ShowsItself, plain

__all__ = ["Decisive", "NothingToTellApart", "decisive_cases", "mutual_information", "splitting_cases"]

SCREENING_DRAWS, DRAWS = 4, 100
WATCHED = 6  # powers whose joint response is counted; of more, those that say most alone
SHORT_LIST = 3  # exact values are computed for this many times the crises asked for
TELLING = 0.1  # nats of a pair's log 2 below which no single crisis of the grid is called a way to split it


class NothingToTellApart(ValueError):
    """Fewer than two explanations can be compared; the message says which and why."""


@dataclass(frozen=True)
class Decisive(ShowsItself):
    """Hypothetical crises ranked by what they would say, in nats."""

    case_hash: str
    record_hash: str
    explanations: tuple[str, ...]
    weights: tuple[float, ...]
    rows: pl.DataFrame
    n_grid: int

    def table(self) -> ResultTable:
        """One row per crisis, the most telling first: what it is, its information in nats, whom to watch."""
        note = (
            f"nats: expected information of all powers' responses about which explanation holds, nats (mutual "
            f"information; at most {np.log(len(self.weights)):.2f}, every explanation counting alike). watch: the power whose response alone says most. "
            f"The {len(self.rows)} highest of {self.n_grid:,} crises made from the record's own places, types, severities "
            f"and requests; {DRAWS} draws of each posterior."
        )
        shown = self.rows.select(
            pl.col("host"), pl.col("type").str.replace_all("_", " "), pl.col("severity").round(2), pl.col("asked"),
            pl.col("abstains"), pl.col("information").round(3).alias("nats"), pl.col("watch"),
        )  # fmt: skip
        return ResultTable(shown, "Crises that would say most about which explanation holds",
                           {"nats": "nats", "severity": "code"}, note, (), self.case_hash)  # fmt: skip

    def as_dict(self) -> dict:
        """Everything as plain values, fit for JSON."""
        return {"case_hash": self.case_hash, "record_hash": self.record_hash, "weights": dict(zip(self.explanations, self.weights, strict=True)),
                "n_grid": self.n_grid, "crises": [plain(row) for row in self.rows.iter_rows(named=True)]}  # fmt: skip


def decisive_cases(
    case: Case, posteriors: Mapping[str, Posterior], n: int = 10, *, pair: tuple[str, str] | None = None
) -> Decisive:  # fmt: skip
    """The `n` hypothetical crises whose responses are expected to say most about which explanation is right.

    I(E; Y) = Σ_e w_e Σ_y p_e(y) log[p_e(y) / Σ_f w_f p_f(y)], Y the rungs of all powers together, p_e the predictive
    probability under the posterior of e, w the same for every explanation that passed, or for the two of `pair` (Lindley
    1956): how well an explanation predicts is not how likely it is to hold.

    Parameters
    ----------
    case, posteriors : the case, and posteriors by explanation.
    n : how many crises.
    pair : ids of the two explanations that are to be told apart (None: all).

    Returns
    -------
    Decisive
        The crises with their information in nats, the most telling first.

    Raises
    ------
    NothingToTellApart
        Fewer than two explanations passed, or one of the pair did not.
    NoUsablePosterior, NotPosteriors, OrderNotPlayed
        One was fitted to another record, is no posterior, or has the patron move first.
    """
    asked = _asked(fits_of(case, posteriors), pair)
    weights = np.full(len(asked), 1 / len(asked))
    grid = hypothetical_crises(case)
    roughly = _screened(grid, asked)
    order = _unlike(grid, np.argsort(-_separate(roughly, weights).sum(-1), kind="stable"))[: SHORT_LIST * n]
    short = grid.take(order)
    exact = _predicted(short, asked, DRAWS)
    rows = [_row(cell, exact[:, :, i], weights, case.powers) for i, cell in enumerate(short.cells)]
    best = sorted(rows, key=lambda r: -r["information"])[:n]
    return Decisive(
        case.hash, case.record_hash, tuple(asked), tuple(weights.tolist()), pl.DataFrame(best), len(grid.cells)
    )


def splitting_cases(
    case: Case, posteriors: Mapping[str, Posterior], pairs: Sequence[tuple[str, str]]
) -> ResultTable:  # fmt: skip
    """For each pair that the record cannot tell apart, the single crisis that would say most about which of the two holds.

    `crises_needed`: how many crises like it until the expected log odds reach 3 nats (20 to 1), with equal odds before:
    3 over the symmetric Kullback-Leibler rate, halved.
    """
    asked = _asked(posteriors, None)
    pairs = [p for p in pairs if set(p) <= set(asked)]
    names = list(asked)
    grid = hypothetical_crises(case)
    roughly = _screened(grid, asked)
    half = np.full(2, 0.5)
    rows = []
    for a, b in pairs:
        both = [names.index(a), names.index(b)]
        best = np.argsort(-_separate(roughly[both], half).sum(-1), kind="stable")[:3]
        short = grid.take(best.tolist())
        exact = _predicted(short, {e: asked[e] for e in (a, b)}, DRAWS)
        found = [_row(cell, exact[:, :, i], half, case.powers) for i, cell in enumerate(short.cells)]
        top = max(found, key=lambda r: r["information"])
        rate = _symmetric_divergence(exact[:, :, found.index(top)])
        rows.append({"a": a, "b": b, **{k: v for k, v in top.items() if k != "equal_weights"},
                     "crises_needed": float(np.ceil(3.0 / rate)) if rate > 0 else None, "splits": top["information"] >= TELLING})  # fmt: skip
    note = (
        f"information: nats of at most {np.log(2):.2f}; splits: at least {TELLING:g}. crises_needed: crises like this one "
        "until the expected odds are 20 to 1, if each is coded exactly and the posteriors hold."
    )
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return ResultTable(frame, "The further crisis that would best split each pair", {"information": "nats"}, note, (),
                       case.hash)  # fmt: skip


def mutual_information(probability: Float[np.ndarray, "e d p r"], weight: Float[np.ndarray, " e"]) -> float:
    """Mutual information of the explanation and the powers' joint response, nats, by summing over every joint response.

    Given a draw the powers respond independently; over draws their responses hang together, which the joint keeps. Of more
    than six powers the six that say most alone are counted, a lower bound.
    """
    return _information(_joints(probability, weight), weight)


def _joints(probability: Float[np.ndarray, "e d p r"], weight: Float[np.ndarray, " e"]) -> Float[np.ndarray, "e y"]:
    """P of every joint response of the watched powers under each explanation."""
    alone = _separate(probability.mean(1)[:, None], weight)[0]
    watched = np.sort(np.argsort(-alone, kind="stable")[:WATCHED])
    return np.stack([_joint(one[:, watched]).ravel() for one in probability])


def _information(joint: Float[np.ndarray, "e y"], weight: Float[np.ndarray, " e"]) -> float:
    """Entropy of the mixture less the mean entropy of its parts."""
    floor = np.maximum(joint, 1e-300)
    mixed = weight @ floor
    return float(max(weight @ np.einsum("ey,ey->e", floor, np.log(floor)) - mixed @ np.log(mixed), 0.0))


def _joint(probability: Float[np.ndarray, "d p r"]) -> Float[np.ndarray, "x y"]:
    """P of every joint response: the mean over draws of products, the powers in two halves so that it is one product."""
    draws, powers, _ = probability.shape
    halves = [reduce(_times, (probability[:, p] for p in part), np.ones((draws, 1)))
              for part in (range(powers // 2), range(powers // 2, powers))]  # fmt: skip
    return halves[0].T @ halves[1] / draws


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)


def _separate(mean: Float[np.ndarray, "e c p r"], weight: Float[np.ndarray, " e"]) -> Float[np.ndarray, "c p"]:
    """Mutual information of the explanation and each power's response alone, nats."""
    mixed = np.tensordot(weight, mean, 1)
    return np.einsum("e,ecpr->cp", weight, mean * np.log(np.maximum(mean, 1e-300) / np.maximum(mixed, 1e-300)))


def _symmetric_divergence(probability: Float[np.ndarray, "two d p r"]) -> float:
    a, b = (_joint(one) for one in probability)
    keep = (a > 0) & (b > 0)
    return float(0.5 * np.sum((a[keep] - b[keep]) * np.log(a[keep] / b[keep])))


def _row(cell: Hypothetical, probability: np.ndarray, weights, powers: tuple[str, ...]) -> dict:
    alone = _separate(probability.mean(1)[:, None], weights)[0]
    information = mutual_information(probability, weights)
    shown = asdict(cell) | {"asked": ", ".join(cell.asked) or "nobody", "abstains": cell.abstains or "nobody"}
    return {
        **shown, "information": information, "equal_weights": information, "watch": powers[int(np.argmax(alone))],
        "watch_alone": float(alone.max()),
    }  # fmt: skip


def _unlike(grid: HypotheticalCrises, order: np.ndarray) -> list[int]:
    """The first cell of each host and request in an order: variants of one crisis say nearly the same."""
    kept: dict[tuple, int] = {}
    for position in order.tolist():
        kept.setdefault((grid.cells[position].host, grid.cells[position].asked), position)
    return list(kept.values())


def _asked(posteriors: Mapping[str, Posterior], pair: tuple[str, str] | None) -> dict[str, Posterior]:
    usable = rankable(posteriors)[0]
    wanted = [combination(e).id for e in pair] if pair else list(usable)
    missing = [e for e in wanted if e not in usable]
    if missing:
        raise NothingToTellApart(f"{', '.join(missing)} has no fit that can be ranked, so it predicts nothing here")
    if len(set(wanted)) < 2:
        raise NothingToTellApart("two different explanations are needed to ask what would tell them apart")
    refuse_in_order({e: usable[e] for e in wanted}, "a crisis that might be")
    return {e: usable[e] for e in wanted}


def _screened(grid: HypotheticalCrises, asked: Mapping[str, Posterior]) -> Float[np.ndarray, "e c p r"]:
    return np.stack([rung_probabilities(grid.setting, p, SCREENING_DRAWS).mean(0) for p in asked.values()])


def _predicted(grid: HypotheticalCrises, asked: Mapping[str, Posterior], draws: int) -> Float[np.ndarray, "e d c p r"]:
    return np.stack([rung_probabilities(grid.setting, p, draws) for p in asked.values()])
