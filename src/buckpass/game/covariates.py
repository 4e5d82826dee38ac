"""The covariates of a power in a crisis, one function each: what the stake, cost and backlash indices are made of.

Each takes the case, the crisis (a row of `case.crises` as a dict) and a power's id and returns a number, or None where
the record does not have it. Indicators are 0/1 by the coding rules of the case; the others are continuous and are
standardised over the batch afterwards, a missing one standing at the mean (`CrisisSetting.is_measured` keeps which).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from buckpass.case import Case
from buckpass.case.schema import NEAREST_YEARS, Opinion

__all__ = [
    "COLUMN", "COVARIATES", "SHARES_WITHIN", "Covariate", "alignment_with_hosts", "is_indicator", "is_pressed",
    "is_treaty_partner", "log_odds", "main_rivals", "nearest_survey", "patron_of", "pressure",
]  # fmt: skip

Crisis = dict
Covariate = Callable[[Case, Crisis, str], float | None]

EARTH_RADIUS_KM = 6371.0
NEIGHBOUR_KM = 100.0  # capitals nearer than this count as this far: a floor for the logarithm
SHARES_WITHIN = (0.005, 0.995)  # a survey or trade share of 0 or 1 is a rounding, not a certainty


def severity(case: Case, crisis: Crisis, power: str) -> float:
    """severity code of the crisis (0 … 1) minus 0.5"""
    return crisis["severity"] - 0.5


def border(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power shares a border with a host"""
    return float(any(power in host.borders for host in _hosts(case, crisis)))


def own_stake(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power's own people or assets were hit"""
    return float(power in crisis["own_stake"])


def claim(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power has a territorial claim of its own in the crisis"""
    return float(power in crisis["claimants"])


def treaty_asked(case: Case, crisis: Crisis, power: str) -> float:
    """1 where power and host share a mutual-defence treaty and help was asked of the power or the treaty body"""
    return float(asked(case, crisis, power) > 0 and is_treaty_partner(case, crisis, power))


def trade(case: Case, crisis: Crisis, power: str) -> float | None:
    """log-odds of the power's share of the host's trade with the powers measured, nearest year within three"""
    measure = case.settings.measures.economic
    if measure is None or power not in measure.powers:
        return None
    shares = [_trade_share(case, host, crisis["start"].year, power) for host in crisis["host"]]
    known = [s for s in shares if s is not None]
    return log_odds(sum(known) / len(known)) if known else None


def spill(case: Case, crisis: Crisis, power: str) -> float:
    """1 where a crisis of this type spills over the border that the power shares with a host"""
    return float(case.settings.crisis_types[crisis["type"]].spills) * border(case, crisis, power)


def distance(case: Case, crisis: Crisis, power: str) -> float:
    """log kilometres between the power's capital and the nearest host's"""
    here = case.power(power).capital
    return min(math.log(max(kilometres(here, host.capital), NEIGHBOUR_KM)) for host in _hosts(case, crisis))


def capacity(case: Case, crisis: Crisis, power: str) -> float | None:
    """log military spending of the power in the crisis's year, nearest year within three"""
    spending = _spending(case, power, crisis["start"].year)
    return math.log(spending) if spending else None


def base(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power had forces stationed in a host at the start, and was not shut out of it"""
    return float(power in crisis["bases"] and not case.closed_to(power, crisis["host"], crisis["start"]))


def busy(case: Case, crisis: Crisis, power: str) -> float:
    """log(1 + the power's deployments elsewhere under way at the start), counted in the record"""
    elsewhere = (case.crisis(c) for c in case.deployed_in(power) if c != crisis["crisis_id"])
    start = crisis["start"]
    return math.log1p(sum(c["start"] < start and (c["end"] is None or c["end"] >= start) for c in elsewhere))


def opinion(case: Case, crisis: Crisis, power: str) -> float | None:
    """log-odds of unfavourable opinion of the power in the host"""
    survey = survey_of(case, crisis, power)
    return None if survey is None else log_odds(survey.value)


def domestic(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the crisis is unrest at home, 0 where it is an attack from outside"""
    return float(case.settings.crisis_types[crisis["type"]].domestic)


def asked(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power was asked for help, itself or through an organisation that it leads"""
    return float(bool(case.asked_through(power) & {*crisis["asked"]}))


def patron(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power is the host's patron"""
    return float(patron_of(case, crisis) == power)


def patron_other(case: Case, crisis: Crisis, power: str) -> float:
    """1 where another power is the host's patron"""
    return float(patron_of(case, crisis) not in (None, power))


def rivalry(case: Case, crisis: Crisis, power: str) -> float:
    """1 where some other power's effort undoes the power's own in the theatre (alignment below 0)"""
    others = (p for p in case.powers if p != power)
    return float(any(case.alignment(crisis["theatre"], power, other, crisis["start"]) < 0 for other in others))


def subordination(case: Case, crisis: Crisis, power: str) -> float:
    """the host's security ties to the power: treaty and base count a half each"""
    return 0.5 * is_treaty_partner(case, crisis, power) + 0.5 * base(case, crisis, power)


def rival_pressure(case: Case, crisis: Crisis, power: str) -> float | None:
    """log spending of the power's main rival over its own (0 if smaller), where an aligned patron other than it is"""
    rival, year = case.power(power).main_rival, crisis["start"].year
    if not rival or not is_pressed(case, crisis, power):
        return 0.0
    own, other = _spending(case, power, year), _spending(case, rival, year)
    return max(math.log(other / own), 0.0) if own and other else None


def bargain(case: Case, crisis: Crisis, power: str) -> float:
    """1 where the power is the party of the case's arrangement that forgoes deployment, in its theatre"""
    arrangement = case.settings.arrangement
    if arrangement is None or crisis["theatre"] != case.settings.focus.theatre:
        return 0.0
    return float(any(t.party == power and t.forgoes == "deployment" for t in arrangement.terms))


COVARIATES: dict[str, Covariate] = {
    f.__name__: f
    for f in (severity, border, own_stake, claim, treaty_asked, trade, spill, distance, capacity, base, busy, opinion,
              domestic, asked, patron, patron_other, rivalry, subordination, rival_pressure, bargain)
}  # fmt: skip

COLUMN = {name: k for k, name in enumerate(COVARIATES)}  # position on the covariate axis
CONTINUOUS = frozenset({"trade", "distance", "capacity", "opinion"})


def is_indicator(name: str) -> bool:
    """Whether a covariate enters as coded rather than standardised."""
    return name not in CONTINUOUS


def survey_of(case: Case, crisis: Crisis, power: str) -> Opinion | None:
    """The survey of opinion of a power that counts in a crisis: the nearest in time of any host, of two as near the first."""
    return nearest_survey(case, crisis["host"], power, crisis["start"].year)


def nearest_survey(case: Case, hosts: Collection[str], power: str, year: int) -> Opinion | None:
    """The survey of opinion of a power in one of the hosts that is nearest to a year, of two as near the first."""
    rows = [o for o in case.settings.opinions if o.power == power and o.host in hosts]
    return min(rows, key=lambda o: abs(o.year - year), default=None)


def host_asked(case: Case, crisis: Crisis, power: str) -> str:
    """The host whose public's opinion of a power counts in a crisis: that of `survey_of`, without a survey the first."""
    survey = survey_of(case, crisis, power)
    return survey.host if survey else crisis["host"][0]


def patron_of(case: Case, crisis: Crisis) -> str | None:
    """The outside patron of the crisis's host: the crisis's own entry, else the theatre's."""
    if crisis["patron"]:
        return crisis["patron"]
    return case.theatre(crisis["theatre"]).patron


def is_pressed(case: Case, crisis: Crisis, power: str) -> bool:
    """Whether a patron that is neither the power nor its main rival is there, and the power counts its effort as help."""
    partner = patron_of(case, crisis)
    if partner not in case.powers or partner in (power, case.power(power).main_rival):
        return False
    return case.alignment(crisis["theatre"], power, partner, crisis["start"]) > 0


def main_rivals(case: Case) -> list[int]:
    """Position of each power's main rival; its own where that is none of the powers, so that nothing presses it."""
    rivals = [case.power(p).main_rival for p in case.powers]
    return [case.powers.index(r) if r in case.powers else own for own, r in enumerate(rivals)]


def pressure(capacity: Any, rivals: Any) -> Any:
    """What `rival_pressure` compares, of arrays: log spending [..., power] of each power's main rival over its own, 0 if smaller."""
    return (capacity[..., rivals] - capacity).clip(min=0.0)


def is_treaty_partner(case: Case, crisis: Crisis, power: str) -> bool:
    """Whether power and some host were members of one mutual-defence organisation when the crisis began."""
    for organisation in case.settings.organisations:
        if organisation.mutual_defence:
            members = set(case.members(organisation.id, crisis["start"]))
            if power in members and members & set(crisis["host"]):
                return True
    return False


def alignment_with_hosts(case: Case, crisis: Crisis, power: str) -> float:
    """How the hosts' governments count the power's effort as the crisis begins: mean over hosts, −1 … 1."""
    hosts = crisis["host"]
    return sum(case.alignment(crisis["theatre"], host, power, crisis["start"]) for host in hosts) / len(hosts)


def _hosts(case: Case, crisis: Crisis) -> list:
    return [h for h in case.settings.hosts if h.id in crisis["host"]]


def _spending(case: Case, power: str, year: int) -> float | None:
    measure = case.settings.measures.capacity
    if measure is None:
        return None
    return _nearest([figure for name in measure.series for figure in case.figures(name, power)], year)


def _nearest(figures: list[tuple[int, float]], year: int) -> float | None:
    """The value of the nearest year within `NEAREST_YEARS`, of two equally near the earlier."""
    near = [(abs(at - year), at, value) for at, value in figures if abs(at - year) <= NEAREST_YEARS]
    return min(near, key=lambda figure: figure[:2])[2] if near else None


def _trade_share(case: Case, host: str, year: int, power: str) -> float | None:
    measure = case.settings.measures.economic
    for name in measure.series:
        found = {p: _nearest(case.figures(name, p, host), year) for p in measure.powers}
        values = {p: v for p, v in found.items() if v is not None}
        if len(values) == len(found) and sum(values.values()) > 0:
            return values[power] / sum(values.values())
    return None


def log_odds(share: float) -> float:
    """log share / (1 - share), a certainty taken as a rounding."""
    least, most = SHARES_WITHIN
    bounded = min(max(share, least), most)
    return math.log(bounded / (1 - bounded))


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) points in degrees."""
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    chord = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))
