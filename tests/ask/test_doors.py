"""What every public question takes, and refuses: changes as texts or read, one or many, so fits; of this record alone; any path."""

import inspect
import sys
from pathlib import Path

import pytest

import buckpass as bp
from buckpass.case import BuckpassError, load_case
from buckpass.case.start import TEMPLATE
from buckpass.predict.which_fits import NotPosteriors, NoUsablePosterior
from buckpass.sweeps.design import Design, Input, Outcome
from buckpass.years.run import Plan

sys.path.append(str(Path(__file__).parent.parent / "fitting"))

from drawn import prior_posterior

CRISIS, CHANGE, DRAWS = "dalen_2016", "severity=0.9", 4
PLAN = Plan(years=2, histories=20)
DESIGN = Design("sobol", 2, 1, 2, 20, (Input("AAA.stake", 0.5, 2.0),), (Outcome("burden", "AAA", 2021),))


@pytest.fixture(scope="module")
def fit(toy):
    return prior_posterior(toy, "all", DRAWS)


def parameters():
    """Every parameter of every public function, with its annotation."""
    functions = [(name, of) for name in bp.__all__ if inspect.isfunction(of := getattr(bp, name))]
    return [
        (name, p.name, str(p.annotation)) for name, of in functions for p in inspect.signature(of).parameters.values()
    ]


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


TIP = {"crosses": "p_nobody>0.5", "n_draws": DRAWS}


@pytest.mark.parametrize("name", [*ONE_CRISIS, pytest.param("futures", marks=pytest.mark.slow)])
def test_a_text_alone_is_one_change_and_not_its_letters(toy, fit, name):
    alone, listed = (QUESTIONS[name](toy, fit, changes) for changes in (CHANGE, [CHANGE]))
    assert str(alone.as_dict()) == str(listed.as_dict())


def test_a_text_alone_is_one_change_of_the_agreement_and_one_path_of_a_tipping_point(toy, fit):
    assert bp.overrides(CHANGE, toy) == bp.overrides([CHANGE], toy)
    assert bp.agreement(toy, fit, CHANGE, DRAWS, years_ahead=(0,)).overrides == (CHANGE,)
    with pytest.raises(BuckpassError, match=r"^'severty' is no number"):
        bp.tip(toy, fit, CRISIS, "severty", **TIP)
    assert bp.tip(toy, fit, CRISIS, "severity", **TIP).over == "severity"


def test_a_case_without_an_arrangement_says_so_of_its_paths(toy, fit):
    bare = toy.replace(settings=toy.settings.model_copy(update={"arrangement": None}))
    with pytest.raises(BuckpassError, match=rf"{toy.id} has no \[arrangement\] in case.toml$"):
        bp.overrides("arrangement.alignment=0", bare)


OF_POSTERIORS = {
    **{name: lambda case, given, name=name: QUESTIONS[name](case, given, ()) for name in QUESTIONS},
    "solve_crises": lambda case, given: bp.solve_crises(case, given, [CRISIS]),
    "whatif_crises": lambda case, given: bp.whatif_crises(case, given, [CRISIS], CHANGE),
    "explain_crises": lambda case, given: bp.explain_crises(case, given, [CRISIS], "BBB", "AAA"),
    "tip": lambda case, given: bp.tip(case, given, CRISIS, "severity", **TIP),
    "tip_crises": lambda case, given: bp.tip_crises(case, given, [CRISIS], "severity", **TIP),
    "power_study": lambda case, given: bp.power_study(case, given, "nowhere"),
    "sweep": lambda case, given: bp.sweep(case, given, DESIGN, "nowhere"),
    "report": lambda case, given: bp.report(case, given, "nowhere.html"),
    **{name: lambda case, given, name=name: getattr(bp, name)(case, given)
       for name in ("claims", "compare", "decisive_cases", "forecast_scores", "prior_sensitivity")},
}  # fmt: skip


def test_every_public_question_of_posteriors_is_asked_here():
    assert set(OF_POSTERIORS) == {name for name, parameter, _ in parameters() if parameter == "posteriors"}


@pytest.mark.parametrize("name", OF_POSTERIORS)
@pytest.mark.parametrize("given", ["western-balkans", {"all": "all.nc"}])
def test_what_is_no_posterior_is_refused_by_a_sentence_that_says_what_is_wanted(
    toy, name, given, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        NotPosteriors, match=r"^posteriors by id are wanted, such as `buckpass.posteriors\(case\)` gives"
    ):
        OF_POSTERIORS[name](toy, given)
    assert not list(tmp_path.iterdir())


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


def nothing_found(work, shared, tasks):
    """What every record of a power study says, without asking."""
    return ((task, {"mean": 0.0, "sd": 1.0, "low": -1.0, "high": 1.0, "reasons": []}) for task in tasks)


OF_PATHS = {
    "load": lambda case, fit, out: bp.load(str(TEMPLATE)),
    "check": lambda case, fit, out: bp.check(str(TEMPLATE)),
    "new_case": lambda case, fit, out: bp.new_case(out),
    "posteriors": lambda case, fit, out: bp.posteriors(balkans := bp.load("western-balkans"), str(balkans.folder / "posteriors"), ["base"]),
    "fit": lambda case, fit, out: bp.fit(case, out, bp.FitPlan(("all",))),
    "power_study": lambda case, fit, out: bp.power_study(case, fit, out, times=(1,), replications=1, spread=nothing_found),
    "futures": lambda case, fit, out: bp.futures(case, fit, (), PLAN, out),
    "sweep": lambda case, fit, out: bp.sweep(case, fit, DESIGN, out),
    "report": lambda case, fit, out: bp.report(case, None, out),
    "replicate": lambda case, fit, out: bp.replicate(case, out),
    "verify": lambda case, fit, out: bp.verify(str(bp.replicate(case, out))),
}  # fmt: skip
SLOW = ("futures", "sweep", "report")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in OF_PATHS])
def test_a_path_may_be_a_text(toy, fit, tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys.modules["buckpass.fitting.fitting"], "fit_combination", lambda *of: fit)
    assert OF_PATHS[name](toy, fit, str(tmp_path / "out"))


def test_every_public_function_that_takes_a_path_takes_a_text():
    of_paths = {(name, annotation) for name, _, annotation in parameters() if "Path" in annotation}
    assert {name for name, _ in of_paths} == set(OF_PATHS)
    assert {annotation for _, annotation in of_paths} <= {"str | Path", "str | Path | None"}
