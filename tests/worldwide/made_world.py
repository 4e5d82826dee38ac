"""A small store of the world of our own making, every trap of the publishers' files in it; no row is anybody's."""

from made_tables import CONFLICTS, NO_KIND, SUPPORT, as_csv, conflict_year, support

from buckpass.events import load
from buckpass.worldwide.rules import rules

POWERS = ("USA", "RUS", "CHN", "FRA", "GBR")
NAMES = {"USA": "United States of America", "RUS": "Russia (Soviet Union)", "CHN": "China", "FRA": "France", "GBR": "United Kingdom",
         "BLR": "Belarus", "PAK": "Pakistan", "IRN": "Iran"}  # fmt: skip
STATES = {"MLI": (432, "Mali"), "TJK": (702, "Tajikistan"), "YEM": (678, "Yemen (North Yemen)"), "RUS": (365, "Russia (Soviet Union)"),
          "IND": (750, "India"), "USA": (2, "United States of America")}  # fmt: skip
ATOP = ("ccode1", "ccode2", "year", "atop_defense", "atop_offense", "atop_neutral", "atop_nonagg", "atop_consul")
TOUCHING = ("dyad", "statelno", "statelab", "statehno", "statehab", "conttype", "begin", "end", "notes", "version")
RIVALS = ("tssr_id", "rivalry", "ccode1", "ccode2", "start", "end", "positional", "spatial", "ideological", "interventionary",
          "principal", "aprin")  # fmt: skip


class Rows:
    """Rows of support: of a state, or nobody, to the government (or its opponents) of a host in a year of a conflict."""

    def __init__(self):
        self.rows, self.conflicts = [], []

    def year(self, host, year, conflict, of=None, kinds="", location=None, **changes):
        number, name = STATES[host]
        helped = {"ext_sup": int(of is not None), "ext_id": 900, "ext_sum": len(kinds)} | {f"ext_{k}": 1 for k in kinds}
        own = NO_KIND | {"id": len(self.rows) + 1, "year": year, "conflict_id": conflict, "location": location or f"{name}: Government",
            "gwno_a": number, "actor_name": f"Government of {name}", "dyad_id": 1, "country_a": name,
            "ext_name": f"Government of {NAMES[of]}" if of else ""}  # fmt: skip
        self.rows.append(support(**own | helped | changes))

    def fought(self, host, year, conflict, kind=3, level=1):
        """A row of the conflict file."""
        number, name = STATES[host]
        self.conflicts.append(conflict_year(conflict_id=conflict, location=name, year=year, intensity_level=level,
                                            type_of_conflict=kind, gwno_a=number, gwno_loc=number))  # fmt: skip


def traps(kind=3) -> Rows:
    """A world of five hosts with one trap in each conflict; `kind` 4 where the conflict file calls them internationalised."""
    of = Rows()
    for year in (1992, 1993):
        of.year("TJK", year, 10)
        of.fought("TJK", year, 10, kind, level=year - 1991)
    of.year("TJK", 1993, 10, "RUS", "wt", dyad_id=1)
    of.year("TJK", 1993, 10, "RUS", "wt", dyad_id=2)  # the same support in another dyad
    of.year("TJK", 1994, 10, "RUS", "x", active=0)  # an inactive year, there because of the support
    of.year("TJK", 1993, 10, "USA", "w", ext_alleged=1)
    of.year("TJK", 1993, 10, "IRN", "w", actor_name="UTO", actor_nonstate=1)  # a rival of the USA across
    of.year("MLI", 2013, 20, "FRA", "xt", ext_coalition=1, ext_coalition_name="MINUSMA/EUTM Mali")
    of.year("MLI", 2013, 20, "GBR", "t", ext_coalition=1, ext_coalition_name="MINUSMA/EUTM Mali")
    of.year("MLI", 2013, 20, "CHN", "x", ext_coalition=1, ext_coalition_name="MINUSMA")
    of.year("MLI", 2013, 20, "RUS", "t", ext_elements=1, ext_name="Russian elements")
    of.year("USA", 2005, 30, "GBR", "x", location="United States of America: Government")
    of.year("YEM", 2015, 40, "USA", "u")
    of.year("YEM", 2015, 40, "BLR", "x", ext_id=365)  # an actor's number that is a state's elsewhere
    of.year("RUS", 1990, 50)
    of.year("IND", 1999, 60, "GBR", "f")
    of.year("IND", 1999, 61, "GBR", "f")
    of.year("IND", 1999, 60, "CHN", "w", actor_name="NSCN", actor_nonstate=1, ext_alleged=1)
    of.year("IND", 2001, 60)  # one inactive year between: the same episode
    of.year("IND", 2004, 60)  # two: another
    return of


def made(folder, of: Rows, leaving=()):
    """A store with those rows and the tables around them, but for those that are left out."""
    atop = [[365, 702, 1992, 1, 0, 0, 0, 0], [2, 679, 2015, 1, 0, 0, 0, 0]]
    touching = [
        ["", 710, "CHN", 702, "TAJ", 1, 199112, 200612, "", 3.1],
        ["", 710, "CHN", 750, "IND", 4, 192001, 200612, "", 3.1],
    ]
    rivals = [[1, "United States-Iran", 2, 630, 1979, 2020, 1, 1, 0, 0, 0, 0]]
    files = {"support": as_csv(SUPPORT, of.rows), "conflicts": as_csv(CONFLICTS, of.conflicts), "atop": as_csv(ATOP, atop),
             "touching": as_csv(TOUCHING, touching), "rivals": as_csv(RIVALS, rivals)}  # fmt: skip
    paths = [folder / f"{name}.csv" for name in files if name not in leaving]
    for path in paths:
        path.write_bytes(files[path.stem])
    load(folder / "s.duckdb", paths)
    return folder / "s.duckdb"


def small(the=None):
    """Rules for a world of a few hosts."""
    the = the or rules()
    return the.model_copy(update={"conflicts": the.conflicts.model_copy(update={"fewest_hosts": 2})})
