"""dvc.yaml is tested like code: deps are promises about what makes a stage run again."""

import re
from pathlib import Path

import pytest
import yaml
from imports import loaded_by

from croquis.imports import modules_of

STAGES = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
ORDER = (
    "check download prepare dedup split train embed probe vote ensemble submit explain report"
).split()
CHEAP = ("download", "prepare", "dedup", "split", "vote", "ensemble", "submit", "report")


def test_the_stages_are_those_of_the_design_in_their_order() -> None:
    assert list(STAGES) == ORDER


@pytest.mark.parametrize("stage", ORDER)
def test_deps_of_a_stage_are_the_modules_it_imports(stage: str) -> None:
    script = Path("stages") / f"{stage}.py"
    code = {dep for dep in STAGES[stage]["deps"] if dep.endswith(".py")}
    assert code == {script.as_posix()} | modules_of(script)


@pytest.mark.parametrize(
    ("stage", "folder"), [("download", "src/croquis/data"), ("report", "src/croquis/report")]
)
def test_deps_of_a_stage_hold_the_tables_and_templates_it_reads(stage: str, folder: str) -> None:
    read = {
        p.as_posix()
        for p in Path(folder).iterdir()
        if p.suffix in (".yaml", ".html", ".css", ".js")
    }
    assert read and read <= set(STAGES[stage]["deps"])


@pytest.mark.parametrize("stage", CHEAP)
def test_a_stage_that_trains_nothing_loads_no_network_code(stage: str) -> None:
    """Settings and augmentation need none; what a function imports waits for its use."""
    modules = modules_of(Path("stages") / f"{stage}.py")
    assert not [module for module in modules if loaded_by(Path(module)) & {"torch", "timm"}]


@pytest.mark.parametrize("stage", ORDER)
def test_a_stage_is_a_sentence(stage: str) -> None:
    lines = (Path("stages") / f"{stage}.py").read_text(encoding="utf-8").count("\n")
    assert lines <= 60


def test_check_looks_each_time_and_before_anything_is_deleted() -> None:
    """DVC deletes the outputs of a stage that it runs, but for those that persist."""
    (out,) = STAGES["check"]["outs"]
    assert STAGES["check"]["always_changed"] and out == {"data/checked.txt": {"persist": True}}


def test_training_writes_no_uncached_output() -> None:
    for stage in ("train", "embed", "probe"):
        assert all(isinstance(out, str) for out in STAGES[stage]["outs"])
        assert "metrics" not in STAGES[stage]


@pytest.mark.parametrize("stage", ORDER)
def test_every_path_of_a_command_is_a_dep_or_an_output(stage: str) -> None:
    entry = STAGES[stage]
    listed = entry["deps"] + entry["outs"] + entry.get("metrics", [])
    known = {item if isinstance(item, str) else next(iter(item)) for item in listed}
    named = {word for word in entry["cmd"].split() if "/" in word or word.endswith(".yaml")}
    # A folder of every member's results is read through the folders of single folds.
    assert named <= known


@pytest.mark.parametrize("stage", ORDER)
def test_the_params_a_stage_reads_are_declared(stage: str) -> None:
    """Sections by name; data.source of a training is left out, as it only names the experiment."""
    text = (Path("stages") / f"{stage}.py").read_text(encoding="utf-8")
    read = set(re.findall(r'params\.(?:load\(\w+, |value\()"(\w+)"', text))
    declared = {param.split(".")[0] for param in STAGES[stage].get("params", [])}
    assert read <= declared


def test_no_two_stages_write_one_file() -> None:
    outs: list[str] = []
    for stage in STAGES.values():
        written = stage["outs"] + stage.get("metrics", [])
        outs += [out if isinstance(out, str) else next(iter(out)) for out in written]
    assert len(outs) == len(set(outs))


def test_every_init_is_bare() -> None:
    assert not [path for path in Path("src").rglob("__init__.py") if path.stat().st_size]
