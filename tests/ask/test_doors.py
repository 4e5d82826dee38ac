"""What every public question takes, and refuses: overrides as texts or read, one fit or many, fits of this record alone."""

import sys
from pathlib import Path

import pytest

import buckpass as bp
from buckpass.case import BuckpassError, load_case
from buckpass.predict.which_fits import NoUsablePosterior
from buckpass.years.run import Plan

sys.path.append(str(Path(__file__).parent.parent / "fitting"))

from drawn import prior_posterior

CRISIS, CHANGE, DRAWS = "dalen_2016", "severity=0.9", 4
PLAN = Plan(years=2, histories=20)


@pytest.fixture(scope="module")
def fit(toy):
    return prior_posterior(toy, "all", DRAWS)


QUESTIONS = {
    "solve": lambda case, fit, changes: bp.solve(case, fit, CRISIS, changes, DRAWS),
    "whatif": lambda case, fit, changes: bp.whatif(case, fit, CRISIS, changes, DRAWS),
    "explain": lambda case, fit, changes: bp.explain(case, fit, CRISIS, "BBB", "AAA", DRAWS, changes),
    "agreement": lambda case, fit, changes: bp.agreement(case, fit, changes, DRAWS, years_ahead=(0,)),
    "futures": lambda case, fit, changes: bp.futures(case, fit, changes, PLAN),
}
ONE_CRISIS = ("solve", "whatif", "explain")


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_change_may_be_a_text_or_one_that_has_been_read(toy, fit, name):
    as_text, read = (QUESTIONS[name](toy, fit, changes) for changes in ([CHANGE], bp.overrides([CHANGE], toy)))
    assert str(as_text.as_dict()) == str(read.as_dict())
    assert str(as_text.as_dict()) == str(QUESTIONS[name](toy, {"all": fit}, [CHANGE]).as_dict())


def test_a_text_that_cannot_be_read_is_refused_by_name(toy, fit):
    for name in ONE_CRISIS:
        with pytest.raises(BuckpassError, match="severty"):
            QUESTIONS[name](toy, fit, ["severty=0.9"])


@pytest.mark.parametrize(
    "ask",
    [
        *(lambda case, fit, name=name: QUESTIONS[name](case, fit, ()) for name in QUESTIONS),
        lambda case, fit: bp.tip(case, fit, CRISIS, ["severity"], "p_nobody>0.5", n_draws=DRAWS),
        lambda case, fit: bp.compare(case, {"all": fit}),
        lambda case, fit: bp.claims(case, {"all": fit}),
        lambda case, fit: bp.solve(case, {"all": fit}, CRISIS),
    ],
)
def test_a_fit_answers_for_the_record_that_it_was_fitted_to(toy, fit, ask):
    parameters = toy.settings.parameters
    slope = parameters["severity.slope"].model_copy(update={"value": 0.1, "low": None, "high": None})
    edited = toy.replace(
        settings=toy.settings.model_copy(update={"parameters": {**parameters, "severity.slope": slope}})
    )
    with pytest.raises(NoUsablePosterior, match="all was fitted to another version of"):
        ask(edited, fit)


@pytest.mark.parametrize(
    "ask", [QUESTIONS["solve"], QUESTIONS["whatif"], lambda case, fit, _: bp.compare(case, {"all": fit})]
)
def test_a_fit_answers_for_no_other_case(toy, fit, ask):
    with pytest.raises(NoUsablePosterior, match=f"all was fitted to {toy.id}"):
        ask(load_case("western-balkans"), fit, ())


def test_a_case_whose_claims_alone_were_mended_keeps_its_fits(toy, fit):
    assert bp.solve(toy.replace(claims=()), fit, CRISIS, n_draws=DRAWS).powers


@pytest.mark.parametrize("name", ONE_CRISIS)
def test_an_answer_names_the_case_and_the_record_by_one_hash_each(toy, fit, name):
    found = QUESTIONS[name](toy.replace(claims=()), fit, ()).as_dict()
    assert found["case_hash"] == toy.replace(claims=()).hash != toy.hash
    assert found["record_hash"] == toy.record_hash


@pytest.mark.parametrize("n", [0, -1])
def test_no_draws_are_no_answer(toy, fit, n):
    for ask in (lambda: bp.solve(toy, fit, CRISIS, n_draws=n), lambda: fit.flat(n), lambda: fit.thin(n)):
        with pytest.raises(ValueError, match=f"{n} draws were asked for: give at least 1"):
            ask()
