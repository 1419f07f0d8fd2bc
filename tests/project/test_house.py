"""How the code is built has bounds: `python benchmarks/house.py` prints all of its numbers."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "house", ROOT / "benchmarks" / "house.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["house"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


HOUSE = _loaded()
FILES = HOUSE.modules(ROOT)
MEASURED = HOUSE.measured(ROOT)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("tokens a line of code", 8.5),
        ("tuple assignments per 1,000 lines", 4),
        ("ignores per 1,000 lines", 1),
        ("lines of dvc.yaml", 400),
        ("code deps of dvc.yaml", 100),
        ("modules in the package's root", 0),
        ("folders with more than 20 modules", 0),
        ("pairs of folders that import each other", 0),
        ("'found'", 40),
        ("'picture'", 0),
    ],
)
def test_a_measure_stays_below_its_bound(name: str, most: float) -> None:
    assert float(MEASURED[name]) <= most


def test_every_function_is_annotated() -> None:
    assert MEASURED["annotated"] == "100%"


def test_no_function_is_long() -> None:
    """Tokens, not lines: lines were packed to please a limit on lines."""
    lengths = {
        f"{module.path}: {function.name}": module.tokens_of(function)
        for module in FILES
        for function in module.functions
    }
    assert {name: count for name, count in lengths.items() if count > 350} == {}


def test_the_code_of_a_stage_is_a_few_sentences() -> None:
    """A script loads, makes one call and saves; what a stage decides lies in its folder."""
    scripts = [module for module in FILES if module.path.parts[0] == "stages"]
    lengths = {
        module.path.name: max(
            module.tokens_of(function) for function in module.functions
        )
        for module in scripts
    }
    assert len(scripts) >= 13
    assert {name: count for name, count in lengths.items() if count > 250} == {}


def test_what_is_measured_is_measured_right(tmp_path: Path) -> None:
    code = "def add(a: int) -> int:\n    b, c = a, 1\n    return b + c\n"
    text = f'"""Prose is no code."""\n\n\n{code}'
    module = HOUSE.Module(Path("src/croquis/core/add.py"), text)
    # def add ( a : int ) -> int : | b , c = a , 1 | return b + c
    assert len(module.token_lines) == 10 + 7 + 4
    assert module.code_lines == 3 and module.tuple_assignments == 1
    assert [module.tokens_of(function) for function in module.functions] == [21]
    assert module.folder == "core" and module.imported_folders == set()


def test_folders_that_import_each_other_are_seen() -> None:
    modules = [
        HOUSE.Module(Path("src/croquis/a/x.py"), "from croquis.b import y\n"),
        HOUSE.Module(Path("src/croquis/b/y.py"), "from croquis.a.x import z\n"),
        HOUSE.Module(Path("src/croquis/c/z.py"), "from croquis.a import x\n"),
    ]
    assert HOUSE.mutual_imports(modules) == {("a", "b")}


def test_private_names_of_modules_in_tests_are_seen(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    module = "croquis.core.stage_files"
    text = f"from {module} import inputs\nfrom {module}.inputs import _state\ninputs._text\n"
    (tmp_path / "tests" / "test_a.py").write_text(text + "self._own\n")
    assert HOUSE.private_names(tmp_path) == [
        "tests/test_a.py: _state",
        "tests/test_a.py: inputs._text",
    ]
