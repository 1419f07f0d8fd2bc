"""Code that a stage imports and dvc.yaml does not list is found, however it is imported."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.check import imports
from croquis.commands.main import app
from croquis.commands.why import unlisted_lines
from croquis.core.errors import InputError
from support.leftovers import stage

PIPELINE = """
stages:
  train:
    matrix: {model: "${run.models}"}
    cmd: python stages/train.py --model ${item.model}
    deps: [stages/train.py, src/croquis/known.py, data/in.csv]
    outs: [data/out]
"""
TREE = {"run": {"models": ["a"]}}


CHECK = stage("check")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("", "inner/", "inner/deep/"):
        write(f"src/croquis/{name}__init__.py", "")
    write("src/croquis/known.py", "import numpy\n")
    for name in ("new", "inner/other", "inner/deep/last"):
        write(f"src/croquis/{name}.py", "")
    write("stages/train.py", "from croquis import known\n")
    write("dvc.yaml", PIPELINE)


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def missing() -> list[str]:
    return [fault.module for fault in imports.unlisted(TREE)]


def test_what_is_listed_is_no_fault() -> None:
    assert missing() == [] and imports.needless() == []
    imports.refuse_unlisted(TREE)


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import croquis.new", "new"),
        ("import croquis.new as n", "new"),
        ("import os, croquis.new as n", "new"),
        ("from croquis import new", "new"),
        ("from croquis import (known, new as n)", "new"),
        ("from croquis.new import anything", "new"),
        ("from croquis.new import *", "new"),
        ("from . import new", "new"),
        ("from .new import anything", "new"),
        ("from .inner.other import anything", "inner/other"),
        ("def f():\n    from croquis.inner import other", "inner/other"),
        (
            "class A:\n    if True:\n        import croquis.inner.deep.last",
            "inner/deep/last",
        ),
        ("try:\n    import croquis.new\nexcept ImportError:\n    pass", "new"),
        (
            "import importlib\nimportlib.import_module('croquis.inner.other')",
            "inner/other",
        ),
        (
            "from importlib import import_module\nx = import_module('croquis.new').y",
            "new",
        ),
        (
            "from importlib import import_module\nimport_module('.new', __package__)",
            "new",
        ),
        ("__import__('croquis.new')", "new"),
    ],
)
def test_every_way_of_importing_is_seen(line: str, module: str) -> None:
    write("src/croquis/known.py", f"{line}\n")
    assert missing() == [f"src/croquis/{module}.py"]


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("from .. import new", "new"),
        ("from ..new import anything", "new"),
        ("from .deep import last", "inner/deep/last"),
        ("from .deep.last import anything", "inner/deep/last"),
    ],
)
def test_dots_lead_upwards(line: str, module: str) -> None:
    write("src/croquis/known.py", "import croquis.inner.other\n")
    write("src/croquis/inner/other.py", f"{line}\n")
    assert missing() == sorted(
        ["src/croquis/inner/other.py", f"src/croquis/{module}.py"]
    )


@pytest.mark.parametrize(
    "line",
    [
        "import numpy.new",
        "from croquis.inner import nothing",
        "text = 'import croquis.new'",
        "from importlib import import_module\nimport_module(f'croquis.{name}')",
        "import croquis.known",
    ],
)
def test_what_is_no_file_of_ours_is_no_fault(line: str) -> None:
    write("src/croquis/known.py", f"{line}\n")
    assert missing() == []


def test_imports_may_run_in_a_circle() -> None:
    write("src/croquis/known.py", "import croquis.new\n")
    write("src/croquis/new.py", "import croquis.known\n")
    assert missing() == ["src/croquis/new.py"]


def test_an_init_with_code_counts() -> None:
    write("src/croquis/inner/__init__.py", "import croquis.new\n")
    write(
        "stages/train.py", "from croquis import known\nimport croquis.inner.other\n"
    )
    assert missing() == [
        f"src/croquis/{name}.py"
        for name in ("inner/__init__", "inner/other", "new")
    ]


def test_a_script_of_ones_own_and_what_lies_beside_it_count() -> None:
    write("stages/mine.py", "import helpers\n")
    write("stages/helpers.py", "from croquis import new\n")
    stage = "  mine:\n    cmd:\n    - echo x\n    - python stages/mine.py --of '${item}'\n"
    write("dvc.yaml", PIPELINE + stage + "    outs: [data/mine]\n")
    faults = imports.unlisted(TREE)
    assert [str(fault) for fault in faults] == [
        "mine: add `- src/croquis/new.py`, which stages/helpers.py imports",
        "mine: add `- stages/helpers.py`, which stages/mine.py imports",
        "mine: add `- stages/mine.py`, which its command runs",
    ]


def test_a_folder_lists_all_that_lies_in_it() -> None:
    write("src/croquis/known.py", "import croquis.inner.deep.last\n")
    write("dvc.yaml", PIPELINE.replace("data/in.csv", "src/croquis/inner"))
    assert missing() == []


def test_a_stage_that_the_run_has_not_stops_nothing() -> None:
    write("src/croquis/known.py", "import croquis.new\n")
    imports.refuse_unlisted({"run": {"models": []}})
    with pytest.raises(InputError) as caught:
        imports.refuse_unlisted(TREE)
    assert str(caught.value) == (
        "dvc.yaml, deps of train: expected all code that the stage imports, received no"
        " src/croquis/new.py, which src/croquis/known.py imports; add `- src/croquis/new.py`, or"
        " an edit of it makes nothing run again"
    )


def test_stages_of_foreach_are_looked_at() -> None:
    write("src/croquis/known.py", "import croquis.new\n")
    each = PIPELINE.replace(
        'matrix: {model: "${run.models}"}', "foreach: ${run.models}\n    do:"
    )
    head, _, body = each.partition("    do:\n")
    write(
        "dvc.yaml",
        f"{head}    do:\n" + "".join(f"  {line}\n" for line in body.splitlines()),
    )
    assert missing() == ["src/croquis/new.py"]
    assert imports.unlisted({"run": {"models": []}}) == []


def test_code_that_is_no_python_is_one_line() -> None:
    write("src/croquis/known.py", "def (\n")
    with pytest.raises(
        InputError, match=r"src/croquis/known.py: expected Python, received inv"
    ):
        missing()


def test_the_command_says_what_to_add_and_to_take_out() -> None:
    write("stages/train.py", "from croquis import new\n")
    done = CliRunner().invoke(app, ["deps"])
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "train: add `- src/croquis/new.py`, which stages/train.py imports",
        "train: take out `- src/croquis/known.py`, which nothing of it imports",
        "error: dvc.yaml: expected the code that stages import, received 2 lines that differ;"
        " see above",
    ]


def test_why_says_what_it_cannot_see() -> None:
    """It said that nothing would run, and nothing more."""
    write("src/croquis/known.py", "import croquis.new\n")
    assert unlisted_lines(imports.unlisted()) == [
        "",
        "not seen: edits of code that dvc.yaml does not list; `make repro` would refuse to start",
        "  train: add `- src/croquis/new.py`, which src/croquis/known.py imports",
    ]
    assert unlisted_lines([]) == []


def test_the_stage_check_refuses_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CHECK, "check_once", lambda tree, parameters: None)
    monkeypatch.setattr(CHECK, "weight_file_lines", lambda tree: [])
    write("params.yaml", "run: {models: [a]}\n")
    CHECK.main(Path("params.yaml"), Path("checked.txt"))
    assert Path("checked.txt").exists()
    write("src/croquis/known.py", "import croquis.new\n")
    with pytest.raises(InputError, match=r"add `- src/croquis/new\.py`"):
        CHECK.main(Path("params.yaml"), Path("checked.txt"))
