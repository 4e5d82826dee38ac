"""What a case fixes about its crisis games before any parameter is chosen (model §2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from buckpass.case import Case
from buckpass.case.ladder import Rungs
from buckpass.game.arrays import namespace
from buckpass.game.covariates import COLUMN, COVARIATES, alignment_with_hosts, asked, is_indicator
from buckpass.game.crises import CrisisNames
from buckpass.game.vehicles import consent_probability, pass_probability

__all__ = ["CrisisSetting", "Standard", "asked_at", "chance_to_pass", "setting_of", "severity_index", "standard_of"]


class CrisisSetting(eqx.Module):
    """The given side of a batch of crises; axes crisis c, power p, option o, covariate k, rung r.

    A covariate that the record lacks stands at its mean (0 after standardising) with `is_measured` false, so it
    carries no information. Powers that do not play (they are the host, or a belligerent) have only silence open.
    """

    names: CrisisNames
    covariates: Float[Array, "c p k"]
    is_measured: Bool[Array, "c p k"]
    log_delivery: Float[Array, "c p"]  # log q_i, mean 0 over the powers
    severity: Float[Array, " c"]  # s = exp(γ0 + γ1 · code)
    alignment: Float[Array, "c p p"]  # α_ij unscaled, ones on the diagonal
    host_alignment: Float[Array, "c p"]
    effort_at: Float[Array, "c p o"]  # π e
    cost_share_at: Float[Array, "c p o"]  # π · cost share; the ladder's cost curve multiplies it
    presence_at: Float[Array, "c p o"]  # π · legitimacy · p
    influence_at: Float[Array, "c p o"]
    deploys_at: Float[Array, "c p o"]
    unasked_at: Float[Array, "c p o"]  # 1 where a deployment by this option was not asked for
    is_open: Bool[Array, "c p o"]
    rung: Int[Array, "c p o"]
    cost_curve: Float[Array, " r"]  # the case's ladder of costs, 0 … 1
    asked_relief: Float[Array, ""]  # ℓ: part of the backlash that a request takes away
    rungs: Rungs = eqx.field(static=True)
    vehicles: tuple[str, ...] = eqx.field(static=True)  # their options follow those of the rungs that are plain

    def covariate(self, name: str) -> Float[Array, "c p"]:
        """One covariate by its name in `COVARIATES`."""
        return self.covariates[..., COLUMN[name]]

    def reached_vehicles(self, positions: slice | Sequence[int] = slice(None)) -> list[str]:
        """The vehicles through which some power can deploy in one of the crises, by position (default: in any)."""
        is_open = np.any(np.asarray(self.is_open)[positions], axis=(0, 1)).tolist()
        return [v for v in self.vehicles if is_open[self.names.options.index(f"{self.rungs.through}@{v}")]]

    def select(self, positions: Sequence[int]) -> CrisisSetting:
        """The same setting for some of its crises (repeats allowed), by position."""
        index = np.asarray(positions, dtype=int)
        names = CrisisNames(tuple(self.names.crises[i] for i in index), self.names.powers, self.names.options)
        fields = (f.name for f in dataclasses.fields(self) if f.name not in UNBATCHED)
        # on the host: on a device each number of crises would be compiled anew, field by field
        batched = jax.device_put({name: np.asarray(getattr(self, name))[index] for name in fields})
        return dataclasses.replace(self, names=names, **batched)

    def with_rows(self, positions: Sequence[int], part: CrisisSetting) -> CrisisSetting:
        """The same setting with some of its crises, by position, as another setting has them in this order."""
        index = np.asarray(positions, dtype=int)

        def replaced(name: str) -> Array:  # on the host: on a device each number of rows would be compiled anew
            rows = np.array(getattr(self, name))
            rows[index] = np.asarray(getattr(part, name))
            return jax.device_put(rows)

        names = (f.name for f in dataclasses.fields(self) if f.name not in UNBATCHED)
        return dataclasses.replace(self, **{name: replaced(name) for name in names})

    def nameless(self) -> CrisisSetting:
        """The same numbers without names, which are static: what is compiled for one crisis then serves all."""
        return dataclasses.replace(self, names=CrisisNames((), (), ()))


UNBATCHED = frozenset({"names", "cost_curve", "asked_relief", "rungs", "vehicles"})


@dataclasses.dataclass(frozen=True)
class Standard:
    """Mean and scale (two standard deviations) by which continuous covariates are standardised, per covariate."""

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Standardised covariates, missing (NaN) at the mean."""
        return np.nan_to_num((raw - self.mean) / self.scale, nan=0.0)


def standard_of(case: Case) -> Standard:
    """The standard of the case: over every crisis of a theatre that enters the fit and every power that plays."""
    if "standard" not in case.derived:
        case.derived["standard"] = _standard(_fitted_raw(case))
    return case.derived["standard"]


def setting_of(case: Case, crises: Sequence[str] | None = None, standard: Standard | None = None) -> CrisisSetting:
    """The setting of the named crises (default: all that enter the fit), in the order given.

    Raises `UnknownName` for a crisis that the case does not have. Covariates are standardised over the crises in the
    fit whatever is asked for, so that one crisis means the same alone and in company.
    """
    if crises is None and standard is None:
        if "setting" not in case.derived:
            case.derived["setting"] = _setting(case, _fitted_ids(case), _fitted_raw(case), standard_of(case))
        return case.derived["setting"]
    ids = list(crises) if crises is not None else _fitted_ids(case)
    return _setting(case, ids, _raw_covariates(case, _rows(case, ids)), standard or standard_of(case))


def _fitted_raw(case: Case) -> np.ndarray:
    if "raw" not in case.derived:
        case.derived["raw"] = _raw_covariates(case, _rows(case, _fitted_ids(case)))
    return case.derived["raw"]


def _setting(case: Case, ids: list[str], raw: np.ndarray, standard: Standard) -> CrisisSetting:
    rows = _rows(case, ids)
    vehicles = case.vehicles
    options = tuple(str(r) for r in case.rungs.plain) + tuple(f"{case.rungs.through}@{v}" for v in vehicles)
    per_crisis = [_options_of(case, row, vehicles) for row in rows]
    numbers = {name: np.stack([one[name] for one in per_crisis]) for name in per_crisis[0]} | {
        "covariates": standard.apply(raw),
        "is_measured": ~np.isnan(raw),
        "log_delivery": _log_delivery(case, standard.apply(raw), standard),
        "severity": np.array([_severity(case, row) for row in rows]),
        "alignment": np.stack([_alignment(case, row) for row in rows]),
        "host_alignment": np.array([_host_alignment(case, row) for row in rows]),
        "cost_curve": np.array(case.ladder.cost, dtype=float),
        "asked_relief": np.array(case.parameter("asked.relief"), dtype=float),
    }
    names = CrisisNames(tuple(ids), case.powers, options)
    return CrisisSetting(names=names, rungs=case.rungs, vehicles=vehicles, **jax.device_put(numbers))


def _fitted_ids(case: Case) -> list[str]:
    return case.fitted_crises["crisis_id"].to_list()


def _rows(case: Case, ids: Sequence[str]) -> list[dict]:
    return [case.crisis(c) for c in ids]


def _raw_covariates(case: Case, rows: list[dict]) -> np.ndarray:
    """Covariates as the record has them, [crisis, power, covariate]; NaN where it has none."""
    return np.array([[[_number(f(case, row, p)) for f in COVARIATES.values()] for p in case.powers] for row in rows])


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _standard(raw: np.ndarray) -> Standard:
    flat = raw.reshape(-1, raw.shape[-1])
    mean, scale = np.zeros(flat.shape[1]), np.ones(flat.shape[1])
    for k, name in enumerate(COVARIATES):
        known = flat[~np.isnan(flat[:, k]), k]
        if not is_indicator(name) and known.size:
            mean[k] = known.mean()
            scale[k] = 2 * known.std() or 1.0  # without variation the covariate is 0 everywhere, whatever its scale
    return Standard(mean, scale)


def _log_delivery(case: Case, standardised: np.ndarray, standard: Standard) -> np.ndarray:
    """log q_i = ε_cap · log capacity − ε_dist · log distance, centred over the powers of each crisis."""
    k_cap, k_dist = COLUMN["capacity"], COLUMN["distance"]
    capacity = standardised[..., k_cap] * standard.scale[k_cap]
    distance = standardised[..., k_dist] * standard.scale[k_dist]
    raw = case.parameter("delivery.capacity") * capacity - case.parameter("delivery.distance") * distance
    return raw - raw.mean(axis=1, keepdims=True)


def severity_index(base: Any, slope: Any, code: Any) -> Any:
    """s = exp(γ0 + γ1 · code), the work that a crisis takes; code : 0 … 1."""
    return namespace(code).exp(base + slope * code)


def _severity(case: Case, row: dict) -> float:
    return float(severity_index(case.parameter("severity.base"), case.parameter("severity.slope"), row["severity"]))


def _alignment(case: Case, row: dict) -> np.ndarray:
    counted = partial(case.alignment, row["theatre"], on=row["start"])
    return np.array([[counted(a, b) for b in case.powers] for a in case.powers])


def _host_alignment(case: Case, row: dict) -> list[float]:
    return [alignment_with_hosts(case, row, p) for p in case.powers]


def _options_of(case: Case, row: dict, vehicles: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Attributes of every option of every power in one crisis, each [power, option]."""
    ladder = case.ladder
    plain = len(case.rungs.plain)
    rung = np.array([*case.rungs.plain, *([case.rungs.through] * len(vehicles))])
    passes = np.array([1.0] * plain + [chance_to_pass(case, row, v) for v in vehicles])
    share = np.array([1.0] * plain + [case.organisation(v).cost_share.value for v in vehicles])
    legitimacy = np.array([1.0] * plain + [case.organisation(v).legitimacy.value for v in vehicles])
    shape = (len(case.powers), rung.size)
    deploys = (rung >= case.rungs.deployment).astype(float)

    def at(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, shape).astype(float)

    return {
        "effort_at": at(np.array(ladder.effort)[rung] * passes),
        "cost_share_at": at(passes * share),
        "presence_at": at(np.array(ladder.presence)[rung] * passes * legitimacy),
        "influence_at": at(np.array(ladder.influence)[rung] * passes),
        "deploys_at": at(deploys),
        "unasked_at": np.array([deploys * ~asked_at(case, row, p, vehicles) for p in case.powers]),
        "is_open": np.array([_open(case, row, p, vehicles) for p in case.powers]),
        "rung": np.broadcast_to(rung, shape).copy(),
    }


def chance_to_pass(case: Case, row: dict, organisation_id: str) -> float:
    """Chance that an organisation's members let a deployment pass: its consent rule over their alignment with hosts.

    Only members that are powers of the case are asked: of the others it has no alignment.
    """
    organisation = case.organisation(organisation_id)
    members = [m for m in case.members(organisation_id, row["start"]) if m in case.powers]
    if not members:
        return 0.0
    alignments = np.array([alignment_with_hosts(case, row, m) for m in members])
    has_key = np.array([m in organisation.consent.keys for m in members])
    return float(pass_probability(organisation.consent.rule, consent_probability(alignments), has_key))


def asked_at(case: Case, row: dict, power: str, vehicles: tuple[str, ...]) -> Bool[np.ndarray, " o"]:
    """Per option: whether the host asked this power, or the organisation through which it would come; a claimant asks itself."""
    own = bool(asked(case, row, power)) or power in row["claimants"]
    return np.array([own] * len(case.rungs.plain) + [own or v in row["asked"] for v in vehicles])


def _open(case: Case, row: dict, power: str, vehicles: tuple[str, ...]) -> np.ndarray:
    """Which options the power has: all plain rungs, and each vehicle that it belongs to and whose mandate reaches.

    Where the host is closed to it (`Case.closed_to`) none of its deployments, but those through what still lets it in.
    """
    plain = len(case.rungs.plain)
    if case.why_not_playing(power, row):
        return np.array([True] + [False] * (plain + len(vehicles) - 1))
    closure = case.closed_to(power, row["host"], row["start"])
    own = [closure is None or rung < case.rungs.deployment for rung in case.rungs.plain]
    lets = [closure is None or v in closure.still_through for v in vehicles]
    reached = [case.why_out_of_reach(v, row, power) is None for v in vehicles]
    return np.array([*own, *(let and there for let, there in zip(lets, reached, strict=True))])
