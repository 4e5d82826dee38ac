"""Refresh the headline numbers: docs/headline.json, the README's figure and the README's answer in words and in numbers.

The one deliberate way in which they change. `--check` changes nothing and fails where they no longer follow from the
bundled posteriors.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from machine import machine

ROOT = Path(__file__).parent.parent
CASE = "central-asia"
FIGURE = "![What each mechanism adds to the controls](docs/finding.svg)"
BEGIN, END = "<!-- headline: written by make headline -->", "<!-- end of headline -->"


def compute() -> tuple[dict, str, str]:
    """The numbers, the README's sentences, and the figure as SVG."""
    from buckpass.case import load_case
    from buckpass.evidence.comparing import compare
    from buckpass.fitting.differences import HOSTS_TOGETHER
    from buckpass.fitting.files import load_posteriors
    from buckpass.page.answer import answer
    from buckpass.page.findings import finding
    from buckpass.page.model_figures import gap_title, mechanisms_added
    from buckpass.page.results import gather

    case = load_case(CASE)
    posteriors = load_posteriors(case)
    results = gather(case, posteriors)
    counts = results.verdicts.counts()
    figure, plain = mechanisms_added(case, results.nested), answer(case, results)
    called = {"premise": "premise" if counts["premise"] == 1 else "premises", "not_computed": "not computed"}
    ledger = ", ".join(f"{n} {called.get(word, word)}" for word, n in counts.items() if n)
    sentences = [
        finding(case, results),
        gap_title(case, results.model.gap) if results.model.gap else "",
        f"Of the article's {len(results.verdicts)} claims: {ledger}.",
    ]
    numbers = {
        "case": case.id,
        "record_hash": case.record_hash,
        "compare": compare(case, posteriors).as_dict(),
        "claims": results.verdicts.as_dict()["claims"],
        "counts": counts,
        "answer": plain,
        "sentences": sentences,
    }
    levels = f"In numbers (± is one standard error, {HOSTS_TOGETHER}; brackets are 90 % intervals):"
    two = " ".join(plain[:-1]), plain[-1]
    said = "\n\n".join([*(f"**{s}**" for s in two), FIGURE, levels, "\n".join(f"- {s}" for s in sentences if s)])
    return numbers, said, figure.picture("svg").decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    numbers, answer, figure = compute()
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    before, rest = text.split(BEGIN)
    fresh = f"{before}{BEGIN}\n{answer}\n{END}{rest.split(END)[1]}"
    if arguments.check:
        sys.exit(
            0 if fresh == text else "the README's answer no longer follows from the bundled posteriors: make headline"
        )
    readme.write_text(fresh, "utf-8")
    stamped = {**numbers, "machine": machine()}
    (ROOT / "docs" / "headline.json").write_text(
        json.dumps(stamped, indent=1, sort_keys=True, default=str) + "\n", "utf-8"
    )
    (ROOT / "docs" / "finding.svg").write_text(figure, "utf-8")
    print(answer)


if __name__ == "__main__":
    main()
