"""The package's public names: few, verbs that stay verbs, each of them real."""

import ast
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
