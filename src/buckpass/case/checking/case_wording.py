"""The validator's findings in the words of someone who edits a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from buckpass.case.problems import clip, spelling_hint
from buckpass.results.words import count_of

ErrorDetails = Mapping[str, Any]


_TABLE, _LIST = ("table", "{ … = …, … }"), ("list", "[…, …]")
NO_SHAPE = {"model_type": _TABLE, "dict_type": _TABLE, "tuple_type": _LIST, "list_type": _LIST}


def say(error: ErrorDetails, known_keys: Sequence[str] = ()) -> tuple[str, str]:
    """Message and hint for one finding of the validator."""
    kind, seen, context = error["type"], error.get("input"), error.get("ctx") or {}
    if kind == "missing":
        return "is missing, and the case cannot do without it", f"add {error['loc'][-1]}"
    if kind == "extra_forbidden":
        return "is not a known field", spelling_hint(str(error["loc"][-1]), known_keys)
    if kind == "literal_error":
        allowed = [word.strip("' ") for word in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        return f"{_shown(seen)} is not one of {', '.join(allowed)}", _close(seen, allowed)
    if kind == "string_pattern_mismatch":
        return f"{_shown(seen)} has not the form of an id or value expected here", f"form: {context.get('pattern')}"
    if kind in {"too_short", "too_long"}:
        what = ("letter", "letters") if isinstance(seen, str) else ("entry", "entries")
        has = f"has {count_of(context.get('actual_length') or 0, *what)}"
        if kind == "too_long":
            return f"{has}; at most {context.get('max_length')} may stand here", ""
        least = context.get("min_length")
        return f"{has}; at least {least} {'is' if least == 1 else 'are'} needed", ""
    if kind == "refused":
        return context["message"], context["hint"]
    if kind in NO_SHAPE:
        what, written = NO_SHAPE[kind]
        return f"{_shown(seen)} is no {what}", f"write a {what}, {written}"
    if kind == "value_error":
        return clip(context.get("error", error["msg"]), 300), ""
    return f"{_shown(seen)}: {_sentence(error['msg'])}", ""


def _close(seen: Any, allowed: Sequence[str]) -> str:
    hint = spelling_hint(str(seen), allowed)
    return hint if hint.startswith("did you mean") else ""


def _shown(seen: Any) -> str:
    return repr(clip(seen)) if isinstance(seen, str) else clip(seen)


def _sentence(message: str) -> str:
    message = message.removeprefix("Input should be ")
    return f"should be {message}" if message[:1].islower() else message[:1].lower() + message[1:]


@cache
def _schema_of(model: type[BaseModel] | TypeAdapter) -> Mapping[str, Any]:
    return model.json_schema() if isinstance(model, TypeAdapter) else model.model_json_schema()


def keys_at(model: type[BaseModel] | TypeAdapter, loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that the schema knows in the table in which `loc` stands."""
    schema = _schema_of(model)
    definitions = schema.get("$defs", {})
    nodes = [schema]
    for step in loc[:-1]:
        nodes = [follower for node in nodes for follower in _follow(_expand(node, definitions), step)]
    found = {key for node in nodes for option in _expand(node, definitions) for key in option.get("properties", {})}
    return tuple(sorted(found))


def _expand(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in node:
        return _expand(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    options = [option for key in ("anyOf", "allOf", "oneOf") for option in node.get(key, ())]
    return [node, *(found for option in options for found in _expand(option, definitions))]


def _follow(nodes: Sequence[Mapping[str, Any]], step: str | int) -> list[Mapping[str, Any]]:
    followers = []
    for node in nodes:
        if isinstance(step, int):
            followers += [node["items"]] if isinstance(node.get("items"), dict) else []
        elif step in node.get("properties", {}):
            followers.append(node["properties"][step])
        elif isinstance(node.get("additionalProperties"), dict):
            followers.append(node["additionalProperties"])
        elif node.get("patternProperties"):
            followers += list(node["patternProperties"].values())
    return followers
