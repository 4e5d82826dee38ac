"""Words and numbers of sentences: articles, the minus of what rounds to nothing, what differs from itself."""

from types import SimpleNamespace

import pytest

from buckpass.case.names import in_a_sentence
from buckpass.cli.ledger import _change_words
from buckpass.page import page
from buckpass.page.model_results import ModelResults
from buckpass.page.results import gather
from buckpass.page.wording import number, with_error, with_interval
from buckpass.results.words import fixed, sentence


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("United States", "the United States"),
        ("The Sahel", "the Sahel"),
        ("Central African Republic", "the Central African Republic"),
        ("Russian Federation", "the Russian Federation"),
        ("Theodosia", "Theodosia"),
        ("Mali", "Mali"),
        ("Unity", "Unity"),
    ],
)
def test_a_name_stands_in_a_sentence_with_its_article(name, spoken):
    assert in_a_sentence(name) == spoken
    assert sentence(f"{spoken} did").startswith(spoken[:1].upper())


def test_what_rounds_to_nothing_has_no_sign():
    assert with_interval(-0.001, -0.2, 0.3) == "0.00 (−0.20 to 0.30)"
    assert number(-1e-12) == "0.000000"
    assert number(-0.2) == "−0.20"
    assert (fixed(-0.001), fixed(-0.1)) == ("0.00", "−0.10")


def test_what_is_compared_with_itself_differs_by_nothing():
    assert with_error(0.0, 0.0) == "0"
    assert with_error(-1.0, 0.5) == "−1.0 ± 0.50"


def test_of_the_claims_under_another_coding_one_changes_and_several_change():
    def told(n, *ids):
        changed = tuple(SimpleNamespace(id=one) for one in ids)
        return _change_words(SimpleNamespace(condition="bands widened", changed=changed, verdicts=range(n)))

    assert (
        told(19, "B2") == "With bands widened, of the 19 claims that need no fit B2 changes; the others need a new fit."
    )
    assert (
        told(3, "A", "B")
        == "With bands widened, of the 3 claims that need no fit A and B change; the others need a new fit."
    )
    assert told(1) == "With bands widened, of the 1 claim that needs no fit none changes; the others need a new fit."


def test_a_line_of_the_page_that_the_page_ends_has_no_full_stop_of_its_own(toy, monkeypatch):
    for name in ("_of_organisations", "_unexpected", "_coded", "_led"):
        monkeypatch.setattr(page, name, lambda *_: "said")
    refused = SimpleNamespace(
        model=ModelResults((), refusal="No fit can be ranked, so none is a basis for statements.")
    )
    lines = page._lines(toy, refused, {})
    assert (lines["gap"], lines["explanations"]) == ("No fit can be ranked, so none is a basis for statements",) * 2


@pytest.mark.slow
def test_one_claim_is_told_as_one(toy):
    one = toy.replace(claims=toy.claims[:1])
    assert "coded, 1 claim, 2 sources, " in page.render_page(one, gather(one))
