"""Companies and armed groups with the power behind them, coalitions without a charter, and governments that asked."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckpass.case import check_case, coded, load_case
from buckpass.case.checking.remaining import remaining
from buckpass.case.coded import counted
from buckpass.case.reading.which_crises import truth_of
from buckpass.case.start import TEMPLATE
from buckpass.game.setting import setting_of

COMPANY = '[[actors]]\nid = "Vasten"\nname = "Vasten Group"\nkind = "company"\nsponsor = "BBB"\n\n'
RULE = "[sponsored]\ncompany = {most}\n\n"
ROW = "dalen_2016,Vasten,company,6,5,6,2016-01-08,support,host_support,,,two hundred men,medium,seen,independent,example2019\n"
COALITION = '[[coalitions]]\nid = "Willing"\nname = "Coalition of 2016"\nmembers = ["BBB", "AAA"]\nhosts = ["DDD"]\nfrom = 2015-12-01\n{more}\n'
GOVERNMENTS = 'governments = [\n  {{ id = "old", name = "Old", to = 2016-01-07 }},\n  {{ id = "junta", name = "Junta", from = {start} }},\n]\n'


def case_with(folder, tables="", rows="", hosts="", asked_by=""):
    """A copy of the starting case with more tables, responses, lines of its host, and who asked in 2016."""
    folder.mkdir()
    for file in TEMPLATE.iterdir():
        text = file.read_text("utf-8")
        if file.name == "case.toml":
            text = text.replace("[ladder]", tables + "[ladder]", 1).replace("borders = [", hosts + "borders = [", 1)
        if file.name == "responses.csv":
            text += rows
        if file.name == "crises.csv" and asked_by:
            head, *lines = text.splitlines()
            text = (
                "\n".join([f"{head},asked_by", *(f"{one},{asked_by if 'dalen_2016' in one else ''}" for one in lines)])
                + "\n"
            )
        (folder / file.name).write_text(text, "utf-8")
    return folder


def of_bbb(case):
    return case.coded.filter(crisis="dalen_2016", actor="BBB").select("rung", "low", "high").row(0)


@pytest.mark.parametrize(("most", "read"), [(6, (6, 5, 6)), (4, (4, 4, 4)), (0, (1, 1, 2))])
def test_what_a_company_did_counts_for_its_sponsor_up_to_the_rung_of_the_case(tmp_path, most, read):
    case = load_case(case_with(tmp_path / "case", COMPANY + RULE.format(most=most), ROW))
    assert of_bbb(case) == read
    fitted = counted(case.attributed).filter(crisis_id="dalen_2016", actor="BBB")
    assert fitted.select("rung", "weight").rows() == [(read[0], 1.0)]
    assert truth_of(case, {"at_least": 6}, "Vasten", "dalen_2016") == "doubt"  # its own row: 6, band 5 to 6


def test_without_a_rule_of_the_case_it_counts_for_nobody(tmp_path, toy):
    case = load_case(case_with(tmp_path / "case", COMPANY, ROW))
    assert of_bbb(case) == of_bbb(toy) == (1, 1, 2)
    assert case.coded.filter(actor="Vasten")["rung"].to_list() == [6]


def test_what_is_behind_a_power_is_followed_to_its_row(tmp_path):
    case = load_case(case_with(tmp_path / "case", COMPANY + RULE.format(most=6), ROW))
    assert case.coded.filter(crisis="dalen_2016", actor="BBB")["line"].item() == 11


ACTS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 2), st.sampled_from(["", "ann", "bob"]), st.sampled_from([None, 1, 2])),
    min_size=1, max_size=4, unique_by=lambda act: (act[2], act[3]),
)  # fmt: skip


def rows_of(toy, acts, actor):
    """Rows of one response: rung, half the band, coder and phase of each."""
    plain = toy.responses.filter(crisis_id="dalen_2016", actor="BBB").row(0, named=True)
    ends = [(max(rung - half, 0), min(rung + half, 6)) for rung, half, _, _ in acts]
    return [plain | {"actor": actor, "rung": rung, "rung_low": low, "rung_high": high, "coder": coder, "phase": phase, "line": 50 + n}
            for n, ((rung, _, coder, phase), (low, high)) in enumerate(zip(acts, ends, strict=True))]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40)
@given(ACTS, ACTS, st.sampled_from(["furthest", "first", "last"]))
def test_a_response_is_the_furthest_of_what_the_power_and_its_company_did_each_read_by_itself(own, firm, phase):
    """Whoever coded them and whatever their phases: no coder of the one settles the other, and no band ends below what either allows."""
    toy = load_case(TEMPLATE)
    of = {actor: pl.DataFrame(rows_of(toy, acts, actor), schema=toy.responses.schema)
          for actor, acts in {"BBB": own, "Vasten": firm}.items()}  # fmt: skip
    alone = [coded.read(rows, phase).select("rung", "low", "high").row(0) for rows in of.values()]
    together = coded.attributed(pl.concat(of.values()), {"Vasten": ("BBB", 6)})
    (found,) = coded.read(together, phase).filter(actor="BBB").select("rung", "low", "high").rows()
    assert found == tuple(map(max, zip(*alone, strict=True)))
    if phase == "furthest":
        one = counted(together).filter(actor="BBB")
        assert one.select("rung", "weight").rows() == [(max(rung_of(rows) for rows in of.values()), 1.0)]


def rung_of(rows):
    """The lower median of those who coded, none of whom settles anything."""
    return counted(rows)["rung"].quantile(0.5, "lower")


def test_a_coalition_is_a_vehicle_of_its_members_while_it_lasts(tmp_path):
    case = load_case(case_with(tmp_path / "case", COALITION.format(more="")))
    setting = setting_of(case)
    option = setting.names.options.index("5@Willing")
    assert np.asarray(setting.is_open)[:, :, option].tolist() == [[False, False], [False, False], [True, True]]
    vehicle = case.organisation("Willing")
    assert (vehicle.lead, vehicle.cost_share.value, vehicle.legitimacy.value) == ("BBB", 1.0, 1.0)
    assert check_case(case.folder).ok


def test_who_asked_is_a_government_of_the_day(tmp_path):
    good = case_with(tmp_path / "good", hosts=GOVERNMENTS.format(start="2016-01-08"), asked_by="junta")
    assert check_case(good).problems == ()
    assert load_case(good).crisis("dalen_2016")["asked_by"] == "junta"


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({"tables": COMPANY.replace('sponsor = "BBB"\n', "")}, "case.toml", "the company Vasten has no sponsor"),
        ({"tables": COMPANY.replace('"BBB"', '"BBX"')}, "case.toml", "is not a power"),
        ({"tables": COMPANY.replace("Vasten", "PACT")}, "case.toml", "organisation's id"),
        ({"tables": RULE.format(most=7)}, "case.toml", "is not on the ladder"),
        ({"rows": ROW}, "responses.csv:11 [actor]", "is not a company of [[actors]]"),
        ({"tables": COALITION.replace('["BBB", "AAA"]', "[]").format(more="")}, "case.toml", "has no members"),
        ({"tables": COALITION.format(more='lead = "DDD"')}, "case.toml", "is no member of the coalition"),
        ({"tables": COALITION.replace("DDD", "DDX").format(more="")}, "case.toml", "is not a host"),
        ({"hosts": GOVERNMENTS.format(start="2016-01-05")}, "case.toml", "the government of DDD stands twice for the same days"),
        ({"hosts": GOVERNMENTS.replace('"junta"', '"old"').format(start="2016-01-08")}, "case.toml", "old is Old and Junta"),
        ({"tables": COALITION.replace('["BBB", "AAA"]', '["BBB", "AAA", "BBB"]').format(more="")}, "case.toml", "BBB stands twice in members"),
        ({"hosts": GOVERNMENTS.format(start="2018-01-01"), "asked_by": "junta"}, "crises.csv:4 [asked_by]", "no government of DDD between"),
        ({"asked_by": "rebels"}, "crises.csv:4 [asked_by]", "no government of DDD"),
    ],
)  # fmt: skip
def test_what_such_an_actor_cannot_be_is_refused_with_its_line(tmp_path, given, place, said):
    found = [str(p) for p in check_case(case_with(tmp_path / "case", **given)).errors if said in p.message]
    assert len(found) == 1
    assert found[0].startswith(place)
    assert found[0].split(" ")[0].count(":") == 1  # file and line


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ("from = 2015-12-01\nto = 2016-01-08", ""),
        ("from = 2016-01-06", "Willing existed from 2016-01-06, not when"),
        ("from = 2016-01-06", "could reach a crisis of the fit through Willing when it began"),
    ],
)
def test_a_deployment_is_doubted_where_the_game_has_no_option_of_it(tmp_path, dates, said):
    """The game asks on the crisis's first day: a coalition of the days after is no option, one that ended in them is."""
    made = case_with(tmp_path / "case", COALITION.format(more="").replace("from = 2015-12-01", dates))
    rows = (made / "responses.csv").read_text("utf-8").replace("joint force,PACT,", "joint force,Willing,")
    (made / "responses.csv").write_text(rows, "utf-8")
    check = check_case(made)
    setting = setting_of(check.case)
    is_open = np.asarray(setting.is_open)[-1, 0, setting.names.options.index("5@Willing")]
    assert bool(is_open) == (not said)
    assert [said in p.message for p in check.problems].count(True) == (1 if said else 0)


def test_a_coalition_that_is_wrong_is_told_so_once_and_in_words_of_its_own(tmp_path):
    wrong = COALITION.replace('["BBB", "AAA"]', '["BBB", "BBB", "XQQ"]').replace('"DDD"', '"DDX"').format(more="")
    told = [str(p) for p in check_case(case_with(tmp_path / "case", wrong)).errors]
    assert [(p.split("] ")[0].split("[", 1)[1], p.split(" error: ")[1].split(" — ")[0]) for p in told] == [
        ("coalitions[1].members[2]", "BBB stands twice in members"),
        ("coalitions[1].members[3]", "'XQQ' is not a power"),
        ("coalitions[1].hosts[1]", "'DDX' is not a host"),
    ]


def test_of_a_coalition_no_dates_of_a_mandate_are_left_to_look_up(tmp_path):
    case = load_case(case_with(tmp_path / "case", COALITION.format(more="")))
    undated = next(p.message for p in remaining(case) if p.field == "organisations")
    assert undated == "1 of 1 mandate has no dates and holds from 2000 to 2020: PACT"
