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
    """Make the SQL functions of `FUNCTIONS` and fill the tables of `LOOKUPS` that a layout uses."""
    used = " ".join((*layout.event.values(), *(key for _, key in layout.lookups.values())))
    for signature, body in FUNCTIONS.items():
        if f"{signature.split('(')[0]}(" in used:
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body()}")
    for table in {table for table, _ in layout.lookups.values()}:
        entries = LOOKUPS[table]()
        rows = ", ".join(f"({literal(key)}, {literal(value)})" for key, value in entries.items())
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} AS SELECT * FROM (VALUES {rows}) v(key, value)")


def _actor_of() -> str:
    groups, countries = gdelt_groups(), gdelt_countries()
    return f"coalesce({_case('known_group', groups)}, {_case('country', countries)}, country)"


def _states() -> dict[str, str]:
    return {code: code for code in iso3_codes()} | gdelt_countries()


# tables of values: a map in the query costs half a second of planning, a join nothing
LOOKUPS: dict[str, Callable[[], dict[str, str]]] = {
    "cameo_labels": labels,
    "code_states": _states,
    "code_groups": gdelt_groups,
}


def _group_in() -> str:
    """The first known group in a whole actor code: IGOEUREEC names the European Union's."""
    parts = "[code[1:3], code[4:6], code[7:9], code[10:12]]"
    return f"list_filter({parts}, lambda part: part IN ({', '.join(map(literal, gdelt_groups()))}))[1]"


def _typed_event() -> str:
    said = "lower(concat_ws(';', mode, contexts))"
    first = " ".join(f"WHEN regexp_matches({said}, '(^|[;, |]){one}([;, |]|$)') THEN ':{one}'" for one in CONTEXTS)
    return f"upper(kind) || CASE WHEN upper(kind) IN ('AID', 'COOPERATE') THEN CASE {first} ELSE '' END ELSE coalesce(':' || lower(mode), '') END"


FUNCTIONS: dict[str, Callable[[], str]] = {
    "actor_of(country, known_group)": _actor_of,
    "group_in(code)": _group_in,
    # a spreadsheet turns 010 into 10, which is also the code of DEMAND: the root column (1, not 01) or the class (1 and 2 are
    # cooperation, roots 01 to 09) tells that it happened
    "restored(code, root)": lambda: (
        "CASE WHEN length(root) = 1 AND NOT starts_with(code, '0') THEN '0' || code ELSE code END"
    ),
    "restored_by_class(code, class)": lambda: (
        "CASE WHEN class <= 2 AND NOT starts_with(code, '0') THEN '0' || code ELSE code END"
    ),
    "letters(label)": lambda: "regexp_replace(lower(label), '[^a-z]+', '', 'g')",
    # PLOVER's aid and cooperation have no mode: their context says of what kind they are
    "typed_event(kind, mode, contexts)": _typed_event,
    "number_of(id)": lambda: "coalesce(TRY_CAST(id AS BIGINT), (md5_number_lower(id) >> 1)::BIGINT)",
}


def _case(column: str, values: dict[str, str]) -> str:
    branches = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
    return f"CASE {column} {branches} END"


def event_query(found: Recognised, judged: str, file_id: int) -> str:
    """The events of a judged query, each with its problem or NULL."""
    event = found.layout.event
    made = [f"CAST({event[name]} AS {SQL_TYPES[name]})" if name in SQL_TYPES else event[name] for name in COLUMNS]
    own = ", ".join(f"{how} AS ev_{name}" for name, how in zip(COLUMNS, made, strict=True))
    named = ", ".join(f"ev_{name}" for name in COLUMNS)
    joins = " ".join(
        f"LEFT JOIN {table} AS {alias} ON {alias}.key = {key}" for alias, (table, key) in found.layout.lookups.items()
    )
    return f"SELECT {file_id}, {named}, coalesce(problem, {_code_problem(found)}) FROM (SELECT *, {own} FROM ({judged}) {joins})"


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
