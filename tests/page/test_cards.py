"""A card says what the row of rungs cannot hold: askers, closed doors, how phases ended, who acted for a power, acts against."""

from pathlib import Path
from types import SimpleNamespace

from buckpass.case import load_case
from buckpass.page.cards import crisis_cards

NO_FIT = SimpleNamespace(model=None)
SAHEL = Path(__file__).parents[2] / "examples" / "sahel"


def test_a_card_says_what_stands_beside_the_ladder():
    cards = {card.id: dict(card.facts) for card in crisis_cards(load_case(SAHEL), NO_FIT)}
    niger, north = cards["niger_2023"], cards["tinzaouaten_2024"]
    assert niger["Who asked"].startswith("President Bazoum asked United States")
    assert "(this counts); National Council for the Safeguard of the Homeland asked Russia" in niger["Who asked"]
    assert niger["In the last phase"] == "France 0 silence"
    assert "Economic Community of West African States threat of force" in niger["Against the government"]
    assert (north["Closed to"], north["Counted for a power too"]) == ("France", "Wagner for Russia")


def test_a_crisis_without_any_of_it_has_no_such_line():
    cards = crisis_cards(load_case("central-asia"), NO_FIT)
    assert {label for card in cards for label, _ in card.facts} <= {
        "Kind",
        "Deaths",
        "Severity",
        "Asked for help",
        "Answer",
    }
