"""Words and numbers of sentences: articles, the minus of what rounds to nothing, what differs from itself."""

import pytest

from buckpass.case.names import in_a_sentence
from buckpass.page.wording import number, sentence, with_error, with_interval
from buckpass.results.summary import fixed


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
