"""What can go wrong with event files and the store, one name for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from buckpass.results.errors import BuckpassError, SaysNo


class EventsError(BuckpassError):
    """Base of this room's errors."""


class EventsExtraMissing(EventsError):
    """The optional database engine is not installed."""

    def __init__(self) -> None:
        super().__init__("Event stores need DuckDB, which is not installed. Install the extra: buckpass[events].")


class NoFile(EventsError):
    """There is no file of the name that was given."""

    def __init__(self, path: Path):
        super().__init__(f"{path}: no such file. Nothing was loaded, also of the other files. Correct the name.")


class UnusableFile(EventsError, SaysNo):
    """Base of what can be wrong with one file of several: the others are loaded."""


class NotAFile(UnusableFile):
    """A folder, a pipe or a device among the files."""

    def __init__(self, path: Path, seen: str):
        super().__init__(f"{path.name}: {seen}, not a file. Give the files in it: {path.name}/*.")


class UnrecognisedFile(UnusableFile):
    """The content matches none of the known layouts."""

    def __init__(self, path: Path, seen: str, advice: str = "give the publisher's own file"):
        super().__init__(
            f"{path.name}: not one of the known layouts. Seen: {seen}. A file is recognised by its content, not its name: "
            f"{advice}; `buckpass events formats` lists what is read."
        )


class NotRead(UnusableFile):
    """A kind of file that is known and not read."""

    def __init__(self, path: Path, name: str, advice: str):
        super().__init__(f"{path.name}: this looks like {name}; buckpass does not read it. {advice}")


class LacksColumns(UnusableFile):
    """A known layout without columns that it cannot do without."""

    def __init__(self, path: Path, says: str, columns: Sequence[str]):
        super().__init__(
            f"{path.name}: this looks like {says}, without the column{'s' if len(columns) > 1 else ''} "
            f"{', '.join(columns)}. Rows without them cannot be used. Keep these columns when you save the table."
        )


class TooManyRejects(UnusableFile):
    """A file of which more than a tenth of the rows cannot be used."""

    def __init__(self, path: Path, says: str, read: int, rejected: int, reason: str):
        header = " What stands in its columns is not what they are called." if rejected == read else ""
        super().__init__(
            f"{path.name}: read as {says}, {rejected:,} of {read:,} rows cannot be used, first of all: {reason}.{header} What is left "
            "would be another table than the publisher's, so none of it was loaded. Mend the file, or load the rest with "
            "--allow-rejects."
        )


class DamagedArchive(UnusableFile):
    """A gzip or zip file that cannot be unpacked to its end."""

    def __init__(self, path: Path, reason: str):
        super().__init__(
            f"{path.name}: the archive cannot be unpacked to its end ({reason}). Part of its rows would be missing "
            "without a trace, so nothing was loaded. Download it again."
        )


class FileChanged(UnusableFile):
    """The file changed while it was read."""

    def __init__(self, path: Path):
        super().__init__(
            f"{path.name}: changed while it was read, so its SHA-256 would not describe what was loaded. "
            "Nothing was loaded. Wait until the download has ended and load it again."
        )


class StoreBusy(EventsError):
    """Another process holds the store."""

    def __init__(self, store: Path):
        super().__init__(
            f"{store.name}: another process is using this store, and two writers could mix their rows. "
            "The store is unchanged. Wait for the other one to end, then run this again."
        )


class NotAStore(EventsError):
    """The file is no event store."""

    def __init__(self, store: Path, reason: str):
        super().__init__(
            f"{store.name}: not an event store ({reason}). Give another name, or make one with `events load`."
        )


class NewerStore(EventsError):
    """The store was written by a later version."""

    def __init__(self, store: Path, seen: int, known: int):
        super().__init__(
            f"{store.name}: store version {seen}, this program knows up to {known}. Its tables may mean something "
            f"else. "
            "It was left as it is. Upgrade buckpass, or load the files into a new store."
        )


class OlderStore(EventsError):
    """The store was written by an earlier version, whose tables mean something else."""

    def __init__(self, store: Path, seen: int, known: int):
        super().__init__(
            f"{store.name}: store version {seen}, this program writes version {known}. In the older ones an event that stood "
            "in two files counted twice, so its counts would not be comparable. It was left as it is. Load the files "
            "into a new store."
        )


class StoreNotWritten(EventsError):
    """The disk is full or refuses to write."""

    def __init__(self, store: Path, reason: str):
        super().__init__(
            f"{store.name}: could not be written ({reason.splitlines()[0]}). The load was undone and the store is "
            f"as before. "
            "Free some space (a load needs about as much as the unpacked file) and run it again."
        )


class UncoveredActors(EventsError, SaysNo):
    """A comparison asked for actors whom the data do not cover."""

    def __init__(self, reasons: dict[str, str]):
        self.reasons = reasons
        lines = "; ".join(f"{actor}: {why}" for actor, why in sorted(reasons.items()))
        super().__init__(
            f"Refused: the store does not cover {', '.join(sorted(reasons))}. {lines}. A count over these actors "
            f"would measure "
            "the gap in the file, not who acted. Load a file with the full set of actors, or leave these out."
        )


class ImplausibleLabels(EventsError, SaysNo):
    """The event columns of a table cannot mean what they say."""

    def __init__(self, table: str, reason: str):
        super().__init__(
            f"{table}: the labels of its event columns are implausible ({reason}). Counts by event type would be "
            f"wrong. "
            "The rows are kept in the store and are not used. Ask the publisher which column holds which CAMEO root."
        )


class PartialPartners(EventsError, SaysNo):
    """A total was asked of a table that lists only the largest partners."""

    def __init__(self, reporter: str, partner: str, years: Iterable[int]):
        listed = ", ".join(str(year) for year in years)
        super().__init__(
            f"{reporter}–{partner}: no figure for {listed}. The table lists only the five largest partners of "
            f"each year, so a "
            "blank means 'not among the five', not zero. Use a bilateral source, or drop these years."
        )


class NoEvents(EventsError, SaysNo):
    """The store holds no events of the kind that was asked for."""

    def __init__(self, store: Path, wanted: str):
        super().__init__(
            f"{store.name}: holds no {wanted}. Load event files first: `buckpass events load {store.name} FILE…`."
        )


class UnknownHosts(EventsError):
    """Hosts of a draft that are no states."""

    def __init__(self, unknown: Sequence[str]):
        seen = f"no state has the code {', '.join(repr(host) for host in unknown)}" if unknown else "no host is given"
        super().__init__(
            f"{seen}: a draft needs the states in which to look for crises. Give ISO3 codes, joined by commas: --hosts "
            f"AAA,BBB."
        )


class BadKey(EventsError):
    """A key of evidence that is none, or whose event the store does not hold."""

    def __init__(self, key: str):
        super().__init__(
            f"{key!r} is no key of an event in this store. A key is file:event, as 7:5689, and `events code` prints those of each rung."
        )


class BadMapping(EventsError):
    """The table from event codes to rungs has an error."""

    def __init__(self, path: Path | str, line: int, reason: str):
        super().__init__(
            f"{path}, line {line}: {reason}. Every coded rung depends on this table, so nothing was coded. "
            "Mend the row: prefix (CAMEO digits), rung of the ladder or empty, domain, scope, reason."
        )


class OtherLadder(EventsError):
    """The case's ladder is not the one that the program's table of codes is written for."""

    def __init__(self, names: Sequence[str]):
        super().__init__(
            f"the ladder of this case ({', '.join(names)}) is not the standard one, for which the program knows what rung an "
            "event is. Copy events/data/ladder.csv of the package, give each code a rung of this ladder, and name the file: "
            "--mapping FILE."
        )
