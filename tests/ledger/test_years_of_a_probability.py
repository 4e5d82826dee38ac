"""A probability and its label are of the same years."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from buckpass.case import load_case
from buckpass.ledger.finding import Question
from buckpass.ledger.measured_series import division
from buckpass.measured.positions import own_amounts, pooled_shares, years_pooled


@pytest.fixture(scope="module")
def case():
    return load_case("central-asia")


@pytest.fixture(scope="module")
def question(case):
    claim = next(c for c in case.claims if c.estimand.name == "measured.division")
    return Question(claim, case, None, 0)


@pytest.mark.parametrize("domain", ["economic", "security"])
def test_the_years_named_are_those_that_move_the_pooled_share(case, domain):
    """A figure of a year outside the window changes no draw of its share; one of its ends does."""
    amounts = own_amounts(case, domain)
    before = pooled_shares({domain: amounts}, 0)[domain]
    year = max(before)
    years = years_pooled(amounts, year)
    assert len(years) >= 2
    first = amounts[0]
    power = next(iter(first.by_year[years[0]]))

    def moved(at):
        by_year = {
            y: {p: a * (1.5 if (y, p) == (at, power) else 1) + (y == at) for p, a in of.items()}
            for y, of in first.by_year.items()
        }
        after = pooled_shares({domain: (replace(first, by_year=by_year), *amounts[1:])}, 0)[domain]
        return not np.array_equal(after[year][power], before[year][power])

    assert moved(years[0])
    assert moved(years[-1])
    assert not any(moved(y) for y, of in first.by_year.items() if y not in years and sum(of.values()) > 0)


def test_who_leads_is_said_of_the_years_that_were_pooled(case, question):
    found = division(question)
    told = {
        what: (int(a), int(a[:2] + b))
        for what, a, b in re.findall(r"in ([^,;]+), (\d{4})–(\d\d) together", found.reason)
    }
    expected = {}
    for domain in ("economic", "security"):
        amounts = own_amounts(case, domain)
        years = years_pooled(amounts, max(pooled_shares({domain: amounts}, 0)[domain]))
        expected[getattr(case.settings.measures, domain).name or domain] = (years[0], years[-1])
    assert told == expected


def test_a_year_in_which_another_leads_is_seen_only_by_its_window(case, question):
    """The last year turned round: the probability is of the window that is named, and moves with it."""
    series = case.series
    last = max(y for a in own_amounts(case, "economic") for y in a.by_year)
    is_turned = (
        pl.col("series").is_in(list(case.settings.measures.economic.series))
        & (pl.col("year") == last)
        & (pl.col("actor") == "CHN")
    )
    turned = case.replace(
        series=series.with_columns(pl.when(is_turned).then(pl.col("value") * 0.1).otherwise("value").alias("value"))
    )
    before, after = (division(Question(question.claim, one, None, 0)) for one in (case, turned))
    ahead = [next(v for k, v in f.detail["parts"].items() if "CHN ahead" in k) for f in (before, after)]
    assert ahead[1] < ahead[0]
