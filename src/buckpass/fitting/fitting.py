"""Fitting explanations to a case, one by one, so that what is finished is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr

from buckpass.case import Case
from buckpass.case.problems import clip
from buckpass.fitting.files import load_posterior, posterior_file, save_posterior
from buckpass.fitting.layout import EFFECT
from buckpass.fitting.posterior import Diagnostics, Posterior, PosteriorFileError, diagnose, held, labelled
from buckpass.fitting.program import Program
from buckpass.fitting.rereading import by_crisis, crisis_scores, prior_dominated, read_again
from buckpass.fitting.sampling import Draws, NutsSettings, Sampling
from buckpass.fitting.stamp import differences, stamp_of
from buckpass.fitting.uninformed import what_cannot_be_estimated
from buckpass.game.setting import CrisisSetting, setting_of
from buckpass.model.likelihood import Order
from buckpass.model.mechanisms import ALL, Combination, combination, nested
from buckpass.model.observations import Coding, Observations, observations
from buckpass.model.requests import requests_of
from buckpass.model.terms import terms
from buckpass.results.files import made_folder
from buckpass.results.progress import Along, in_order

__all__ = [
    "FitPlan",
    "NothingToFit",
    "draw_until_passed",
    "fit",
    "fit_combination",
    "fit_explanation",
]

GOES_ON = 3  # times that a fit short of draws draws as many again
LIBRARIES = ("buckpass", "jax", "numpyro")


class NothingToFit(ValueError):
    """The record has too little for any explanation; the message says what is missing."""


@dataclass(frozen=True)
class FitPlan:
    """What to fit and how.

    explanations : combinations of mechanisms (None: all that the nested tests need, and the case's argument). coding : how the record is read. nuts : the sampler. order : "simultaneous", or
    "patron first" (then only explanations in which others' effort counts, for the rest nothing changes).
    readings : also fit again under the other readings of the record (`readings.py`), from the adapted chains.
    """

    explanations: tuple[str, ...] | None = None
    coding: Coding = field(default_factory=Coding)
    nuts: NutsSettings = field(default_factory=NutsSettings)
    order: Order = "simultaneous"
    readings: bool = False

    def names(self, case: Case | None = None) -> tuple[str, ...]:
        """The explanations to fit; raises `NothingToFit` where one was asked for that the order does not touch."""
        asked = tuple(combination(e, case).id for e in self.explanations or ()) or tuple(c.id for c in nested(case))
        if self.order == "simultaneous":
            return asked
        moved = tuple(i for i in asked if combination(i).interacts)
        if self.explanations and moved != asked:
            raise NothingToFit(
                f"{', '.join(i for i in asked if i not in moved)}: others' effort does not count there, so who moves "
                "first changes nothing; fit it without an order"
            )
        return moved


@dataclass
class Shared:
    """What the fits of one record share: a compiled program with interaction and one without, and the fit of *all*, as it ended
    or as it was kept."""

    programs: dict[bool, Program] = field(default_factory=dict)
    whole: Sampling | Posterior | None = None

    def near(self, one: Combination, nuts: NutsSettings) -> Sampling | None:
        """A finished fit whose coordinates serve another: that of *all*, where one mechanism is taken from it."""
        if not one.interacts or not one.id.startswith(f"{ALL}-"):
            return None
        if isinstance(self.whole, Posterior):
            whole = Sampling(combination(ALL), self.programs[True], nuts)
            self.whole = whole.taken_up({t: self.whole.draws[t].values for t in whole.combination.free_terms})
        return self.whole


def fit_explanation(case: Case, name: str, plan: FitPlan = FitPlan()) -> Posterior:
    """The posterior of one explanation of the case's record, with its diagnostics.

    Parameters
    ----------
    case : the case whose record is fitted.
    name : an explanation: mechanisms joined by +, `all`, `all-FR`, `argument`.
    plan : coding, sampler, order and readings; its own explanations are not looked at.

    Returns
    -------
    Posterior
        One that failed its diagnostics says why (`posterior.diagnostics.reasons`); it is never tuned until it passes.

    Raises
    ------
    NothingToFit
        Fewer than two crises or no coded response of a power.
    UnknownExplanation
        There is no such mechanism.
    """
    return fit_combination(case, combination(name, case), plan)


def fit_combination(case: Case, one: Combination, plan: FitPlan = FitPlan(), shared: Shared | None = None) -> Posterior:
    """`fit_explanation` of a combination; `shared` keeps what the next combination of the same record can use."""
    shared = Shared() if shared is None else shared
    if one.interacts not in shared.programs:
        setting, seen = _record(case, plan.coding)
        shared.programs[one.interacts] = Program(
            setting, seen, one.interacts, plan.order, requests_of(case, setting),
            plan.nuts.tree_depth,
        )  # fmt: skip
    sampling = Sampling(one, shared.programs[one.interacts], plan.nuts)
    posterior = _posterior(case, sampling, plan, shared.near(one, plan.nuts))
    if one.id == ALL and posterior.diagnostics.passed:
        shared.whole = sampling
    return posterior


def fit(
    case: Case, folder: str | Path, plan: FitPlan = FitPlan(), *, resume: bool = False, again: bool = False,
    per_chain: int | None = None, along: Along = in_order,
) -> dict[str, Posterior]:  # fmt: skip
    """Fit every explanation of the plan into `folder`; each is saved as it is finished, and survives a stop.

    Parameters
    ----------
    case, plan : what is fitted, and how.
    folder : one file an explanation; made where it is not there.
    resume : keep what is already there of this record, model, coding and sampler.
    again : with `resume`, fit again what is there of others.
    per_chain : keep that many evenly spaced draws of each chain in the files (None: all); scores and diagnostics are of the
        full run.
    along : hands on the posteriors as they are saved, with how many there will be, for a caller that shows how far it is.

    Returns
    -------
    dict of str to Posterior
        By explanation, in the plan's order; those that failed their diagnostics among them.

    Raises
    ------
    PosteriorFileError
        With `resume` and not `again`, before anything is fitted: a fit that is there is of another record, model, coding
        or sampler; which part differs is said.
    NothingToFit
        The record has too little, or the order touches none of the explanations asked for.
    """
    folder = made_folder(folder)
    paths = {name: folder / posterior_file(name, plan.order) for name in plan.names(case)}
    kept = {name: _kept(path, case, name, plan, again) for name, path in paths.items()} if resume else {}
    fits = along(_fitted(case, paths, kept, plan, per_chain), len(paths))
    return dict(zip(paths, fits, strict=True))


def _fitted(
    case: Case, paths: Mapping[str, Path], kept: Mapping[str, Posterior | None], plan: FitPlan, per_chain: int | None
) -> Iterator[Posterior]:
    """The posterior of each explanation: the kept one, or one that is fitted and saved."""
    shared = Shared()
    for name, path in paths.items():
        if (posterior := kept.get(name)) is not None:
            shared.whole = posterior if name == ALL and posterior.diagnostics.passed else shared.whole
        else:
            posterior = fit_combination(case, combination(name, case), plan, shared)
            save_posterior(posterior if per_chain is None else posterior.thin(per_chain), path)
        yield posterior


def draw_until_passed(sampling: Sampling, near: Sampling | None = None) -> tuple[Draws, Diagnostics]:
    """Draws of the whole record, up to four times as many where they are too few for their diagnostics, and these."""
    draws = sampling.run(near=near)
    for _ in range(GOES_ON):
        diagnostics = diagnose(draws.sites, draws.diverging, draws.moved)
        if not diagnostics.wants_more:
            return draws, diagnostics
        draws = sampling.go_on(draws)
    return draws, diagnose(draws.sites, draws.diverging, draws.moved)


def _record(case: Case, coding: Coding) -> tuple[CrisisSetting, Observations]:
    setting = setting_of(case)
    seen = observations(case, setting, coding)
    scored = len(set(seen.crisis.tolist()))
    if scored < 2:
        raise NothingToFit(
            f"{case.id} has {scored} crises with a coded response of a power in a theatre that enters the fit; "
            "leave-one-crisis-out needs at least 2. Add crises, or set in_fit = true for a theatre in case.toml"
        )
    return setting, seen


def _posterior(case: Case, sampling: Sampling, plan: FitPlan, near: Sampling | None) -> Posterior:
    setting = sampling.program.setting
    draws, diagnostics = draw_until_passed(sampling, near)
    data = _labelled(draws, sampling)
    responses, request = (by_crisis(a, setting, sampling.seen) for a in draws.both())
    prior = xr.DataArray(draws.log_prior, dims=("chain", "draw", "term"), coords={"term": list(draws.terms)})
    scores = crisis_scores(responses, request, sampling, setting, refits=diagnostics.passed)
    goes_on = plan.readings and diagnostics.passed  # chains that did not converge are no start for others
    readings, forecast = read_again(case, sampling, setting, plan.coding) if goes_on else (None, None)
    cannot = list(what_cannot_be_estimated(setting, sampling.seen))
    notes = {"flagged": prior_dominated(draws, sampling), "notes": cannot, "seconds": round(draws.seconds, 1)}
    one = sampling.combination.id
    return Posterior(
        explanation=one, case_id=case.id, case_hash=case.record_hash, seed=plan.nuts.seed,
        groups=held(data, responses, scores, request_log_likelihood=request, log_prior=prior, readings=readings,
                    forecast=forecast),
        diagnostics=diagnostics, settings={**_settings(plan), **notes}, order=plan.order,
        stamp=stamp_of(case, one, plan.coding, plan.order),
    )  # fmt: skip


def _labelled(draws: Draws, sampling: Sampling) -> xr.Dataset:
    """The terms with names on their axes, and the effect of every crisis scored, drawn given its responses."""
    names, vehicles = sampling.program.setting.names, sampling.program.setting.vehicles
    scored = np.unique(sampling.seen.crisis)
    mean, sd = draws.effect[..., scored, 0], draws.effect[..., scored, 1]
    effect = mean + sd * np.random.default_rng(sampling.nuts.seed).standard_normal(mean.shape)
    dims = {one.name: one.dims for one in terms()} | {EFFECT: ("crisis",)}
    coords = {"power": names.powers, "rung": range(1, sampling.program.setting.cost_curve.shape[0]), "vehicle": vehicles,
              "body": [*names.powers, *vehicles], "crisis": [names.crises[k] for k in scored]}  # fmt: skip
    return labelled(replace(draws, sites={**draws.sites, EFFECT: effect}), dims, coords)


def _settings(plan: FitPlan) -> dict:
    libraries = {name: version(name) for name in LIBRARIES}
    same = {"coding": _plain(asdict(plan.coding)), "nuts": _plain(asdict(plan.nuts)), "versions": libraries}
    return {**same, "order": plan.order, "readings": plan.readings}


def _plain(value):
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, Iterable) and not isinstance(value, str) else value


def _kept(path: Path, case: Case, name: str, plan: FitPlan, again: bool) -> Posterior | None:
    """The fit that is there, if it is the one asked for; a damaged file counts as none."""
    if not path.exists():
        return None
    try:
        posterior = load_posterior(path)
    except PosteriorFileError:
        return None
    if posterior.case_id != case.id and not again:
        raise PosteriorFileError(
            f"{path.name} in {clip(path.parent)} was fitted to {clip(posterior.case_id)}, another case than {case.id}: fit into "
            "another folder (-o)"
        )
    asked = _settings(plan)
    now = {"record": {"hash": case.record_hash[:12]}, "sampler": asked["nuts"], "versions": asked["versions"],
           "readings": {"scored": plan.readings}}  # fmt: skip
    then = {"record": {"hash": posterior.case_hash[:12]}, "sampler": posterior.settings.get("nuts", {}),
            "versions": posterior.settings.get("versions", {}), "readings": {"scored": posterior.settings.get("readings")}}  # fmt: skip
    apart = differences(posterior.stamp, stamp_of(case, name, plan.coding, plan.order)) + differences(then, now)
    if apart and not again:
        raise PosteriorFileError(
            f"{path.name} in {clip(path.parent)} is not the fit that was asked for: {'; '.join(apart)}; --force with "
            "--resume fits it again, another folder (-o) keeps both"
        )
    return None if apart else posterior
