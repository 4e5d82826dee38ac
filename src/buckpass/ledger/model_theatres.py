"""Claims that compare a power's behaviour between theatres, or what acting in one would cost it in others."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from buckpass.game.crises import Crises
from buckpass.game.decomposition import MECHANISM_WORDS, MECHANISMS, decompose_gap
from buckpass.game.estimands import alone_strategy, expected_effort, expected_rung
from buckpass.game.fixed_point import Equilibrium
from buckpass.game.order import Met, met
from buckpass.game.solver import Solved
from buckpass.ledger.carriers import ALIGNED, called
from buckpass.ledger.finding import CannotCompute, Finding, Question, as_expected
from buckpass.ledger.predictions import (
    Predictions,
    Sample,
    crises_in,
    finding_of,
    mean_over,
    playing,
    positions,
    predictions_of,
    sample_of,
    solved_or_reason,
)
from buckpass.predict.drawing import Drawn

__all__ = ["capacity_freed", "gap_share", "theatre_gap"]

AT_ONCE = 8  # draws


def theatre_gap(question: Question) -> Finding:
    """Expected rung of a power in other theatres minus that in its own, with stake and severity held equal.

    Held means: in the other theatres' games the power's stake and the severity are the means of its own theatre's.
    """
    asked, given = predictions_of(question), question.parameters
    here, there = _sides(question)
    raw: dict[str, float] = {}

    def sample(explanation: str) -> Sample:
        drawn, found = asked.solved(explanation)
        held = _held_equal(asked, drawn, here, there, given)
        rung = _rungs(asked, drawn, found, given["power"])
        rung_held, rung_here = _rungs(asked, held, solved_or_reason(held), given["power"]), mean_over(drawn, rung, here)
        raw[explanation] = float(np.median(mean_over(drawn, rung, there) - rung_here))
        return sample_of(question, mean_over(held, rung_held, there) - rung_here)

    reading = asked.read(question, sample)
    return finding_of(
        question,
        reading,
        f"rungs of {given['power']}, other theatres − {given['theatre']}, held: {', '.join(given.get('hold', []))}",
        (*here, *there),
        "on own claims: where the power has one no aligned provider stands, so the two cannot be told apart",
        {
            "here": list(here),
            "there": list(there),
            "gap_with_nothing_held": raw,
            "own_claims": _claims(question, there),
        },
    )


def gap_share(question: Question) -> Finding:
    """Share of the gap in expected effort between other theatres and its own that goes through one mechanism.

    `others` is what the aligned among them do: what rivals undo raises what is at stake, and counts there. Every crisis of
    the other theatres is set against every crisis of the power's own (Shapley decomposition, as between two powers); the share
    is the mechanism's mean contribution over the mean gap.
    """
    asked, given = predictions_of(question), question.parameters
    here, there = _sides(question)
    shares: dict[str, dict[str, float]] = {}

    def sample(explanation: str) -> Sample:
        drawn, solved = asked.solved(explanation)
        power = asked.index(given["power"])
        faced = drawn.games, met(solved)
        if given["mechanism"] == "others" and isinstance(solved, Equilibrium):
            faced = _rivals_at_stake(*faced, solved, power)
        gap, parts = _split(*faced, (_rows(drawn, there), _rows(drawn, here)), power)
        if not gap.all():
            raise CannotCompute(f"under {explanation} the gap is exactly zero, so nothing has a share of it")
        share = parts[:, list(MECHANISMS).index(given["mechanism"])] / gap
        shares[explanation] = dict(zip(MECHANISMS, parts.mean(axis=0).tolist(), strict=True))
        return Sample(share, as_expected(question.expect, share) & (gap > 0))

    return finding_of(
        question,
        asked.read(question, sample),
        f"share of the gap in effort that goes through {MECHANISM_WORDS[given['mechanism']]}",
        (*here, *there),
        f"on {called(ALIGNED)}, and on own claims, which raise the stake exactly where no aligned provider stands",
        {"contributions": shares, "own_claims": _claims(question, there)},
    )


def capacity_freed(question: Question) -> Finding:
    """Gain in expected effort in other theatres from not having to act in this one as if nobody else did.

    Deployments per year in the theatre, alone minus in equilibrium, build a stock of commitments D with the case's
    half-life; D raises the power's cost elsewhere by the factor 1 + μ D (model §6, capacity as the unit).
    """
    asked, given = predictions_of(question), question.parameters
    case = question.case
    here = playing(case, crises_in(case, given["theatre"]), given["power"])
    there = playing(case, crises_in(case, given["into"]), given["power"])
    stock_years = case.parameter("futures.commitment_half_life") / math.log(2)
    per_year = len(here) / (case.settings.years[1] - case.settings.years[0] + 1)
    stocks: dict[str, float] = {}

    def sample(explanation: str) -> Sample:
        drawn, before = asked.solved(explanation)
        i = asked.index(given["power"])
        deploys = np.asarray(drawn.games.rung)[:, i] >= case.rungs.deployment
        kept, alone = (
            mean_over(drawn, np.sum(np.where(deploys, np.asarray(strategy)[:, i], 0.0), axis=-1), here)
            for strategy in (before.strategy, alone_strategy(drawn.games))
        )
        stock = np.maximum(alone - kept, 0.0) * per_year * stock_years
        stocks[explanation] = float(np.median(stock))
        dearer = _dearer(drawn, i, 1.0 + case.parameter("futures.commitment_cost") * stock)
        after = solved_or_reason(dearer)  # of all games: what is not dearer stays the same to the last bit
        efforts = [
            mean_over(drawn, np.asarray(expected_effort(drawn.games, e.strategy))[:, i], there) for e in (before, after)
        ]
        return sample_of(question, efforts[0] - efforts[1])

    return finding_of(
        question,
        asked.read(question, sample),
        f"expected effort of {given['power']} per crisis elsewhere, 0 to 1",
        (*here, *there),
        "on the commitment cost and half-life, both assumed, and on whether there is anything to free: see the size",
        {"deployments_freed": stocks, "commitment_cost": case.parameter("futures.commitment_cost")},
    )


def _sides(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given, case = question.parameters, question.case
    return (
        playing(case, crises_in(case, given["theatre"]), given["power"]),
        playing(case, crises_in(case, given["against"]), given["power"]),
    )


def _rungs(asked: Predictions, drawn: Drawn, found: Solved, power: str) -> np.ndarray:
    return np.asarray(expected_rung(drawn.games, found))[:, asked.index(power)]


def _held_equal(asked: Predictions, drawn: Drawn, here: Sequence[str], there: Sequence[str], given: dict) -> Drawn:
    """Games of the crises there in which each has the power's stake, or the severity, of those here on average."""
    held, i = drawn.under(drawn.setting.select(positions(drawn.crises, there))), asked.index(given["power"])
    changed, hold = held.games, given.get("hold", ())
    if "stake" in hold:
        stake = np.array(changed.stake)
        stake[:, i] = np.repeat(mean_over(drawn, drawn.games.stake[:, i], here), len(there))
        changed = replace(changed, stake=stake)
    if "severity" in hold:
        severity = np.repeat(mean_over(drawn, drawn.games.severity, here), len(there))
        changed = replace(changed, severity=severity)
    return replace(held, games=changed)


def _dearer(drawn: Drawn, power: int, factor: np.ndarray) -> Drawn:
    cost = np.array(drawn.games.cost)
    cost[:, power] *= np.repeat(factor, len(drawn.crises))
    return replace(drawn, games=replace(drawn.games, cost=cost))


def _claims(question: Question, crises: Sequence[str]) -> list[str]:
    power = question.parameters["power"]
    return [c for c in crises if power in question.case.crisis(c)["claimants"]]


def _rows(drawn: Drawn, crises: Sequence[str]) -> np.ndarray:
    """Rows of the games that hold some of the crises, [draw, crisis]."""
    return np.arange(drawn.n_draws)[:, None] * len(drawn.crises) + np.array(positions(drawn.crises, crises))


def _rivals_at_stake(games: Crises, at: Met, found: Equilibrium, power: int) -> tuple[Crises, Met]:
    """The same choices of a power with what rivals undo counted as a larger stake: V R = (V R_rivals) R_aligned.

    R is a product over the others, so the payoffs of its options, and with them the gap, stay what they are. Where a power moves
    first the others' moves are not independent, and R is no such product.
    """
    alignment = np.asarray(games.alignment)[:, power]  # c p
    reach = np.asarray(games.delivery / games.severity[:, None])[..., None] * np.asarray(games.effort_at)
    left = np.sum(np.asarray(found.strategy) * np.exp(-alignment[..., None] * reach), axis=-1)
    undone = np.sum(np.where(alignment < 0, np.log(left), 0.0), axis=1)  # log R_rivals
    stake, residual = np.array(games.stake), np.array(at.log_residual)
    stake[:, power] *= np.exp(undone)
    residual[:, :, power] -= undone[:, None, None]
    return replace(games, stake=stake), replace(at, log_residual=residual)


def _split(
    games: Crises, at: Met, sides: tuple[np.ndarray, np.ndarray], power: int
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "d m"]]:
    """The gap in effort and what each mechanism adds to it, each the mean over all pairs of crises, by draw.

    A few draws at a time on each core: what they take stays in its cache.
    """

    def work(draws: slice) -> tuple[np.ndarray, np.ndarray]:
        some = sides[0][draws], sides[1][draws]
        found, n = decompose_gap(*_against(games, at, some, power), 0, 1), len(some[0])
        by_draw = (np.asarray(v).reshape(n, -1, *v.shape[1:]) for v in (found.gap, found.contribution))
        gap, parts = (v.mean(axis=1) for v in by_draw)
        return gap, parts

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        gap, parts = zip(
            *pool.map(work, [slice(d, d + AT_ONCE) for d in range(0, len(sides[0]), AT_ONCE)]), strict=True
        )
    return np.concatenate(gap), np.concatenate(parts)


def _against(batch: Crises, at: Met, sides: tuple[np.ndarray, np.ndarray], power: int) -> tuple[Crises, Met]:
    """One batch in which the power in every crisis of the first side stands beside itself in every one of the second.

    `sides` are rows of the games, [draw, crisis]. The two stand as two powers of one game; what differs by crisis
    (severity) is moved into what each delivers.
    """
    n, first, second = len(sides[0]), sides[0].shape[1], sides[1].shape[1]
    rows = [
        np.broadcast_to(sides[0][:, :, None], (n, first, second)).ravel(),
        np.broadcast_to(sides[1][:, None, :], (n, first, second)).ravel(),
    ]

    def beside(values, axis: int = 1) -> Any:
        own = np.moveaxis(values, axis, 0)[power]  # a view: the batch is larger than what is read of it
        return np.stack([own[r] for r in rows], axis)

    own = ("stake", "cost", "backlash", "norm", "influence", "barrier", "effort_at", "cost_at", "presence_at",
           "influence_at", "deploys_at", "barred_at", "rung_payoff_at", "is_open", "rung")  # fmt: skip
    size = len(rows[0])
    numbers: dict[str, Any] = {name: beside(getattr(batch, name)) for name in own} | {
        "delivery": beside(batch.delivery / batch.severity[:, None]),
        "severity": np.ones(size),
        "alignment": np.broadcast_to(np.eye(2), (size, 2, 2)),
        "host_alignment": np.zeros((size, 2)),
        "rationality": np.ones(size),
    }
    return Crises(rungs=batch.rungs, **numbers), Met(beside(at.weight, 2), beside(at.log_residual, 2))
