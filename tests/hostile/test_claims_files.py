"""Claims as strangers write them: `check` names file, line and field, or every claim gets a verdict, each for itself."""

import json
import random
import shutil
import tomllib
from bisect import bisect_right
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from buckpass.case import CaseProblems, Claim, load, load_case
from buckpass.case.catalogue import EstimandKind, known_estimands
from buckpass.case.start import TEMPLATE
from buckpass.changes.check import check_case
from buckpass.cli.main import app
from buckpass.ledger import assess_under, ledger
from buckpass.ledger.ledger import assess, estimands
from buckpass.ledger.prior_sensitivity import prior_sensitivity
from made_posteriors import posterior_of, prior_sites, said_of

# A good value of every kind of parameter, in the small case; several where estimands take another path with another.
GOOD = {
    "power": ["BBB", "AAA"], "parties": [["BBB", "AAA"]], "actor": ["BBB", "PACT", "DDD"], "actors": [["AAA", "BBB"], ["BBB"]],
    "organisation": ["PACT"], "organisations": [["PACT"]], "theatres": ["valley", ["valley"]],
    "crises": [["dalen_2005"], ["dalen_2005", "dalen_2016"]], "states": [["DDD"], ["DDD", "AAA"]],
    "series": ["trade", "milex"], "list of series": [["trade"], ["trade", "arms"]],
    "series or numbers of crises": [["arms"], ["threat_level", "trade"], ["deaths_best"]],
    "labelled series": [{"counted otherwise": "arms"}, {}], "leaders": [{"economic": "BBB", "security": "AAA"}, {"security": "AAA"}, {}],
    "domains": [["economic", "security"], ["security"]], "domain": ["economic", "security"], "rung": [1, 4, 6],
    "year": [2000, 2015, 2999], "years": [[2000, 2020], [2010, 2010]], "periods": [[[2000, 2009], [2010, 2020]], [[2020, 2020]]],
    "truths": [[True, False], [False]], "yearly": ["yearly"], "explanation": ["FR", "FR+BL", "all-DL", "base"],
    "explanations": [["BL"], ["EX", "all"]], "mechanism of a gap": ["others", "stake"], "backlash": ["backlash"],
    "parameter": ["agreement.discount", "futures.discount"], "probability": ["p_power_deploys", "p_organisation_deploys"],
    "held": [["stake", "severity"], []], "records": [[{"series": "arms", "actor": "AAA"}], [{"series": "arms", "actor": "PACT"}]],
    "statements": [[{"actor": "BBB", "crisis": "dalen_2005", "at_most": 4}], [{"actor": "PACT", "theatre": "valley", "at_least": 1}],
                   [{"fact": "it rained", "holds": "doubt"}, {"any_of": ["AAA", "BBB"], "theatre": "valley", "stance": "support"}]],
    "readings": [[{"label": "loosely", "atoms": [{"actor": "BBB", "crisis": "dalen_2005", "at_most": 5}]}], []],
    "scenarios": [[{"label": "dear", "set": ["request=nobody"]}], [{"label": "weak", "set": ["AAA.capacity=0.5x"]}],
                  [{"label": "alone", "consent_without": "BBB"}]],
    "conditions": [[{"actor": "AAA", "at_least": 1}], [{"actor": "AAA", "closed": False}], [{"actor": "BBB", "at_most": 4}, {"actor": "PACT", "at_least": 1}]],
    "one or more organisations": ["PACT", ["PACT"]],
    "years by state": [{"AAA": [2000, 2010], "BBB": [2010, 2000]}, {"DDD": [2000, 2010]}],
    "powers": [["AAA", "BBB"], ["BBB"]], "hosts": ["DDD", ["DDD"]], "direction": ["for", "against"], "scope": ["host_support", "own_assets"], "what is counted": ["crises", "hosts"],
    "also": [{"power": "AAA", "above": 0.0}, {"buck_passed_by": "BBB", "below": 1.0}],
    "also of a power": [{"power": "AAA", "above": 0.0}, {"power": "BBB", "below": 1.0}],
}  # fmt: skip
LAST_STEP = 4  # of acts against, in the small case
NAMELESS = ("ZZZ", "PACTS", "", 3, None, True, ["ZZZ"], {"of": "AAA"})
# What each kind of parameter may not be, beside what no kind may be (NAMELESS, where it is not a list or table of names).
BROKEN = {
    "power": [*NAMELESS, "DDD", "PACT", ["AAA"]],
    "parties": ["AAA", [], ["AAA", "ZZZ"], ["DDD"]],
    "powers": ["AAA", [], ["AAA", "ZZZ"], ["DDD"], ["AAA", "BBB", "AAA"]],
    "hosts": [*NAMELESS, "AAA", ["DDD", "ZZZ"], []],
    "direction": ["towards", "", True, ["for"]],
    "scope": ["host", "", True, ["host_support"]],
    "what is counted": ["years", 1, ["crises"]],
    "actor": [*NAMELESS, "valley"],
    "actors": ["AAA", [], ["AAA", "ZZZ"]],
    "organisation": [*NAMELESS, "AAA"],
    "organisations": ["PACT", [], ["PACT", "ZZZ"]],
    "one or more organisations": [*NAMELESS, ["PACT", "ZZZ"]],
    "theatres": [*NAMELESS, "vale", ["valley", "vale"], []],
    "crises": ["dalen_2005", [], ["dalen_2006"], [2005]],
    "states": ["AAA", [], ["AAA", "ZZZ"]],
    "series": [*NAMELESS, "trad", "nothing"],
    "list of series": ["trade", [], ["trade", "trad"]],
    "series or numbers of crises": ["trade", ["trad"], ["host"], ["summary"]],
    "years by state": [[2000, 2010], {"ZZZ": [2000, 2010]}, {"AAA": [2000]}],
    "labelled series": ["trade", {"imports": "trad"}, {"imports": ["trade"]}],
    "leaders": ["AAA", {"economic": "ZZZ"}, {"military": "AAA"}],
    "domains": ["economic", [], ["military"]],
    "domain": [*NAMELESS, "military"],
    "rung": [7, -1, 2.0, "5", True, 10**30],
    "year": [99, 30000, "2000", 2000.0],
    "years": [2000, [2000], [2010, 2000], [2000, 2005, 2010]],
    "periods": [[], [2000, 2010], [[2010, 2000]]],
    "truths": [True, [], ["yes"], [1]],
    "yearly": ["monthly", True, 1],
    "explanation": ["ZZ", "FR+ZZ", "all-ZZ", "argument", 3],
    "explanations": ["FR", [], ["FR", "ZZ"]],
    "mechanism of a gap": ["kappa", "other", 1],
    "backlash": ["norm", 1],
    "parameter": ["kappa", "futures.dicount", 3],
    "probability": ["p_deploy", "p_deploys:AAA", 1],
    "held": ["stake", ["cost"], [1]],
    "also": [
        {"power": "AAA"},
        {"power": "ZZZ", "above": 0},
        {"above": 0},
        {"buck_passed_by": "DDD", "above": 0},
        {"power": "AAA", "above": 0, "below": 1},
        {"power": "AAA", "equals": True},
    ],
    "also of a power": [{"buck_passed_by": "AAA", "above": 0}, {"power": "ZZZ", "above": 0}, {"power": "AAA"}],
    "records": [[], [{"series": "arms"}], [{"series": "arm", "actor": "AAA"}], [{"series": "arms", "actor": "ZZZ"}]],
    "statements": [
        [],
        "true",
        [{"actor": "ZZZ", "crisis": "dalen_2005", "at_most": 4}],
        [{"any_of": ["AAA", "ZZZ"], "theatre": "valley", "at_most": 4}],
        [{"actor": "AAA", "crisis": "dalen_2006", "at_most": 4}],
        [{"actor": "AAA", "theatre": "vale", "at_most": 4}],
        [{"actor": "AAA", "crisis": "dalen_2005", "at_most": 7}],
        [{"actor": "AAA", "crisis": "dalen_2005", "equals": 9}],
        [{"actor": "AAA", "crisis": "dalen_2005", "stance": "for"}],
        [{"actor": "AAA", "crisis": "dalen_2005", "scope": "host"}],
        [{"actor": "AAA", "crisis": "dalen_2005", "holds": True}],
        [{"fact": "it rained", "sources": ["nobody1900"]}],
        [{"actor": "PACT", "theatre": "valley", "closed": True}],
        [{"any_of": ["AAA", "DDD"], "crisis": "dalen_2005", "closed": True}],
        [{"fact": "it rained", "holds": True}, {"fact": "it rained", "holds": True}],
    ],
    "readings": [
        "loosely",
        [{"label": "loosely"}],
        [{"label": "loosely", "atoms": [{"actor": "ZZZ", "crisis": "dalen_2005", "at_most": 5}]}],
    ],
    "conditions": [
        [],
        [{"actor": "AAA"}],
        [{"actor": "ZZZ", "at_least": 1}],
        [{"at_least": 1}],
        [{"actor": "AAA", "at_least": 9}],
        [{"actor": "AAA", "at_least": 5, "at_most": 4}],
        [{"actor": "AAA", "at_least": 5, "direction": "against"}],
        [{"actor": "PACT", "closed": True}],
        [{"actor": "DDD", "closed": False, "at_least": 1}],
    ],
    "scenarios": [
        [],
        ["AAA.opinion@DDD=-0.5"],
        [{"set": ["AAA.opinion@DDD=-0.5"]}],
        [{"label": "a", "set": "AAA.opinion@DDD=-0.5"}],
        [{"label": "a"}],
        [{"label": "a", "consent_without": "ZZZ"}],
        [{"label": "a", "set": ["severity=0.5"], "consent_without": "AAA"}],
    ],
}
# Scenarios of the form of one, that ask for what this case, or the game of these crises, does not have.
BROKEN_CHANGES = (
    "ZZZ.opinion@DDD=-0.5", "AAA.opinion@ZZZ=-0.5", "AAA.opinio@DDD=-0.5", "AAA.opinion@DDD=-5", "AAA.capacity", "AAA.capacity=much",
    "severity=7", "request=ZZZ", "absent=AAA,BBB", "AAA.force=9", "PACTS.consent=lead", "PACT.consent=unanimity", "PACT.consent=keys",
    "PACT.members=AAA", "futures.dicount=0.5", "arrangement.punishment_years=5", "AAA.force@CLUB=5",
)  # fmt: skip
EXPECTS = {"bound": [{"above": 0.0}, {"below": 0.5}], "truth": [{"equals": True}, {"equals": False}],
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


SECOND = {"common": ["DDD"], "other": "AAA", "over": "AAA", "with": "AAA", "others": ["CLUB"], "into": "plain",
          "against": {"actor": "AAA", "theatres": "plain"}}  # fmt: skip
MORE = """
[[theatres]]
id = "plain"
name = "The plain"
in_fit = false

[[organisations]]
id = "CLUB"
name = "Plain Club"
founded = 2000-01-01
is_vehicle = false
members = [{ state = "AAA", from = 2000-01-01 }]
mandate = { hosts = "any", types = "any" }
consent = { rule = "consensus" }
cost_share = { value = 1.0, label = "assumed", reason = "none" }
legitimacy = { value = 1.0, label = "assumed", reason = "none" }
"""


def whole(name: str) -> dict:
    """Parameters of an estimand that go together: a good one of every kind, another where two must differ."""
    given = {}
    for parameter, kind in estimands()[name]["parameters"].items():
        second = SECOND.get(parameter)
        second = second.get(kind) if isinstance(second, dict) else second
        given[parameter] = GOOD[kind][0] if second is None else second
    return given


def with_second_theatre(folder: Path) -> None:
    """The template with a second theatre and organisation."""
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    (folder / "case.toml").write_text((TEMPLATE / "case.toml").read_text("utf-8") + MORE, encoding="utf-8")


def errors_by_claim(claims: dict[str, str], folder: Path, check=load.check_case) -> dict[str, str]:
    """What is wrong with each of some claims, by the line that is named; the case has a second theatre and organisation."""
    with_second_theatre(folder)
    text = "".join(claims.values())
    (folder / "claims.toml").write_text(text, encoding="utf-8")
    begins = [n for n, line in enumerate(text.splitlines(), 1) if line == "[[claim]]"]
    found = {}
    for p in check(folder).errors:
        assert (p.file, bool(p.line)) == ("claims.toml", True), p
        assert p.hint, p
        assert len(str(p)) < 1000, p
        found.setdefault(list(claims)[bisect_right(begins, p.line) - 1], str(p))
    return found


def broken(name: str):
    """Parameters of an estimand with one of them broken, in every way that its kind can be, left out, or one too many."""
    kind, good = estimands()[name], whole(name)
    yield from (good | {p: value} for p, k in kind["parameters"].items() for value in BROKEN[k] if value is not None)
    filled = kind.get("from_pair", {})  # by the claim's pair, or the case's focus: these are never missing
    yield from (
        {p: v for p, v in good.items() if p != left_out} for left_out in kind["required"] if left_out not in filled
    )
    either = (names for names in kind.get("one_of", ()) if not set(names) & set(filled))
    yield from ({p: v for p, v in good.items() if p not in names} for names in either)
    yield from (good | {second: good[first]} for first, second in kind.get("differ", ()))
    yield from (good | {first: 5, second: 4} for first, second in kind.get("in_order", ()))
    if "direction" in kind["parameters"]:
        heights = [p for p, k in kind["parameters"].items() if k == "rung"]
        yield from (good | {"direction": "against", p: LAST_STEP + 1} for p in heights)
    yield good | {"powre": "AAA"}


@pytest.mark.parametrize("name", sorted(estimands()))
def test_every_parameter_of_every_estimand_is_checked(name, tmp_path):
    family, expect = estimands()[name]["family"], EXPECTS[estimands()[name]["expects"]][0]
    ways = list(broken(name))
    for start in range(0, len(ways), 25):
        part = {f"C{n}": way for n, way in enumerate(ways[start : start + 25])}
        claims = {i: claim(i, family, name, given, expect) for i, given in {"good": whole(name), **part}.items()}
        found = errors_by_claim(claims, tmp_path)
        assert "good" not in found, found
        assert not part.keys() - found.keys(), [part[i] for i in sorted(part.keys() - found.keys())]


def whatif(name: str, scenario: dict, **given) -> str:
    asked = {
        "measure": "p_power_deploys",
        "power": "BBB",
        "organisation": "PACT",
        "theatre": "valley",
        "scenarios": [scenario],
    }
    return claim(name, "model", "model.whatif", {k: v for k, v in (asked | given).items() if v}, {"above": 0})


def test_what_a_scenario_of_a_claim_changes_is_checked_in_its_crises(tmp_path):
    ways = {
        **{f"C{n}": whatif(f"C{n}", {"label": "l", "set": [text]}) for n, text in enumerate(BROKEN_CHANGES)},
        "lead": whatif("lead", {"label": "l", "consent_without": "BBB"}),
        "whose": whatif("whose", {"label": "l", "consent_without": "BBB"}, organisation=None),
        "club": whatif("club", {"label": "l", "set": ["severity=0.5"]}, measure="p_organisation_deploys", organisation="CLUB"),
        "none": whatif("none", {"label": "l", "set": ["severity=0.5"]}, theatre="plain"),
    }  # fmt: skip
    ways |= {"good": whatif("good", {"label": "l", "set": ["AAA.opinion@DDD=-0.2"]})}
    found = errors_by_claim(ways, tmp_path, check_case)
    assert not ways.keys() - found.keys() - {"good"}, [ways[i] for i in sorted(ways.keys() - found.keys() - {"good"})]
    assert "good" not in found, found


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


def at_random(kind: EstimandKind, parameter: str, dice: random.Random):
    """A good value of a parameter: often that which two parameters that must differ need."""
    return dice.choice([*GOOD[kind.parameters[parameter]], whole(kind.name)[parameter]])


def stranger(dice: random.Random, damage: bool) -> str:
    """A claim of any estimand, its parameters good ones that go together, all that must be given and some others; or one odd."""
    name = dice.choice(sorted(estimands()))
    kind = known_estimands()[name]
    given = {p: at_random(kind, p, dice) for p in kind.parameters if p in kind.required or dice.random() < 0.5}
    while needed := kind.lacking(given):
        given |= {p: at_random(kind, p, dice) for p in (dice.choice(one.split(" or ")) for one in needed)}
    while odds := [parameter for parameter, _ in kind.at_odds(given)]:
        given |= {
            p: at_random(kind, p, dice) for p in (*odds, *(p for pair in kind.in_order for p in pair if p in given))
        }
    if given.get("direction") == "against":
        given = {p: min(v, LAST_STEP) if kind.parameters[p] == "rung" else v for p, v in given.items()}
    expect = dice.choice(EXPECTS[kind.expects])
    if damage:
        given = odd(given, dice)
        expect = dice.choice([expect, expect, {dice.choice(["above", "below", "equals"]): dice.choice(ODD[1:12])}])
    return claim("odd", kind.family, name, given, expect)


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
    found = assess(case, said_of(case, fits or {}) or None)
    assert [v.id for v in found] == ["first", "odd", "last"]
    assert [v.verdict for v in found if v.id != "odd"] == ["supported", "supported"]
    json.dumps(found.as_dict(), allow_nan=False, default=str)
    assert ledger.OWN_FAULT not in found["odd"].reason, f"{found['odd'].reason}\n{text}"
    return found["odd"].reason or found["odd"].verdict


def asked(folder: Path, seeds, damage: bool, fits=None) -> list[str]:
    with_second_theatre(folder)
    return [judged(FIRST + stranger(random.Random(seed), damage) + LAST, folder, fits) for seed in seeds]


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(25), marks=pytest.mark.hostile),
        pytest.param(range(25, 300), marks=[pytest.mark.slow, pytest.mark.hostile]),
    ],
)
@pytest.mark.parametrize("damage", [False, True])
def test_claims_of_any_kind_are_named_or_judged_each_for_itself(tmp_path, seeds, damage, tried):
    reasons = asked(tmp_path, seeds, damage)
    tried("claims files", len(seeds))
    refused = reasons.count("")
    assert refused > len(seeds) / 3 if damage else refused == 0


@pytest.mark.slow
@pytest.mark.parametrize("damage", [False, True])
def test_claims_about_the_model_likewise(tmp_path, damage, fits):
    reasons = asked(tmp_path, range(1000, 1060), damage, fits)
    assert any(reasons) if damage else all(reasons)


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """A case of which one claim meets a fault of ours."""
    shutil.copytree(TEMPLATE, tmp_path, dirs_exist_ok=True)
    rate = {"actor": "BBB", "at_least": 5}
    (tmp_path / "claims.toml").write_text(
        FIRST + claim("odd", "measured", "measured.rate", rate, {"below": 0.5}) + LAST
    )

    def broken(question):
        raise KeyError("theatre")

    whole = ledger._function
    monkeypatch.setattr(ledger, "_function", lambda name: broken if name == "measured.rate" else whole(name))
    return tmp_path


def test_an_error_of_ours_costs_one_claim_and_says_so(faulty):
    found = CliRunner().invoke(app, ["claims", str(faulty), "--json"])
    assert found.exit_code == 0, found.output
    claims = {c["id"]: c for c in json.loads(found.stdout)["claims"]}
    assert ledger.OWN_FAULT in claims["odd"]["reason"]
    assert claims["last"]["verdict"] == "supported"
    assert prior_sensitivity(load_case(faulty), {}).frame.is_empty()


@pytest.mark.slow
def test_an_error_of_ours_costs_the_page_one_claim(faulty):
    page = faulty / "page.html"
    found = CliRunner().invoke(app, ["report", str(faulty), "-o", str(page)])
    assert found.exit_code == 0, found.output
    assert ledger.OWN_FAULT in page.read_text("utf-8")


def test_an_actor_of_recalled_rows_alone_is_one_that_nobody_looked_for_without_them(toy):
    rows = toy.responses.filter(pl.col("actor") == "AAA", pl.col("crisis_id") == "dalen_2005")
    of_france = rows.with_columns(actor=pl.lit("FRA"), basis=pl.lit("recalled"))
    stated = {"atoms": [{"actor": "FRA", "crisis": "dalen_2005", "at_least": 5}]}
    (one,) = tomllib.loads(claim("odd", "record", "record.atoms", stated, {"equals": True}))["claim"]
    case = toy.replace(responses=pl.concat([toy.responses, of_france]), claims=(Claim.model_validate(one),))
    (change,) = assess_under(case, basis="seen").changed
    assert (change.before, change.after) == ("supported", "undecided")


def test_every_kind_of_parameter_has_good_and_broken_values_here():
    from buckpass.case.claim_parameters import KINDS

    assert KINDS.keys() == GOOD.keys() == BROKEN.keys()
    assert tomllib.loads(FIRST)
