"""One registry of terms: each enters somewhere and is felt there; combinations are data."""

import tomllib
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from buckpass.case import load_case
from buckpass.game.setting import setting_of
from buckpass.model.coordinates import coordinates_of
from buckpass.model.likelihood import Likelihood
from buckpass.model.mechanisms import Mechanism, UnknownExplanation, _refuse_dead, combination, mechanisms, nested
from buckpass.model.observations import observations
from buckpass.model.places import PLACES
from buckpass.model.readings import reading_of
from buckpass.model.requests import requests_of
from buckpass.model.terms import UnwiredTerm, model_file, terms, terms_from

GOOD = {"family": "normal", "reason": "r", "label": "l", "unit": "log"}


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.mark.parametrize(
    "entry",
    [
        GOOD,  # enters nowhere
        {**GOOD, "enters": "stake.memory"},
        {**GOOD, "enters": "stake.slope"},  # a slope on nothing
        {**GOOD, "enters": "stake.slope", "covariate": "memory"},
        {**GOOD, "enters": "unasked", "covariate": "severity"},
        {**GOOD, "enters": "vehicle.scale"},  # scales nothing
        {**GOOD, "enters": "norm"},  # a norm is one number per power
        {**GOOD, "enters": "vehicle.organisation", "dims": ["vehicle"]},  # without its scale
        {**GOOD, "enters": "backlash.slope", "covariate": "opinion"},  # of a backlash that is not there
        {**GOOD, "enters": "unasked", "scaled_by": "stake.memory"},  # what scales what is the place's
        {**GOOD, "enters": "unasked", "sd": "wide"},
        {**GOOD, "enters": "unasked", "sd": 0.0},
        {**GOOD, "enters": "unasked", "mean": True},
    ],
)
def test_a_term_that_is_wired_to_nothing_is_refused(entry):
    with pytest.raises(UnwiredTerm, match=r"stake\.memory"):
        terms_from({"stake.memory": entry})


@pytest.mark.parametrize("place", PLACES)
def test_where_one_term_enters_no_other_does(place):
    """The later would take its place: kept fits then answer with what they never drew."""
    whole = {**tomllib.loads(model_file("terms.toml").decode())}
    one = next(entry for entry in whole.values() if entry["enters"] == place)
    with pytest.raises(UnwiredTerm, match=r"stake\.memory in terms.toml enters where .* does"):
        terms_from({**whole, "stake.memory": one})


@pytest.mark.parametrize("name", ["backlash.opinion", "influence.patron", "vehicle.scale"])
def test_a_mechanism_of_which_a_term_changes_nothing_is_refused(name):
    with pytest.raises(UnwiredTerm, match=f"ME in mechanisms.toml frees {name}, which changes nothing without"):
        _refuse_dead(Mechanism("ME", "memory", "remembers", (name,)))


def test_a_host_whose_price_is_estimated_chooses():
    one = replace(combination("base"), free_terms=(*combination("base").free_terms, "host.exclusion"))
    assert one.has_host_stage
    assert not combination("base").has_host_stage


def test_every_place_is_used_and_every_term_has_words():
    assert {t.enters for t in terms()} == set(PLACES)
    assert all(t.label and t.unit in ("log", "logit", "share") and len(t.prior.reason) > 10 for t in terms())


@pytest.mark.slow
def test_every_free_term_moves_the_likelihood(case):
    setting = setting_of(case)
    seen = observations(case, setting)
    coordinates = coordinates_of(setting)
    whole = Likelihood(setting, seen, True, requests=requests_of(case, setting), nodes=3, solved=3)
    u = jnp.asarray(0.3 * np.random.default_rng(0).standard_normal(coordinates.size))
    is_free = jnp.asarray(coordinates.free(combination("all")))

    @jax.jit
    def total(u):
        found = whole(coordinates.values(u, is_free), reading_of(seen))
        return jnp.sum(found.responses) + jnp.sum(found.request)

    at = float(total(u))
    for place in coordinates.places:  # all its entries together: a power that never plays has no norm to be felt
        moved = max(abs(float(total(u.at[place.at].add(by))) - at) for by in (-2.0, 2.0))
        assert moved > 1e-6, f"{place.term.name} moves nothing"


def test_combinations_have_one_spelling():
    assert combination("BL+FR").id == "FR+BL"
    assert combination("+".join(m.id for m in mechanisms())) is combination("all")
    assert combination("all-FR").id == "all-FR"
    assert not combination("all-FR").frees("kappa")
    assert combination("base").mechanisms == ()
    assert combination("FR").frees("kappa")
    ids = [c.id for c in nested()]
    assert len(ids) == len(set(ids)) == 2 + 2 * len(mechanisms())


def test_every_term_is_free_in_some_mechanism_or_in_base_and_fixed_without_effect():
    base = combination("base")
    assert all(base.frees(t.name) or base.fixed[t.name] == t.off for t in terms())
    assert set(combination("all").free_terms) == {t.name for t in terms()}


@pytest.mark.parametrize("name", ["FR+XX", "", "all-", "everything", "fr"])
def test_an_unknown_mechanism_is_refused_by_name(name):
    with pytest.raises(UnknownExplanation, match="does not exist"):
        combination(name)


def test_an_argument_that_was_not_declared_is_refused():
    with pytest.raises(UnknownExplanation, match="argument"):
        combination("argument")
