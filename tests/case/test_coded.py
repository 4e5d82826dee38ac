"""What the record says that X did has one answer, however many coders and machines wrote rows, and whoever asks."""

import re
from collections import Counter
from datetime import date
from math import log1p
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import buckpass
from buckpass.case import Case, Claim, bundled_cases, coded, load_case
from buckpass.case.start import TEMPLATE
from buckpass.measured.coders import agreement_table

TOY = load_case(TEMPLATE)
DEPLOYMENT, TOP = 5, 6
COUNTED = ("seen", "recalled", "absence")
KEYS = [(row["crisis_id"], row["actor"]) for row in TOY.responses.iter_rows(named=True)]


@st.composite
def codings(draw):
    """One coder's row: an empty end of the band is the rung, and who did not look has no rung."""
    seen = draw(st.sampled_from([*COUNTED, "unsearched", "machine"]))
    low, rung, high = sorted(draw(st.lists(st.integers(0, TOP), min_size=3, max_size=3)))
    if seen == "unsearched":
        low = rung = high = None
    scope = draw(st.sampled_from(["host_support", "own_assets", "belligerent"]))
    return {"rung": rung, "rung_low": draw(st.sampled_from([low, None])) if low == rung else low,
            "rung_high": draw(st.sampled_from([high, None])) if high == rung else high, "basis": seen, "scope": scope}  # fmt: skip


RECORDS = st.fixed_dictionaries({key: st.lists(codings(), min_size=1, max_size=4) for key in KEYS})
ONE = {"rung_low": None, "rung_high": None, "basis": "seen", "scope": "host_support"}
TWO_CODERS = {
    key: [ONE | {"rung": 1}, ONE | {"rung": 6}] for key in KEYS
}  # a median of 1, a mean of 3.5, a last row of 6
WITH_MACHINE = {key: [ONE | {"rung": 2}, ONE | {"rung": 6, "basis": "machine", "scope": "belligerent"}] for key in KEYS}
ONLY_MACHINE = {key: [ONE | {"rung": 6, "basis": "machine"}] for key in KEYS}


def recorded(rows: dict) -> Case:
    """The starting case with these rows of several coders instead of its own."""
    plain = {(r["crisis_id"], r["actor"]): r for r in TOY.responses.iter_rows(named=True)}
    made = [
        plain[key] | row | {"coder": f"coder {n}", "vehicle": ""} for key in KEYS for n, row in enumerate(rows[key])
    ]
    made = [row | {"line": line} for line, row in enumerate(made, start=2)]
    return TOY.replace(responses=pl.DataFrame(made, schema=TOY.responses.schema))


def read_by_hand(rows: dict) -> dict:
    """The rule, said again in plain Python: (rung, low, high, scope) by crisis and actor; no entry where nobody looked."""
    found = {}
    for key, coders in rows.items():
        counted = [r for r in coders if r["basis"] in COUNTED]
        if counted:
            rungs = sorted(r["rung"] for r in counted)
            ends = [[r["rung"] if r[end] is None else r[end] for r in counted] for end in ("rung_low", "rung_high")]
            (scope, most), *others = Counter(r["scope"] for r in counted).most_common()
            tied = any(n == most for _, n in others)
            found[key] = (rungs[(len(rungs) - 1) // 2], min(ends[0]), max(ends[1]), "unknown" if tied else scope)
    return found


def powers_only(truth: dict) -> dict:
    return {key: said for key, said in truth.items() if key[1] in TOY.powers}


def tables_of_the_record(case, truth):
    from buckpass.measured import measure

    found = measure(case)
    rows = {(r["crisis"], r["actor"]): r for r in found.responses.frame.iter_rows(named=True)}
    assert list(rows) == KEYS
    assert {k: (r["rung"], r["low"], r["high"], r["scope"]) for k, r in rows.items() if r["rung"] is not None} == truth
    assert {rows[key]["basis"] for key in KEYS if key not in truth} <= {"machine", "unsearched"}
    for power, theatre, mean, n in found.profiles.frame.select("power", "theatre", "mean_rung", "n").iter_rows():
        rungs = [said[0] for (_, actor), said in truth.items() if actor == power]
        assert (mean, n, theatre) == (pytest.approx(sum(rungs) / len(rungs)), len(rungs), "valley")
    pact = found.activity.frame.filter(pl.col("organisation") == "PACT").to_dicts()[0]
    acts = [said for (_, actor), said in truth.items() if actor == "PACT"]
    for column, end in (("acts", 0), ("acts_surely", 1), ("acts_possibly", 2)):
        assert pact[column] == sum(said[end] >= DEPLOYMENT for said in acts)


def statements(case, truth):
    from buckpass.ledger.record_atoms import judged

    for crisis, actor in KEYS:
        (atom,) = judged(case, [{"actor": actor, "crisis": crisis, "at_least": 3}])
        said = truth.get((crisis, actor))
        band = "doubt" if said is None else "true" if said[1] >= 3 else "false" if said[2] < 3 else "doubt"
        assert atom.truth == band
        if said is not None:
            assert f"rung {said[0]}" in atom.seen


def rates(case, truth):
    from buckpass.ledger import assess

    estimand = {"name": "measured.rate", "actor": "AAA", "at_least": DEPLOYMENT}
    said = {**TOY.claims[0].model_dump(), "family": "measured", "expect": {"above": 0.5}, "estimand": estimand}
    claim = Claim.model_validate(said)
    verdict = assess(case.replace(claims=(claim,)), None)[claim.id]
    mine = [said for (_, actor), said in truth.items() if actor == "AAA"]
    if not mine:
        assert verdict.verdict == "not_computed"
        return
    detail = verdict.detail
    acts = [sum(said[end] >= DEPLOYMENT for said in mine) for end in range(3)]
    assert [detail["acts"], detail["acts_lowest"], detail["acts_highest"]] == acts


def likelihood(case, truth):
    from buckpass.game.setting import setting_of
    from buckpass.model.observations import observations

    setting = setting_of(case)
    seen = observations(case, setting)
    bands: dict = {}
    for n in range(len(seen)):
        key = (setting.names.crises[seen.crisis[n]], setting.names.powers[seen.power[n]])
        low, high, weight = bands.get(key, (TOP, 0, 0.0))
        bands[key] = min(low, int(seen.low[n])), max(high, int(seen.high[n])), weight + seen.weight[n]
    playing = {key: said for key, said in powers_only(truth).items() if said[3] != "belligerent"}
    assert set(bands) == set(playing)
    for key, (low, high, weight) in bands.items():
        assert weight == pytest.approx(1.0), "a response counts once however many coded it"
        # where the power has no vehicle, a coder's deployment through one counts as any deployment
        assert low == playing[key][1]
        assert high == playing[key][2] or (playing[key][2] == DEPLOYMENT and high == TOP)


def readings_of_a_fit(case, truth):
    from buckpass.game.setting import setting_of
    from buckpass.model.observations import Coding, observations

    setting = setting_of(case)
    every, strict = (
        observations(case, setting),
        observations(case, setting, Coding(bases=("seen", "machine", "unsearched"))),
    )
    assert set(strict.line) <= set(every.line)
    bases = dict(case.responses.select("line", "basis").iter_rows())
    assert {bases[line] for line in strict.line.tolist()} <= {"seen"}


def last_time(case, truth):
    from buckpass.evidence.forecasts import _history

    start, acts = dict(case.crises.select("crisis_id", "start").iter_rows()), {}
    for (crisis, actor), said in sorted(powers_only(truth).items(), key=lambda one: (start[one[0][0]], one[0])):
        acts.setdefault(actor, []).append((start[crisis], said[0]))
    assert {actor: [(when, rung) for when, _, rung in of] for actor, of in _history(case, []).items()} == acts


def who_plays_and_who_is_busy(case, truth):
    from buckpass.game.covariates import busy

    for crisis in TOY.crises["crisis_id"]:
        assert case.belligerents(crisis) == {
            a for (c, a), said in truth.items() if c == crisis and said[3] == "belligerent"
        }
    for power in TOY.powers:
        deployed = {c for (c, a), said in truth.items() if a == power and said[0] >= DEPLOYMENT}
        assert case.deployed_in(power) == deployed
        lasting = case.replace(crises=case.crises.with_columns(pl.lit(None, pl.Date).alias("end")))
        before = [c for c in deployed if case.crisis(c)["start"] < case.crisis("dalen_2016")["start"]]
        assert busy(lasting, lasting.crisis("dalen_2016"), power) == pytest.approx(log1p(len(before)))


def years_ahead(case, truth):
    from buckpass.years.starting_point import commitments_at

    found = commitments_at(case, 2017, 1e9)  # nothing fades
    expected = [sum(a == p and said[0] >= DEPLOYMENT for (_, a), said in truth.items()) for p in TOY.powers]
    assert found.tolist() == pytest.approx(expected)


def what_happened_after_a_start(case, truth):
    from buckpass.years.backtest import _facts

    labels = SimpleNamespace(hosts=("DDD",), powers=TOY.powers)
    facts = _facts(case, labels, 2000, 2020)
    for power in TOY.powers:
        for name, least in (("years with a deployment", DEPLOYMENT), ("years beyond words", 2)):
            assert facts[name, power] == sum(a == power and said[0] >= least for (_, a), said in truth.items())
    quiet = [
        max(r) for c in TOY.crises["crisis_id"] if (r := [s[0] for (k, _), s in powers_only(truth).items() if k == c])
    ]
    assert facts["nobody beyond words", "all hosts"] == sum(rung < 2 for rung in quiet)


def machine_against_hand(case, truth):
    from buckpass.events.coding.agreement import compare
    from buckpass.events.coding.rungs import SCHEMA, CodedRecord

    rows = [
        dict.fromkeys(SCHEMA) | {"crisis_id": c, "actor": a, "status": "coded", "rung": 3, "evidence": []}
        for c, a in KEYS
    ]
    found = compare(CodedRecord(pl.DataFrame(rows, schema=SCHEMA)), case.coded)
    pairs = {
        (r["crisis_id"], r["actor"]): (r["hand"], r["hand_low"], r["hand_high"])
        for r in found.pairs.iter_rows(named=True)
    }
    assert pairs == {key: said[:3] for key, said in truth.items()}


def cards(case, truth):
    from buckpass.page.cards import crisis_cards
    from buckpass.page.wording import name_of, span

    shown = {}
    for card in crisis_cards(case, SimpleNamespace(model=None)):
        assert len({row.name for row in card.rows}) == len(card.rows), "one row an actor, however many coders"
        shown |= {(card.id, row.name): (row.rung, row.band) for row in card.rows}
    named = {(c, a if a in TOY.organisations else name_of(TOY, a)): s for (c, a), s in truth.items()}
    assert shown == {key: (said[0], span(said[1], said[2])) for key, said in named.items()}


READERS = (tables_of_the_record, statements, rates, likelihood, readings_of_a_fit, last_time, who_plays_and_who_is_busy,
           years_ahead, what_happened_after_a_start, machine_against_hand, cards)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=RECORDS)
@example(rows=TWO_CODERS)
@example(rows=WITH_MACHINE)
@example(rows=ONLY_MACHINE)
def test_every_reader_has_the_one_reading(reader, rows):
    reader(recorded(rows), read_by_hand(rows))


@pytest.mark.slow
@given(rows=RECORDS, order=st.randoms(use_true_random=False))
def test_the_order_of_coders_does_not_count(rows, order):
    shuffled = {key: order.sample(coders, len(coders)) for key, coders in rows.items()}
    said = ["crisis", "actor", "rung", "low", "high", "basis", "coders", "stance", "scope", "vehicle"]
    assert recorded(rows).coded.select(said).equals(recorded(shuffled).coded.select(said))


def test_the_reading_names_every_row_behind_it():
    case = recorded(TWO_CODERS)
    row = case.coded.row(0, named=True)
    assert (row["coders"], row["line"], row["lines"]) == (2, 2, [2, 3])
    assert row["sources"] == ["example2019"]
    from buckpass.ledger.record_atoms import judged

    (atom,) = judged(case, [{"actor": KEYS[0][1], "crisis": KEYS[0][0], "at_most": 6}])
    assert atom.places == ("responses.csv:2", "responses.csv:3")


def test_reliability_compares_coders_who_looked_and_no_machine():
    from buckpass.measured import measure

    assert measure(recorded(WITH_MACHINE)).agreement.frame.is_empty()
    assert measure(recorded(TWO_CODERS)).agreement.frame["n"].item() == len(KEYS)


@pytest.mark.parametrize("name", bundled_cases())
def test_with_one_coder_the_reading_is_the_row(name):
    case = load_case(name)
    columns = ["rung", "low", "high", "basis", "stance", "scope", "vehicle", "kind", "detail", "line"]
    once = case.responses.filter(pl.len().over("crisis_id", "actor") == 1)
    rows = once.rename({"rung_low": "low", "rung_high": "high"}).select(columns)
    assert rows.height > 0
    assert case.coded.filter(pl.col("lines").list.len() == 1).select(columns).equals(rows)


def test_rows_of_a_machine_are_warned_of(tmp_path):
    import shutil

    from buckpass.case import check_case

    folder = shutil.copytree(TEMPLATE, tmp_path / "case")
    text = (folder / "responses.csv").read_text(encoding="utf-8")
    (folder / "responses.csv").write_text(text.replace("high,seen", "high,machine", 1), encoding="utf-8")
    warned = [p for p in check_case(folder).warnings if p.field == "basis"]
    assert [(p.file, p.line) for p in warned] == [("responses.csv", 2)]
    assert "1 row with basis machine" in warned[0].message


READS_ROWS = {  # reading and checking files, changing the coding, making cases without a record, and the coders themselves
    "app/coding.py", "case/codebook.py", "case/provenance.py", "case/checking/acts.py", "case/checking/remaining.py", "case/checking/weak_spots.py",
    "evidence/studies/hypothetical.py", "years/grid.py", "measured/coding.py", "measured/coders.py",
}  # fmt: skip


def test_nobody_else_reads_the_rows_of_coders():
    root = Path(buckpass.__file__).parent
    files = (path for path in root.rglob("*.py") if re.search(r"\bcase\.responses\b", path.read_text("utf-8")))
    assert {path.relative_to(root).as_posix() for path in files} == READS_ROWS


def test_the_day_of_a_crisis_comes_with_its_reading():
    assert TOY.coded["start"][0] == date(2005, 3, 10)
    assert TOY.coded["theatre"].unique().to_list() == ["valley"]


def test_what_was_settled_between_coders_decides_and_their_rows_stay():
    plain = TOY.responses.row(0, named=True)
    rows = [plain | {"coder": "first", "rung": 1, "rung_low": 0, "rung_high": 1, "basis": "absence", "stance": "none"},
            plain | {"coder": "second", "rung": 4, "rung_low": 4, "rung_high": 5, "basis": "seen", "stance": "support"}]  # fmt: skip
    for name in ("", "settled"):
        settled = plain | {
            "coder": name,
            "rung": 4,
            "rung_low": 3,
            "rung_high": 4,
            "basis": "seen",
            "stance": "critical",
        }
        case = TOY.replace(responses=pl.DataFrame([*rows, settled], schema=TOY.responses.schema))
        (read,) = case.coded.to_dicts()
        assert (read["rung"], read["low"], read["high"]) == (4, 3, 4)
        assert (read["basis"], read["stance"], read["coders"]) == ("seen", "critical", 2)
        own = coded.counted(case.responses)
        assert own["coder"].to_list() == ["first", "second"]
        assert own["weight"].to_list() == [0.5, 0.5]
    alone = TOY.replace(responses=pl.DataFrame([plain | {"coder": "settled"}], schema=TOY.responses.schema))
    assert alone.coded["coders"].to_list() == [1]


def test_agreement_is_between_those_who_coded_the_same_responses():
    flagship = load_case("central-asia")
    every, read = agreement_table(flagship, 0).rows()
    assert [(one["coders"], one["n"]) for one in (every, read)] == [(2, 83), (2, 53)]
    assert read["alpha"] < every["alpha"]  # that nothing was found is easy to agree on
