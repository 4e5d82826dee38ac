"""The what-ifs of the crisis cards: a few standing questions, asked of every crisis of the theatre at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from buckpass.case import BadOverride, Case, parse_overrides
from buckpass.fit.posterior import Posterior
from buckpass.fit.predict import by_draw, coefficients_of, draw_games
from buckpass.game.crises import Crises
from buckpass.game.estimands import expected_rung, p_nobody, p_stabilised
from buckpass.game.scenario import scenario_case, scenario_games, scenario_setting
from buckpass.game.setting import CrisisSetting, standard_of
from buckpass.game.solver import DEFAULT_SETTINGS, solve
from buckpass.report.mixture import mixed
from buckpass.report.wording import name_of
from buckpass.results.summary import Summary, summary

__all__ = ["CardWhatIf", "card_what_ifs"]


@dataclass(frozen=True)
class CardWhatIf:
    """One question to one crisis: what is changed, and by how much the answers move (scenario minus baseline)."""

    says: str
    change: str
    provider: Summary
    rider: Summary
    p_nobody: Summary
    p_stabilised: Summary


def card_what_ifs(
    case: Case, posteriors: Mapping[str, Posterior], weights: Mapping[str, float], n_draws: int
) -> dict[str, tuple[CardWhatIf, ...]]:
    """Answers by crisis for the focus's theatre, averaged over the explanations that speak by their weights.

    Baseline and scenario are solved on the same draws; all powers respond anew.
    """
    crises = case.crises.filter(theatre=case.settings.focus.theatre)["crisis_id"].to_list()
    standard = standard_of(case)
    plain = scenario_setting(case, crises, (), standard)
    coefficients = {e: coefficients_of(posteriors[e], plain, n_draws) for e in weights}
    base = {e: _answers(case, plain, draw_games(plain, c)) for e, c in coefficients.items()}
    found: dict[str, list[CardWhatIf]] = {c: [] for c in crises}
    for entry in _table():
        changes = {c: t for c in crises if (t := _change(case, c, entry["set"])) is not None}
        if not changes:
            continue
        common = next(iter(changes.values())) if len(set(changes.values())) == 1 else ""
        setting = _setting(case, crises, changes, common, standard)
        held = parse_overrides([common], case) if common else ()
        after = {
            e: _answers(case, setting, scenario_games(draw_games(setting, c), setting, held))
            for e, c in coefficients.items()
        }
        moved = {
            name: mixed({e: after[e][name] - base[e][name] for e in weights}, weights)
            for name in next(iter(base.values()))
        }
        for at, crisis in enumerate(crises):
            if crisis in changes:
                numbers = {name: summary(draws[:, at]) for name, draws in moved.items()}
                found[crisis].append(CardWhatIf(_said(case, entry["says"]), changes[crisis], **numbers))
    return {crisis: tuple(rows) for crisis, rows in found.items()}


def _setting(case: Case, crises: Sequence[str], changes: Mapping[str, str], common: str, standard) -> CrisisSetting:
    """The setting after the changes: one change for all crises, or each crisis its own."""
    if common:
        return scenario_setting(case, crises, parse_overrides([common], case), standard)
    for crisis, text in changes.items():
        case = scenario_case(case, [crisis], parse_overrides([text], case, crisis))
    return scenario_setting(case, crises, (), standard)


def _answers(case: Case, setting: CrisisSetting, games: Crises) -> dict[str, np.ndarray]:
    found, focus, n = solve(games, DEFAULT_SETTINGS), case.settings.focus, len(setting.names.crises)
    rung = by_draw(expected_rung(games, found), n)
    return {
        "provider": rung[..., case.powers.index(focus.provider)], "rider": rung[..., case.powers.index(focus.rider)],
        "p_nobody": by_draw(p_nobody(games, found), n), "p_stabilised": by_draw(p_stabilised(games, found), n),
    }  # fmt: skip


def _change(case: Case, crisis: str, form: str) -> str | None:
    """`PATH=VALUE` for a crisis; None where the question does not arise there."""
    focus, row = case.settings.focus, case.crisis(crisis)
    if "<ASKED>" in form and focus.rider in row["asked"]:
        return None
    text = _said(case, form, named=False).replace("<ASKED>", ",".join(row["asked"]))
    text = text.replace("=,", "=")
    try:
        scenario_case(case, [crisis], parse_overrides([text], case, crisis))
    except BadOverride:  # a host or a belligerent does not play here
        return None
    return text


def _said(case: Case, form: str, named: bool = True) -> str:
    focus = case.settings.focus
    for mark, power in (("<PROVIDER>", focus.provider), ("<RIDER>", focus.rider)):
        form = form.replace(mark, name_of(case, power) if named else power)
    return form


@cache
def _table() -> tuple[dict[str, str], ...]:
    content = resources.files("buckpass.report").joinpath("what_ifs.toml").read_text("utf-8")
    return tuple(tomllib.loads(content)["what_if"])
