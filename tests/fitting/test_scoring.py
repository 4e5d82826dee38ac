"""Scores, stacking and what is refused."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.fitting.files import load_posterior, save_posterior
from buckpass.fitting.posterior import Diagnostics, Posterior, PosteriorFileError, held
from buckpass.fitting.scoring import LeaveOneOut, compare_scores, drawn_scores, leave_one_out, stacking_weights

FINE = Diagnostics(1.001, 900, 800, 0, "a")


def scores(elpd, names=None):
    n = len(elpd)
    return LeaveOneOut(
        tuple(names or (f"k{i}" for i in range(n))), np.asarray(elpd, float), np.zeros(n), np.zeros(n, bool)
    )


def apart():
    """A case whose crises are each of a host of its own."""
    return SimpleNamespace(crisis=lambda c: {"host": [f"H{c}"]})


def posterior(n_draws=50, seed=0):
    rng = np.random.default_rng(seed)
    draws = xr.Dataset({"stake.level": (("chain", "draw"), rng.normal(size=(4, n_draws)))})
    likelihood = xr.DataArray(rng.normal(-1, 0.1, (4, n_draws, 6)), dims=("chain", "draw", "crisis"),
                              coords={"crisis": [f"k{i}" for i in range(6)]})  # fmt: skip
    table = xr.Dataset({"elpd": ("crisis", np.full(6, -1.0))}, coords={"crisis": likelihood["crisis"]})
    return Posterior("LS", "made", "abc", 1, held(draws, likelihood, table), FINE, {"note": 1})


def test_importance_sampling_agrees_with_the_exact_score_of_a_normal_mean():
    """y_i ~ N(m, 1), m ~ N(0, 10): the leave-one-out predictive density is known in closed form."""
    rng = np.random.default_rng(1)
    y = rng.normal(0.5, 1, 30)
    precision = len(y) + 0.01
    m = rng.normal(y.sum() / precision, precision**-0.5, (4, 4000))
    log_density = -0.5 * np.log(2 * np.pi) - 0.5 * (y - m[..., None]) ** 2
    found = leave_one_out(xr.DataArray(log_density, dims=("chain", "draw", "crisis"), coords={"crisis": np.arange(30)}))
    left = precision - 1
    mean, variance = (y.sum() - y) / left, 1 + 1 / left
    exact = -0.5 * np.log(2 * np.pi * variance) - 0.5 * (y - mean) ** 2 / variance
    np.testing.assert_allclose(found.elpd, exact, atol=0.02)
    assert found.k.max() < 0.5


class NormalMean:
    """y_i ~ N(m, 1), m ~ N(0, 10), drawn from a mixture of the posteriors without one of some y, as `Sampling.run_without` does."""

    def __init__(self, y, draws):
        self.y, self.draws = y, draws

    def left(self, i):
        """Mean and precision of m without y_i; log p(y_i | the rest)."""
        precision = len(self.y) - 1 + 0.01
        mean, variance = (self.y.sum() - self.y[i]) / precision, 1 + 1 / precision
        return mean, precision, -0.5 * np.log(2 * np.pi * variance) - 0.5 * (self.y[i] - mean) ** 2 / variance

    def run_without(self, left_out):
        rng = np.random.default_rng(3)
        size = np.exp([share - self.left(i)[2] for i, share in left_out.items()])
        which = rng.choice(list(left_out), self.draws, p=size / size.sum())
        mean, precision = np.array([self.left(i)[:2] for i in which]).T
        m = rng.normal(mean, precision**-0.5)
        responses = -0.5 * np.log(2 * np.pi) - 0.5 * (self.y - m[:, None]) ** 2
        return SimpleNamespace(both=lambda: (responses[None], np.zeros((1, *responses.shape))))


@pytest.mark.slow
@given(st.integers(0, 1000), st.lists(st.floats(-1, 1), min_size=5, max_size=5))
@settings(max_examples=20, deadline=None)
def test_one_run_without_any_of_some_crises_gives_the_exact_score_of_each(seed, off):
    """Also of an outlier that importance sampling from the whole posterior cannot leave out, whatever the parts are."""
    y = np.append(np.random.default_rng(seed).normal(0.5, 1, 8), 9.0)
    made, some = NormalMean(y, 40_000), [8, 0, 3, 5, 7]
    exact = [made.left(i)[2] for i in some]
    np.testing.assert_allclose(drawn_scores(made, some, np.add(exact, off)), exact, atol=0.06)


def test_a_crisis_that_any_draw_explains_alike_needs_no_refit():
    """A band over the whole ladder is certain at every draw: leaving it out changes nothing, and nothing is out of reach."""
    rng = np.random.default_rng(0)
    values = xr.DataArray(
        rng.normal(-1, 0.1, (4, 250, 3)), dims=("chain", "draw", "crisis"), coords={"crisis": ["a", "b", "c"]}
    )
    values[..., 1] = 0.0
    found = leave_one_out(values)
    assert found.k[1] == 0
    assert found.elpd[1] == pytest.approx(0)
    assert found.k.max() < 0.7


@given(st.integers(2, 6), st.integers(3, 30), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_stacking_is_never_worse_than_the_best_single(models, crises, seed):
    table = np.random.default_rng(seed).normal(-2, 1, (models, crises))
    weight = stacking_weights(table)
    assert weight.sum() == pytest.approx(1)
    mixture = np.log(weight @ np.exp(table)).mean()
    assert mixture >= table.mean(1).max() - 1e-6


def test_stacking_finds_the_known_mixture():
    """Two models each right half of the time, with log scores 0 and −3: equal weights by symmetry."""
    table = np.array([[0.0] * 20 + [-3.0] * 20, [-3.0] * 20 + [0.0] * 20])
    np.testing.assert_allclose(stacking_weights(table), [0.5, 0.5], atol=1e-4)


def test_equal_explanations_are_indistinguishable_and_unequal_ones_are_not():
    noise = np.random.default_rng(0).normal(0, 0.05, 40)
    found = compare_scores(apart(), {"a": scores(-1 + noise), "b": scores(-1 + noise[::-1]), "c": scores(-3 + noise)})
    assert found.indistinguishable == (("a", "b"),) or found.indistinguishable == (("b", "a"),)
    assert found.ids[-1] == "c"
    assert found.difference[0] == 0


def test_scores_of_different_crises_are_not_compared():
    with pytest.raises(ValueError, match="different crises"):
        compare_scores(apart(), {"a": scores([-1, -2], ["x", "y"]), "b": scores([-1, -2], ["x", "z"])})


def test_a_posterior_survives_its_file(tmp_path):
    before = posterior()
    save_posterior(before, tmp_path / "LS.nc")
    after = load_posterior(tmp_path / "LS.nc")
    assert (after.explanation, after.case_hash, after.diagnostics) == ("LS", "abc", FINE)
    np.testing.assert_allclose(after.draws["stake.level"], before.draws["stake.level"], rtol=1e-6)
    assert not list(tmp_path.glob(".*partial"))


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "LS.nc"
    save_posterior(posterior(), path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(PosteriorFileError, match="fit the case again"):
        load_posterior(path)


@pytest.mark.parametrize(
    ("diagnostics", "word"),
    [
        (Diagnostics(1.02, 900, 800, 0, "kappa"), "R-hat"),
        (Diagnostics(1.001, 300, 800, 0, "a"), "bulk"),
        (Diagnostics(1.001, 900, 300, 0, "a"), "tail"),
        (Diagnostics(1.001, 900, 800, 1, "a"), "divergent"),
        (Diagnostics(float("nan"), 900, 800, 0, "a"), "R-hat"),
    ],
)
def test_a_bad_fit_does_not_pass(diagnostics, word):
    assert not diagnostics.passed
    assert any(word in reason for reason in diagnostics.reasons)


def test_only_what_is_asked_for_is_read(tmp_path):
    save_posterior(posterior(), tmp_path / "LS.nc")
    after = load_posterior(tmp_path / "LS.nc")
    np.testing.assert_allclose(after.score("elpd"), posterior().score("elpd"))
    assert after.n_draws == posterior().n_draws
    assert set(after.groups._arrays) == {"scores", "posterior"}
    assert not after.groups._datasets


def test_draws_of_another_file_are_never_given_with_an_old_stamp(tmp_path):
    path = tmp_path / "LS.nc"
    save_posterior(posterior(), path)
    before = load_posterior(path)
    save_posterior(dataclasses.replace(posterior(), seed=2), path)
    with pytest.raises(PosteriorFileError, match="replaced"):
        _ = before.draws
