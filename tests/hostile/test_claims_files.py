"""Claims as strangers write them: `check` names file, line and field, or every claim gets a verdict, each for itself."""

import json
import random
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from buckpass.case import CaseProblems, load_case
from buckpass.case.start import TEMPLATE
from buckpass.cli.main import app
from buckpass.ledger import ledger
from buckpass.ledger.ledger import assess, estimands
from made_posteriors import posterior_of, prior_sites

# A good value of every kind of parameter, in the small case; several where estimands take another path with another.
GOOD = {
    "power": ["BBB", "AAA"], "powers": [["BBB", "AAA"]], "actor": ["BBB", "PACT", "DDD"], "actors": [["AAA", "BBB"], ["BBB"]],
    "organisation": ["PACT"], "organisations": [["PACT"]], "theatres": ["valley", ["valley"]],
    "crises": [["dalen_2005"], ["dalen_2005", "dalen_2016"]], "states": [["DDD"], ["DDD", "AAA"]],
    "series": ["trade", "milex", "nothing"], "list of series": [["trade"], ["trade", "arms"], ["nothing"]],
    "labelled series": [{"counted otherwise": "arms"}, {}], "leaders": [{"economic": "BBB", "security": "AAA"}, {"security": "AAA"}, {}],
    "domains": [["economic", "security"], ["security"]], "domain": ["economic", "security"], "rung": [0, 4, 6],
    "year": [2000, 2015, 2999], "years": [[2000, 2020], [2020, 2000]], "periods": [[[2000, 2009], [2010, 2020]], [[2020, 2000]]],
    "truths": [[True, False], [False]], "yearly": ["yearly"], "word": ["FR", "kappa", "backlash", "agreement.discount"],
    "words": [["BL"], ["FR", "nobody"]], "probability": ["p_power_deploys", "p_organisation_deploys"],
    "held": [["stake", "severity"], []], "records": [[{"series": "arms", "actor": "AAA"}], [{"series": "arms", "actor": "PACT"}]],
    "statements": [[{"actor": "BBB", "crisis": "dalen_2005", "at_most": 4}], [{"actor": "PACT", "theatre": "valley", "at_least": 1}],
                   [{"fact": "it rained", "holds": "doubt"}, {"any_of": ["AAA", "BBB"], "theatre": "valley", "stance": "for"}]],
    "readings": [[{"label": "loosely", "atoms": [{"actor": "BBB", "crisis": "dalen_2005", "at_most": 5}]}], []],
    "scenarios": [[{"label": "alone", "consent_without": "BBB"}], [{"label": "dear", "set": ["request=nobody"]}],
                  [{"label": "odd", "set": ["what=ever"]}, {"label": "far", "consent_without": "ZZZ"}]],
    "one or more organisations": ["PACT", ["PACT"], ["PACT", "ZZZ"]],
    "years by state": [{"AAA": [2000, 2010], "BBB": [2010, 2000]}, {"ZZZ": [2000, 2010]}],
    "also": [{"power": "AAA", "above": 0.0}, {"buck_passed_by": "BBB", "below": 1.0}, {"power": "DDD", "equals": True}],
}  # fmt: skip
EXPECTS = {"bound": [{"above": 0.0}, {"below": 0.5}, {"above": 1e300}], "truth": [{"equals": True}, {"equals": False}],
           "all hold": [{"equals": True}], "nothing": [{}]}  # fmt: skip
ODD = (None, True, -1, 3, 10**30, 0.5, 1e300, float("inf"), float("nan"), "", "x", "ZZZ", "x" * 5000, "\x1b[2J", "\u202e", [], {}, [[]],
       [1], ["ZZZ"], [None], [{}], {"a": {}}, {"label": 3}, [["valley"]], [2000], [[2000, 2010, 2020]], {"above": "much"})  # fmt: skip


def said(value) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {said(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(said(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def claim(name: str, family: str, estimand: str, given: dict, expect: dict) -> str:
    lines = [
        f'[[claim]]\nid = "{name}"\ntext = "t"\nshort = "s"\nkind = "fact"\nfamily = "{family}"\nsources = ["example2019"]'
    ]
    lines += [f"expect = {said(expect)}"] if expect else []
    lines += ["[claim.estimand]", f'name = "{estimand}"', *(f"{k} = {said(v)}" for k, v in given.items())]
    return "\n".join(lines) + "\n\n"


FIRST, LAST = (
    claim(name, "record", "record.atoms", {"atoms": GOOD["statements"][0]}, {"equals": True}) for name in ("first", "last")
)  # fmt: skip


def places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def odd(given: dict, dice: random.Random) -> dict:
    """The parameters with one of them, or a part of one, replaced, doubled or left out."""
    changed = json.loads(json.dumps(given))
    *road, last = dice.choice([p for p in places(changed) if p])
    at = changed
    for step in road:
        at = at[step]
    how = dice.randrange(5)
    if how == 0:
        del at[last]
    elif how == 1:
        at[last] = [at[last]]
    else:
        value = dice.choice(ODD)
        at[last] = "no value" if value is None else value
    return changed


def stranger(dice: random.Random, damage: bool) -> str:
    """A claim of any estimand, its parameters good ones (those that must be given and some of the others) or one of them odd."""
    name = dice.choice(sorted(estimands()))
    kind = estimands()[name]
    wanted = [p for p in kind["parameters"] if p in kind.get("required", ()) or dice.random() < 0.5]
    given = {p: dice.choice(GOOD[kind["parameters"][p]]) for p in wanted}
    expect = dice.choice(EXPECTS[kind["expects"]])
    if damage:
        given = odd(given, dice)
        expect = dice.choice([expect, expect, {dice.choice(["above", "below", "equals"]): dice.choice(ODD[1:12])}])
    return claim("odd", kind["family"], name, given, expect)


@pytest.fixture(scope="module")
def fits(toy):
    return {name: posterior_of(toy, name, prior_sites(toy, name, 8)) for name in ("FR", "BL")}


def judged(text: str, folder: Path, fits=None) -> str:
    """Whether the claims were refused, each problem named, or all judged, the odd one for itself: what it says then."""
    (folder / "claims.toml").write_text(text, encoding="utf-8")
    try:
        case = load_case(folder)
    except CaseProblems as refused:
        for problem in refused.problems:
            assert problem.file == "claims.toml", problem
            assert problem.line, problem
            assert problem.field or "TOML" in str(problem) or "not valid" in problem.message, problem
            assert str(problem).replace("\n", "").isprintable()
            assert len(str(problem)) < 2000
        return ""
    found = assess(case, fits)
    assert [v.id for v in found] == ["first", "odd", "last"]
    assert [v.verdict for v in found if v.id != "odd"] == ["supported", "supported"]
    json.dumps(found.as_dict(), allow_nan=False, default=str)
    assert ledger.OWN_FAULT not in found["odd"].reason, f"{found['odd'].reason}\n{text}"
    return found["odd"].reason or found["odd"].verdict


def tried(folder: Path, seeds, damage: bool, fits=None) -> list[str]:
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    return [judged(FIRST + stranger(random.Random(seed), damage) + LAST, folder, fits) for seed in seeds]


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 300), marks=pytest.mark.slow)])
@pytest.mark.parametrize("damage", [False, True])
def test_claims_of_any_kind_are_named_or_judged_each_for_itself(tmp_path, seeds, damage):
    reasons = tried(tmp_path, seeds, damage)
    assert any(reasons)
    assert not damage or reasons.count("") > len(seeds) / 3


@pytest.mark.slow
@pytest.mark.parametrize("damage", [False, True])
def test_claims_about_the_model_likewise(tmp_path, damage, fits):
    assert any(tried(tmp_path, range(1000, 1060), damage, fits))


def test_an_error_of_ours_costs_one_claim_and_says_so(tmp_path, monkeypatch):
    shutil.copytree(TEMPLATE, tmp_path, dirs_exist_ok=True)
    (tmp_path / "claims.toml").write_text(
        FIRST + claim("odd", "premise", "premise.parameter", {"parameter": "futures.discount"}, {}) + LAST
    )

    def broken(question):
        raise KeyError("theatre")

    whole = ledger._function
    monkeypatch.setattr(ledger, "_function", lambda name: broken if name == "premise.parameter" else whole(name))
    found = CliRunner().invoke(app, ["claims", str(tmp_path), "--json"])
    assert found.exit_code == 0, found.output
    claims = {c["id"]: c for c in json.loads(found.stdout)["claims"]}
    assert ledger.OWN_FAULT in claims["odd"]["reason"]
    assert claims["last"]["verdict"] == "supported"


def test_every_kind_of_parameter_has_a_good_value_here():
    from buckpass.case.claim_parameters import KINDS

    assert KINDS.keys() <= GOOD.keys() | {"states"}
    assert tomllib.loads(FIRST)
