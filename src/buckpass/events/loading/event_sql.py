"""How a typed row becomes an event, in SQL: whom a code stands for, codes with leading zeros, texts to CAMEO codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from buckpass.events.actors import gdelt_countries, gdelt_groups, iso3_codes
from buckpass.events.coding.ladder import CONTEXTS, PATTERNS, labels
from buckpass.events.files.layouts import Layout
from buckpass.events.files.recognise import Recognised
from buckpass.events.loading.typed import literal

if TYPE_CHECKING:
    import duckdb

COLUMNS = ("event_id", "day", "source", "source_id", "target", "target_id", "code", "goldstein", "mentions", "is_root", "place")  # fmt: skip
SQL_TYPES = {"goldstein": "FLOAT", "mentions": "INTEGER"}


def define_functions(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Make the SQL functions of `FUNCTIONS` that a layout uses."""
    used = " ".join(layout.event.values())
    for signature, body in FUNCTIONS.items():
        if f"{signature.split('(')[0]}(" in used:
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body()}")


def _actor_of() -> str:
    groups, countries = gdelt_groups(), gdelt_countries()
    return f"coalesce({_case('known_group', groups)}, {_case('country', countries)}, country)"


def _state_in() -> str:
    groups, countries = gdelt_groups(), gdelt_countries()
    parts = "[code[1:3], code[4:6], code[7:9], code[10:12]]"
    group = f"list_filter({parts}, lambda part: part IN ({', '.join(map(literal, groups))}))[1]"
    states = ", ".join(map(literal, sorted(iso3_codes())))
    state = f"CASE WHEN code[1:3] IN ({states}) THEN code[1:3] END"
    return f"coalesce({_case(group, groups)}, {_case('code[1:3]', countries)}, {state})"


def _labelled() -> str:
    entries = ", ".join(f"{literal(label)}: {literal(code)}" for label, code in labels().items())
    return (
        f"coalesce(map_extract_value(MAP {{{entries}}}, {_plain('label')}), CASE WHEN length(code) > 2 THEN code END)"
    )


def _typed_event() -> str:
    said = "string_split_regex(lower(coalesce(mode, '') || ';' || coalesce(contexts, '')), '[;, |]+')"
    contexts = ", ".join(map(literal, CONTEXTS))
    return (
        f"upper(kind) || coalesce(':' || CASE WHEN upper(kind) IN ('AID', 'COOPERATE') THEN "
        f"list_filter([{contexts}], lambda known: list_contains({said}, known))[1] ELSE lower(mode) END, '')"
    )


FUNCTIONS: dict[str, Callable[[], str]] = {
    "actor_of(country, known_group)": _actor_of,
    # a whole actor code: USAGOV is the United States, IGOEUREEC the European Union
    "state_in(code)": _state_in,
    # a spreadsheet turns 010 into 10, which is also the code of DEMAND: the root column (1, not 01) or the class (1 and 2 are
    # cooperation, roots 01 to 09) tells that it happened
    "restored(code, root)": lambda: (
        "CASE WHEN length(root) = 1 AND NOT starts_with(code, '0') THEN '0' || code ELSE code END"
    ),
    "restored_by_class(code, class)": lambda: (
        "CASE WHEN class <= 2 AND NOT starts_with(code, '0') THEN '0' || code ELSE code END"
    ),
    "labelled(label, code)": _labelled,
    # PLOVER's aid and cooperation have no mode: their context says of what kind they are
    "typed_event(kind, mode, contexts)": _typed_event,
    "number_of(id)": lambda: "coalesce(TRY_CAST(id AS BIGINT), (md5_number_lower(id) >> 1)::BIGINT)",
}


def _plain(column: str) -> str:
    return f"regexp_replace(lower({column}), '[^a-z]+', '', 'g')"


def _case(column: str, values: dict[str, str]) -> str:
    branches = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
    return f"CASE {column} {branches} END"


def event_query(found: Recognised, judged: str, file_id: int) -> str:
    """The events of a judged query, each with its problem or NULL."""
    event = found.layout.event
    made = [f"CAST({event[name]} AS {SQL_TYPES[name]})" if name in SQL_TYPES else event[name] for name in COLUMNS]
    own = ", ".join(f"{how} AS ev_{name}" for name, how in zip(COLUMNS, made, strict=True))
    named = ", ".join(f"ev_{name}" for name in COLUMNS)
    return (
        f"SELECT {file_id}, {named}, coalesce(problem, {_code_problem(found)}) FROM (SELECT *, {own} FROM ({judged}))"
    )


def _code_problem(found: Recognised) -> str:
    event, known = found.layout.event, found.layout.vocabulary
    root = ""
    if "root" in event:
        two_digits = f"CASE WHEN length({event['root']}) = 1 THEN '0' || {event['root']} ELSE {event['root']} END"
        root = f"OR NOT starts_with(ev_code, {two_digits})"
    return (
        f"CASE WHEN ev_code IS NULL OR NOT regexp_full_match(ev_code, '{PATTERNS[known]}') {root} "
        f"THEN 'no {known} code: ' || coalesce({event['given']}, '') END"
    )
