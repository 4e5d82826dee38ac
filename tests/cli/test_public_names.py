"""The package's public names: few, verbs that stay verbs, each of them real."""

import ast
import inspect
import json
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import buckpass as bp


@pytest.mark.parametrize("name", [n for n in bp.__all__ if n != "__version__"])
def test_every_public_name_exists_and_can_be_called(name):
    assert callable(getattr(bp, name))


def test_no_verb_hides_a_room():
    assert not {m.name for m in pkgutil.iter_modules(bp.__path__)} & set(bp.__all__)


def test_types_are_those_of_what_is_loaded():
    stub = ast.parse((Path(bp.__file__).parent / "__init__.pyi").read_text("utf-8"))
    taken = {a.asname: (n.module, a.name) for n in stub.body if isinstance(n, ast.ImportFrom) for a in n.names}
    renamed = {n.targets[0].id: n.value.id for n in stub.body if isinstance(n, ast.Assign)}
    typed = {name: origin for name, origin in taken.items() if not name.startswith("_")}
    assert typed | {name: taken[private] for name, private in renamed.items()} == bp._ROOM_OF


def test_there_are_at_most_forty_public_names():
    assert len(bp.__all__) <= 40


FUNCTIONS = [name for name in bp.__all__ if inspect.isfunction(getattr(bp, name))]
RAISES_NOTHING = {
    "check": "a case that is not there is one of its problems",
    "codebook": "of a case that was loaded everything can be told",
    "diff": "any two cases can be compared",
    "prior_predictive": "priors are known without a fit",
    "record": "what is not in the record is an empty table",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_says_what_it_takes_gives_and_raises(name):
    said = inspect.getdoc(of := getattr(bp, name)) or ""
    parts = dict(re.findall(r"^(\w+)\n-+\n(.*?)(?=\n\n|\Z)", said, flags=re.DOTALL | re.MULTILINE))
    assert {"Parameters", "Returns"} | ({"Raises"} - {"Raises" for n in RAISES_NOTHING if n == name}) <= set(parts)
    entries = re.findall(r"^([\w, ]+) : ", parts["Parameters"], flags=re.MULTILINE)
    assert {one.strip() for entry in entries for one in entry.split(",")} == set(inspect.signature(of).parameters)


NO_TABLE = {
    "load": "the case itself", "new_case": "a folder", "report": "a file", "replicate": "a file", "overrides": "changes, no result",
    "fit": "draws", "fit_explanation": "draws", "posteriors": "draws",
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in NO_TABLE])
def test_every_result_has_one_table_and_says_what_its_methods_do(name):
    of = getattr(bp, name)
    words = re.findall(r"\w+", inspect.signature(of).return_annotation)
    kinds = [k for word in words if inspect.isclass(k := vars(sys.modules[of.__module__]).get(word))]
    assert kinds
    for kind in kinds:
        assert callable(kind.table)
        public = [m for m in vars(kind).values() if inspect.isfunction(m) and not m.__name__.startswith("_")]
        assert [m.__name__ for m in public if not m.__doc__] == []


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(AttributeError, match="load"):
        _ = bp.laod


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="pyright needs node")
def test_the_examples_of_readme_and_notebook_have_types(tmp_path):
    """In four calls of the README pyright once found four errors: whoever copies them gets completions instead."""
    root = Path(__file__).parents[2]
    cells = json.loads((root / "examples" / "central-asia.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    code += re.findall(r"```python\n(.*?)```", (root / "README.md").read_text("utf-8"), flags=re.DOTALL)
    assert len(code) > 3
    (tmp_path / "examples.py").write_text("\n".join(code), "utf-8")
    settings = {"include": ["examples.py"], "extraPaths": [str(root / "src")], "typeCheckingMode": "basic",
                "reportUnusedExpression": False}  # fmt: skip
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(tmp_path), "--pythonpath", sys.executable, "--outputjson"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["generalDiagnostics"] == []
    assert found["summary"]["filesAnalyzed"] == 1
