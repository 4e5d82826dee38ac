"""When a model quantity decides a claim: one policy for every claim, page and terminal (model §8).

Only fits in which the quantity is free vote. P is that of the fit with all mechanisms; the range is that of every fit in
which the quantity is free. A fit that fixes the quantity assumes what the claim asks, and a fit that failed its diagnostics
cannot carry a verdict: the first is listed, the second can only widen the range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from buckpass.results.words import and_join, count_of, fixed

__all__ = [
    "CONTRADICTED",
    "LEAST_CONTRACTION",
    "SUPPORTED",
    "Carrier",
    "Decision",
    "FitSays",
    "Word",
    "agreed",
    "decide",
]

SUPPORTED = 0.9
CONTRADICTED = 0.1
LEAST_CONTRACTION = 0.1  # of the prior variance: a standard deviation of 95 % of the prior's tells nothing
MOST_NAMES = 5  # of the fits that assumed the same, or failed, in one sentence
Word = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True)
class FitSays:
    """What one fit says of a claim.

    p : probability of what the claim expects, None where the fit does not say. assumed : where the fit fixes what the
    quantity stands or falls with ("kappa = 0"), None where it is free; assumed_in_words : the same in a sentence ("free
    riding's strength κ is 0"). failed : why it is no basis, empty where it is one.
    """

    id: str
    p: float | None
    assumed: str | None = None
    failed: tuple[str, ...] = ()
    assumed_in_words: str = ""

    @property
    def votes(self) -> bool:
        """Whether it counts as evidence."""
        return self.assumed is None and not self.failed and self.p is not None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: what is assumed has no probability."""
        return {"id": self.id, "p": None if self.assumed is not None else self.p, "assumed": self.assumed,
                "failed": list(self.failed)}  # fmt: skip


@dataclass(frozen=True)
class Carrier:
    """The parameter that carries a claim: its label, the claim's theatre, and its contraction by that theatre's record alone.

    contraction : 1 − posterior variance over prior variance; None where it could not be computed. among : how many theatres
    the claim speaks of; each was asked alone, and `theatre` is the one that tells most.
    """

    label: str
    theatre: str
    contraction: float | None
    among: int = 1

    @property
    def is_informed(self) -> bool:
        """Whether the theatre's record tells anything about it."""
        return self.contraction is not None and self.contraction >= LEAST_CONTRACTION


@dataclass(frozen=True)
class Decision:
    """The verdict on a model quantity with what it rests on.

    p_all : under all mechanisms; p_low, p_high : over every fit in which the quantity is free, failed ones included; None
    where there is none.
    """

    verdict: Word
    p_all: float | None
    p_low: float | None
    p_high: float | None
    by_fit: tuple[FitSays, ...]
    contraction: float | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "verdict": self.verdict, "p_all": self.p_all, "p_low": self.p_low, "p_high": self.p_high,
            "by_fit": [one.as_dict() for one in self.by_fit], "contraction": self.contraction, "reason": self.reason,
        }  # fmt: skip


def agreed(low: float, high: float) -> Word:
    """Supported where the least of several probabilities reaches 0.9, contradicted where the largest is at most 0.1.

    >>> agreed(0.92, 0.99), agreed(0.0, 0.1), agreed(0.05, 0.95)
    ('supported', 'contradicted', 'undecided')
    """
    if low >= SUPPORTED:
        return "supported"
    return "contradicted" if high <= CONTRADICTED else "undecided"


def decide(fits: Sequence[FitSays], carrier: Carrier, whole: str = "all", argument: str | None = None) -> Decision:
    """The verdict that the fits of one record give on a claim.

    Supported or contradicted takes a vote of the fit with all mechanisms, one of the case's argument unless it assumes the
    quantity, agreement at 0.9 or 0.1 of every fit in which the quantity is free, and a parameter that the record of the
    claim's own theatre informs.

    Parameters
    ----------
    fits : what each fit says. carrier : the parameter that the quantity stands or falls with. whole : id of the fit with all
    mechanisms. argument : that of the mechanisms which the case's argument names together, None where it names none.

    Returns
    -------
    The verdict, the probabilities that it rests on and the one sentence that says why.
    """
    free = [one for one in fits if one.assumed is None]
    low, high = _range(free)
    told = dict.fromkeys([whole] if argument is None else [whole, argument])
    said = {name: next((one.p for one in free if one.votes and one.id == name), None) for name in told}
    word, why = _verdict(fits, (low, high), said, carrier)
    return Decision(word, said[whole], low, high, tuple(fits), carrier.contraction, f"{why}{_asides(fits)}.")


def _range(free: Sequence[FitSays]) -> tuple[float | None, float | None]:
    """Least and largest P; a fit without draws to ask could have said anything."""
    if not free:
        return None, None
    return min(0.0 if one.p is None else one.p for one in free), max(1.0 if one.p is None else one.p for one in free)


def _verdict(
    fits: Sequence[FitSays], span: tuple[float | None, float | None], said: Mapping[str, float | None], carrier: Carrier
) -> tuple[Word, str]:
    low, high = span
    if low is None or high is None:
        return "undecided", "every fit fixes the quantity, so the record was not asked"
    spread = f"P is {_spread(fits, low, high, said)}"
    for n, (name, p) in enumerate(said.items()):
        if p is None and (n == 0 or not _assumes(fits, name)):
            return (
                "undecided",
                f"{spread}, but a verdict is given under {_called(name, n)}, which {_missing(fits, name)}",
            )
    word = agreed(low, high)
    if word == "undecided":
        between = low > CONTRADICTED and high < SUPPORTED
        why = (
            f"none reaches {SUPPORTED} or {CONTRADICTED}"
            if between
            else f"the fits do not agree at {SUPPORTED} or {CONTRADICTED}"
        )
        return word, f"{spread}, so {why}"
    if carrier.contraction is None:
        return (
            "undecided",
            f"{spread}, but how far the record of {carrier.theatre} informs {carrier.label} is not known",
        )
    informs = f"{carrier.label} (contraction of its prior variance: {fixed(carrier.contraction)})"
    if not carrier.is_informed:
        who = f"the record of {carrier.theatre} does not speak" if carrier.among == 1 else (
            f"of the {carrier.among} theatres asked one by one none speaks, {carrier.theatre} at best,")  # fmt: skip
        whose = ": P is the priors' answer" if any(one.assumed is not None for one in fits) else ""
        return "undecided", f"{spread}, but {who} about {informs}{whose}"
    return word, f"{spread}; the record of {carrier.theatre} informs {informs}"


def _spread(fits: Sequence[FitSays], low: float, high: float, said: Mapping[str, float | None]) -> str:
    """P under each of the fits that a verdict is given under, and the range over all in which the quantity is free.

    >>> _spread([FitSays("all", 0.25), FitSays("FR", 0.5)], 0.25, 0.5, {"all": 0.25})
    '0.25 under all mechanisms (all) and 0.25 to 0.50 over the 2 fits in which the quantity is free'
    >>> _spread([FitSays("all", 0.25), FitSays("FR", 0.25)], 0.25, 0.25, {"all": 0.25})
    '0.25 under all mechanisms (all) and each other of the 2 fits in which the quantity is free'
    """
    n = sum(one.assumed is None for one in fits)
    called = {name: _called(name, n) for n, name in enumerate(said)}
    named = [called[name] for name, p in said.items() if p is not None]
    if named and n > len(named) and f"{low:.2f}" == f"{high:.2f}":
        return f"{low:.2f} under {', '.join(named)} and each other of the {n} fits in which the quantity is free"
    over = f"{low:.2f} to {high:.2f} over the {n} fits" if n > 1 else f"{low:.2f} to {high:.2f} over the one fit"
    under = [f"{p:.2f} under {called[name]}" for name, p in said.items() if p is not None]
    return and_join([*under, f"{over} in which the quantity is free"])


def _called(name: str, place: int) -> str:
    """A fit that a verdict is given under, by what it is: the first has all mechanisms, the other those of the argument."""
    return f"{'all mechanisms' if place == 0 else 'the mechanisms of the argument'} ({name})"


def _assumes(fits: Sequence[FitSays], name: str) -> bool:
    return any(one.id == name and one.assumed is not None for one in fits)


def _missing(fits: Sequence[FitSays], name: str) -> str:
    """Why a fit has no vote."""
    one = next((one for one in fits if one.id == name), None)
    if one is None:
        return "is not among the fits"
    if one.assumed is not None:
        return f"assumes that {one.assumed_in_words or one.assumed}"
    return f"failed ({one.failed[0]})" if one.failed else "does not say"


def _asides(fits: Sequence[FitSays]) -> str:
    """Who assumed what, and what failed, in the same sentence."""
    failed = [one.id for one in fits if one.failed and one.assumed is None]
    said = [f"{_fits(failed)} failed and only {'widens' if len(failed) == 1 else 'widen'} the range"] if failed else []
    by_value: dict[str, list[str]] = {}
    for one in fits:
        if one.assumed is not None:
            by_value.setdefault(one.assumed_in_words or one.assumed, []).append(one.id)
    said += [f"{_fits(ids)} {'assumes' if len(ids) == 1 else 'assume'} that {value}" for value, ids in by_value.items()]
    return "".join(f"; {part}" for part in said)


def _fits(ids: Sequence[str]) -> str:
    """How many fits, with their ids behind: `2 fits (BL and EX)`."""
    return f"{count_of(len(ids), 'fit')} ({and_join(ids, most=MOST_NAMES)})"
