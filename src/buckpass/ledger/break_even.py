"""At which backlash acting would just pay: where a conclusion turns that the model assumes and cannot test."""

from __future__ import annotations

from typing import Any

import numpy as np

from buckpass.case.catalogue import ALL
from buckpass.game.arrays import at_host
from buckpass.game.crises import Crises
from buckpass.game.order import Met, met
from buckpass.ledger.finding import CannotCompute, Finding, Question
from buckpass.ledger.predictions import by_draw, crisis_places, predictions_of
from buckpass.predict.which_fits import best_freeing
from buckpass.results.summary import interval
from buckpass.results.words import fixed

__all__ = ["break_even"]

PREFERRED = (ALL, "BL")


def break_even(question: Question) -> Finding:
    """Largest backlash at which the power's payoff from acting at a rung is its best, by crisis, asked and unasked.

    Payoffs are linear in backlash B: acting pays where B ≤ min over other options a with less presence of
    [U₀(act) − U₀(a)] / [p(act) − p(a)], U₀ the payoff without backlash. Below 0 it never pays. The others are held at
    their equilibrium.
    """
    asked, given = predictions_of(question), question.parameters
    fit = best_freeing(asked.posteriors, "backlash.level", PREFERRED)
    if fit is None:
        raise CannotCompute("needs a fit in which backlash is free and whose diagnostics passed (everything, or BL)")
    explanation = fit.explanation
    rows: list[dict[str, Any]] = []
    for was_asked in given.get("asked", [False]):
        for crisis in given["crises"]:
            change = asked.changed(_request(question, crisis, was_asked), (crisis,))
            drawn, found = asked.solved(explanation, change)
            least = _least_backlash(drawn.games, met(found), asked.index(given["power"]), given["rung"])
            least = by_draw(drawn, least, (crisis,))
            if not np.isfinite(least).all():  # as of silence: no option shows less, or its own is closed
                seen = f"{given['power']} has no option in {crisis} that shows less than rung {given['rung']}, or not that one"
                raise CannotCompute(f"{seen}: no backlash decides between them")
            fitted = by_draw(drawn, drawn.games.backlash[:, asked.index(given["power"])], (crisis,))
            rows.append({"crisis": crisis, "asked": was_asked, **_row(least[:, 0], fitted[:, 0])})
    first = rows[0]
    return Finding(
        value=first["break_even"],
        low=first["low"],
        high=first["high"],
        unit=f"backlash (logit units) at which {given['power']} at rung {given['rung']} in {first['crisis']} just pays",
        n=len(given["crises"]),
        places=crisis_places(question.case, given["crises"]),
        reason="; ".join(_said(row) for row in rows),
        turns_on="on the backlash itself, which the model assumes: presence costs sympathy by construction",
        detail={"explanation": explanation, "cells": rows},
    )


def _request(question: Question, crisis: str, was_asked: bool) -> tuple[str, ...]:
    """The change that makes the power asked, or not asked, beside whoever else was."""
    power = question.parameters["power"]
    others = [a for a in question.case.crisis(crisis)["asked"] if a != power]
    wanted = [*others, power] if was_asked else others
    return (f"request={','.join(wanted) or 'nobody'}",)


def _row(least: np.ndarray, fitted: np.ndarray) -> dict[str, float]:
    low, high = interval(least)
    return {
        "break_even": float(np.median(least)), "low": low, "high": high,
        "fitted_backlash": float(np.median(fitted)), "p_acting_pays": float(np.mean(fitted <= least)),
        "p_never_pays": float(np.mean(least < 0)),
    }  # fmt: skip


def _least_backlash(crises: Crises, at: Met, power: int, rung: int) -> np.ndarray:
    crises, at = at_host((crises, at))
    payoff = _without_backlash(crises, at, power)
    presence, is_act = crises.presence_at[:, power], crises.rung[:, power] == rung
    is_open = crises.is_open[:, power]
    acting = np.max(np.where(is_act & is_open, payoff, -np.inf), axis=-1, keepdims=True)
    shown = np.max(np.where(is_act & is_open, presence, 0.0), axis=-1, keepdims=True)
    is_other = is_open & ~is_act & (presence < shown)
    slack = np.where(is_other, (acting - payoff) / np.where(is_other, shown - presence, 1.0), np.inf)
    return np.min(slack, axis=-1)


def _without_backlash(crises: Crises, at: Met, i: int) -> np.ndarray:
    reach = crises.delivery[:, i, None] * crises.effort_at[:, i] / crises.severity[:, None]
    left = np.sum(at.weight[:, :, i, None] * np.exp(at.log_residual[:, :, i] - reach[:, None]), axis=1)
    return (
        crises.rung_payoff_at[:, i]
        + crises.stake[:, i, None] * (1.0 - left)
        + crises.influence[:, i, None] * crises.influence_at[:, i]
        - crises.cost[:, i, None] * crises.cost_at[:, i]
        - crises.norm[:, i, None] * crises.deploys_at[:, i]
        - crises.barrier[:, i, None] * crises.barred_at[:, i]
    )


def _said(row: dict[str, Any]) -> str:
    asked = "asked" if row["asked"] else "unasked"
    at = fixed(row["break_even"])
    pays = (
        f"pays up to backlash {at}" if row["break_even"] >= 0 else f"would not pay without any backlash either ({at})"
    )
    return (
        f"{row['crisis']} {asked}: {pays}; fitted {fixed(row['fitted_backlash'])}, P(pays) {row['p_acting_pays']:.2f}"
    )
