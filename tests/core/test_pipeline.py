"""What dvc.yaml says of the stage that runs."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.core.pipeline import (
    StageEntry,
    entry_of,
    is_tracked,
    read_lock,
    read_stages,
    runs_with,
    scripts,
)

PIPELINE = """
stages:
  train:
    matrix: {model: "${run.models}", size: [1, 2]}
    cmd: python stages/train.py --model ${ item.model } --size ${item.size}
    params: [lr, "models.${item.model}", other.yaml: [a.b, c], all.yaml: null]
    deps: [data/in.csv, "data/${item.size}"]
    outs: ["data/${item.model}"]
    metrics: [m.json: {cache: false}]
  train_more:
    cmd: [mkdir -p x, python stages/train.py 'it is']
    outs: [x]
  each:
    foreach: ${run.models}
    do: {cmd: "echo ${item}", outs: ["data/each/${item}"], params: ["models.${item}.lr"]}
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stages").mkdir()
    Path("stages/train.py").touch()
    Path("dvc.yaml").write_text(PIPELINE)


def entry(**options: object) -> StageEntry:
    stage = entry_of(Path("stages/train.py"), options)
    assert stage is not None
    return stage


def test_by_hand_the_script_names_the_stage_and_options_its_item() -> None:
    stage = entry(model="a", size=2)
    assert stage.name == "train"
    assert stage.deps == (Path("data/in.csv"), Path("data/2"))
    assert stage.outs == (Path("data/a"), Path("m.json"))
    assert stage.params == {
        Path("params.yaml"): ("lr", "models.a"),
        Path("other.yaml"): ("a.b", "c"),
        Path("all.yaml"): (),
    }


def test_dvc_names_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "sub/dvc.yaml:train@a-2")
    assert entry(model="a", size=2).name == "train@a-2"
    monkeypatch.setenv("DVC_STAGE", "train_more")
    assert entry().outs == (Path("x"),)
    monkeypatch.setenv("DVC_STAGE", "each@b")
    assert entry() == StageEntry("each@b", {Path("params.yaml"): ("models.b.lr",)}, (), (
        Path("data/each/b"),
    ))  # fmt: skip


def test_of_an_item_that_no_option_has_the_whole_block_is_watched() -> None:
    stage = entry(size=2)
    assert stage.params[Path("params.yaml")] == ("lr", "models")
    assert stage.outs == (Path("m.json"),)


@pytest.mark.parametrize("name", ["other.py", "stages/other.py"])
def test_a_script_that_no_command_has_is_no_stage(name: str) -> None:
    Path("other.py").touch()
    assert entry_of(Path(name), {}) is None


def test_without_dvc_yaml_there_are_no_stages() -> None:
    Path("dvc.yaml").unlink()
    assert entry_of(Path("stages/train.py"), {}) is None and read_lock() == {}


@pytest.mark.parametrize(
    "text", ["stages: [", "a: 1", "", "stages:\n- train", "\xff"]
)
def test_a_broken_file_is_one_line(text: str) -> None:
    Path("dvc.yaml").write_bytes(text.encode("latin1"))
    with pytest.raises(
        InputError, match=r"^dvc\.yaml: expected (valid YAML|`stages:`), received"
    ):
        entry_of(Path("stages/train.py"), {})


def test_scripts_are_found_in_lists_of_commands_and_beside_open_quotes() -> None:
    stages = read_stages()
    assert scripts(stages["train_more"]) == [Path("stages/train.py")]
    assert scripts({"cmd": "python stages/train.py 'open"}) == [
        Path("stages/train.py")
    ]
    assert scripts(stages["each"]) == scripts({}) == []


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("src/croquis/core/cli.py", True),
        ("src/croquis/report/page.html", True),
        ("src/croquis/core/.#cli.py", False),  # as an editor locks it
        ("src/croquis/core/cli.py~", False),
        ("data/.hidden", True),
    ],
)
def test_of_the_source_folder_only_code_counts(path: str, counts: bool) -> None:
    assert is_tracked(Path(path)) == counts


@pytest.mark.parametrize(("models", "runs"), [([], False), (["a"], True)])
def test_a_matrix_of_no_members_has_nothing_to_run(
    models: list[str], runs: bool
) -> None:
    stages = read_stages()
    tree = {"run": {"models": models}}
    assert (
        runs_with(stages["train"], tree) == runs_with(stages["each"], tree) == runs
    )
    assert runs_with(stages["train_more"], tree)
