"""What would run and why, asked of DVC in a pipeline of shell commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dvc.repo import Repo

from croquis.check import params_check
from croquis.core.errors import InputError
from croquis.staleness import stale
from croquis.staleness.stale import Stale, stale_stages

# DVC's own use of pygtrie.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")

PIPELINE = """
stages:
  check:
    cmd: echo fine > checked.txt
    always_changed: true
    deps: [params.yaml]
    outs: [checked.txt: {persist: true}]
  prepare:
    cmd: grep side params.yaml > images.txt && cat raw.txt >> images.txt
    params: [side]
    deps: [checked.txt, raw.txt]
    outs: [images.txt]
  train:
    matrix: {model: "${run.models}", fold: "${run.folds}"}
    cmd: mkdir -p out && (cat images.txt; grep lr params.yaml) > out/${item.model}-${item.fold}
    params:
      - lr
      - models.${item.model}
    deps: [images.txt, engine.py]
    outs:
      - out/${item.model}-${item.fold}
  vote:
    cmd: cat out/* > votes.txt && echo 1 > vote.json
    deps: [out]
    outs: [votes.txt]
    metrics: [vote.json: {cache: false}]
"""
PARAMS = """
lr: 0.1
side: 96
run: {models: [a, b], folds: [0, 1]}
models: {a: {epochs: 3}, b: {epochs: 3}}
"""
TRAININGS = ["train@a-0", "train@a-1", "train@b-0", "train@b-1"]


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose pipeline has run twice: with side 32, then with side 96."""
    folder = tmp_path_factory.mktemp("pipeline")
    content = {
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "raw.txt": "x\n",
        "engine.py": "1\n",
    }
    for name, text in content.items():
        (folder / name).write_text(text)
    dvc(folder, "init", "--no-scm", "-q")
    edit(folder, "params.yaml", "side: 96", "side: 32")
    dvc(folder, "repro", "-q")
    edit(folder, "params.yaml", "side: 32", "side: 96")
    dvc(folder, "repro", "-q")
    return folder


@pytest.fixture
def pipeline(
    reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of it to be changed, in which the test runs."""
    folder = tmp_path / "pipeline"
    shutil.copytree(reproduced, folder)
    for name, value in places(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


def places(folder: Path) -> dict[str, str]:
    """Nothing of DVC's outside of the folder."""
    names = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
    places = {name: str(folder / ".outside" / name.lower()) for name in names}
    return {**places, "DVC_NO_ANALYTICS": "1"}


def dvc(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "dvc", *arguments]
    subprocess.run(command, cwd=folder, env=os.environ | places(folder), check=True)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def by_name() -> dict[str, Stale]:
    return {stage.name: stage for stage in stale_stages()[0]}


def test_nothing_would_run_where_nothing_changed(pipeline: Path) -> None:
    assert stale_stages() == ([], 7)


def test_all_would_run_without_a_lock(pipeline: Path) -> None:
    (pipeline / "dvc.lock").unlink()
    stages, count = stale_stages()
    assert (
        count == len(stages) == 7
        and stages[0].name == "check"
        and stages[-1].name == "vote"
    )
    assert {stage.changes for stage in stages} == {("it has never run here",)}


def test_a_changed_parameter_is_named_with_both_values(pipeline: Path) -> None:
    edit(pipeline, "params.yaml", "lr: 0.1", "lr: 1e-05")
    stages = by_name()
    # check runs, but hands nothing new to prepare.
    assert list(stages) == ["check", *TRAININGS, "vote"]
    assert stages["train@a-0"] == Stale(
        "train@a-0", ("lr: 0.1 -> 1e-05",), False, False
    )
    assert stages["vote"] == Stale("vote", (), True, None)


def test_of_a_block_only_the_keys_that_differ_are_named(pipeline: Path) -> None:
    edit(pipeline, "params.yaml", "b: {epochs: 3}", "b: {epochs: 4, lora: null}")
    stages = by_name()
    assert list(stages) == ["check", "train@b-0", "train@b-1", "vote"]
    expected = ("models.b.epochs: 3 -> 4", "models.b.lora: nothing -> null")
    assert stages["train@b-1"].changes == expected


def test_code_files_and_commands_have_words_of_their_own(pipeline: Path) -> None:
    edit(pipeline, "engine.py", "1", "2")
    (pipeline / "raw.txt").write_text("y\n")
    edit(pipeline, "dvc.yaml", "cat out/* >", "cat  out/* >")
    stages = by_name()
    assert stages["prepare"].changes == ("file raw.txt changed",)
    assert stages["train@a-0"].changes == ("code engine.py changed",)
    assert stages["train@a-0"].follows and stages["train@a-0"].cached is None
    assert stages["vote"].changes == ("its command in dvc.yaml changed",)


def test_a_new_model_is_trained_alone(pipeline: Path) -> None:
    edit(pipeline, "params.yaml", "[a, b]", "[a, b, c]")
    edit(
        pipeline,
        "params.yaml",
        "b: {epochs: 3}}",
        "b: {epochs: 3}, c: {epochs: 3}}",
    )
    stages = by_name()
    assert list(stages) == ["check", "train@c-0", "train@c-1", "vote"]
    assert stages["train@c-0"].changes == ("it has never run here",)


@pytest.mark.parametrize("place", ["out/a-0", "out"])
def test_a_name_that_is_not_utf_8_is_a_change(pipeline: Path, place: str) -> None:
    """DVC cannot hash a folder with such a file, and failed."""
    if place == "out/a-0":
        (pipeline / place).unlink()
        (pipeline / place).mkdir()
    (pipeline / place / "\udcff\udcfe.txt").write_text("mine")
    what = {"out": "file out", "out/a-0": "its output out/a-0"}[place]
    stage = by_name()[{"out": "vote", "out/a-0": "train@a-0"}[place]]
    assert (
        f"{what} holds a name that is not UTF-8, which DVC cannot read"
        in stage.changes
    )


def test_an_output_that_is_gone_comes_back_and_nothing_follows(
    pipeline: Path,
) -> None:
    (pipeline / "images.txt").unlink()
    expected = Stale("prepare", (), False, True, ("images.txt",))
    assert stale_stages()[0] == [expected]


def test_what_ran_before_is_restored_down_to_the_first_folder(
    pipeline: Path,
) -> None:
    edit(pipeline, "params.yaml", "side: 96", "side: 32")
    stages = by_name()
    assert stages["prepare"] == Stale("prepare", ("side: 96 -> 32",), False, True)
    for name in TRAININGS:
        assert stages[name] == Stale(name, (), True, True)
    assert stages["vote"].cached is None
    assert stages["check"].cached is False


def test_without_its_cache_nothing_is_restored(pipeline: Path) -> None:
    shutil.rmtree(pipeline / ".dvc" / "cache" / "files")
    edit(pipeline, "params.yaml", "side: 96", "side: 32")
    assert by_name()["prepare"].cached is False


def test_asking_changes_nothing(pipeline: Path) -> None:
    edit(pipeline, "params.yaml", "side: 96", "side: 32")
    before = (
        (pipeline / "dvc.lock").read_bytes(),
        (pipeline / "images.txt").read_bytes(),
    )
    assert by_name() == by_name()
    assert before == (
        (pipeline / "dvc.lock").read_bytes(),
        (pipeline / "images.txt").read_bytes(),
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("params.yaml", "lr: 0.1", "lr 0.1", "params.yaml: expected valid YAML"),
        (
            "params.yaml",
            "run: {",
            "walk: {",
            "dvc.yaml: expected a pipeline that DVC can read",
        ),
        (
            "dvc.yaml",
            "cmd: echo",
            "comd: echo",
            "dvc.yaml: expected a pipeline that DVC can read",
        ),
    ],
)
def test_what_cannot_be_read_is_one_error(
    pipeline: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    old: str,
    new: str,
    message: str,
) -> None:
    monkeypatch.setattr(
        params_check, "check", lambda tree: None
    )  # these are not croquis's parameters
    edit(pipeline, name, old, new)
    with pytest.raises(InputError, match=message) as caught:
        stale_stages()
    assert ".;" not in str(caught.value)


def test_a_misspelt_model_is_not_blamed_on_the_pipeline(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC's own words were shown: dvc.yaml, and parameters that are missing."""
    asked: list[dict] = []
    monkeypatch.setattr(params_check, "check", asked.append)
    stale_stages()
    assert not asked  # it imports torch
    edit(pipeline, "params.yaml", "[a, b]", "[a, bb]")
    with pytest.raises(InputError, match=r"models\.bb"):
        stale_stages()
    assert asked[0]["run"]["models"] == ["a", "bb"]


def test_another_dvc_is_waited_for(pipeline: Path) -> None:
    with (
        Repo() as repo,
        repo.lock,
        pytest.raises(InputError, match="wait until it has ended"),
    ):
        stale_stages()


class Folder:
    """A dependency on a folder of code, as DVC has it."""

    hash_info = SimpleNamespace(isdir=True, value="0.dir")

    def __str__(self) -> str:
        return "src/croquis/votes"

    def status(self) -> dict[str, str]:
        return {"src/croquis/votes": "modified"}


@pytest.mark.parametrize(
    ("count", "lines"),
    [(1, 1), (6, 6), (7, 6)],
    ids=["one", "one more than five", "two more than five"],
)
def test_of_a_folder_of_code_five_files_are_named_and_the_others_counted(
    count: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"src/croquis/votes/a{number}.py": "new" for number in range(count)}
    monkeypatch.setattr(stale, "changed_files", lambda folder, recorded: files)
    said = stale._of_file(Folder())
    assert len(said) == lines and said[0] == "code src/croquis/votes/a0.py is new"
    if count == 7:
        assert said[-1] == "code src/croquis/votes: 2 more files changed"


def test_where_the_files_are_not_known_the_folder_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stale, "changed_files", lambda folder, recorded: None)
    assert stale._of_file(Folder()) == ["code src/croquis/votes changed"]
