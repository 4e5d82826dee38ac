"""Results in a notebook: each shows its chart and its tables; the example runs from its first cell to its last."""

import json
from pathlib import Path

import pytest

from buckpass.measured import measure

NOTEBOOK = Path(__file__).parents[2] / "examples" / "central-asia.ipynb"


def test_a_result_of_several_tables_shows_them_all(small_case):
    record = measure(small_case)
    shown = record._repr_html_()
    for table in record.tables():
        assert table.title.split("<")[0] in shown


def test_the_example_is_kept_without_outputs():
    cells = [c for c in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    assert cells
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in cells)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the kernel's own: its sockets close after the test has ended
def test_the_example_runs_and_shows_tables_and_charts(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [
        "".join(o["data"].get("text/html", "")) for c in notebook.cells for o in c.get("outputs", ()) if "data" in o
    ]
    assert sum("<table" in html for html in shown) >= 5
    assert sum("<svg" in html for html in shown) >= 2
    assert not [o for c in notebook.cells for o in c.get("outputs", ()) if o["output_type"] == "error"]
