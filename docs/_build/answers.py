"""Run the commands of questions.md on the bundled case and keep what they print: docs/answers.json.

python docs/_build/answers.py [--only WORD]

Each command runs as a user would call it, at 80 columns and piped. `fit` is left out: it takes minutes and changes nothing that is
shown. The file is stamped with what the answers depend on, so that a page never shows an answer of another case or fit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[2]
PAGE, KEPT = ROOT / "docs" / "questions.md", ROOT / "docs" / "answers.json"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """The commands of a page's shell blocks, in order, each once; a line that ends in a backslash goes on."""
    found = [line.strip() for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return list(dict.fromkeys(" ".join(line.split()) for line in found if line.startswith("buckpass ")))


def is_run(command: str) -> bool:
    """Whether an answer is kept for the command: `fit` takes minutes, `serve` does not end, the others answer."""
    return shlex.split(command)[1] not in ("fit", "serve")


def not_there(command: str) -> str:
    """Which verb or options of the command this version lacks, in words; empty where it has them all."""
    from reference import command_tree

    words = shlex.split(command)[1:]
    verb = command_tree().get(words[0])
    if verb is None:
        return f"no verb `{words[0]}`"
    known = {o for p in verb.params for o in p.opts}
    return " and ".join(f"no `{w}`" for w in words if w.startswith("--") and w not in known)


def stamp() -> dict[str, str]:
    """What the answers depend on: settings, tables, claims, scenarios and posteriors of the bundled cases, as checksums."""
    cases = ROOT / "src" / "buckpass" / "cases"
    sums = {}
    for case in sorted(p for p in cases.iterdir() if (p / "case.toml").is_file()):
        whole = hashlib.sha256()
        for file in sorted(p for p in case.rglob("*") if p.suffix in (".toml", ".csv", ".nc")):
            whole.update(file.relative_to(case).as_posix().encode() + file.read_bytes())
        sums[case.name] = whole.hexdigest()
    return sums


def answered(command: str) -> dict[str, Any]:
    """What the command prints, and its exit status."""
    from typer.testing import CliRunner

    from buckpass.cli.main import app

    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, shlex.split(command)[1:])
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    why = done.stderr[-500:] if done.exit_code else ""
    return {"exit": done.exit_code, "output": "\n".join(lines).strip("\n"), "error": why}


def main() -> int:
    parser = argparse.ArgumentParser(description="What the commands of questions.md print.")
    parser.add_argument("--only", default="", help="run only commands that contain this; the others keep their answers")
    only = parser.parse_args().only
    before = json.loads(KEPT.read_text("utf-8"))["answers"] if KEPT.exists() else {}
    answers, failed = {}, 0
    for command in filter(is_run, commands(PAGE.read_text("utf-8"))):
        if missing := not_there(command):
            print(f"-  {command}: this version has {missing}", flush=True)
            continue
        if only not in command:
            if command in before:
                answers[command] = before[command]
            continue
        answers[command] = answered(command)
        failed += answers[command]["exit"] != 0
        print(f"{answers[command]['exit']}  {command}", flush=True)
    content = {"stamp": stamp(), "answers": answers}
    KEPT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
