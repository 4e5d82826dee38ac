"""Numbers and lists as they stand in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["and_join", "count_of", "fixed", "listed", "minus", "percent", "quoted", "sentence"]


def fixed(value: float, places: int = 2, sign: str = "-") -> str:
    """A number to so many decimals with a true minus sign, and without one where it rounds to nothing; `sign="+"` shows both.

    >>> fixed(-0.004), fixed(-0.4), fixed(0.4, 1, "+")
    ('0.00', '−0.40', '+0.4')
    """
    return minus(f"{round(value, places) + 0.0:{sign}.{places}f}")


def minus(text: str) -> str:
    """A number that is written with a true minus sign, and without one where it was rounded to nothing."""
    return text.replace("-", "−") if any(digit in text for digit in "123456789") else text.replace("-", "")


def percent(share: float, places: int = 0) -> str:
    """A share in hundredths, to so many decimals.

    >>> percent(0.764), percent(1.0), percent(0.764, 1)
    ('76 %', '100 %', '76.4 %')
    """
    return f"{100 * share:.{places}f} %"


def count_of(n: int, singular: str, plural: str = "") -> str:
    """`1 crisis`, `2 crises`.

    >>> count_of(1, "crisis", "crises"), count_of(0, "row")
    ('1 crisis', '0 rows')
    """
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def and_join(words: Iterable[str], most: int | None = None) -> str:
    """A list in words; where there are more than `most`, the last of those is how many are left out.

    >>> and_join(["a", "b", "c"]), and_join("abcd", most=3), and_join([])
    ('a, b and c', 'a, b and 2 others', '')
    """
    words = list(words)
    if most is not None and len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} others"]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def listed(text: str) -> tuple[str, ...]:
    """The words of a list that was typed, each once.

    >>> listed("AAA, BBB,,AAA")
    ('AAA', 'BBB')
    """
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def sentence(text: str) -> str:
    """A text as the beginning of a sentence: its first letter a capital."""
    return text[:1].upper() + text[1:]


def quoted(name: str) -> str:
    """A mechanism's name as it stands in a sentence: in quotes where the sentence would else read as its denial.

    >>> quoted("free riding"), quoted("no acceptable vehicle")
    ('free riding', '“no acceptable vehicle”')
    """
    return f"“{name}”" if name.startswith("no ") else name
