"""A case with thousands of entries of one kind: `check` takes no longer than it must, and says no more than can be read."""

import shutil
import time

import pytest

from buckpass.case.start import TEMPLATE
from buckpass.changes.check import check_case

QUANTITY = "label = 'assumed'\nreason = 'none'\n"
ENTRIES = {
    "theatres": "[[theatres]]\nid = 't#n'\nname = 'Theatre'\nin_fit = false\n",
    "theatres in the fit": "[[theatres]]\nid = 't#n'\nname = 'Theatre'\n",
    "misspelt theatres": "[[theatres]]\nid = 't#n'\nname = 'Theatre'\nin_fti = false\n",
    "hosts": "[[hosts]]\nid = 'X#n'\nname = 'Host'\n",
    "opinions": "[[opinions]]\npower = 'AAA'\nhost = 'DDD'\nvalue = 0.1\n" + QUANTITY,
    "alignments": "[[alignments]]\ntheatre = 'valley'\nof = 'AAA'\nwith = 'X#n'\nvalue = 0.1\n" + QUANTITY,
    "organisations": "[[organisations]]\nid = 'O#n'\nname = 'O'\nfounded = 2000-01-01\nis_vehicle = true\nmembers = []\n",
}


@pytest.mark.parametrize("entries", ENTRIES)
def test_three_thousand_entries_are_checked_in_two_seconds(tmp_path, entries):
    folder = shutil.copytree(TEMPLATE, tmp_path / "case")
    text = (TEMPLATE / "case.toml").read_text("utf-8")
    more = "".join(ENTRIES[entries].replace("#n", str(n)) for n in range(3_000))
    (folder / "case.toml").write_text(f"{text}\n{more}", "utf-8")
    begun = time.process_time()
    found = check_case(folder)
    assert time.process_time() - begun < 2.0
    assert 0 < len(found.problems) < 1_000
    assert max(len(str(problem).encode()) for problem in found.problems) < 2_000
