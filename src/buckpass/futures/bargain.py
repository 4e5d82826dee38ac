"""The terms of the unwritten agreement as numbers: drawn from their ranges, or fixed by the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from buckpass.case import Case
from buckpass.case.overrides import BadOverride
from buckpass.case.problems import clip, spelling_hint
from buckpass.case.schema import AlignmentQuantity, Arrangement, LogitQuantity, Quantity, YearsQuantity
from buckpass.futures.problems import NoArrangement

__all__ = ["Terms", "arrangement_of", "arrangement_paths", "terms_of", "with_arrangement"]

PREFIX = "arrangement."
RANGES = {
    "rent": LogitQuantity.bounds(),
    "alignment": AlignmentQuantity.bounds(),
    "punishment_years": YearsQuantity.bounds(),
    "obstruction_cost": LogitQuantity.bounds(),
}
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?)( ?[x×])?", re.ASCII)


@dataclass(frozen=True)
class Terms:
    """One draw of the bargain per posterior draw; [draw] or [draw, party]. Rents, costs: share of the party's stake."""

    rent: np.ndarray
    alignment: np.ndarray
    punishment_years: np.ndarray
    obstruction_cost: np.ndarray
    discount: np.ndarray
    transfer: float


def arrangement_of(case: Case) -> Arrangement:
    """The case's [arrangement]; raises `NoArrangement` where it has none."""
    if case.settings.arrangement is None:
        raise NoArrangement(
            f"{case.id} has no [arrangement] in case.toml, so there is no bargain whose keeping could be computed; "
            "add one (parties, terms with rents, breakdown, transfer) or ask another question of this case"
        )
    return case.settings.arrangement


def arrangement_paths(case: Case) -> dict[str, tuple[float, float]]:
    """What may be set of the agreement beside the paths of every what-if, with its range."""
    parties = arrangement_of(case).parties
    rents = {f"{PREFIX}rent@{p}": RANGES["rent"] for p in parties}
    return rents | {f"{PREFIX}{name}": RANGES[name] for name in RANGES if name != "rent"}


def with_arrangement(case: Case, texts: Sequence[str]) -> tuple[Case, tuple[str, ...]]:
    """The case with the `arrangement.…=VALUE` texts applied, and the texts that are not of this kind."""
    mine = [t for t in texts if t.strip().startswith(PREFIX)]
    problems: list[str] = []
    for text in mine:
        try:
            case = _changed(case, text)
        except ValueError as reason:
            problems.append(f"--set {clip(text, 80)}: {reason}")
    if problems:
        raise BadOverride(problems)
    return case, tuple(t for t in texts if t not in mine)


def terms_of(case: Case, draws: int, seed: int, transfer: float | None) -> Terms:
    """Terms drawn evenly from their ranges, each from a stream of its own."""
    arrangement, breakdown = arrangement_of(case), arrangement_of(case).breakdown
    rents = {t.party: t.rent for t in arrangement.terms}
    none = np.zeros(draws)
    rent = [_even(rents[p], draws, seed, f"rent {p}") if p in rents else none for p in arrangement.parties]
    return Terms(
        rent=np.stack(rent, axis=1),
        alignment=_even(breakdown.alignment, draws, seed, "alignment"),
        punishment_years=np.rint(_even(breakdown.punishment_years, draws, seed, "punishment")).clip(1).astype(int),
        obstruction_cost=_even(breakdown.obstruction_cost, draws, seed, "obstruction"),
        discount=_even(case.quantity("agreement.discount"), draws, seed, "discount"),
        transfer=arrangement.transfer.value if transfer is None else transfer,
    )


def _changed(case: Case, text: str) -> Case:
    path, equals, value = (part.strip() for part in text.partition("="))
    paths = arrangement_paths(case)
    if not equals or path not in paths:
        raise ValueError(f"{clip(path)!r} is not something that can be changed — {spelling_hint(path, paths)}")
    found = _NUMBER.fullmatch(value)
    if not found:
        raise ValueError(f"{clip(value)!r} is not a number or a factor such as 0.5x")
    low, high = paths[path]
    name, _, party = path.removeprefix(PREFIX).partition("@")
    arrangement = arrangement_of(case)
    old = _quantity(arrangement, name, party)
    number = float(found[1]) * (old.value if found[2] else 1.0)
    if not low <= number <= high:
        raise ValueError(f"{number:g} is outside {low:g} to {high:g}")
    fixed = old.model_copy(update={"value": number, "low": None, "high": None})
    changed = _with(arrangement, name, party, fixed)
    return case.replace(settings=case.settings.model_copy(update={"arrangement": changed}))


def _quantity(arrangement: Arrangement, name: str, party: str) -> Quantity:
    if name != "rent":
        return getattr(arrangement.breakdown, name)
    for term in arrangement.terms:
        if term.party == party:
            return term.rent
    raise ValueError(f"{party} has no term in the agreement, so no rent")


def _with(arrangement: Arrangement, name: str, party: str, fixed: Quantity) -> Arrangement:
    if name != "rent":
        breakdown = arrangement.breakdown.model_copy(update={name: fixed})
        return arrangement.model_copy(update={"breakdown": breakdown})
    terms = tuple(t.model_copy(update={"rent": fixed}) if t.party == party else t for t in arrangement.terms)
    return arrangement.model_copy(update={"terms": terms})


def _even(quantity: Quantity, draws: int, seed: int, purpose: str) -> np.ndarray:
    low = quantity.value if quantity.low is None else quantity.low
    high = quantity.value if quantity.high is None else quantity.high
    return np.random.default_rng([seed, *purpose.encode()]).uniform(low, high, draws)
