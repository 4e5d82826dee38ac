"""The policy of verdicts: who votes, what widens, what it takes to decide."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from buckpass.evidence.verdict_policy import CONTRADICTED, LEAST_CONTRACTION, SUPPORTED, Carrier, FitSays, decide

INFORMED = Carrier("kappa", "the home theatre", 0.6)
chance = st.floats(0, 1)
carriers = st.builds(Carrier, st.just("kappa"), st.just("the home theatre"), st.none() | st.floats(-0.5, 1))
voters = st.lists(chance, max_size=6).map(lambda ps: [FitSays(f"m{n}", p) for n, p in enumerate(ps)])
wholes = st.builds(FitSays, st.just("all"), chance)
fixing = st.builds(FitSays, st.just("fixed"), st.none() | chance, assumed=st.just("0"))
failing = st.builds(FitSays, st.just("failed"), st.none() | chance, failed=st.just(("R-hat 1.2",)))


@given(wholes, voters, carriers, fixing)
def test_a_fit_that_fixes_the_quantity_never_changes_a_verdict_or_a_number(whole, others, carrier, fixed):
    before, after = decide([whole, *others], carrier), decide([whole, *others, fixed], carrier)
    assert (before.verdict, before.p_all, before.p_low, before.p_high) == (
        after.verdict,
        after.p_all,
        after.p_low,
        after.p_high,
    )
    assert after.by_fit[-1].as_dict()["p"] is None
    assert "1 fit (fixed) assumes that 0" in after.reason


@given(wholes, voters, carriers, failing)
def test_a_failed_fit_only_widens_and_is_named(whole, others, carrier, failed):
    before, after = decide([whole, *others], carrier), decide([whole, *others, failed], carrier)
    assert after.p_low <= before.p_low
    assert after.p_high >= before.p_high
    assert after.verdict in (before.verdict, "undecided")
    assert "failed" in after.reason


@given(wholes, voters, carriers)
def test_it_takes_every_vote_and_a_record_that_speaks_to_decide(whole, others, carrier):
    found = decide([whole, *others], carrier)
    said = [whole.p, *(one.p for one in others)]
    informed = carrier.contraction is not None and carrier.contraction >= LEAST_CONTRACTION
    assert (found.verdict == "supported") == (informed and min(said) >= SUPPORTED)
    assert (found.verdict == "contradicted") == (informed and max(said) <= CONTRADICTED)
    assert (found.p_low, found.p_high, found.p_all) == (min(said), max(said), whole.p)


@given(wholes, voters, carriers)
def test_what_is_expected_the_other_way_round_gives_the_mirrored_verdict(whole, others, carrier):
    mirrored = {"supported": "contradicted", "contradicted": "supported", "undecided": "undecided"}
    turned = [replace(one, p=1 - one.p) for one in (whole, *others)]
    edges = [
        abs(one.p - e) < 1e-9 or abs(1 - one.p - e) < 1e-9
        for one in (whole, *others)
        for e in (SUPPORTED, CONTRADICTED)
    ]
    if not any(edges):
        assert decide(turned, carrier).verdict == mirrored[decide([whole, *others], carrier).verdict]


@given(voters, carriers)
def test_without_a_vote_of_the_fit_with_all_mechanisms_nothing_is_decided(others, carrier):
    for whole in ([], [FitSays("all", 0.99, failed=("3 divergent draws",))], [FitSays("all", None, assumed="0")]):
        found = decide([*whole, *others], carrier)
        assert found.verdict == "undecided"
        assert found.p_all is None


def test_the_order_of_the_fits_does_not_matter():
    fits = [FitSays("all", 0.95), FitSays("FR", 0.92), FitSays("base", 0.0, assumed="0")]
    assert decide(fits, INFORMED).verdict == decide(fits[::-1], INFORMED).verdict == "supported"


def test_exclusive_explanations_that_fix_the_quantity_at_nothing_no_longer_contradict():
    """The old average: four in five fits said 0, so P was at most their weight, whatever the draws of the fifth said."""
    fits = [FitSays("all", 0.97), FitSays("FR", 0.99), *(FitSays(m, 0.0, assumed="0") for m in ("BL", "EX", "NI"))]
    assert decide(fits, INFORMED).verdict == "supported"


def test_a_parameter_that_is_its_prior_in_the_claims_theatre_decides_nothing():
    fits = [FitSays("all", 1.0), FitSays("FR", 1.0)]
    found = decide(fits, Carrier("kappa", "Central Theatre", 0.02))
    assert found.verdict == "undecided"
    assert found.reason.count(".") == found.reason.count("0.") + found.reason.count("1.") + 1  # one sentence
    assert "Central Theatre does not speak about kappa (contraction of its prior variance: 0.02)" in found.reason


def test_of_several_theatres_asked_one_by_one_the_best_is_named_as_such():
    found = decide([FitSays("all", 1.0)], Carrier("kappa", "Central Theatre", 0.02, 4))
    assert "of the 4 theatres asked one by one none speaks, Central Theatre at best, about kappa" in found.reason


def test_the_json_has_the_fields_of_a_claim():
    found = decide([FitSays("all", 0.95), FitSays("BL", None, assumed="0")], INFORMED).as_dict()
    assert set(found) == {"verdict", "p_all", "p_low", "p_high", "by_fit", "contraction", "reason"}
    assert found["by_fit"][1] == {"id": "BL", "p": None, "assumed": "0", "failed": []}
