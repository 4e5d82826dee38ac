"""The host's move in the likelihood: which request it made, out of those that it could have made (model §2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float

from buckpass.case import Case
from buckpass.game.choice import choice_log_probabilities, worked_out
from buckpass.game.covariates import COLUMN, asked, treaty_asked
from buckpass.game.host import HostStage, request_log_probabilities
from buckpass.game.payoffs import Coefficients, crises_of
from buckpass.game.setting import CrisisSetting, asked_at
from buckpass.model.alone import alone_coefficients, alone_setting
from buckpass.model.places import PLACES
from buckpass.model.terms import entering

__all__ = ["Requests", "base_rate_scores", "request_log_likelihood", "requests_of", "with_requests_of"]

NOBODY = frozenset()
ASKED, TREATY_ASKED = COLUMN["asked"], COLUMN["treaty_asked"]  # the covariates that say whom a host asked


def with_requests_of(setting: CrisisSetting, requested: CrisisSetting) -> CrisisSetting:
    """The crises of a setting, each asked about with the request of the crisis in the same row of another."""
    covariates, columns = np.array(setting.covariates), [ASKED, TREATY_ASKED]
    covariates[..., columns] = np.asarray(requested.covariates)[..., columns]
    return dataclasses.replace(setting, covariates=covariates, unasked_at=requested.unasked_at)


@dataclass(frozen=True)
class Requests:
    """What each host could have asked for and what it did; axes crisis c, request ρ, body e (powers, then vehicles).

    `rows` are the games of one of every (crisis, power, way of being asked) that differ; `row_of[c, ρ, p]` finds them.
    A request to bodies outside the case, or one that the record does not know, is `chosen` −1.
    """

    labels: tuple[str, ...]
    bodies: tuple[str, ...]
    asks: np.ndarray  # [ρ, e] 1 where the request goes to the body
    is_possible: np.ndarray  # [c, ρ]
    chosen: np.ndarray  # [c]
    other_patron: (
        np.ndarray
    )  # [c, e] 1 where another power is the host's patron (for a body: of the power that leads it)
    severity: np.ndarray  # [c]
    rows: CrisisSetting
    row_power: np.ndarray  # [m]
    row_of: np.ndarray  # [c, ρ, p]

    def single(self) -> Requests:
        """The same in single precision."""

        def less(a):
            return np.asarray(a, np.float32) if np.asarray(a).dtype == np.float64 else a

        own = {name: less(getattr(self, name)) for name in ("asks", "other_patron", "severity")}
        arrays = {f.name: getattr(self.rows, f.name) for f in dataclasses.fields(self.rows)}
        rows = {k: less(v) for k, v in arrays.items() if hasattr(v, "dtype")}
        return dataclasses.replace(self, **own, rows=dataclasses.replace(self.rows, **rows))


def requests_of(case: Case, setting: CrisisSetting) -> Requests:
    """Requests of the crises of a setting: nobody, each power, each vehicle, and every combination in their record.

    A power can be asked where it plays, a vehicle where it is open to some power; what was asked is always possible.
    """
    powers, vehicles = setting.names.powers, setting.vehicles
    bodies = (*powers, *vehicles)
    rows = [case.crisis(c) for c in setting.names.crises]
    made = [_request_made(row, bodies) for row in rows]
    options = [NOBODY, *(frozenset({b}) for b in bodies)]
    options += sorted({m for m in made if m is not None} - set(options), key=sorted)
    available = [_available(setting, c) for c in range(len(rows))]
    possible = np.array([[ρ <= a or ρ == m for ρ in options] for a, m in zip(available, made, strict=True)])
    games, row_power, row_of = _games(case, setting, rows, options)
    patron_other = np.asarray(setting.covariate("patron_other"))
    leads = [case.organisation(v).lead for v in vehicles]
    by_lead = [patron_other[:, powers.index(lead)] if lead in powers else np.zeros(len(rows)) for lead in leads]
    return Requests(
        labels=tuple("+".join(sorted(ρ)) or "nobody" for ρ in options), bodies=bodies,
        asks=np.array([[float(b in ρ) for b in bodies] for ρ in options]), is_possible=possible,
        chosen=np.array([options.index(m) if m is not None else -1 for m in made]),
        other_patron=np.column_stack([patron_other, *by_lead]), severity=np.asarray(setting.covariate("severity"))[:, 0],
        rows=games, row_power=row_power, row_of=row_of,
    )  # fmt: skip


def request_log_likelihood(
    requests: Requests, coefficients: Coefficients, values: Mapping[str, Array]
) -> Float[Array, " c"]:
    """log P(request) of each crisis, 0 where the record does not know it.

    The host weighs V_h · P(stabilised | ρ) in the responders' choices under ρ (nobody's effort counts for the others)
    against the price of owing those whom it asks. V_h = exp(host.stake + host.severity · severity code); the price of a
    body is host.price or host.level, plus host.exclusion where another power is patron.
    """
    log_probability = request_log_probabilities(_stage(requests, values), _security(requests, coefficients))
    made = jnp.take_along_axis(log_probability, jnp.maximum(requests.chosen, 0)[:, None], axis=1)[:, 0]
    return jnp.where(requests.chosen >= 0, made, 0.0)


def base_rate_scores(requests: Requests) -> np.ndarray:
    """log P(request) of each crisis from the shares of requests in the other crises, half a count each; NaN: unknown."""
    known = requests.chosen >= 0
    count = np.bincount(requests.chosen[known], minlength=len(requests.labels)) + 0.5
    scores = np.full(len(known), np.nan)
    for c in np.flatnonzero(known):
        others = count - (np.arange(count.size) == requests.chosen[c])
        scores[c] = np.log(others[requests.chosen[c]] / others[requests.is_possible[c]].sum())
    return scores


def _stage(requests: Requests, values: Mapping[str, Array]) -> HostStage:
    at = {place: values.get(entering(place), jnp.zeros(())) for place in PLACES if place.startswith("host.")}
    price = at["host.price"] + at["host.level"] + at["host.exclusion"] * requests.other_patron
    shape = requests.is_possible.shape
    return HostStage(
        stake=jnp.exp(at["host.stake"] + at["host.severity"] * requests.severity),
        price=jnp.broadcast_to(price, requests.other_patron.shape),
        asked=jnp.broadcast_to(jnp.asarray(requests.asks), (*shape, requests.asks.shape[1])),
        is_possible=jnp.asarray(requests.is_possible),
    )


def _security(requests: Requests, coefficients: Coefficients) -> Float[Array, " cρ"]:
    """1 − E exp(−X_h) under every request, crisis by crisis."""
    games = crises_of(requests.rows, alone_coefficients(coefficients, requests.row_power))
    choice = worked_out(games)
    log_sigma = choice_log_probabilities(choice, jnp.zeros_like(choice.stake))
    log_left = logsumexp(log_sigma - games.host_alignment.T[:, None] * choice.reach, axis=1)[0]
    return 1.0 - jnp.exp(jnp.sum(log_left[requests.row_of], axis=-1)).reshape(-1)


def _request_made(row: dict, bodies: Sequence[str]) -> frozenset[str] | None:
    """The bodies of the case that were asked; none where nobody was, unknown (None) where only outsiders were."""
    known = frozenset(row["asked"]) & frozenset(bodies)
    if known:
        return known
    return NOBODY if row["help_requested"] is False and not row["asked"] else None


def _available(setting: CrisisSetting, crisis: int) -> frozenset[str]:
    is_open = np.asarray(setting.is_open[crisis])
    plays = {p for p, mine in zip(setting.names.powers, is_open, strict=True) if mine.sum() > 1}
    first = is_open.shape[-1] - len(setting.vehicles)
    return frozenset(plays | {v for n, v in enumerate(setting.vehicles) if is_open[:, first + n].any()})


def _games(
    case: Case, setting: CrisisSetting, rows: Sequence[dict], options: Sequence[frozenset[str]]
) -> tuple[CrisisSetting, np.ndarray, np.ndarray]:
    """Every way in which being asked changes a power's game, once each, and where each request finds it."""
    powers = setting.names.powers
    is_open, deploys = np.asarray(setting.is_open), np.asarray(setting.deploys_at)
    found: dict[tuple, int] = {}
    row_of = np.zeros((len(rows), len(options), len(powers)), dtype=int)
    for (c, r, p), _ in np.ndenumerate(row_of):
        row, power = rows[c] | {"asked": options[r]}, powers[p]
        covered = asked_at(case, row, power, setting.vehicles) | ~is_open[c, p]
        key = (c, p, asked(case, row, power), treaty_asked(case, row, power), covered.tobytes())
        row_of[c, r, p] = found.setdefault(key, len(found))
    crisis, power, is_asked, by_treaty, covered = zip(*found, strict=True)
    alone = alone_setting(setting, np.array(crisis), np.array(power))
    x = np.asarray(alone.covariates).copy()
    x[:, 0, ASKED], x[:, 0, TREATY_ASKED] = is_asked, by_treaty
    is_covered = np.array([np.frombuffer(one, dtype=bool) for one in covered])
    unasked = (deploys[np.array(crisis), np.array(power)] * ~is_covered)[:, None]
    games = dataclasses.replace(alone, covariates=jnp.asarray(x), unasked_at=jnp.asarray(unasked))
    return games, np.array(power), row_of
