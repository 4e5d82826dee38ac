"""What a further crisis would say: properties of mutual information, and of the grid of crises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.evidence.studies.decisive_cases import NothingToTellApart, decisive_cases, mutual_information
from buckpass.evidence.studies.hypothetical import hypothetical_crises
from drawn import prior_posterior


def predicted(seed: int, explanations: int, draws: int = 5, powers: int = 3, rungs: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(rungs, 0.7), (explanations, draws, powers))


@given(st.integers(0, 1000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_information_is_between_nothing_and_the_entropy_of_the_weights(seed, explanations):
    rng = np.random.default_rng(seed)
    weight = rng.dirichlet(np.ones(explanations))
    found = mutual_information(predicted(seed, explanations), weight)
    assert 0.0 <= found <= -(weight * np.log(weight)).sum() + 1e-12 <= np.log(explanations) + 1e-9


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_identical_explanations_say_nothing_of_each_other(seed):
    one = predicted(seed, 1)
    assert mutual_information(np.repeat(one, 3, axis=0), np.array([0.2, 0.3, 0.5])) == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 1000), st.permutations(range(4)), st.permutations(range(3)))
@settings(max_examples=20, deadline=None)
def test_relabelling_explanations_and_powers_changes_nothing(seed, order, powers):
    p, weight = predicted(seed, 4), np.random.default_rng(seed).dirichlet(np.ones(4))
    assert mutual_information(p[order][:, :, powers], weight[order]) == pytest.approx(
        mutual_information(p, weight), abs=1e-12
    )


def test_explanations_that_never_agree_are_told_apart_by_one_response():
    p = np.zeros((3, 2, 2, 4))
    for e in range(3):
        p[e, :, 0, e] = 1.0
        p[e, :, 1, 0] = 1.0
    assert mutual_information(p, np.full(3, 1 / 3)) == pytest.approx(np.log(3))


def test_joint_responses_say_more_than_either_alone():
    """Draws hang together: under one explanation both act or neither does, under the other they are independent."""
    together = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    apart = np.full((2, 2, 2), 0.5)
    half = np.full(2, 0.5)
    assert mutual_information(np.stack([together, apart]), half) > 0.1
    assert mutual_information(np.stack([together, apart])[:, :, :1], half) == pytest.approx(0.0, abs=1e-12)


def test_of_more_than_six_powers_those_that_say_nothing_are_left_out():
    p = predicted(3, 2, powers=6)
    silent = np.zeros((2, 5, 2, 4))
    silent[..., 0] = 1.0
    half = np.full(2, 0.5)
    assert mutual_information(np.concatenate([silent, p], axis=2), half) == pytest.approx(mutual_information(p, half))


@pytest.mark.slow
def test_the_grid_holds_every_crossing_once_and_an_absent_power_is_silent(toy):
    grid = hypothetical_crises(toy)
    assert len(set(grid.cells)) == len(grid.cells)
    provider = toy.settings.focus.provider
    position = toy.powers.index(provider)
    for n, cell in enumerate(grid.cells):
        assert (np.asarray(grid.setting.is_open[n, position]).sum() == 1) == (cell.abstains == provider)


def test_a_severity_of_the_grid_is_that_of_the_cell(toy):
    grid = hypothetical_crises(toy)
    codes = np.asarray(grid.setting.covariate("severity"))[:, 0] + 0.5
    np.testing.assert_allclose(codes, [cell.severity for cell in grid.cells])


@pytest.mark.slow
def test_ranked_crises_are_unlike_and_in_order(toy):
    found = decisive_cases(toy, {e: prior_posterior(toy, e) for e in ("NI", "LS")}, 4)
    information = found.rows["information"].to_list()
    assert information == sorted(information, reverse=True)
    assert found.rows.select("host", "asked").is_unique().all()
    assert all(0 <= i <= np.log(2) for i in information)
    assert "nats" in found.table().to_latex()


def test_a_pair_that_was_not_fitted_is_named(toy):
    with pytest.raises(NothingToTellApart, match="EX"):
        decisive_cases(toy, {"NI": prior_posterior(toy, "NI")}, 3, pair=("NI", "EX"))
