"""Leave-one-crisis-out scores of one explanation, and how explanations compare (model §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from buckpass.case import Case
from buckpass.fitting.differences import SAME_WITHIN, Clusters, ScoreGap, by_host, difference, errors
from buckpass.fitting.posterior import Posterior, quiet_arviz
from buckpass.results.words import and_join

if TYPE_CHECKING:
    import xarray as xr

    from buckpass.fitting.sampling import Sampling

__all__ = [
    "PARETO_K_LIMIT", "Comparison", "LeaveOneOut", "NothingToCompare", "comparable", "compare_fits", "compare_scores",
    "importance_weights", "leave_one_out", "mixed_scores", "pareto_k_limit", "rankable", "score_gap", "score_total",
    "stacking_weights",
]  # fmt: skip

PARETO_K_LIMIT = 0.7  # above it importance sampling is not trusted and draws are made without the crisis
FLAT = 1e-9  # nats by which log ratios that are the same at every draw may differ
MOST_NAMES = 4  # of crises, in one sentence
KNOWN = 6  # decimals of a stacking weight that the search for the maximum settles


class NothingToCompare(ValueError):
    """No fitted explanation can be ranked; the message says why each cannot."""


@dataclass(frozen=True)
class LeaveOneOut:
    """Expected log predictive density of each crisis from a fit that did not see it.

    elpd : per crisis (nats); k : Pareto k̂ of the importance weights; is_exact : the crisis was left out by drawing without it.
    """

    crises: tuple[str, ...]
    elpd: np.ndarray
    k: np.ndarray
    is_exact: np.ndarray

    @property
    def total(self) -> float:
        return float(self.elpd.sum())


@dataclass(frozen=True)
class Comparison:
    """Explanations ranked by leave-one-crisis-out elpd.

    by_crisis : [explanation, crisis]; difference : to the best, per explanation in the order of `ids`; se, se_difference : by host
    (`differences.errors`); indistinguishable : pairs whose difference is within two of its standard errors.
    """

    ids: tuple[str, ...]
    by_crisis: np.ndarray
    se: np.ndarray
    difference: np.ndarray
    se_difference: np.ndarray
    indistinguishable: tuple[tuple[str, str], ...]

    @property
    def elpd(self) -> np.ndarray:
        """The total of each explanation (nats)."""
        return self.by_crisis.sum(1)

    @cached_property
    def weight(self) -> np.ndarray:
        """The stacking weights, sought when they are asked for: a twentieth of a second, and most rankings are told without."""
        return stacking_weights(self.by_crisis)


def importance_weights(
    log_ratio: Float[np.ndarray, "*n s"],
) -> tuple[Float[np.ndarray, "*n s"], Float[np.ndarray, "*n"]]:
    """Logs of Pareto-smoothed importance weights, each a distribution over the draws, and their k̂ (Vehtari et al. 2024).

    Ratios that are the same at every draw have no tail: ArviZ gives them k̂ = ∞, though nothing is ever weighed; here it is 0.
    """
    weights, k = quiet_arviz().psislw(log_ratio, reff=1.0)
    return np.asarray(weights), np.where(np.ptp(log_ratio, axis=-1) < FLAT, 0.0, np.asarray(k))


def leave_one_out(
    log_likelihood: xr.DataArray, left_out: xr.DataArray | None = None, scored: xr.DataArray | None = None
) -> LeaveOneOut:
    """Pareto-smoothed importance sampling by crisis; crises with k̂ above the limit want `drawn_scores`.

    log_likelihood : [chain, draw, crisis], the responses of each crisis. left_out : what goes with a crisis when it is
    left out besides its responses (its request); None: nothing. scored : what is scored (None: the responses).
    """
    values = _by_crisis(log_likelihood)
    out = values if left_out is None else values + _by_crisis(left_out)
    weights, k = importance_weights(-out)
    return LeaveOneOut(
        crises=tuple(str(c) for c in log_likelihood["crisis"].values),
        elpd=_log_sum_exp(weights + (values if scored is None else _by_crisis(scored)), axis=1),
        k=k,
        is_exact=np.zeros(len(values), bool),
    )


def _by_crisis(log_likelihood: xr.DataArray) -> np.ndarray:
    return log_likelihood.stack(sample=("chain", "draw")).transpose("crisis", "sample").values


def with_exact(scores: LeaveOneOut, exact: Mapping[str, float]) -> LeaveOneOut:
    """The scores with those drawn anew put in place."""
    elpd, is_exact = scores.elpd.copy(), scores.is_exact.copy()
    for crisis, value in exact.items():
        elpd[scores.crises.index(crisis)], is_exact[scores.crises.index(crisis)] = value, True
    return LeaveOneOut(scores.crises, elpd, scores.k, is_exact)


def pareto_k_limit(n_draws: int) -> float:
    """The k̂ above which that many draws are too few for importance sampling (Vehtari et al. 2024, as ArviZ has it).

    >>> round(pareto_k_limit(100), 2), pareto_k_limit(100_000)
    (0.5, 0.7)
    """
    return min(1.0 - 1.0 / np.log10(n_draws), PARETO_K_LIMIT)


def untrusted(scores: LeaveOneOut) -> tuple[str, ...]:
    """Crises whose importance weights are too heavy-tailed to trust."""
    return tuple(c for c, k in zip(scores.crises, scores.k, strict=True) if k > PARETO_K_LIMIT)


def drawn_scores(
    sampling: Sampling, crises: Sequence[int], expected: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """log p(responses of a crisis | all other crises), of each of some, by drawing anew (nats); `run` comes first.

    One run draws from the mixture of the posteriors without each of them (Silva & Zanella 2022). A draw's weight for one of them is
    its own density over the mixture's: it has a bound, which that of importance sampling from the whole posterior has not.

    crises : positions. expected : log-likelihood of each, responses and request, nearly: it makes their parts of the mixture
    alike, and moves nothing else.
    """
    draws = sampling.run_without(dict(zip(crises, expected, strict=True)))
    responses, request = (a[..., list(crises)].reshape(-1, len(crises)).T for a in draws.both())
    return mixed_scores(responses, -(responses + request), expected)


def mixed_scores(
    responses: Float[np.ndarray, "n s"], without: Float[np.ndarray, "n s"], expected: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """`drawn_scores` from draws of the mixture: log-likelihoods of the responses, and of the record without each over the whole."""
    weight = without - _log_sum_exp(expected[:, None] + without, axis=0)
    return _log_sum_exp(weight + responses, axis=1) - _log_sum_exp(weight, axis=1)


def predictive_scores(log_likelihood: Float[np.ndarray, "chain draw *n"]) -> Float[np.ndarray, "*n"]:
    """log of the mean likelihood over draws of a fit that did not see the responses (nats)."""
    chains, draws = log_likelihood.shape[:2]
    return np.asarray(_log_sum_exp(log_likelihood, axis=(0, 1)) - np.log(chains * draws))


def _log_sum_exp(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    from scipy.special import logsumexp  # a tenth of a second, for those who score: what a fit's file holds is scored

    return np.asarray(logsumexp(values, axis=axis))


def score_of(posterior: Posterior) -> LeaveOneOut:
    """Scores of a fitted explanation as stored with it: importance sampling, drawn anew where that was not trusted."""
    return LeaveOneOut(
        crises=tuple(str(c) for c in posterior.score("crisis")),
        elpd=posterior.score("elpd"),
        k=posterior.score("pareto_k"),
        is_exact=posterior.score("is_exact").astype(bool),
    )


def comparable(scores: Mapping[str, LeaveOneOut]) -> tuple[dict[str, LeaveOneOut], dict[str, str]]:
    """The scores that can be set side by side, and why each of the others cannot.

    A total counts only where every crisis has a score, and against totals over the same crises: those that most have,
    of equally many those of the first.
    """
    why = {
        i: f"its fit has no score of {and_join(gaps, most=MOST_NAMES)}"
        for i, s in scores.items()
        if (gaps := _unscored(s))
    }
    whole = {i: s for i, s in scores.items() if i not in why}
    usual = Counter(s.crises for s in whole.values()).most_common(1)
    kept = {i: s for i, s in whole.items() if s.crises == usual[0][0]}
    for i, s in whole.items():
        if i not in kept:
            apart = sorted(set(s.crises) ^ set(usual[0][0]))
            why[i] = (
                f"it was scored on other crises than {', '.join(kept)} ({and_join(apart, most=MOST_NAMES) or 'in another order'})"
            )
    return kept, why


def _unscored(scores: LeaveOneOut) -> list[str]:
    without = [c for c, value in zip(scores.crises, scores.elpd, strict=True) if not np.isfinite(value)]
    return without if scores.crises else ["any crisis"]


def rankable(fits: Mapping[str, Posterior]) -> tuple[dict[str, Posterior], dict[str, tuple[str, ...]]]:
    """The fits that can be ranked by the scores stored with them, and why each of the others cannot.

    Not ranked is a fit that failed its diagnostics, has no score of a crisis, or was scored on other crises than most.
    """
    why = {i: p.diagnostics.reasons for i, p in fits.items() if not p.diagnostics.passed}
    apart = comparable({i: score_of(p) for i, p in fits.items() if i not in why})[1]
    why |= {i: (reason,) for i, reason in apart.items()}
    return {i: p for i, p in fits.items() if i not in why}, why


def score_total(case: Case, scores: LeaveOneOut) -> ScoreGap:
    """The sum of the scores over crises, with its standard errors."""
    return difference(scores.elpd, by_host(case, scores.crises))


def score_gap(case: Case, more: LeaveOneOut, less: LeaveOneOut) -> ScoreGap:
    """How much better one predicts than the other, of the same crises, with its standard errors."""
    return difference(more.elpd - less.elpd, by_host(case, more.crises))


def compare_scores(case: Case, scores: Mapping[str, LeaveOneOut]) -> Comparison:
    """Rank explanations of a case by their scores.

    Raises
    ------
    NothingToCompare
        One of them has no score of a crisis, or they were scored on different crises; see `comparable`.
    """
    why = comparable(scores)[1]
    if why or not scores:
        said = "; ".join(f"{i}: {reason}" for i, reason in why.items()) or "there are none"
        raise NothingToCompare(
            f"totals over different crises cannot be compared ({said}): fit again, buckpass fit CASE -o FOLDER --force"
        )
    ids = sorted(scores, key=lambda i: -scores[i].total)
    table = np.stack([scores[i].elpd for i in ids])
    clusters, gap = by_host(case, scores[ids[0]].crises), table - table[0]
    return Comparison(
        ids=tuple(ids),
        by_crisis=table,
        se=errors(table, clusters)[0],
        difference=gap.sum(1),
        se_difference=errors(gap, clusters)[0],
        indistinguishable=_ties(ids, table, clusters),
    )


def _ties(ids: Sequence[str], table: Float[np.ndarray, "m c"], clusters: Clusters) -> tuple[tuple[str, str], ...]:
    """The pairs, each in the order of the ranking, whose difference is within two of its standard errors."""
    first, second = np.triu_indices(len(ids), 1)
    gap = table[first] - table[second]
    same = np.abs(gap.sum(axis=1)) <= SAME_WITHIN * errors(gap, clusters)[0]
    return tuple((ids[int(a)], ids[int(b)]) for a, b in zip(first[same], second[same], strict=True))


def compare_fits(case: Case, fits: Mapping[str, Posterior]) -> Comparison:
    """`compare_scores` of the fitted explanations that can be ranked (`comparable`), by the scores stored with them."""
    scores = {name: score_of(fit) for name, fit in fits.items()}
    return compare_scores(case, comparable(scores)[0] or scores)


def stacking_weights(elpd: np.ndarray) -> np.ndarray:
    """Weights on the simplex that maximise the mean log score of the mixture (Yao et al. 2018); elpd [model, crisis]."""
    models = len(elpd)
    if models == 1:
        return np.ones(1)
    from scipy.optimize import minimize  # a seventh of a second, for those who rank alone

    density = np.exp(elpd - elpd.max(axis=0))  # scaled per crisis: the maximiser is the same

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        mixture = weight @ density
        return -float(np.log(mixture).mean()), -(density / mixture).mean(axis=1)

    simplex = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}
    start = np.full(models, 1 / models)
    found = minimize(loss, start, jac=True, method="SLSQP", bounds=[(1e-12, 1)] * models, constraints=simplex,
                     options={"ftol": 1e-12, "maxiter": 500})  # fmt: skip
    known = found.x.round(KNOWN)  # what lies beyond is how many cores shared a sum
    return known / known.sum()
