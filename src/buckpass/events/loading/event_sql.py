"""How a typed row becomes an event, in SQL: GDELT's actors, codes with leading zeros, ICEWS texts to CAMEO codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckpass.events.actors import gdelt_countries, gdelt_groups
from buckpass.events.coding.cameo import labels
from buckpass.events.files.layouts import Layout
from buckpass.events.loading.typed import literal

if TYPE_CHECKING:
    import duckdb

CODE = "(0[1-9]|1[0-9]|20)[0-9]{0,2}"


def define_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the SQL functions that the layouts use: actor_of, restored, labelled."""
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO actor_of(country, known_group) AS "
        f"CASE WHEN {_known('known_group', gdelt_groups())} THEN {_case('known_group', gdelt_groups())} "
        f"WHEN {_known('country', gdelt_countries())} THEN {_case('country', gdelt_countries())} ELSE country END"
    )
    # a spreadsheet turns 010 into 10, which is also the code of DEMAND: the root column (1, not 01) tells that it
    # happened
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO restored(code, root) AS "
        "CASE WHEN length(root) = 1 AND NOT starts_with(code, '0') THEN '0' || code ELSE code END"
    )
    entries = ", ".join(f"{literal(label)}: {literal(code)}" for label, code in labels().items())
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO labelled(label, code) AS "
        f"coalesce(map_extract_value(MAP {{{entries}}}, {_plain('label')}), CASE WHEN length(code) > 2 THEN code END)"
    )


def _plain(column: str) -> str:
    return f"regexp_replace(lower({column}), '[^a-z]+', '', 'g')"


def _known(column: str, values: dict[str, str]) -> str:
    return f"{column} IS NOT NULL AND {column} IN ({', '.join(literal(key) for key in values)})"


def _case(column: str, values: dict[str, str]) -> str:
    branches = " ".join(f"WHEN {literal(key)} THEN {literal(value)}" for key, value in values.items())
    return f"CASE {column} {branches} END"


def event_query(layout: Layout, judged: str, file_id: int) -> str:
    """The events of a judged query, each with its problem or NULL."""
    event = layout.event
    return (
        f"SELECT {file_id}, ev_id, ev_day, ev_source, ev_source_id, ev_target, ev_target_id, ev_code, ev_goldstein, "
        f"ev_mentions, ev_is_root, ev_place, coalesce(problem, {_code_problem(layout)}) FROM (SELECT *, "
        f"{event['event_id']} AS ev_id, {event['day']} AS ev_day, {event['source']} AS ev_source, "
        f"{event['source_id']} AS ev_source_id, {event['target']} AS ev_target, {event['target_id']} AS ev_target_id, "
        f"{event['code']} AS ev_code, CAST({event['goldstein']} AS FLOAT) AS ev_goldstein, "
        f"CAST({event['mentions']} AS INTEGER) AS ev_mentions, {event['is_root']} AS ev_is_root, "
        f"{event['place']} AS ev_place FROM ({judged}))"
    )


def _code_problem(layout: Layout) -> str:
    given = "eventcode" if layout.publisher == "GDELT" else layout.event["code"].split("(")[1].split(",")[0]
    two_digits = "CASE WHEN length(eventrootcode) = 1 THEN '0' || eventrootcode ELSE eventrootcode END"
    root = f"OR NOT starts_with(ev_code, {two_digits})" if layout.publisher == "GDELT" else ""
    return (
        f"CASE WHEN ev_code IS NULL OR NOT regexp_full_match(ev_code, '{CODE}') {root} "
        f"THEN 'no CAMEO code: ' || coalesce({given}, '') END"
    )
