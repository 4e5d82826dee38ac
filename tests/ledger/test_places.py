"""Where the numbers of the ledger come from."""

from buckpass.case import load_case
from buckpass.ledger import assess

FILES = ("claims.toml", "responses.csv", "crises.csv", "series.csv", "case.toml", "sources.bib")


def test_every_number_can_be_followed_to_lines_of_the_case():
    case = load_case("central-asia")
    lines = {name: (case.folder / name).read_text().splitlines() for name in FILES}
    for one in assess(case):
        for place in one.places:
            file, line = place.rsplit(":", 1)
            assert lines[file][int(line) - 1].strip(), place
        own = next(int(p.rsplit(":", 1)[1]) for p in one.places if p.startswith("claims.toml"))
        assert f'id = "{one.id}"' in "".join(lines["claims.toml"][own - 1 : own + 3])
        assert one.n is None or any(not p.startswith("claims.toml") for p in one.places), one.id
