"""Fitting explanations to a case, one by one, so that what is finished is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.fit.explanations import explanation, explanations
from buckpass.fit.observations import Coding, Observations, observe
from buckpass.fit.posterior import Posterior, PosteriorFileError, diagnose, labelled, load_posterior, save_posterior
from buckpass.fit.sampling import Draws, NutsSettings, Sampling
from buckpass.fit.scoring import leave_one_out, refit_score, untrusted, with_exact
from buckpass.fit.stored import load_posteriors, posteriors_or_none
from buckpass.game.covariates import COVARIATES, is_indicator
from buckpass.game.setting import CrisisSetting, setting_of

__all__ = [
    "FitPlan", "NothingToFit", "fit", "fit_explanation", "load_posteriors", "posteriors_or_none", "what_cannot_be_estimated",
]  # fmt: skip

LIBRARIES = ("buckpass", "jax", "numpyro")


class NothingToFit(ValueError):
    """The record has too little for any explanation; the message says what is missing."""


@dataclass(frozen=True)
class FitPlan:
    """What to fit and how: ids of explanations (None: all), the reading of the record, the sampler."""

    explanations: tuple[str, ...] | None = None
    coding: Coding = field(default_factory=Coding)
    nuts: NutsSettings = field(default_factory=NutsSettings)

    def names(self) -> tuple[str, ...]:
        return self.explanations or tuple(e.id for e in explanations())


def fit_explanation(case: Case, name: str, plan: FitPlan = FitPlan()) -> Posterior:
    """The posterior of one explanation of the case's record, with its diagnostics.

    A fit that fails its diagnostics is returned as such (`posterior.diagnostics.reasons`), never tuned until it passes.

    Raises
    ------
    NothingToFit
        Fewer than two crises or no coded response of a power.
    """
    setting, seen = _record(case, plan.coding)
    sampling = Sampling(explanation(name), setting, seen, plan.nuts)
    return _posterior(case, sampling, setting, plan)


def fit(
    case: Case, folder: Path, plan: FitPlan = FitPlan(), *, resume: bool = False, per_chain: int | None = None
) -> Iterator[Posterior]:  # fmt: skip
    """Fit every explanation of the plan into `folder`, yielding each as it is saved; a finished fit survives a stop.

    resume : keep what is already there for this case hash, coding and sampler.
    per_chain : keep that many evenly spaced draws of each chain (None: all); scores and diagnostics are of the full run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in plan.names():
        path = folder / f"{name}.nc"
        kept = _kept(path, case, plan) if resume else None
        if kept is not None:
            yield kept
            continue
        posterior = fit_explanation(case, name, plan)
        jax.clear_caches()  # the compiled sampler of one explanation is of no use to the next
        save_posterior(posterior if per_chain is None else posterior.thin(per_chain), path)
        yield posterior


def what_cannot_be_estimated(setting: CrisisSetting, seen: Observations) -> tuple[str, ...]:
    """In words, which covariates or powers this record cannot inform, and why; empty where all vary."""
    notes = []
    x, measured = np.asarray(setting.covariates), np.asarray(setting.is_measured)
    for k, name in enumerate(COVARIATES):
        values = x[seen.crisis, seen.power, k][measured[seen.crisis, seen.power, k]]
        if values.size == 0 or np.ptp(values) == 0:
            what = "is not in the record" if values.size == 0 and not is_indicator(name) else "does not vary"
            notes.append(f"{name} {what}: its slope is its prior")
    counts = np.bincount(seen.power, minlength=len(setting.names.powers))
    notes += [f"{p} has no coded response: its stake and cost are their priors"
              for p, n in zip(setting.names.powers, counts, strict=True) if n == 0]  # fmt: skip
    if len(seen) and seen.low.max() == seen.low.min() and seen.high.max() == seen.high.min():
        notes.append("every response has the same band: what moves powers cannot be estimated")
    return tuple(notes)


def _record(case: Case, coding: Coding) -> tuple[CrisisSetting, Observations]:
    setting = setting_of(case)
    seen = observe(case, setting, coding)
    scored = len(set(seen.crisis.tolist()))
    if scored < 2:
        raise NothingToFit(
            f"{case.id} has {scored} crises with a coded response of a power in a theatre that enters the fit; "
            "leave-one-crisis-out needs at least 2. Add crises, or set in_fit = true for a theatre in case.toml"
        )
    return setting, seen


def _posterior(case: Case, sampling: Sampling, setting: CrisisSetting, plan: FitPlan) -> Posterior:
    draws = sampling.run()
    likelihood = _likelihood(draws, setting, sampling.seen)
    power = setting.names.powers
    dims = {"stake.power": ["power"], "cost.power": ["power"], "norm": ["power"], "cost.steps": ["step"],
            "vehicle": ["power", "through"]}  # fmt: skip
    steps = range(1, setting.cost_curve.shape[0])
    data = labelled(draws, dims, {"power": power, "step": steps, "through": ["none", *setting.vehicles]})
    return Posterior(
        explanation=sampling.explanation.id, case_id=case.id, case_hash=case.record_hash, seed=plan.nuts.seed, draws=data,
        log_likelihood=likelihood, diagnostics=diagnose(draws.sites, draws.diverging),
        scores=_scores(likelihood, sampling, setting), settings={**_stamp(plan), "seconds": round(draws.seconds, 1)},
    )  # fmt: skip


def _scores(likelihood: xr.DataArray, sampling: Sampling, setting: CrisisSetting) -> xr.Dataset:
    """Leave-one-crisis-out scores; a crisis whose importance weights are not trusted is left out by refitting."""
    scores = leave_one_out(likelihood)
    exact = {c: refit_score(sampling, setting.names.crises.index(c)) for c in untrusted(scores)}
    scores = with_exact(scores, exact)
    columns = {"elpd": scores.elpd, "pareto_k": scores.k, "is_exact": scores.is_exact}
    return xr.Dataset({k: ("crisis", v) for k, v in columns.items()}, coords={"crisis": list(scores.crises)})


def _likelihood(draws: Draws, setting: CrisisSetting, seen: Observations) -> xr.DataArray:
    """Log-likelihood of the crises that have a coded response, [chain, draw, crisis]."""
    scored = np.unique(seen.crisis)
    names = [setting.names.crises[i] for i in scored]
    return xr.DataArray(draws.sites["log_lik"][..., scored], dims=("chain", "draw", "crisis"), coords={"crisis": names})


def _stamp(plan: FitPlan) -> dict:
    libraries = {name: version(name) for name in LIBRARIES}
    return {"coding": _plain(asdict(plan.coding)), "nuts": _plain(asdict(plan.nuts)), "versions": libraries}


def _plain(value):
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, Iterable) and not isinstance(value, str) else value


def _kept(path: Path, case: Case, plan: FitPlan) -> Posterior | None:
    if not path.exists():
        return None
    try:
        posterior = load_posterior(path)
    except PosteriorFileError:
        return None
    same = posterior.case_hash == case.record_hash and all(
        posterior.settings.get(k) == v for k, v in _stamp(plan).items()
    )
    return posterior if same else None
