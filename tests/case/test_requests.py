"""Two governments that ask in one crisis: both stand in the record, and the case says whose request counts."""

import json

import pytest
from test_kinds_of_actors import GOVERNMENTS, case_with

from buckpass.case import check_case, load_case
from buckpass.case.difference import diff_cases
from buckpass.case.provenance import origins_of
from buckpass.game.covariates import COLUMN
from buckpass.game.setting import setting_of, standard_of
from buckpass.measured import measure
from buckpass.measured.terminal import brief_tables, grid_lines
from buckpass.model.requests import requests_of

HEAD = "crisis_id,government,asked,request_date,source_id\n"
OLD = "dalen_2016,old,PACT,2016-01-06,example2019\n"
JUNTA = "dalen_2016,junta,BBB,2016-01-09,example2019\n"
FIRM = '[[actors]]\nid = "Firm"\nname = "Firm"\nkind = "company"\nsponsor = "BBB"\nreason = "owned by it"\n\n'
ACCESS = '[[access]]\npower = "BBB"\nhost = "DDD"\nact = "closed"\nfrom = 2016-01-01\n\n'


def with_requests(folder, counts="junta", rows=OLD + JUNTA, is_empty=True, tables=""):
    """The starting case with the requests of two governments in 2016, of which one counts."""
    case_with(folder, hosts=GOVERNMENTS.format(start="2016-01-08"), asked_by=counts, tables=tables)
    (folder / "requests.csv").write_text(HEAD + rows, "utf-8")
    crises = (folder / "crises.csv").read_text("utf-8")
    if is_empty:
        (folder / "crises.csv").write_text(crises.replace("yes,PACT,the president", ",,the president"), "utf-8")
    return folder


@pytest.mark.parametrize(("counts", "asked"), [("junta", ["BBB"]), ("old", ["PACT"])])
def test_the_request_of_the_government_that_counts_is_the_crisiss(tmp_path, counts, asked):
    folder = with_requests(tmp_path / "case", counts)
    assert check_case(folder).problems == ()
    crisis = load_case(folder).crisis("dalen_2016")
    assert (crisis["asked"], crisis["help_requested"]) == (asked, True)
    assert crisis["request_date"] == {"junta": "2016-01-09", "old": "2016-01-06"}[counts]
    assert crisis["asked_text"] == "the president asked the Pact"  # theirs says nothing of it: that of the crisis stays


def test_the_game_and_the_hosts_stage_take_the_one_that_counts(tmp_path):
    cases = [load_case(with_requests(tmp_path / counts, counts)) for counts in ("old", "junta")]
    bbb = cases[0].powers.index("BBB")
    asked = [setting_of(c, ["dalen_2016"]).covariates[0, bbb, COLUMN["asked"]] for c in cases]
    assert asked[0] < asked[1]
    made = []
    for case in cases:
        requests = requests_of(case, setting_of(case))
        made.append(requests.labels[requests.chosen[-1]])
    assert made == ["PACT", "BBB"]


def test_a_government_that_asked_nobody_asked_nobody(tmp_path):
    case = load_case(with_requests(tmp_path / "case", rows=OLD + "dalen_2016,junta,,,example2019\n"))
    assert (case.crisis("dalen_2016")["asked"], case.crisis("dalen_2016")["help_requested"]) == ([], False)


def test_the_record_shows_both(tmp_path):
    case = load_case(with_requests(tmp_path / "case"))
    assert "junta asked BBB (this counts); old asked PACT." in " ".join(grid_lines(case, measure(case).responses, 200))
    told = {o.place: o.what for o in origins_of(case, "dalen_2016") if o.file == "requests.csv"}
    assert told == {"requests.csv:2": "old asked PACT, not counted", "requests.csv:3": "junta asked BBB"}


def test_every_asker_is_in_the_json_and_those_of_one_crisis_in_the_terminal(tmp_path):
    found = measure(load_case(with_requests(tmp_path / "case")))
    rows = json.loads(json.dumps(found.as_dict()))["askers"]
    told = [(row["crisis"], row["government"], row["asked"], row["counts"], row["file"], row["line"]) for row in rows]
    assert told == [
        ("dalen_2005", "", ["AAA"], True, "crises.csv", 2),
        ("dalen_2010", "", [], True, "crises.csv", 3),
        ("dalen_2016", "junta", ["BBB"], True, "requests.csv", 3),
        ("dalen_2016", "old", ["PACT"], False, "requests.csv", 2),
    ]
    assert [row["name"] for row in rows[1:]] == ["", "Junta", "Old"]
    assert (rows[2]["request_date"], rows[2]["sources"]) == ("2016-01-09", ["example2019"])
    (several,) = [table for table in brief_tables(found) if table.title.startswith("Whom each government")]
    assert several.frame["government"].to_list() == ["junta", "old"]


def test_a_case_without_the_file_has_the_digest_that_it_had(tmp_path, toy):
    assert toy.requests.is_empty()
    one, same = (
        load_case(with_requests(tmp_path / n, "old", rows=rows)) for n, rows in (("a", OLD + JUNTA), ("b", OLD))
    )
    assert one.record_hash == same.record_hash  # a request that does not count reaches no fit
    said = load_case(case_with(tmp_path / "c", hosts=GOVERNMENTS.format(start="2016-01-08"), asked_by="old"))
    assert said.record_hash == one.record_hash
    assert load_case(with_requests(tmp_path / "d")).record_hash != one.record_hash


def test_two_codings_differ_in_their_requests(tmp_path):
    one, other = (
        load_case(with_requests(tmp_path / n, rows=OLD + last))
        for n, last in (("a", JUNTA), ("b", JUNTA.replace("BBB", "AAA")))
    )
    found = [(d.file, d.key, d.field) for d in diff_cases(one, other).differences if d.file == "requests.csv"]
    assert found == [("requests.csv", "dalen_2016, junta", "asked")]
    assert json.loads(json.dumps(diff_cases(one, other).counts()))["requests.csv"] == 1


@pytest.mark.parametrize(
    ("given", "place", "said", "hint"),
    [
        ({"counts": ""}, "crises.csv:4 [asked_by]", "an empty cell is none of", "name the one"),
        ({"counts": "junta", "rows": OLD}, "crises.csv:4 [asked_by]", "the asker junta is none of", "known: old"),
        ({"is_empty": False}, "crises.csv:4 [asked]", "asked stands in requests.csv too, on line 2", "leave the cell empty"),
        ({"rows": OLD + JUNTA.replace("junta", "junto")}, "requests.csv:3 [government]", "'junto' is no government", "did you mean 'junta'"),
        ({"rows": OLD + OLD + JUNTA}, "requests.csv:3", "stands already on line 2", "keep one"),
        ({"rows": OLD + JUNTA.replace("BBB", "BBX")}, "requests.csv:3 [asked]", "is not a state or organisation", ""),
        ({"rows": OLD + JUNTA + JUNTA.replace("2016,j", "2017,j")}, "requests.csv:4 [crisis_id]", "is not a crisis", "dalen_2016"),
        ({"rows": OLD + JUNTA.replace("example2019", "no2019")}, "requests.csv:3 [source_id]", "is not a key", ""),
        ({"rows": OLD + JUNTA.replace("BBB", "Firm"), "tables": FIRM}, "requests.csv:3 [asked]", "Firm is a company", "sponsor"),
        ({"tables": ACCESS}, "requests.csv:3 [asked]", "DDD asks BBB, to which it is closed since", ""),
    ],
)  # fmt: skip
def test_what_requests_cannot_say_is_refused_with_its_line(tmp_path, given, place, said, hint):
    found = check_case(with_requests(tmp_path / "case", **given)).errors
    assert [p for p in found if str(p).startswith(place) and said in p.message and hint in p.hint], "\n".join(
        map(str, found)
    )


def test_the_standard_of_covariates_is_that_of_the_counted_requests(tmp_path):
    old, said = load_case(with_requests(tmp_path / "a", "old")), load_case(case_with(tmp_path / "b"))
    assert (standard_of(old).mean == standard_of(said).mean).all()


def test_a_crisis_of_which_no_is_said_beside_requests_is_refused(tmp_path):
    folder = with_requests(tmp_path / "case")
    crises = (folder / "crises.csv").read_text("utf-8")
    (folder / "crises.csv").write_text(crises.replace(",,,the president", ",no,,the president"), "utf-8")
    (told,) = [str(p) for p in check_case(folder).errors]
    assert told.startswith(
        "crises.csv:4 [help_requested] error: help_requested is no, but requests.csv has whom old asked"
    )
