"""Nested tests: differences with errors by host, ties, the best of several, what is missing."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.evidence.influence import hangs_on_crises
from buckpass.evidence.nested import BaseNotEstimable, nested
from buckpass.fitting.differences import Clusters, by_crisis, by_host, covariance, difference, least_optimism, optimism
from buckpass.fitting.scoring import LeaveOneOut


def made(elpd) -> LeaveOneOut:
    n = len(elpd)
    return LeaveOneOut(tuple(f"k{i}" for i in range(n)), np.asarray(elpd, float), np.zeros(n), np.zeros(n, bool))


def hosted(hosts) -> Clusters:
    case = SimpleNamespace(crisis=lambda c: {"host": hosts[c]})
    return by_host(case, list(hosts))


def test_crises_that_say_the_same_twice_count_once():
    """Every crisis coded twice over in the same host: twice the sum, and twice its error, not √2 times it."""
    values = np.random.default_rng(0).normal(0.3, 1, 20)
    once = difference(values, hosted({f"k{i}": [f"H{i}"] for i in range(20)}))
    twice = difference(np.repeat(values, 2), hosted({f"k{i}": [f"H{i // 2}"] for i in range(40)}))
    assert twice.diff == pytest.approx(2 * once.diff)
    assert twice.se == pytest.approx(2 * once.se)
    assert twice.se_by_crisis == pytest.approx(np.sqrt(2) * once.se_by_crisis, rel=0.05)


def test_with_one_crisis_per_host_both_errors_are_the_usual_one():
    values = np.random.default_rng(1).normal(0, 1, 30)
    found = difference(values, hosted({f"k{i}": [f"H{i}"] for i in range(30)}))
    assert found.se == pytest.approx(found.se_by_crisis) == pytest.approx(np.sqrt(30) * values.std(ddof=1))


def test_a_crisis_of_two_hosts_goes_with_the_crises_of_both_but_does_not_join_them():
    together = hosted({"a": ["X"], "b": ["X", "Y"], "c": ["Y"]}).together
    np.testing.assert_array_equal(together, [[1, 1, 0], [1, 1, 1], [0, 1, 1]])


@given(st.integers(1, 8), st.integers(3, 30), st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_error_by_host_is_never_below_that_by_crisis_nor_undefined(hosts, crises, seed):
    rng = np.random.default_rng(seed)
    found = difference(rng.normal(size=crises), hosted({f"k{i}": [f"H{rng.integers(hosts)}"] for i in range(crises)}))
    assert found.se >= found.se_by_crisis > 0


@pytest.mark.parametrize("k", [2, 5, 11])
def test_the_best_of_several_equals_owes_to_chance_what_order_statistics_say(k):
    values = np.random.default_rng(k).normal(0, 1, (k, 4000))
    values -= values.mean(axis=1, keepdims=True)  # all add nothing
    expected, if_equal = optimism(values, by_crisis(4000))
    sd = np.sqrt(np.diag(covariance(values, by_crisis(4000)))).mean()
    largest = np.random.default_rng(99).normal(size=(200_000, k)).max(axis=1).mean()
    assert if_equal == pytest.approx(sd * largest, rel=0.04)
    assert expected == pytest.approx(if_equal, rel=1e-9)


def test_a_leader_far_ahead_owes_nothing_to_having_been_picked():
    values = np.random.default_rng(0).normal(0, 0.1, (4, 60))
    values[0] += 1.0
    expected, if_equal = optimism(values, by_crisis(60))
    assert abs(expected) < 0.02
    assert if_equal > 0.5


@given(st.integers(2, 6), st.integers(5, 40), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_what_a_leader_owes_is_at_most_what_it_would_owe_among_equals(k, n, seed):
    values = np.random.default_rng(seed).normal(0, 1, (k, n))
    expected, if_equal = optimism(values, by_crisis(n))
    assert expected <= if_equal + 1e-9


@pytest.fixture
def scores():
    rng = np.random.default_rng(3)
    base = rng.normal(-2.5, 1, 50)
    strong, weak = base + rng.normal(0.3, 0.2, 50), base + rng.normal(0.02, 0.2, 50)
    whole = base + rng.normal(0.35, 0.3, 50)
    return {"base": made(base), "AA": made(strong), "BB": made(weak), "all": made(whole),
            "all-AA": made(whole - rng.normal(0.25, 0.2, 50)), "all-BB": made(whole - rng.normal(0, 0.2, 50))}  # fmt: skip


def test_a_mechanism_is_tested_alone_and_given_the_rest(scores):
    found = nested(scores, by_crisis(50), ("AA", "BB"), argument="AA")
    assert found.leader == "AA"
    assert found["AA"].alone.diff == pytest.approx(scores["AA"].total - scores["base"].total)
    assert found["AA"].given_the_rest.diff == pytest.approx(scores["all"].total - scores["all-AA"].total)
    assert found.beating_base == found.beating_the_rest == ("AA",)
    assert found.ties == ()
    assert found.argument.diff == pytest.approx(scores["AA"].total)
    assert found.argument_over_base == found["AA"].alone
    assert found.all_over_base.diff == pytest.approx(scores["all"].total - scores["base"].total)
    assert found.optimism.if_equal > 0
    assert found.optimism.tested == found.optimism_given.tested == 2


def test_mechanisms_that_add_alike_are_ties(scores):
    scores["BB"] = made(scores["AA"].elpd + np.random.default_rng(4).normal(0, 0.1, 50))
    found = nested(scores, by_crisis(50), ("AA", "BB"))
    assert {found.leader, *found.ties} == {"AA", "BB"}


def test_what_failed_is_missing_and_what_needs_it_too(scores):
    del scores["all-AA"], scores["BB"]
    found = nested(scores, by_crisis(50), ("AA", "BB"), argument="AA+BB")
    assert found["AA"].given_the_rest is None
    assert found["BB"].alone is None
    assert found["BB"].given_the_rest is not None
    assert found.argument is None
    assert found.argument_over_base is None


def test_the_controls_alone_are_no_test_of_anything(scores):
    """As in a reading under which nothing else was scored."""
    tests = nested({"base": scores["base"]}, by_crisis(len(scores["base"].crises)), ["FR", "BL"])
    assert (tests.leader, tests.ties, tests.beating_base, tests.beating_the_rest) == (None, (), (), ())
    assert [one.alone for one in tests.mechanisms] == [None, None]


def test_without_the_controls_there_is_nothing_to_test_against(scores):
    del scores["base"]
    with pytest.raises(BaseNotEstimable, match="buckpass fit CASE -o FOLDER --explanation base"):
        nested(scores, by_crisis(50), ("AA",))


def test_fits_scored_on_other_crises_are_named(scores):
    scores["BB"] = made(scores["BB"].elpd[:-1])
    with pytest.raises(ValueError, match="BB and base were scored on different crises"):
        nested(scores, by_crisis(50), ("AA", "BB"))


def test_the_crisis_that_makes_a_leader_is_named(scores):
    lift = np.zeros(50)
    lift[7] = scores["AA"].total - scores["BB"].total + 0.5
    scores["BB"] = made(scores["BB"].elpd + lift)
    tests = nested(scores, by_crisis(50), ("AA", "BB"))
    assert tests.leader == "BB"
    hinges = [h for h in hangs_on_crises(tests, scores, by_crisis(50)) if h.leader_without != "BB"]
    assert [(h.crisis, h.leader_without) for h in hinges] == [("k7", "AA")]
    assert hinges[0].as_dict()["leader_without"] == "AA"


@pytest.mark.parametrize("seed", range(12))
def test_what_is_taken_off_without_a_draw_is_never_more_than_what_the_draws_say(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(0, 0.2, (6, 1)), 1.0, (6, 40))
    clusters = by_crisis(40)
    assert least_optimism(values, clusters) <= optimism(values, clusters)[0]
