"""dvc.yaml is tested like code: deps are promises about what makes a stage run again."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.fs import LocalFileSystem
from dvc.ignore import DvcIgnoreFilter

from croquis.core import pipeline
from croquis.check.imports import modules_of
from support.imports import loaded_by

STAGES = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
ORDER = (
    "check download prepare dedup split train embed probe vote ensemble submit explain report"
).split()
# Modules in the folders of a stage that it does not import: an edit of one trains everything anew.
SPARE = {"train": 3, "embed": 6, "probe": 6}
CHEAP = (
    "download",
    "prepare",
    "dedup",
    "split",
    "vote",
    "ensemble",
    "submit",
    "report",
)


def test_the_stages_are_those_of_the_design_in_their_order() -> None:
    assert [stage for stage in STAGES if stage in ORDER] == ORDER


def test_every_script_is_a_stage_of_its_name() -> None:
    """No list of stages is kept by hand: one that dvc.yaml lacks would run for nobody."""
    assert {path.stem for path in Path("stages").glob("*.py")} == set(STAGES)
    scripts = {
        name: pipeline.scripts(stage)
        for name, stage in pipeline.read_stages().items()
    }
    assert scripts == {name: [Path("stages") / f"{name}.py"] for name in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_deps_of_a_stage_are_the_folders_that_it_imports_from(stage: str) -> None:
    script = Path("stages") / f"{stage}.py"
    code = {
        dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "stages/"))
    }
    folders = {
        pipeline.dep_of(Path(module)).as_posix() for module in modules_of(script)
    }
    if stage == "check":  # it judges the settings of all others, and always runs
        folders = {"src/croquis"}
    assert code == {script.as_posix()} | folders


@pytest.mark.parametrize(("stage", "most"), SPARE.items())
def test_what_trains_for_hours_depends_on_hardly_anything_that_it_does_not_import(
    stage: str, most: int
) -> None:
    folders = [Path(dep) for dep in STAGES[stage]["deps"] if dep.startswith("src/")]
    held = {
        path
        for folder in folders
        for path in folder.rglob("*.py")
        if path.stat().st_size
    }
    spare = {path.as_posix() for path in held} - modules_of(
        Path("stages") / f"{stage}.py"
    )
    assert len(spare) <= most, sorted(spare)


def test_dvcignore_leaves_of_the_package_what_stages_read(tmp_path: Path) -> None:
    """Its list and that of `pipeline.counts` are one: else a stage refuses what DVC ignores."""
    shutil.copy(".dvcignore", tmp_path)
    names = [
        "a.py",
        "a.html",
        "a.css",
        "a.js",
        "a.yaml",
        "a.py~",
        ".a.py.swp",
        ".#a.py",
        "4913",
    ]
    names += ["a.orig", "a.md", "inner/a.py", "inner/a.txt", "__pycache__/a.pyc"]
    paths = [Path("src/croquis/core") / name for name in names]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    ignored = DvcIgnoreFilter(LocalFileSystem(), str(tmp_path))
    counting = [
        path for path in paths if not ignored.is_ignored_file(str(tmp_path / path))
    ]
    assert counting == [path for path in paths if pipeline.is_tracked(path)]
    assert [path.name for path in counting] == [
        "a.py",
        "a.html",
        "a.css",
        "a.js",
        "a.yaml",
        "a.py",
    ]


@pytest.mark.parametrize("stage", CHEAP)
def test_a_stage_that_trains_nothing_loads_no_network_code(stage: str) -> None:
    """Settings and augmentation need none; what a function imports waits for its use."""
    modules = modules_of(Path("stages") / f"{stage}.py")
    assert not [
        module for module in modules if loaded_by(Path(module)) & {"torch", "timm"}
    ]


def test_check_looks_each_time_and_before_anything_is_deleted() -> None:
    """DVC deletes the outputs of a stage that it runs, but for those that persist."""
    (out,) = STAGES["check"]["outs"]
    assert STAGES["check"]["always_changed"] and out == {
        "data/checked.txt": {"persist": True}
    }


def test_training_writes_no_uncached_output() -> None:
    for stage in ("train", "embed", "probe"):
        assert all(isinstance(out, str) for out in STAGES[stage]["outs"])
        assert "metrics" not in STAGES[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_of_a_command_is_a_dep_or_an_output(stage: str) -> None:
    entry = STAGES[stage]
    listed = entry["deps"] + entry.get("outs", []) + entry.get("metrics", [])
    known = {item if isinstance(item, str) else next(iter(item)) for item in listed}
    named = {
        word
        for word in entry["cmd"].split()
        if "/" in word or word.endswith(".yaml")
    }
    # A folder of every member's results is read through the folders of single folds.
    assert named <= known


@pytest.mark.parametrize("stage", STAGES)
def test_the_params_a_stage_reads_are_declared(stage: str) -> None:
    """Sections by name; data.source of a training is left out, as it only names the experiment."""
    text = (Path("stages") / f"{stage}.py").read_text(encoding="utf-8")
    read = set(re.findall(r'params\.(?:load\(\w+, |value\()"(\w+)"', text))
    declared = {param.split(".")[0] for param in STAGES[stage].get("params", [])}
    assert read <= declared


def test_no_two_stages_write_one_file() -> None:
    outs: list[str] = []
    for stage in STAGES.values():
        written = stage.get("outs", []) + stage.get("metrics", [])
        outs += [
            out if isinstance(out, str) else next(iter(out)) for out in written
        ]
    assert len(outs) == len(set(outs))


def test_every_init_is_bare() -> None:
    assert not [
        path for path in Path("src").rglob("__init__.py") if path.stat().st_size
    ]
