"""What can go wrong with the world's record, one name for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from buckpass.results.errors import BuckpassError
from buckpass.results.words import and_join


class WorldError(BuckpassError):
    """Base of this room's errors."""


class TablesMissing(WorldError):
    """The store lacks tables that the world's record is made of."""

    def __init__(self, store: Path, missing: Sequence[str]):
        super().__init__(
            f"{store.name}: the world's record also needs {'; '.join(missing)}. Load what is missing with "
            f"`buckpass events load {store.name} FILE…`, then run this again."
        )


class OneRegion(WorldError):
    """The store holds the conflicts of too few hosts."""

    def __init__(self, store: Path, hosts: Sequence[str], fewest: int):
        super().__init__(
            f"{store.name}: its external support covers the conflicts of {len(hosts)} hosts ({', '.join(hosts[:6])}"
            f"{', …' if len(hosts) > 6 else ''}), and a yardstick of one region would measure it by itself: at least {fewest} "
            "are needed. Load the publisher's whole file, or change `fewest_hosts` in your rules."
        )


class UnknownPowers(WorldError):
    """Codes that are no state's."""

    def __init__(self, unknown: Sequence[str]):
        super().__init__(
            f"No state has the code {' or '.join(unknown)}. Give powers as ISO3 codes, as in --powers AAA,BBB."
        )


class OnePower(WorldError):
    """A record of one power alone."""

    def __init__(self, power: str):
        super().__init__(
            f"--powers: give two or more, as in {power},BBB: one alone leaves nobody to leave it to, and nobody to be measured by."
        )


class NothingToLearn(WorldError):
    """A power without usable cells, or that never firmly supported a government in one."""

    def __init__(self, idle: Sequence[str], always_hosts: Sequence[str], behind_rebels: Sequence[str] = ()):
        said = [f"{p} gave no government support of any coded kind" for p in idle]
        said += [
            f"{p} supported governments only in episodes in which it also backed the other side, which are left out"
            for p in behind_rebels
        ]
        said += [f"{p} is the host of every conflict in which it could have acted" for p in always_hosts]
        super().__init__(
            f"In these conflicts {and_join(said)}: nothing can be learnt of it. Leave it out of --powers, or load the years "
            "in which it acted."
        )


class UnusableRules(WorldError):
    """A file of rules that cannot be used."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path.name}: {reason}. Start from the rules that `buckpass new --world` writes into its folder."
        )


class NoYardstick(WorldError):
    """The fitted summary does not fit what is asked."""


class UnusableFolder(WorldError):
    """A folder of `new --world` that cannot be read again."""

    def __init__(self, folder: Path, reason: str):
        super().__init__(
            f"{folder}: not a world's record that can be used ({reason}). Write it anew with `buckpass new --world`."
        )
