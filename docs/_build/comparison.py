"""Pieces of the page "What the record can say" that come from docs/comparison.json."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference import table

from buckpass.results.words import fixed
from measured import MISSING, _number

HOW = "`make comparison` writes it from the bundled posteriors."
Content = dict[str, Any]
DOCS = Path(__file__).parents[1]
FIGURES = {
    "crises-by-explanation": "Which explanation predicted each crisis best",
    "forecasts": "Crises that the fits had not seen, and the probability that each forecaster gave to what happened",
    "prior-predictive": "What the priors expect before the record is read",
}


def pieces(content: Content | None, claims: list[Content]) -> dict[str, Callable[[], str]]:
    """Every piece by its name; where the file is not there each says so."""
    given = {
        "readings": readings, "selection": selection, "checks": checks, "idle": idle, "moves": moves, "forecast": forecast,
        "next": next_cases, "power": power, "splits": splits, "priors": priors, "mechanisms": mechanisms,
        "nested": nested, "baselines": baselines,
    }  # fmt: skip
    found = {name: _when_there(content, give) for name, give in given.items()}
    found |= {
        f"figure_{name.replace('-', '_')}": lambda name=name, said=said: figure(name, said)
        for name, said in FIGURES.items()
    }
    return {**found, "claims_by_name": lambda: claims_by_name(claims)}


def figure(name: str, said: str) -> str:
    """The picture, or nothing where it has not been drawn: the table beside it then says why."""
    return f"![{said}]({name}.svg)\n" if (DOCS / f"{name}.svg").exists() else ""


def _when_there(content: Content | None, give: Callable[[Content], str]) -> Callable[[], str]:
    return lambda: MISSING.format(file="docs/comparison.json", how=HOW) if content is None else give(content)


def claims_by_name(rows: list[Content]) -> str:
    """The claims sorted by verdict, each by its letter and its words."""
    if not rows:
        return MISSING.format(file="docs/headline.json", how="`make headline` writes it.")
    heads = {"supported": "Confirmed", "partly": "Right in part", "contradicted": "Contradicted", "undecided": "Undecided",
             "premise": "Premises of the model, so not tested", "not_computed": "Not computed"}  # fmt: skip
    parts = []
    for verdict, head in heads.items():
        mine = [r for r in rows if r.get("verdict") == verdict]
        if mine:
            parts += [f"**{head}** ({len(mine)})\n", "\n".join(f"- {r['id']}: {r.get('short', '')}" for r in mine), ""]
    return "\n".join(parts)


def readings(content: Content) -> str:
    """Differences from the best under each reading, and which leaders change."""
    rows = content["compare"]["readings"]
    by_reading: dict[str, dict[str, Content]] = {}
    for row in rows:
        by_reading.setdefault(row["reading"], {})[row["id"]] = row
    order = list(by_reading["as coded"])
    lines = [
        (name, next(iter(found.values()))["n"], _leader(found) if len(found) > 1 else "–", *(fixed(found[i]["difference"], 0) if i in found else "–" for i in order))
        for name, found in by_reading.items()
    ]  # fmt: skip
    doubtful = [f"{name} ({max(r['doubtful'] for r in found.values())})" for name, found in by_reading.items()
                if any(r["doubtful"] for r in found.values())]  # fmt: skip
    parts = [table(("reading", "crises", "best", *order), lines), _what_moves(by_reading)]
    if doubtful:
        parts.append(
            f"Readings in which some crises' importance weights are not trusted (how many at most): {', '.join(doubtful)}.\n"
        )
    return "\n".join(parts)


def _leader(found: dict[str, Content]) -> str:
    return min(found.values(), key=lambda r: r["rank"])["id"]


def _what_moves(by_reading: dict[str, dict[str, Content]]) -> str:
    """Which conclusions change: the leader, and explanations clearly behind it in one reading and not in another.

    Where one fit alone was scored, nothing is ranked, and nothing follows.
    """
    base = by_reading["as coded"]
    single = [name for name, found in by_reading.items() if len(found) == 1]
    by_reading = {name: found for name, found in by_reading.items() if len(found) > 1}
    leader, sentences = _leader(base), []
    other = [f"{name} ({_leader(found)})" for name, found in by_reading.items() if _leader(found) != leader]
    sentences.append(
        f"{leader} leads under every reading."
        if not other
        else f"{leader} leads as coded; another leads under {', '.join(other)}."
    )
    clear = {
        name: {i for i, r in found.items() if r["difference"] < -2 * r["se_difference"]}
        for name, found in by_reading.items()
    }
    moved = [i for i in base if len({i in found for name, found in clear.items() if i in by_reading[name]}) > 1]
    steady = [i for i in base if i != leader and i not in moved and i in clear["as coded"]]
    if steady:
        sentences.append(f"More than two standard errors behind the best under every reading: {', '.join(steady)}.")
    if moved:
        sentences.append(f"Clearly behind under some readings and not under others: {', '.join(moved)}.")
    if single:
        sentences.append(f"Nothing is ranked where one fit alone was scored: {', '.join(single)}.")
    return " ".join(sentences) + "\n"


def selection(content: Content) -> str:
    """How the two readings that answer to the selection of cases differ from the record as coded."""
    rows = [r for r in content["compare"]["readings"] if r["reading"].startswith("silent")]
    if not rows:
        return "No silent case stands outside the focus theatre, so nothing can be left out or weighted.\n"
    parts = []
    for name in dict.fromkeys(r["reading"] for r in rows):
        mine = sorted((r for r in rows if r["reading"] == name), key=lambda r: r["rank"])
        first = ", ".join(f"{r['id']} ({r['difference']:.0f} ± {r['se_difference']:.0f})" for r in mine[:4])
        parts.append(f"- *{name}* (n = {mine[0]['n']}): {first}")
    return "\n".join(parts) + "\n"


def checks(content: Content) -> str:
    """What each explanation fails to reproduce."""
    rows = content["compare"]["checks"]
    lines = []
    for name in dict.fromkeys(r["explanation"] for r in rows):
        mine = [r for r in rows if r["explanation"] == name]
        failed = [f"{r['by']} {r['group']} (record {r['record']:.2f}, expected {r['predicted']:.2f}, p = {r['p']:.2f})"
                  for r in mine if r["fails"]]  # fmt: skip
        lines.append((name, f"{len(failed)} of {len(mine)}", "; ".join(failed) or "nothing"))
    return table(("explanation", "fails", "what"), lines)


def idle(content: Content) -> str:
    """The crises that look the same under all explanations."""
    names = content["compare"]["idle_crises"]
    total = len(content["compare"]["best_by_crisis"])
    return f"{len(names)} of {total} crises: {', '.join(f'`{n}`' for n in names)}.\n"


def moves(content: Content) -> str:
    """Patron first against simultaneous."""
    rows = content["compare"]["order_of_moves"]
    if not rows:
        return 'No fit with the patron first is bundled: `buckpass fit CASE --order "patron first"` makes them.\n'
    return table(("", "explanation", "simultaneous", "patron first", "difference", "standard error"), [
        (r["id"], r["explanation"], *(_number(r[k]) for k in ("simultaneous", "patron_first", "difference", "se"))) for r in rows
    ])  # fmt: skip


def forecast(content: Content) -> str:
    """Who predicted the crises that the fits had not seen."""
    found = content["forecast"]
    keys = ("log_score", "rps", "over_base", "se_base", "over_last_time", "se_last_time")
    head = ("forecast", "log score", "RPS", "over base", "standard error", "over same as last time", "standard error")
    rows = [(r["forecast"], *(_number(r.get(k)) for k in keys)) for r in found["ranking"]]
    n = found["ranking"][0]["n"]
    return f"Crises left out: {', '.join(f'`{c}`' for c in found['crises'])}; n = {n} responses.\n\n" + table(
        head, rows
    )


def next_cases(content: Content) -> str:
    """The decisive cases."""
    found = content["next"]
    rows = [
        (r["host"], r["type"].replace("_", " "), _number(r["severity"]), r["asked"], r["abstains"], _number(r["information"]),
         _number(r["equal_weights"]), r["watch"])
        for r in found["crises"]
    ]  # fmt: skip
    head = ("host", "type", "severity", "asked", "abstains", "nats", "nats, equal weights", "watch")
    return (
        f"The highest of {found['n_grid']:,} crises made from the record's own places, types and requests.\n\n"
        + table(head, rows)
    )


def power(content: Content) -> str:
    """At how many crises like these the mechanism would be told from none."""
    found = content["power"]
    if found is None or "told_apart" not in found:
        return MISSING.format(file="power_study.json", how="`make power-study` makes it for this record.")
    least, most = found["values"]
    rows = [
        (r["crises"], r["records"], *(_number(r[k]) for k in ("mean_without", "sd_without", "mean_with", "sd_with")),
         f"{_number(r['in_order'])} ± {_number(r['in_order_se'])}")
        for r in found["told_apart"]
    ]  # fmt: skip
    head = ("crises", "records", f"mean at {least:g}", "sd", f"mean at {most:g}", "sd", "right order")
    needed = found["crises_needed"]
    said = f"needs {needed} crises like these" if needed else "is more than the longest record studied can do"
    return (
        f"`{found['term']}` at {least:g} and at {most:g}, the rest drawn from the posterior of {found['explanation']}; each record is "
        f"asked by a profile of the posterior, every other term at its most probable value. To tell the two apart {said} (the record has {found['n_crises']}).\n\n"
        + table(head, rows)
    )


def nested(content: Content) -> str:
    """What each mechanism adds to the controls, alone and given all the others."""
    found = content["compare"]
    if "mechanisms" not in found:
        return MISSING.format(file="docs/comparison.json", how=HOW)
    rows = [(m["id"], m["name"], _gap(m["alone"]), _gap(m["given_the_rest"])) for m in found["mechanisms"]]
    whole = [
        (name, one["elpd"], one["se"], f" (over base {_gap(one['over_base'])})" if one.get("over_base") else "")
        for name in ("base", "all", "argument")
        if (one := found[name]) and one["elpd"] is not None
    ]
    scores = "; ".join(f"{name} {_number(elpd)} ± {_number(se)}{over}" for name, elpd, se, over in whole)
    hinges = [_hinge(h) for h in found["hangs_on"]]
    parts = [
        found["headline"] + "\n",
        table(("", "mechanism", "alone", "given the rest"), rows),
        f"Scores: {scores}.\n",
    ]
    return "\n".join([*parts, f"It hangs on: {'; '.join(hinges)}.\n" if hinges else ""])


def _gap(gap: Content | None) -> str:
    return "–" if gap is None else f"{gap['diff']:+.1f} ± {gap['se']:.1f}"


def _hinge(hinge: Content) -> str:
    where = f"`{hinge['crisis']}`" + (f" ({hinge['power']} coded {hinge['rung']})" if hinge["power"] else " left out")
    moved = [
        f"{', '.join(hinge[k])} {said}" for k, said in (("gained", "would add"), ("lost", "would not")) if hinge[k]
    ]
    leads = [f"{hinge['leader_without']} leads"] if hinge["leader_without"] else []
    return f"{where}: {'; '.join([*leads, *moved])}"


def baselines(content: Content) -> str:
    """The same crises predicted by regressions."""
    found = content["compare"].get("baselines")
    if not found:
        return MISSING.format(file="docs/comparison.json", how=HOW)
    return table(("baseline", "what it is", "score", "standard error", "base over it"), [
        (b["name"], b["says"], _number(b["elpd"]), _number(b["se"]), _gap(b["base_over"])) for b in found
    ])  # fmt: skip


def splits(content: Content) -> str:
    """The crisis that would best split each pair."""
    rows = sorted(content["splits"], key=lambda r: -r["information"])
    split = [r for r in rows if r["splits"]]
    lines = [(f"{r['a']} and {r['b']}", r["host"], r["type"].replace("_", " "), r["asked"], _number(r["information"]), _number(r["crises_needed"]), r["watch"])
             for r in rows]  # fmt: skip
    head = ("pair", "host", "type", "asked", "nats of 0.69", "crises needed", "watch")
    return f"{len(split)} of {len(rows)} pairs have a single crisis worth at least 0.1 nats.\n\n" + table(head, lines)


def priors(content: Content) -> str:
    """What leans on the priors."""
    rows = [
        (r["claim"], r["short"], r["explanation"], _number(r["prior"]), _number(r["record"]), r["diagnosis"])
        for r in content["priors"]["rows"]
    ]  # fmt: skip
    return table(("claim", "in short", "explanation", "prior", "record", "diagnosis"), rows)


def mechanisms(content: Content) -> str:
    """Posterior correlations above 0.7, in words."""
    rows = [
        (r["explanation"], r["a"], r["b"], _number(r["correlation"])) for r in content["compare"]["shared_variation"]
    ]
    return (
        table(("explanation", "mechanism", "mechanism", "correlation"), rows)
        if rows
        else "No pair of mechanisms is tied above 0.7.\n"
    )
