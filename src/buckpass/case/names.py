"""The ids that a case defines, and what is said of a name that is not among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buckpass.case.catalogue import state_names, with_article
from buckpass.case.ladder import Rungs
from buckpass.case.problems import Problem, clip, repeated, spelling_hint
from buckpass.case.reading.toml_reading import TomlFile
from buckpass.case.schema import Settings


@dataclass(frozen=True)
class Names:
    """The ids that a case defines."""

    powers: tuple[str, ...]
    hosts: tuple[str, ...]
    theatres: tuple[str, ...]
    organisations: tuple[str, ...]
    states: tuple[str, ...]
    crises: tuple[str, ...]
    types: tuple[str, ...]
    rungs: Rungs
    others: Mapping[str, str] = field(default_factory=dict)  # companies and armed groups, by id
    last_step: int = 0  # of acts against
    direction: str = "for"  # of the acts that are spoken of, where nothing nearer says it
    parameters: tuple[str, ...] = ()
    argument: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    series: tuple[str, ...] | None = None  # None where series.csv has none, or could not be read to its end

    def top(self, direction: str | None = None) -> int:
        """The height at which acts of a direction end: the top rung of the ladder, or the last step of [against]."""
        return self.last_step if (direction or self.direction) == "against" else self.rungs.top

    @property
    def actors(self) -> tuple[str, ...]:
        """Every state, organisation, company and armed group that the case speaks of."""
        return (*self.states, *self.organisations, *self.others)


def names_of(settings: Settings, crises: Iterable[str] = (), series: Iterable[str] = ()) -> Names:
    """The ids that the settings define, with those of crises.csv and series.csv."""
    powers = tuple(power.id for power in settings.powers)
    hosts = tuple(host.id for host in settings.hosts)
    members = [member.state for organisation in settings.organisations for member in organisation.members]
    return Names(
        powers=powers,
        hosts=hosts,
        theatres=tuple(theatre.id for theatre in settings.theatres),
        organisations=tuple(organisation.id for organisation in settings.organisations),
        states=tuple(dict.fromkeys([*powers, *hosts, *(state for state in members if state != "*")])),
        crises=tuple(crises),
        types=tuple(settings.crisis_types),
        rungs=settings.ladder.rungs,
        others={actor.id: actor.kind for actor in settings.actors},
        last_step=len(settings.against.names) - 1,
        parameters=tuple(settings.parameters),
        argument=settings.argument,
        parties=settings.arrangement.parties if settings.arrangement is not None else (),
        series=tuple(dict.fromkeys(series)) or None,
    )


def unknown(file: TomlFile, path: Sequence[str | int], kind: str, seen: str, known: Sequence[str]) -> Problem:
    """A name in a TOML file that is nowhere defined."""
    return file.problem(path, f"{clip(seen)!r} is not {kind}", spelling_hint(seen, known))


def missing(
    file: TomlFile, path: Sequence[str | int], kind: str, seen: str | Iterable[str] | None, known: Sequence[str]
) -> Iterator[Problem]:
    """Names (one, or a list) in a TOML file that are nowhere defined."""
    if seen is None or isinstance(seen, str):
        if seen is not None and seen not in known:
            yield unknown(file, path, kind, seen, known)
        return
    for position, item in enumerate(seen):
        if item not in known:
            yield unknown(file, (*path, position), kind, item, known)


def twice(file: TomlFile, table: str, keys: Iterable[Any]) -> Iterator[Problem]:
    """Entries of an array of tables that have the same key."""
    for position, key in repeated(keys):
        shown = key if isinstance(key, str) else ", ".join(map(str, key))
        yield file.problem((table, position), f"{shown} stands twice", "keep one entry")


def actor_name(settings: Settings, actor: str) -> str:
    """The name that the case gives a power, host, organisation or theatre; of a state that it only mentions the usual one, else
    the id.

    >>> from buckpass.case import load_case
    >>> settings = load_case("central-asia").settings
    >>> [actor_name(settings, actor) for actor in ("TUR", "BLR", "SCO", "XQQ")]
    ['Turkey', 'Belarus', 'Shanghai Cooperation Organisation', 'XQQ']
    """
    entries = (*settings.powers, *settings.hosts, *settings.organisations, *settings.theatres)
    return next((one.name for one in entries if one.id == actor), state_names().get(actor, actor))


def in_a_sentence(name: str) -> str:
    """A name with the article that English gives it: of unions, republics, islands, and where the name brings its own.

    >>> in_a_sentence("Yemen and the United Arab Emirates"), in_a_sentence("Saint Vincent and the Grenadines")
    ('Yemen and the United Arab Emirates', 'Saint Vincent and the Grenadines')
    >>> in_a_sentence("United States"), in_a_sentence("The Sahel"), in_a_sentence("Czech Republic"), in_a_sentence("Mali")
    ('the United States', 'the Sahel', 'the Czech Republic', 'Mali')
    """
    if name.startswith("The "):
        return f"the{name[3:]}"
    has_article = name.startswith("United ") or name.split(" and the ")[0].split(" ")[-1] in with_article()
    return f"the {name}" if has_article else name
