"""The small case made odd: what a page must bear from a case that its authors did not think of."""

import csv
import io
import re
import shutil
from functools import partial
from pathlib import Path

LONG = ("An exceedingly long name that its authors did not think of shortening " * 3)[:200]
UNBROKEN = "Donaudampfschifffahrtsgesellschaft" * 5
RIGHT_TO_LEFT = "أزمة الوادي وأهله שלום"
MARKUP = "<b>bold</b> &amp; **md** $x^2$ <script>document.title=1</script> {{ 7*7 }} ${a} `q` </svg>"
NAMES = ("Altland", "Bergmark", "Dalen", "The valley", "Valley Pact", "A valley between two powers")


def many(folder: Path, times: int = 25) -> None:
    """More crises than are drawn, in fifteen years: three for each time."""
    crises, responses = rows(folder / "crises.csv"), rows(folder / "responses.csv")
    for k in range(times):
        year = 2005 + k % 15
        for crisis in crises[:3]:
            copy = {**crisis, "crisis_id": f"{crisis['crisis_id']}_{k}", "name": f"{crisis['name']}, once more {k}"}
            copy |= {f: f"{year}{crisis[f][4:]}" for f in ("start", "end", "request_date") if crisis[f]}
            crises.append(copy)
            responses += [
                {**r, "crisis_id": copy["crisis_id"], "date": re.sub(r"\d{4}(?=-)", str(year), r["date"])}
                for r in responses if r["crisis_id"] == crisis["crisis_id"]
            ]  # fmt: skip
    write(folder / "crises.csv", crises)
    write(folder / "responses.csv", responses)


def renamed(name: str):
    """Every name another one."""

    def change(folder: Path) -> None:
        crises = rows(folder / "crises.csv")
        write(folder / "crises.csv", [{**c, "name": f"{name[:190]} {k}"} for k, c in enumerate(crises)])
        text = (folder / "case.toml").read_text("utf-8")
        for one in NAMES:
            text = text.replace(f'"{one}"', f"'{name[:180]} {NAMES.index(one)}'")
        (folder / "case.toml").write_text(text, "utf-8")
        claims = (folder / "claims.toml").read_text("utf-8")
        (folder / "claims.toml").write_text(
            re.sub(r'^(short|text) = ".*"$', lambda m: f"{m[1]} = '{name}'", claims, flags=re.MULTILINE), "utf-8"
        )

    return change


def alone(folder: Path) -> None:
    """One crisis."""
    crises = rows(folder / "crises.csv")[2:3]
    write(folder / "crises.csv", crises)
    write(
        folder / "responses.csv",
        [r for r in rows(folder / "responses.csv") if r["crisis_id"] == crises[0]["crisis_id"]],
    )
    claims = (folder / "claims.toml").read_text("utf-8")
    (folder / "claims.toml").write_text(re.sub(r"^  .*dalen_20(05|10).*\n", "", claims, flags=re.MULTILINE), "utf-8")


def without_claims(folder: Path) -> None:
    """Nothing to judge: no file of claims."""
    (folder / "claims.toml").unlink()


def without_series(folder: Path) -> None:
    """Nothing measured by year."""
    (folder / "series.csv").unlink()


ODD = {
    "many": many, "long": renamed(LONG), "unbroken": renamed(UNBROKEN), "right to left": renamed(RIGHT_TO_LEFT), "markup": renamed(MARKUP),
    "alone": alone, "without series": without_series, "without claims": without_claims,
}  # fmt: skip


LARGE = {"three hundred": partial(many, times=99)}


def odd_folder(kind: str, small: Path, place: Path) -> Path:
    """A copy of the small case, made odd."""
    shutil.copytree(small, place)
    (ODD | LARGE)[kind](place)
    return place


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))


def write(file: Path, content: list[dict[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, content[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(content)
    file.write_text(out.getvalue(), "utf-8")
