"""Ways to read one record: which rows count, how wide their bands are (model §4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from buckpass.case import Case
from buckpass.game.setting import CrisisSetting
from buckpass.model.observations import Coding, Observations, observations

__all__ = ["AS_CODED", "NamedReading", "Reading", "reading_of", "readings_of", "without_crises"]

AS_CODED = "as coded"


class Reading(eqx.Module):
    """Bands and weights of the rows of a record; an argument of the likelihood, so that another needs no compiling."""

    low: Int[Array, " n"]
    high: Int[Array, " n"]
    weight: Float[Array, " n"]  # 0 leaves a row out
    request_weight: Float[Array, " c"]


@dataclass(frozen=True)
class NamedReading:
    """A reading that a fit is repeated under: what it sees, and by what it is scored.

    `scored` differs from `fitted` where crises are dropped: they are predicted without having been seen.
    """

    name: str
    says: str
    fitted: Reading
    scored: Reading
    dropped: np.ndarray  # [crisis] true where the fit does not see the crisis


def reading_of(seen: Observations) -> Reading:
    """The record as it was observed."""
    return Reading(
        jnp.asarray(seen.low), jnp.asarray(seen.high), jnp.asarray(seen.weight, dtype=float), jnp.ones(seen.n_crises)
    )


def without_crises(reading: Reading, seen: Observations, dropped: np.ndarray) -> Reading:
    """The reading without some crises (`dropped`, [crisis] true): neither their responses nor their requests count."""
    out = np.asarray(dropped, dtype=bool)
    weight = jnp.where(out[seen.crisis], 0.0, reading.weight)
    return replace(reading, weight=weight, request_weight=jnp.where(out, 0.0, reading.request_weight))


def readings_of(case: Case, setting: CrisisSetting, seen: Observations, coding: Coding) -> tuple[NamedReading, ...]:
    """The readings that conclusions are compared under, as far as the case has them.

    Rows whose coder looked (seen only); every band wider or narrower by a rung; without each theatre that is not the
    focus; only the crises that began by the article's date, which predicts the later ones.
    """
    base, none = reading_of(seen), np.zeros(seen.n_crises, bool)
    found = [NamedReading(AS_CODED, "every informative row, bands as coded", base, base, none)]
    only = _recoded(case, setting, seen, replace(coding, bases=("seen",)))
    if (only.weight > 0).any():
        found.append(NamedReading("seen only", "only rows whose source was seen", only, only, none))
    for step, how in ((1, "wider"), (-1, "narrower")):
        other = _recoded(case, setting, seen, replace(coding, doubt=coding.doubt + step))
        found.append(NamedReading(f"doubt {step:+d}", f"every band one rung {how} on both sides", other, other, none))
    for name, says, dropped in _dropped(case, setting):
        kept = without_crises(base, seen, dropped)
        if 0 < (kept.weight > 0).sum() < len(seen):
            found.append(NamedReading(name, says, kept, base, dropped))
    return tuple(found)


def _dropped(case: Case, setting: CrisisSetting) -> list[tuple[str, str, np.ndarray]]:
    rows = [case.crisis(c) for c in setting.names.crises]
    theatres = [t for t in case.settings.theatres if t.in_fit and t.id != case.settings.focus.theatre]
    found = [
        (f"without {t.id}", f"without {t.name}", np.array([row["theatre"] == t.id for row in rows])) for t in theatres
    ]
    day = case.settings.article_date
    if day is not None:
        later = np.array([row["start"] > day for row in rows])
        found.append((f"before {day}", f"only crises that began by {day}; the later ones are predicted", later))
    return found


def _recoded(case: Case, setting: CrisisSetting, seen: Observations, coding: Coding) -> Reading:
    """The same rows under another coding; a row that the coding drops has no weight."""
    other = observations(case, setting, coding)
    at = {line: n for n, line in enumerate(seen.line.tolist())}
    rows = np.array([at[line] for line in other.line.tolist()], dtype=int)
    low, high, weight = seen.low.copy(), seen.high.copy(), np.zeros(len(seen))
    low[rows], high[rows], weight[rows] = other.low, other.high, other.weight
    return Reading(jnp.asarray(low), jnp.asarray(high), jnp.asarray(weight), jnp.ones(seen.n_crises))
