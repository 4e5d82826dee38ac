"""Tables of pages whose numbers come from files that commands wrote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reference import table

from buckpass.fitting.stamp import stamp_hash
from buckpass.model.stamp import model_stamp

MISSING = (
    '!!! note "Not generated yet"\n    The file `{file}` is not there, or is of an earlier record or model. {how}\n'
)
WRITE_HEADLINE = "Its tables appear here once it has been written and the pages are built again."
LABELS = {"id": "", "name": "explanation", "elpd": "predictive score", "difference": "behind the best",
          "se_difference": "standard error", "weight": "stacking weight"}  # fmt: skip


def sentences(headline: dict[str, Any] | None, has_figure: bool) -> str:
    """What the page of the case finds, in its own sentences, with the figure where it was written."""
    if headline is None or not headline.get("sentences"):
        return MISSING.format(file="docs/headline.json", how=WRITE_HEADLINE)
    said = [s for s in headline["sentences"] if s]
    day = (headline.get("machine") or {}).get("date")
    stamp = f"\nRecord `{str(headline.get('record_hash', ''))[:12]}`{f', computed {day}' if day else ''}.\n"
    figure = f"\n![{said[0].replace('[', '(').replace(']', ')')}](finding.svg)\n" if has_figure else ""
    return "\n".join(f"- {s}" for s in said) + "\n" + figure + stamp


def compare(headline: dict[str, Any] | None) -> str:
    """The explanations ranked, the pairs the record cannot separate, and those not ranked."""
    if headline is None or not headline.get("compare"):
        return MISSING.format(file="docs/headline.json", how=WRITE_HEADLINE)
    found = headline["compare"]
    rows = [tuple(_number(row.get(k)) for k in LABELS) for row in found.get("explanations", ())]
    pairs = [f"{a} and {b}" for a, b in found.get("indistinguishable", ())]
    failed = [(name, "; ".join(why)) for name, why in found.get("failed", {}).items()]
    parts = [f"Case: `{_case(headline)}`. Scores are in nats; higher is better.\n", table(tuple(LABELS.values()), rows)]
    parts.append(f"Pairs within two standard errors of each other: {'; '.join(pairs) if pairs else 'none'}.\n")
    if failed:
        parts += ["Not ranked, because the fit failed its diagnostics:\n", table(("explanation", "why"), failed)]
    return "\n".join(parts)


def calibration(kept: dict[str, Any] | None) -> str:
    """Per explanation how often intervals covered the truth, and the least uniform ranks; none of an earlier model."""
    kept = kept or {}
    of = kept.get("model", {})
    found = {
        name: one for name, one in kept.get("found", {}).items() if of.get(name) == stamp_hash(model_stamp(name))[:16]
    }
    if not found:
        return MISSING.format(file="benchmarks/calibration.json", how="`python benchmarks/calibration.py` writes it.")
    head = ("explanation", "records", "parameters", "covered by 90 % intervals", "least p of uniform ranks", "of")
    body = [
        (name, str(one["replications"]), str(one["parameters"]),
         f"{one['coverage']:.1%} ± {one['coverage_error']:.1%}", f"{one['p_least']:.2g}", f"`{one['worst']}`")
        for name, one in sorted(found.items())
    ]  # fmt: skip
    said = (
        f"Truths drawn from the priors, a record of {kept['crises']} crises of `{kept['case']}` drawn from each, fitted again by the terms and priors installed "
        f"(`python benchmarks/calibration.py`, {kept['machine']['cores']} cores, {kept['machine']['date']}). ± is one Monte-Carlo "
        "standard error; p is the smallest of all parameters' χ² tests, multiplied by their number.\n\n"
    )
    return said + table(head, body)


def claims(headline: dict[str, Any] | None) -> str:
    """The ledger: one row per claim, and how many verdicts of each kind."""
    if headline is None or not headline.get("claims"):
        return MISSING.format(file="docs/headline.json", how=WRITE_HEADLINE)
    rows = headline["claims"]
    rows = rows if isinstance(rows, list) else rows.get("claims", [])
    counts: dict[str, int] = {}
    for row in rows:
        counts[_text(row, "verdict")] = counts.get(_text(row, "verdict"), 0) + 1
    total = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    head = ("claim", "in short", "verdict", "number", "interval", "n")
    return f"{len(rows)} claims: {total}.\n\n" + table(head, [_claim(row) for row in rows])


def _claim(row: dict[str, Any]) -> tuple[str, ...]:
    low, high = row.get("low"), row.get("high")
    interval = f"{_number(low)} to {_number(high)}" if low is not None and high is not None else "–"
    number = " ".join(
        filter(None, (_number(row.get("value")), row.get("unit") if row.get("value") is not None else ""))
    )
    return (
        _text(row, "id", "claim"),
        _text(row, "short", "text"),
        _text(row, "verdict"),
        number,
        interval,
        _number(row.get("n")),
    )


def benchmarks(results: dict[str, Any] | None) -> str:
    """Each benchmark's numbers beside the machine and the day."""
    if not results:
        return MISSING.format(file="benchmarks/results.json", how="`make bench` writes it.")
    return "\n".join(_benchmark(name, numbers) for name, numbers in sorted(results.items()))


def _benchmark(name: str, numbers: dict[str, Any]) -> str:
    machine = numbers.get("machine") or {}
    rows = [(f"`{k}`", _number(v)) for k, v in _flat(numbers)]
    described = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in machine.items()) or "machine not recorded"
    nested = [_nested(k, v) for k, v in numbers.items() if k != "machine" and _is_rows(v)]
    return "\n".join([f"## {name}\n", f"Measured on: {described}.\n", table(("figure", "value"), rows), *nested])


def _flat(numbers: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Single values, those of inner tables with the table's name in front; lists of rows are shown by themselves."""
    for name, value in numbers.items():
        if name == "machine":
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        elif not _is_rows(value):
            yield before + name, ", ".join(map(_number, value)) if isinstance(value, list) else value


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _nested(name: str, rows: list[dict[str, Any]]) -> str:
    columns = tuple(rows[0])
    body = [tuple(_number(row.get(c)) for c in columns) for row in rows]
    return f"`{name}`\n\n" + table(tuple(c.replace("_", " ") for c in columns), body)


def _case(headline: dict[str, Any]) -> str:
    case = headline.get("case")
    return str(case.get("id") if isinstance(case, dict) else case)


def _text(row: dict[str, Any], *names: str) -> str:
    return next((str(row[n]) for n in names if row.get(n)), "–").replace("not_computed", "not computed")


def _number(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
