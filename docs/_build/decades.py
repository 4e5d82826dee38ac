"""Tables of the page "The decades ahead": the plan of a year, and docs/decades.json as `benchmarks/decades.py` writes it."""

from __future__ import annotations

from typing import Any

from reference import table

LEAST_INDEX = 0.01  # of the variance
MISSING = "*Not measured for this record: `python benchmarks/decades.py` writes docs/decades.json.*\n"


def steps() -> str:
    """The plan of a year, taken from what the loop carries out."""
    from buckpass.years.step import steps

    return table(("step", "what happens"), steps())


def scenarios(found: dict[str, Any] | None) -> str:
    """Baseline, then each scenario's difference with its 90 % interval."""
    if found is None:
        return MISSING
    focus = _focus(found)
    columns = [("burden", p) for p in focus] + [("deployed_by", focus[-1]), ("first_by", focus[-1])]
    head = ("scenario", *(f"{_words(m)} {p}" for m, p in columns), "P(nobody), most exposed host")
    first = {(r["measure"], r["power"]): r for r in found["scenarios"][0]["by_power"]}
    alone = max((r for r in found["scenarios"][0]["by_host"] if r["run"] == "baseline"), key=lambda r: r["nobody_by"])
    body = [("baseline", *(f"{first[c]['mean']:.2f}" for c in columns), f"{alone['host']} {alone['nobody_by']:.2f}")]
    for one in found["scenarios"]:
        rows = {(r["measure"], r["power"]): r for r in one["by_power"]}
        host = next(r for r in one["by_host"] if r["run"] == "scenario" and r["host"] == alone["host"])
        body.append((one["title"], *(_change(rows[c]) for c in columns), f"{host['nobody_by']:.2f}"))
    commands = "\n".join(f"buckpass futures {found['case']} --scenario {s['name']}" for s in found["scenarios"])
    return f"{_stamp(found)}\n{table(head, body)}\n```\n{commands}\n```\n"


def foresight(found: dict[str, Any] | None) -> str:
    """Means of the last year under both kinds of foresight."""
    if found is None:
        return MISSING
    wanted = [r for r in found["foresight"] if r["measure"] in ("burden", "deployed_by", "first_by")]
    body = [(_words(r["measure"]), r["power"], f"{r['myopic']:.3f}", f"{r['one_step']:.3f}") for r in wanted]
    return table(("last year", "power", "myopic", "one step ahead"), body)


def backtest(found: dict[str, Any] | None) -> str:
    """Coverage and skill, then every quantity that fell outside its band or that the naive guess predicts better."""
    if found is None:
        return MISSING
    tested = found["backtest"]
    scores = tested["scores"]
    bad = [s for s in scores if not s["is_covered"] or s["crps"] > s["naive_crps"]]
    head = ("from", "quantity", "of", "happened", "median (5 % to 95 %)", "naive", "score", "naive score")
    body = [
        (str(s["start"]), s["quantity"], s["of"], f"{s['seen']:.3g}",
         f"{s['median']:.3g} ({s['low']:.3g} to {s['high']:.3g}){'' if s['is_covered'] else ' **missed**'}",
         f"{s['naive']:.3g}", f"{s['crps']:.3g}", f"{s['naive_crps']:.3g}")
        for s in bad
    ]  # fmt: skip
    exact = sum(s["naive_crps"] == 0 for s in scores)
    said = (
        f"{tested['coverage']:.0%} of {len(scores)} quantities fall into the 90 % band. The naive guess that the past goes on hits "
        f"{exact} of them exactly (mostly powers that never deployed), which no fan can; over the others the mean ratio of the "
        f"continuous ranked probability scores is {1 - tested['skill']:.2f} (below 1: the fan is better). The {len(bad)} quantities "
        "that were missed, or that the naive guess has better:\n\n"
    )
    return said + table(head, body) + f"\nCaveat: {tested['caveat']}.\n"


def agreement(found: dict[str, Any] | None) -> str:
    """The agreement with the terms of the case, and with other terms."""
    if found is None:
        return MISSING
    parties = [p["party"] for p in found["agreement"][0]["parties"]]
    head = (
        "changed",
        "draws in which it keeps itself",
        *(f"needed δ, {p}" for p in parties),
        "most that is paid",
        "some fee keeps both in",
    )
    body = []
    for one in found["agreement"]:
        needed = ("–" if p["critical"] is None else f"{p['critical']:.3f} ({p['critical_low']:.3f} to {p['critical_high']:.3f})"
                  for p in one["parties"])  # fmt: skip
        fee = one["fee"]
        changed = ", ".join(f"`{t}`" for t in one["set"]) or "nothing"
        body.append((changed, f"{one['p_self_enforcing']:.0%}", *needed, f"{fee[0]:.2f} ({fee[1]:.2f} to {fee[2]:.2f})",
                     f"{one['transfer'][2]:.0%} of draws"))  # fmt: skip
    lines = "\n".join(f"- {line}" for line in found["agreement"][0]["statements"])
    return f"{lines}\n\n{table(head, body)}"


def sweep(found: dict[str, Any] | None) -> str:
    """Spread of each outcome over the assumptions, what it turns on, and in how many points each scenario's sign holds."""
    if found is None or not found.get("sweep"):
        return MISSING
    swept = found["sweep"]
    head = ("outcome", "least", "median", "most", "turns on (rank correlation)", "box in which it happens")
    body = [
        (f"{_words(o['measure'])} {o['power']} {o['year']}", f"{o['least']:.2f}", f"{o['median']:.2f}", f"{o['most']:.2f}",
         ", ".join(f"`{n}` ({r:+.2f})" for n, r in o["turns_on"].items()) or "no single assumption", _box(o))
        for o in swept["outcomes"]
    ]  # fmt: skip
    said = (
        f"A Latin hypercube of {swept['points']} points over all {swept['inputs']} inputs that the case labels assumed "
        f"({swept['years']} years, {swept['histories']:,} histories a point). With so few points a rank correlation below "
        f"{swept['least_rho']:.2f} is not told from chance and is not named.\n\n"
    )
    signs = [
        (
            s["title"],
            s["power"],
            f"{s['median']:+.3f}",
            f"{max(s['raised'], s['lowered'])} of {s['points']}",
            _survives(s),
        )
        for s in swept["signs"]
    ]
    signs_head = ("scenario", "burden of", "median change", "points with the same sign", "survives")
    return said + table(head, body) + "\n" + table(signs_head, signs)


def sobol(found: dict[str, Any] | None) -> str:
    """The inputs whose total index is told from 0, by outcome."""
    kept = (found or {}).get("sobol")
    if not found or not kept or kept["record_hash"] != found["record_hash"]:
        return "*Not measured for this record: `python benchmarks/decades.py --sobol 64`.*\n"
    head = ("outcome", "input", "first order", "total")
    body = [
        (f"{_words(o['measure'])} {o['power']} {o['year']}", f"`{name}`", _with_error(i, "S1"), _with_error(i, "ST"))
        for o in kept["outcomes"]
        for name, i in sorted(o["indices"].items(), key=lambda item: -item[1]["ST"])
        if i["ST"] >= LEAST_INDEX
    ]
    said = (
        f"A Sobol' design of {kept['points']:,} points over the same {kept['inputs']} inputs ({kept['years']} years, "
        f"{kept['histories']:,} histories a point; {kept['seconds'] / 60:.0f} minutes on {kept['machine']['cores']} cores, "
        f"{kept['machine']['date']}). Shown are the inputs whose total index is at least {LEAST_INDEX} and told from 0 by its 95 % interval; "
        f"each of the others moves no outcome by more than that share of its variance, or is not told from 0.\n\n"
    )
    return said + table(head, body)


def _with_error(index: dict[str, float], key: str) -> str:
    return f"{index[key]:.2f} ± {index[f'{key}_conf']:.2f}"


def _survives(sign: dict[str, Any]) -> str:
    """Whether the sign holds in at least 95 % of the points; a median change below 0.001 is none to speak of."""
    if abs(sign["median"]) < 0.001:
        return "no change to speak of"
    most = max(sign["raised"], sign["lowered"]) / sign["points"]
    word = "raised" if sign["raised"] >= sign["lowered"] else "lowered"
    return f"yes: {word}" if most >= 0.95 else "no"


def _box(outcome: dict[str, Any]) -> str:
    box = outcome["box"]
    if not box or not box["limits"]:
        return "–"
    limits = ", ".join(f"`{n}` {low:.3g} to {high:.3g}" for n, (low, high) in box["limits"].items())
    return f"above {outcome['above']:g}: {limits} ({box['density']:.0%} there, {box['base']:.0%} overall)"


def _focus(found: dict[str, Any]) -> tuple[str, str]:
    """Provider and rider: the powers whose burdens the sweep's signs are of."""
    powers = [p["party"] for p in found["agreement"][0]["parties"]]
    return powers[1], powers[0]


def _change(row: dict[str, Any]) -> str:
    return f"{row['difference']:+.3f} ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"


def _words(measure: str) -> str:
    return {"burden": "burden", "deployed_by": "P(has deployed)", "first_by": "P(has been first responder)"}[measure]


def _stamp(found: dict[str, Any]) -> str:
    made = found.get("machine") or {}
    return (
        f"{found['histories']:,} histories, {found['years']} years; last year. Record `{found['record_hash'][:12]}`, computed "
        f"{made.get('date', '')} on {made.get('processor') or made.get('cpu') or 'the machine named in docs/decades.json'} "
        "by `python benchmarks/decades.py`.\n"
    )
