"""Every kind of path, in every verb, on the cases that come with the package: an answer, or a refusal in words."""

import contextlib

import pytest

import buckpass as bp
from buckpass.case import BuckpassError, bundled_cases, load_case
from buckpass.case.start import TEMPLATE
from buckpass.changes import override_paths, parse_overrides
from buckpass.years.play import inputs_of
from buckpass.years.scenario import scenario_of
from buckpass.years.world import world_of
from drawn import prior_posterior

# One bundled case and the starter in the slow suite, the others in the exhaustive one.
FIRST, *OTHERS = bundled_cases()
CASES = [
    pytest.param(ref, marks=pytest.mark.exhaustive if ref == FIRST else pytest.mark.slow, id=str(ref).rsplit("/")[-1])
    for ref in (FIRST, *OTHERS, TEMPLATE)
]


def texts_of(case):
    """Every path between the powers, the host and the organisations in focus, with its example or with each of its words."""
    focus = case.settings.focus
    host = case.crisis(focus.crisis)["host"][0]
    ids = {"<POWER>": focus.rider, "<HOST>": host, "<ORGANISATION>": focus.organisations[0], "<PARTY>": focus.rider}
    in_focus = {"", focus.rider, focus.provider, host, *focus.organisations}
    for path in override_paths(case).values():
        if {path.subject, path.target} <= in_focus:
            for example in path.words or (path.example,):
                for mark, name in ids.items():
                    example = example.replace(mark, name)
                yield f"{path.form}={example}"


def asked(case, fits, text):
    """What each verb makes of a change."""
    focus, (posterior,) = case.settings.focus, fits.values()

    def in_crisis(verb, *more):
        return verb(
            case, posterior, focus.crisis, *more, overrides=parse_overrides([text], case, focus.crisis), n_draws=2
        )

    def ahead():
        scenario = scenario_of(case, [text])
        return inputs_of(world_of(scenario, fits, 2, 0)[0])

    return {
        "whatif": lambda: in_crisis(bp.whatif), "solve": lambda: in_crisis(bp.solve),
        "explain": lambda: in_crisis(bp.explain, focus.rider, focus.provider), "futures": ahead,
        "agreement": lambda: bp.agreement(case, fits, [text], n_draws=2, years_ahead=(0,)),
    }  # fmt: skip


@pytest.mark.parametrize("ref", CASES)
def test_every_path_is_answered_or_refused_in_words(ref):
    case = load_case(ref)
    fits = {"all": prior_posterior(case, "all", 2)}
    for text in texts_of(case):
        for verb, ask in asked(case, fits, text).items():
            answered = None
            with contextlib.suppress(BuckpassError):  # in words; anything else that is raised is a defect
                answered = ask()
            if verb == "whatif" and answered is not None:
                assert answered.is_null == (len(answered.without_effect) == 1), (verb, text)
