"""The what-ifs of the crisis cards: a few standing questions, asked of every crisis of the theatre at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from buckpass.case import Case
from buckpass.changes import BadOverride, Override
from buckpass.changes.scenario import changes_of, scenario_setting
from buckpass.game.setting import CrisisSetting, Standard, standard_of
from buckpass.game.solver import IN_BLOCKS
from buckpass.page.wording import spoken
from buckpass.predict.drawing import Drawn, drawn
from buckpass.predict.numbers import OF_CRISIS, quantities_of
from buckpass.predict.which_fits import Fits
from buckpass.results.summary import Summary, summary
from buckpass.results.words import sentence

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


def card_what_ifs(case: Case, fits: Fits, n_draws: int) -> dict[str, tuple[CardWhatIf, ...]]:
    """Answers by crisis for the focus's theatre, as `buckpass whatif` has them.

    Baseline and scenario are solved on the same draws; all powers respond anew.
    """
    crises = case.crises.filter(theatre=case.settings.focus.theatre)["crisis_id"].to_list()
    standard = standard_of(case)
    before = drawn(case, fits, crises, (), n_draws, standard)
    base = _answers(case, before)
    found: dict[str, list[CardWhatIf]] = {c: [] for c in crises}
    for entry in _table():
        changes = {c: made for c in crises if (made := _changes(case, c, entry["set"]))}
        if not changes:
            continue
        setting = _setting(case, before.setting, changes, standard)
        held = next(iter(changes.values()))  # crises differ in whom else they asked, never in what is held
        after = _answers(case, before.under(setting, held))
        moved = {name: after[name] - base[name] for name in base}
        for at, crisis in enumerate(crises):
            if crisis in changes:
                numbers = {name: summary(draws[:, at]) for name, draws in moved.items()}
                text = " ".join(o.text for o in changes[crisis])
                found[crisis].append(CardWhatIf(_said(case, entry["says"]), text, **numbers))
    return {crisis: tuple(rows) for crisis, rows in found.items()}


def _setting(
    case: Case, plain: CrisisSetting, changes: Mapping[str, Sequence[Override]], standard: Standard
) -> CrisisSetting:
    """The setting of all crises with each as its own changes make it."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for crisis, overrides in changes.items():
        alike.setdefault(tuple(o.text for o in overrides), []).append(crisis)
    for crises in alike.values():
        part = scenario_setting(case, crises, changes[crises[0]], standard)
        plain = plain.with_rows([plain.names.crises.index(c) for c in crises], part)
    return plain


def _answers(case: Case, given: Drawn) -> dict[str, np.ndarray]:
    numbers = {k: given.by_draw(v) for k, v in quantities_of(given.games, given.solved(IN_BLOCKS)).items()}
    focus, rung = case.settings.focus, numbers["expected_rung"]
    by_power = {who: rung[..., case.powers.index(getattr(focus, who))] for who in ("provider", "rider")}
    return by_power | {name: numbers[name] for name in OF_CRISIS}


def _changes(case: Case, crisis: str, form: str) -> tuple[Override, ...]:
    """What a question changes in a crisis; nothing where it does not arise there."""
    focus, row = case.settings.focus, case.crisis(crisis)
    if "<ASKED>" in form and focus.rider in row["asked"]:
        return ()
    text = _said(case, form, named=False).replace("<ASKED>", ",".join(row["asked"]))
    try:
        return changes_of([text.replace("=,", "=")], case, crisis)
    except BadOverride:  # a host or a belligerent does not play here
        return ()


def _said(case: Case, form: str, named: bool = True) -> str:
    focus = case.settings.focus
    for mark, power in (("<PROVIDER>", focus.provider), ("<RIDER>", focus.rider)):
        form = form.replace(mark, spoken(case, power) if named else power)
    form = form.replace("<DEPLOYMENT>", str(case.rungs.deployment))
    return sentence(form) if named else form


@cache
def _table() -> tuple[dict[str, str], ...]:
    content = resources.files("buckpass.page").joinpath("what_ifs.toml").read_text("utf-8")
    return tuple(tomllib.loads(content)["what_if"])
