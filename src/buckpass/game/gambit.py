"""Games in Gambit's files: strategic form (.nfg) and extensive form (.efg)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from buckpass.case import BuckpassError
from buckpass.case.problems import FileRefused, clip
from buckpass.case.reading.files import open_plain

__all__ = ["BadGame", "ExtensiveGame", "InformationSet", "StrategicGame", "TableTooLarge", "is_game_file", "read_game"]

LARGEST_FILE = 1 << 26
LARGEST_TABLE = 5_000_000  # payoffs
MOST_NODES = 50_000
TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*)"|([{}])|([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?:/[0-9.]+)?)|([A-Za-z]+)|[\s,]+', re.DOTALL
)


class TableTooLarge(ValueError):
    """The game is larger than what is solved here."""


class BadGame(BuckpassError):
    """A game file that cannot be read."""

    def __init__(self, path: Path, line: int, reason: str):
        super().__init__(
            f"{path.name}, line {line}: {reason}. The game has no equilibrium without it. Save it again with Gambit (.nfg or .efg)."
        )


@dataclass(frozen=True)
class StrategicGame:
    """A game in strategic form; `payoffs[i]` has one axis per player, over its strategies."""

    title: str
    players: tuple[str, ...]
    strategies: tuple[tuple[str, ...], ...]
    payoffs: np.ndarray


@dataclass(frozen=True)
class InformationSet:
    """Where a player chooses without telling its nodes apart."""

    player: int
    name: str
    actions: tuple[str, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class ExtensiveGame:
    """A game tree, nodes in the order of the file: each before its children.

    `choice[n]` is the information set of a decision node, -1 elsewhere; `chance[n]` are the probabilities of a chance node;
    `payoffs` (node, player) are what each node's own outcome adds.
    """

    title: str
    players: tuple[str, ...]
    sets: tuple[InformationSet, ...]
    children: tuple[tuple[int, ...], ...]
    choice: tuple[int, ...]
    chance: tuple[tuple[float, ...], ...]
    payoffs: np.ndarray


def is_game_file(path: str | Path) -> bool:
    """Whether a path is a file that starts as Gambit's do."""
    try:
        with open_plain(Path(path).resolve(strict=True), str(path)) as file:
            return file.read(4) in (b"NFG ", b"EFG ")
    except (OSError, RuntimeError, ValueError, FileRefused):
        return False


def read_game(path: Path) -> StrategicGame | ExtensiveGame:
    """The game in a file, told by its first word.

    Parameters
    ----------
    path : a .nfg file (outcomes or payoffs) or an .efg file, as Gambit 13 to 16 writes them.

    Returns
    -------
    StrategicGame or ExtensiveGame, payoffs in the file's own unit.

    Raises
    ------
    BadGame, with the line; TableTooLarge, for more than five million payoffs or 50,000 nodes.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise TableTooLarge(f"{path.name} has more than {LARGEST_FILE >> 20} MB: no game of that size is solved here.")
    words = _Words(path, path.read_text(encoding="utf-8", errors="replace"))
    kind, version = words.word(), words.number()
    if (kind, int(version)) not in (("NFG", 1), ("EFG", 2)):
        raise words.wrong(f"{clip(kind)} {version:g} is neither NFG 1 nor EFG 2")
    words.word()  # R or D: how numbers are written, which each number shows itself
    return _strategic(words) if kind == "NFG" else _extensive(words)


class _Words:
    """The words of a file one by one, each with its line."""

    def __init__(self, path: Path, text: str):
        self.path, self.text, self.at = path, text, 0
        self.kind, self.value = "", ""
        self._next()

    def _next(self) -> None:
        while self.at < len(self.text):
            found = TOKEN.match(self.text, self.at)
            if found is None:
                raise self.wrong(f"{self.text[self.at : self.at + 20]!r} is no part of a game")
            self.at = found.end()
            if found.lastindex is not None:
                self.kind = ("text", "brace", "number", "word")[found.lastindex - 1]
                self.value = found.group(found.lastindex)
                return
        self.kind, self.value = "end", ""

    def wrong(self, reason: str) -> BadGame:
        """The error that says what is wrong here."""
        return BadGame(self.path, self.text.count("\n", 0, self.at) + 1, reason)

    def is_next(self, kind: str, value: str | None = None) -> bool:
        """Whether the next word is of a kind, or a certain one."""
        return self.kind == kind and value in (None, self.value)

    def take(self, kind: str, value: str | None = None) -> str:
        """The next word, which must be of a kind, or a certain one."""
        if not self.is_next(kind, value):
            raise self.wrong(
                f"{value or f'a {kind}'} was expected, {clip(self.value) or 'the end of the file'!r} stands there"
            )
        taken = self.value
        self._next()
        return taken.replace('\\"', '"') if kind == "text" else taken

    def word(self) -> str:
        """A bare word."""
        return self.take("word")

    def number(self) -> float:
        """A number: 0.5, 1/2, 3."""
        text = self.take("number")
        try:
            value = float(Fraction(text)) if "/" in text else float(text)
        except (ValueError, ZeroDivisionError, OverflowError):
            value = math.inf
        if not math.isfinite(value):
            raise self.wrong(f"{clip(text)!r} is no number")
        return value

    def count(self, least: int = 0) -> int:
        """A whole number."""
        value = self.number()
        if value != int(value) or value < least:
            raise self.wrong(f"{value:g} is no number of anything")
        return int(value)

    def list_of(self, kind: str) -> Iterator[str]:
        """The words between two braces."""
        self.take("brace", "{")
        while not self.is_next("brace", "}"):
            yield self.take(kind)
        self.take("brace", "}")

    def numbers(self) -> list[float]:
        """The numbers between two braces."""
        self.take("brace", "{")
        found = []
        while not self.is_next("brace", "}"):
            found.append(self.number())
        self.take("brace", "}")
        return found


def _strategic(words: _Words) -> StrategicGame:
    title, players = words.take("text"), tuple(words.list_of("text"))
    strategies = _strategies(words)
    if len(strategies) != len(players) or not players or not all(strategies):
        raise words.wrong(f"{len(players)} players and strategies of {len(strategies)}")
    shape = tuple(map(len, strategies))
    profiles = math.prod(shape)
    _refuse_large(words, len(players) * profiles)
    if words.is_next("text"):
        words.take("text")  # a comment
    cells = (
        _outcomes(words, len(players), profiles) if words.is_next("brace") else _payoffs(words, len(players), profiles)
    )
    # the first player's strategy changes fastest
    payoffs = np.stack([column.reshape(shape, order="F") for column in cells.T])
    return StrategicGame(title, players, strategies, payoffs)


def _refuse_large(words: _Words, payoffs: int) -> None:
    if payoffs > LARGEST_TABLE:
        raise TableTooLarge(
            f"{words.path.name} has {min(payoffs, 10**300):.3g} payoffs, at most {LARGEST_TABLE:.0g} are solved here."
        )


def _strategies(words: _Words) -> tuple[tuple[str, ...], ...]:
    words.take("brace", "{")
    found = []
    while not words.is_next("brace", "}"):
        if words.is_next("number"):
            count = words.count(least=1)
            _refuse_large(words, count * math.prod(map(len, found)))  # before a name is made for each
            found.append(tuple(str(k + 1) for k in range(count)))
        else:
            found.append(tuple(words.list_of("text")))
    words.take("brace", "}")
    return tuple(found)


def _payoffs(words: _Words, players: int, profiles: int) -> np.ndarray:
    return np.array([[words.number() for _ in range(players)] for _ in range(profiles)])


def _outcomes(words: _Words, players: int, profiles: int) -> np.ndarray:
    words.take("brace", "{")
    outcomes = [[0.0] * players]  # number 0: nothing is paid
    while not words.is_next("brace", "}"):
        words.take("brace", "{")
        words.take("text")
        outcomes.append([words.number() for _ in range(players)])
        words.take("brace", "}")
    words.take("brace", "}")
    chosen = [words.count() for _ in range(profiles)]
    if max(chosen) >= len(outcomes):
        raise words.wrong(f"outcome {max(chosen)} of {len(outcomes) - 1}")
    return np.array(outcomes)[chosen]


class _Tree:
    """What is known while a tree is read."""

    def __init__(self, players: int):
        self.players = players
        self.sets: dict[tuple[int, int], tuple[str, tuple[str, ...], list[int]]] = {}
        self.chances: dict[int, tuple[float, ...]] = {}
        self.outcomes: dict[int, list[float]] = {0: [0.0] * players}
        self.children: list[list[int]] = []
        self.choice: list[tuple[int, int] | None] = []
        self.chance: list[tuple[float, ...]] = []
        self.payoffs: list[list[float]] = []


def _extensive(words: _Words) -> ExtensiveGame:
    title, players = words.take("text"), tuple(words.list_of("text"))
    if words.is_next("text"):
        words.take("text")  # a comment
    tree, open_nodes = _Tree(len(players)), [(-1, 1)]  # (parent, children still to come)
    while open_nodes:
        parent, missing = open_nodes.pop()
        if missing == 0:
            continue
        open_nodes.append((parent, missing - 1))
        node = len(tree.children)
        if node >= MOST_NODES:
            raise TableTooLarge(
                f"{words.path.name} has more than {MOST_NODES:,} nodes: no tree of that size is solved here."
            )
        if parent >= 0:
            tree.children[parent].append(node)
        open_nodes.append((node, _node(words, tree, node)))
    if not words.is_next("end"):
        raise words.wrong("the tree has ended, and more follows")
    if not tree.sets or not players:
        raise words.wrong("nobody chooses anything in this game")
    place = {key: k for k, key in enumerate(sorted(tree.sets))}
    sets = tuple(InformationSet(key[0], *tree.sets[key][:2], tuple(tree.sets[key][2])) for key in place)
    return ExtensiveGame(
        title, players, sets, tuple(map(tuple, tree.children)),
        tuple(-1 if key is None else place[key] for key in tree.choice), tuple(tree.chance), np.array(tree.payoffs),
    )  # fmt: skip


def _node(words: _Words, tree: _Tree, node: int) -> int:
    """One node into the tree; how many children follow."""
    kind = words.word()
    words.take("text")
    tree.children.append([])
    key, chance, branches = None, (), 0
    if kind == "c":
        chance = _chance(words, tree)
        branches = len(chance)
    elif kind == "p":
        key = _choice(words, tree, node)
        branches = len(tree.sets[key][1])
    elif kind != "t":
        raise words.wrong(f"a node begins with c, p or t, not {clip(kind)!r}")
    tree.choice.append(key)
    tree.chance.append(chance)
    tree.payoffs.append(_outcome(words, tree))
    return branches


def _chance(words: _Words, tree: _Tree) -> tuple[float, ...]:
    number = words.count(least=1)
    if words.is_next("text"):
        words.take("text")
    if words.is_next("brace", "{"):
        words.take("brace", "{")
        found = []
        while not words.is_next("brace", "}"):
            words.take("text")
            found.append(words.number())
        words.take("brace", "}")
        if min(found, default=-1) < 0 or abs(sum(found) - 1) > 1e-6:
            raise words.wrong(f"the chances of a move of nature add up to {sum(found):g}")
        tree.chances[number] = tuple(found)
    if number not in tree.chances:
        raise words.wrong(f"move of nature {number} was never said")
    return tree.chances[number]


def _choice(words: _Words, tree: _Tree, node: int) -> tuple[int, int]:
    player, number = words.count(least=1), words.count(least=1)
    if player > tree.players:
        raise words.wrong(f"player {player} of {tree.players}")
    key = (player - 1, number)
    name = words.take("text") if words.is_next("text") else ""
    if words.is_next("brace", "{"):
        actions = tuple(words.list_of("text"))
        known = tree.sets.setdefault(key, (name, actions, []))
        if not actions or len(known[1]) != len(actions):
            raise words.wrong(
                f"information set {number} of player {player} has {len(known[1])} actions and {len(actions)}"
            )
    if key not in tree.sets:
        raise words.wrong(f"the actions of information set {number} of player {player} were never said")
    tree.sets[key][2].append(node)
    return key


def _outcome(words: _Words, tree: _Tree) -> list[float]:
    number = words.count()
    if words.is_next("text"):
        words.take("text")
    if words.is_next("brace", "{"):
        tree.outcomes[number] = words.numbers()
    paid = tree.outcomes.get(number)
    if paid is None or len(paid) != tree.players:
        raise words.wrong(f"outcome {number} has no payoff for each of {tree.players} players")
    return paid
