"""One standard error of a difference of two fits wherever it is printed, and words that follow the corrected number."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import buckpass
from buckpass.case import load_case
from buckpass.evidence.comparing import compare
from buckpass.evidence.gathered import Gathered
from buckpass.evidence.nested import nested
from buckpass.evidence.nested_answer import nested_answer
from buckpass.evidence.rankings import AS_CODED
from buckpass.fitting.differences import by_host, difference
from buckpass.fitting.scoring import LeaveOneOut, compare_fits, score_of
from buckpass.fitting.stamp import scored_crises
from buckpass.model.mechanisms import mechanisms
from buckpass.model.observations import Coding
from buckpass.page.answer import answer
from buckpass.page.model_figures import added_title
from buckpass.page.model_results import model_results
from made_posteriors import nested_fits


@pytest.fixture(scope="module")
def case():
    return load_case("western-balkans")  # several hosts, each of several crises


@pytest.fixture(scope="module")
def fits(case):
    """What a mechanism adds depends on the host: crises of one host err together."""
    hosts = [case.crisis(c)["host"][0] for c in scored_crises(case, Coding())]
    rng = np.random.default_rng(0)
    own = {m.id: dict(zip(sorted(set(hosts)), rng.normal(0, 1, len(set(hosts))), strict=True)) for m in mechanisms()}
    return nested_fits(case, {m: np.array([of[h] for h in hosts]) for m, of in own.items()}, noise=0.2)


@pytest.fixture(scope="module")
def errors(case, fits):
    """Of every pair of fits, its error by host, and by crisis."""
    scores = {name: score_of(fit) for name, fit in fits.items()}
    hosts = by_host(case, next(iter(scores.values())).crises)
    gaps = {(a, b): difference(x.elpd - y.elpd, hosts) for a, x in scores.items() for b, y in scores.items()}
    assert any(gap.se > 1.2 * gap.se_by_crisis > 0 for gap in gaps.values())  # else any error would do
    return {pair: gap.se for pair, gap in gaps.items()}


def printed(case, fits):
    """Every difference of two fits that is printed: where, the pair, its error."""
    found = compare(case, fits, led=fits)
    content, best = found.as_dict(), found.comparison.ids[0]
    yield from (("ranking", (r["id"], best), r["se_difference"]) for r in content["explanations"])
    yield from (("pairs", (r["a"], r["b"]), r["se"]) for r in found.indistinguishable().rows())
    yield from (
        ("readings", (r["id"], best), r["se_difference"]) for r in content["readings"] if r["reading"] == AS_CODED
    )
    yield from (("nested, alone", (m["id"], "base"), m["alone"]["se"]) for m in content["mechanisms"])
    yield from (("nested, given", ("all", f"all-{m['id']}"), m["given_the_rest"]["se"]) for m in content["mechanisms"])
    yield "nested, all", ("all", "base"), content["all"]["over_base"]["se"]
    yield from (("page", (f.id, best), f.se_difference) for f in model_results(case, fits, 4).fits)
    ranked = compare_fits(case, fits)  # of the dashboard
    yield from (("dashboard", (i, best), float(se)) for i, se in zip(ranked.ids, ranked.se_difference, strict=True))
    yield from (("order of moves", (r["id"], r["id"]), r["se"]) for r in content["order_of_moves"])


@pytest.mark.slow
def test_every_printed_difference_of_two_fits_has_the_same_error_wherever_it_is_printed(case, fits, errors):
    seen = list(printed(case, fits))
    assert {where for where, _, _ in seen} >= {
        "ranking",
        "pairs",
        "readings",
        "nested, alone",
        "nested, given",
        "page",
        "dashboard",
    }
    for where, pair, se in seen:
        assert se == pytest.approx(errors[pair], abs=1e-9), (where, pair)


def test_a_mechanism_that_is_told_from_the_controls_is_so_in_every_list(case, fits):
    """The list of pairs and the nested table read the same number: none stands apart in one and not in the other."""
    found = compare(case, fits)
    same = {frozenset(pair) for pair in found.comparison.indistinguishable}
    for one in found.nested.tests.mechanisms:
        assert (frozenset((one.id, "base")) in same) == one.alone.is_tie
    assert (frozenset(("all", "base")) in same) == found.nested.tests.all_over_base.is_tie


@pytest.mark.slow
def test_a_total_has_one_error_too(case, fits):
    content = compare(case, fits).as_dict()
    ranked = {r["id"]: r["se"] for r in content["explanations"]}
    shown = {f.id: f.se for f in model_results(case, fits, 4).fits}
    for name in ("base", "all"):
        assert content[name]["se"] == pytest.approx(ranked[name]) == pytest.approx(shown[name])


def test_no_other_place_computes_an_error_of_scores():
    """√n times the spread of values over crises knows nothing of hosts."""
    source = Path(buckpass.__file__).parent
    own = [
        p.name
        for p in source.rglob("*.py")
        if re.search(r"sqrt\((len\(|\w+\.shape\[)[^)]*\)\)? ?\* ?\w+\.std", p.read_text("utf-8"))
    ]
    assert own == []


@pytest.fixture
def barely(toy):
    """Free riding is beyond two standard errors of none, and not without what the best of twelve owes to chance."""
    ids = [m.id for m in mechanisms()]
    crises = score_of(nested_fits(toy, {})["base"]).crises
    n, hosts = len(crises), by_host(toy, crises)
    noise = {m: np.random.default_rng(k).normal(0, 1, n) for k, m in enumerate(ids)}
    for gain in np.linspace(0, 2, 401):
        base = np.full(n, -3.0)
        more = {m: base + e - e.mean() + gain * (m == "FR") for m, e in noise.items()}
        scores = {"base": base, "all": base, **more, **{f"all-{m}": 2 * base - e for m, e in more.items()}}
        made = {k: LeaveOneOut(crises, v, np.zeros(n), np.zeros(n, bool)) for k, v in scores.items()}
        tests = nested(made, hosts, ids)
        if tests["FR"].alone.is_gain and tests.leader == "FR":
            return tests, nested_answer(toy, made, {}, Gathered())
    raise AssertionError("no gain was large enough")


def test_what_is_beyond_two_errors_only_for_having_been_picked_adds_nothing_measurable(toy, barely):
    tests, whole = barely
    assert tests["FR"].alone.diff - tests.optimism.expected <= 2 * tests["FR"].alone.se
    assert tests["FR"].given_the_rest.is_gain
    assert "FR" not in tests.beating_base + tests.beating_the_rest
    said = whole.headline
    assert said.startswith(
        "No mechanism predicts this record measurably better than the controls alone: free riding adds"
    )
    assert "none adds anything measurable: free riding adds most" in said
    assert "without that it is within two standard errors of none" in said
    assert "still add" not in said
    assert " beat" not in said.replace("beaten", "")
    assert added_title(whole) == "No mechanism by itself predicts measurably better than the controls"
    assert not any(one["beats_base"] or one["beats_the_rest"] for one in whole.as_dict()["mechanisms"])
    fit = SimpleNamespace(id="FR", name="FR", difference=0.0)
    model = SimpleNamespace(fits=[fit], refusal="", indistinguishable=())
    plain = answer(toy, SimpleNamespace(model=model, nested=whole, under=(), verdicts=()))[1]
    assert "no better than circumstances" in plain
    assert "helps most" not in plain
