"""Random what-ifs of a case answered by `buckpass.predict`, for comparison with the page's own script."""

import random
from dataclasses import dataclass

import numpy as np
from live_random import random_changes

from buckpass.case import Case
from buckpass.changes.scenario import changes_of, scenario_setting
from buckpass.fitting.posterior import Posterior
from buckpass.game.setting import standard_of
from buckpass.page.live_data import live_data
from buckpass.predict.drawing import Drawn, drawn
from buckpass.predict.numbers import quantities_of

AGREE = 1e-6


@dataclass(frozen=True)
class Asked:
    """The data of the script, what is asked of it, and what Python answers, draws by quantity."""

    data: dict
    asks: list[dict]
    answers: list[dict[str, np.ndarray]]


def asked(case: Case, posterior: Posterior, count: int, draws: int, seed: int = 21) -> Asked:
    """So many random what-ifs in crises drawn at random."""
    data = live_data(case, posterior, draws)
    assert data is not None
    rng, standard, kept = random.Random(seed), standard_of(case), {}
    asks, answers = [], []
    while len(asks) < count:
        crisis = rng.choice(data["crises"])
        name, texts = crisis["id"], random_changes(rng, data, crisis)
        if name not in kept:
            kept[name] = drawn(case, posterior, [name], (), draws, standard)
        asks.append({"crisis": name, "set": texts})
        answers.append(_answer(case, kept[name], texts))
    return Asked(data, asks, answers)


def _answer(case: Case, before: Drawn, texts: list[str]) -> dict[str, np.ndarray]:
    changes = changes_of(texts, case, before.crises[0])
    after = before.under(scenario_setting(case, before.crises, changes, standard_of(case)), changes)
    return quantities_of(after.games, after.solved())


def assert_agree(given: Asked, found: list[dict]) -> None:
    """Every draw of every quantity within a millionth (of payoffs and residuals above 1: relative)."""
    for ask, python, script in zip(given.asks, given.answers, found, strict=True):
        assert "problems" not in script, (ask, script)
        for name, draws in python.items():
            np.testing.assert_allclose(
                np.asarray(script[name]), draws.ravel(), rtol=AGREE, atol=AGREE, err_msg=f"{name} {ask}"
            )
