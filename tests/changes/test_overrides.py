"""What a what-if may change is checked before anything is computed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckpass.case import UnknownName, load_case
from buckpass.case.schema import Host, Member
from buckpass.case.start import TEMPLATE
from buckpass.changes import BadOverride, override_paths, parse_overrides

CASE = load_case(TEMPLATE)


def one(text, crisis=None):
    (override,) = parse_overrides([text], CASE, crisis)
    return override


READ = {
    "AAA.capacity=0.5x": ("AAA", "capacity", "", 0.5, "scale"),
    "AAA.capacity=12.5": ("AAA", "capacity", "", 12.5, "set"),
    "BBB.opinion@DDD=-0.2": ("BBB", "opinion", "DDD", -0.2, "add"),
    "BBB.alignment@AAA=0.2": ("BBB", "alignment", "AAA", 0.2, "set"),
    "DDD.alignment@AAA=0.2": ("DDD", "alignment", "AAA", 0.2, "set"),
    "PACT.consent=consensus": ("PACT", "consent", "", "consensus", "set"),
    "PACT.mandate=any": ("PACT", "mandate", "", "any", "set"),
    "PACT.legitimacy=0.3": ("PACT", "legitimacy", "", 0.3, "set"),
    "PACT.members=-BBB": ("PACT", "members", "", ("-BBB",), "set"),
    "request=PACT,BBB": ("", "request", "", ("PACT", "BBB"), "set"),
    "request=nobody": ("", "request", "", (), "set"),
    "absent=AAA": ("", "absent", "", ("AAA",), "set"),
    "BBB.force=5": ("BBB", "force", "", 5, "set"),
    "BBB.force@PACT=5": ("BBB", "force", "PACT", 5, "set"),
    "BBB.stake=1.5×": ("BBB", "stake", "", 1.5, "scale"),
    "BBB.backlash = 2x": ("BBB", "backlash", "", 2.0, "scale"),
    "severity=0.6": ("", "severity", "", 0.6, "set"),
    "futures.discount=0.9": ("", "futures.discount", "", 0.9, "set"),
    "AAA.capacity.growth=-0.03": ("AAA", "capacity.growth", "", -0.03, "set"),
}


@pytest.mark.parametrize("text", READ)
def test_every_path_of_the_design_is_read(text):
    override = one(text, "dalen_2016")
    seen = (override.subject, override.attribute, override.target, override.value, override.operation)
    assert seen == READ[text]
    assert one(override.text) == override, "what is printed can be given again"


def test_growth_is_another_name_for_a_parameter():
    assert one("AAA.capacity.growth=-0.03").sets == "futures.capacity_growth.AAA"
    assert one("futures.discount=0.9").sets == "futures.discount"


REFUSED = {
    "AAB.capacity=0.5x": "did you mean 'AAA'",
    "AAA.capacty=0.5x": "did you mean 'AAA.capacity'",
    "BBB.opinion@DDE=0.1": "did you mean 'DDD'",
    "futures.discont=0.9": "did you mean 'futures.discount'",
    "severity": "write PATH=VALUE",
    "severity=": "is not a number",
    "severity=1.5": "outside 0 to 1",
    "severity=nan": "is not a number",
    "severity=1e400": "is not a number",
    "AAA.capacity=-1": "outside 0",
    "AAA.capacity=9999x": "a factor lies between",
    "BBB.alignment@AAA=0.5x": "not a factor",
    "BBB.alignment@BBB=0.5": "not something that can be changed",
    "BBB.force=7": "outside 0 to 6",
    "BBB.force=4.5": "not a rung",
    "BBB.force@PACT=4": "outside 5 to 5",
    "PACT.consent=leed": "not one of lead, keys, majority, consensus",
    "PACT.members=BBB": "write \\+ID",
    "PACT.members=-XXX": "no state of this case",
    "PACT.members=-BBB,+BBB": "join and leave",
    "request=PAKT": "did you mean 'PACT'",
    "request=": "write nobody",
    "absent=PACT": "no power",
    "absent=AAA,BBB": "leaves no power",
    "futures.discount=1.2": "outside 0 to 1",
    "__class__=1": "not something that can be changed",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_changed_is_refused_with_a_way_out(text):
    with pytest.raises(BadOverride, match=REFUSED[text]):
        one(text)


@pytest.mark.parametrize(
    "texts",
    [
        ["severity=0.5", "severity=0.6"],
        ["absent=AAA", "AAA.capacity=0.5x"],
        ["absent=AAA", "BBB.alignment@AAA=0.5"],
        ["absent=AAA", "request=AAA,BBB"],
        ["absent=AAA", "request=PACT"],
        ["BBB.force=4", "BBB.force@PACT=5"],
        ["AAA.capacity.growth=0.1", "futures.capacity_growth.AAA=0.2"],
    ],
)
def test_contradictions_name_both(texts):
    with pytest.raises(BadOverride) as caught:
        parse_overrides(texts, CASE)
    assert len(caught.value.problems) == 1
    assert texts[1] in str(caught.value)


def test_the_same_change_twice_is_one_change():
    assert len(parse_overrides(["severity=0.5", "severity=0.5"], CASE)) == 1


def test_all_problems_are_in_one_error():
    with pytest.raises(BadOverride) as caught:
        parse_overrides(list(REFUSED), CASE)
    assert len(caught.value.problems) == len(REFUSED)


def with_settings(**changes):
    return CASE.replace(settings=CASE.settings.model_copy(update=changes))


def test_what_was_not_there_at_the_time_of_the_crisis():
    later = CASE.organisation("PACT").model_copy(update={"founded": date(2012, 5, 1)})
    case = with_settings(organisations=(later,))
    for text in ("PACT.consent=majority", "request=PACT", "BBB.force@PACT=5"):
        assert parse_overrides([text], case, "dalen_2016")
        with pytest.raises(BadOverride, match="existed from 2012-05-01, not when dalen_2010 began"):
            parse_overrides([text], case, "dalen_2010")


def test_a_power_that_was_no_member_cannot_be_sent():
    pact = CASE.organisation("PACT")
    members = (*(m for m in pact.members if m.state != "BBB"), Member(**{"state": "BBB", "from": date(2014, 1, 1)}))
    case = with_settings(organisations=(pact.model_copy(update={"members": members}),))
    assert parse_overrides(["BBB.force@PACT=5"], case, "dalen_2016")
    with pytest.raises(BadOverride, match="no member of PACT when dalen_2010 began"):
        parse_overrides(["BBB.force@PACT=5"], case, "dalen_2010")


def test_another_hosts_opinion_changes_nothing():
    case = with_settings(hosts=(*CASE.settings.hosts, Host(id="EEE", name="E", capital=(1.0, 1.0))))
    assert parse_overrides(["BBB.opinion@EEE=0.1"], case)
    with pytest.raises(BadOverride, match="nothing would change"):
        parse_overrides(["BBB.opinion@EEE=0.1"], case, "dalen_2016")


def test_an_unknown_crisis():
    with pytest.raises(UnknownName, match="dalen_2016"):
        parse_overrides([], CASE, "dalen_2017")


def test_numbers_are_applied_as_the_path_says():
    assert one("AAA.capacity=0.5x").on(8.0) == 4.0
    assert one("AAA.capacity=3").on(8.0) == 3.0
    assert one("BBB.opinion@DDD=-0.2").on(0.5) == pytest.approx(0.3)
    with pytest.raises(TypeError):
        one("absent=AAA").on(1.0)


@given(st.sampled_from(sorted(override_paths(CASE))))
def test_every_path_takes_its_own_example(form):
    path = override_paths(CASE)[form]
    example = path.example
    for placeholder, name in (("<POWER>", "BBB"), ("<HOST>", "DDD"), ("<ORGANISATION>", "PACT")):
        example = example.replace(placeholder, name)
    assert one(f"{form}={example}").path == form
    assert path.meaning


@pytest.mark.slow
@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_is_read_or_refused(path, value):
    for text in (f"{path}={value}", f"AAA.{path}={value}", f"severity={value}", f"request={value}"):
        try:
            read = parse_overrides([text], CASE)
        except BadOverride:
            continue
        assert parse_overrides([override.text for override in read], CASE) == read
