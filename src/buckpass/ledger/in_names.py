"""A text with names where it has the ids of a case."""

from __future__ import annotations

import re

from buckpass.case import Case
from buckpass.case.names import actor_name, names_of

__all__ = ["in_names"]

_WORD = re.compile(r"[A-Za-z_][\w-]*")  # of a text, and what an id can be


def in_names(case: Case, text: str) -> str:
    """A text with the names of crises, states, organisations and theatres in place of their ids; ids that could be words of a text stay.

    >>> from buckpass.case import load_case
    >>> in_names(load_case("central-asia"), "RUS in kz_jan_2022: rung 5")
    'Russia in “Kazakhstan January 2022”: rung 5'
    >>> in_names(load_case("western-balkans"), "GRC and TUR")  # of the first only memberships are coded
    'Greece and Turkey'
    """
    if "names" not in case.derived:  # asked of every sentence of the ledger and the page
        case.derived["names"] = _names(case)
    names = case.derived["names"]
    return _WORD.sub(lambda word: names.get(word[0], word[0]), text)


def _names(case: Case) -> dict[str, str]:
    names = {state: actor_name(case.settings, state) for state in names_of(case.settings).states}
    names |= {one.id: one.name for one in case.settings.organisations if not one.id.isalpha()}
    names |= {theatre.id: theatre.name for theatre in case.settings.theatres if not theatre.id.isalpha()}
    return names | {
        c: f"“{name}”" for c, name in case.crises.select("crisis_id", "name").iter_rows() if not c.isalpha()
    }
