"""No output is written for inputs that were edited while the stage ran."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.files import atomic_write
from croquis.core.stage_files import inputs, loaded_code, read_notes

PIPELINE = """
stages:
  check:
    cmd: python stages/check.py
    deps: [params.yaml, stages/check.py]
    outs: [data/out.txt]
  train:
    matrix: {model: [a, b], fold: [0]}
    cmd: >-
      python stages/train.py --model ${item.model}
      --out data/${item.model}/out.txt
    params:
    - lr
    - models.${item.model}
    - more.yaml: [depth]
    deps: [data/in.csv, data/raw, src/helper.py, stages/train.py]
    outs:
    - data/${item.model}:
        cache: false
"""
PARAMS = """
lr: 1e-3
other: 1 # not read
models:
  a: {lr_mult: 4.0, tta: [identity]}
  b: {lr_mult: 1.0}
"""
Edit = Callable[[], object]


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline of its own in the working folder; nothing of it is newer than this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loaded_code, "process_start", lambda: None)
    texts = {
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "more.yaml": "depth: 2\nwidth: 3\n",
    }
    texts |= {
        "data/in.csv": "id\n1\n",
        "data/raw/0.png": "0",
        "data/raw/sub/1.png": "1",
    }
    texts |= {
        "src/helper.py": "ONE = 1\n",
        "stages/train.py": "",
        "stages/check.py": "",
    }
    for name, text in texts.items():
        write(name, text)


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def replace(old: str, new: str, name: str = "params.yaml") -> None:
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def ran(
    monkeypatch: pytest.MonkeyPatch, edit: Edit, then: Edit = lambda: None
) -> object:
    """How the stage of model a ends: `edit` happens before its output, `then` after it."""

    def main(model: cli.Name, out: cli.File) -> None:
        edit()
        with atomic_write(out) as draft:
            draft.write_text(model)
        then()

    arguments = ["--model", "a", "--out", "data/a/out.txt"]
    return ended(monkeypatch, main, "train", *arguments)


def ended(
    monkeypatch: pytest.MonkeyPatch,
    main: Callable[..., None],
    name: str,
    *arguments: str,
) -> object:
    monkeypatch.setattr(sys, "argv", [f"stages/{name}.py", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.run(main)
    return caught.value.code


def test_an_edit_of_a_parameter_is_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DVC recorded lr_mult 5.0 for weights that were trained at 4.0."""
    monkeypatch.setenv("DVC_STAGE", "train@a-0")
    said = ran(monkeypatch, lambda: replace("lr_mult: 4.0", "lr_mult: 5.0"))
    assert said == (
        "error: train@a-0: expected what it reads to stay as it was when it began, received"
        " models.a.lr_mult: 4.0 -> 5.0; nothing is recorded: put it back and give `dvc repro`"
        " again: it begins anew"
    )
    assert not Path("data/a/out.txt").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("other: 1", "other: 2"),
        ("b: {lr_mult: 1.0}", "b: {lr_mult: 9.0}"),
        ("b: {lr_mult: 1.0}", "c: {lr_mult: 9.0}"),
        ("# not read", "# a comment"),
        ("1e-3", "0.001"),
    ],
)
def test_an_edit_that_the_stage_does_not_read_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    assert ran(monkeypatch, lambda: replace(old, new)) == 0
    assert Path("data/a/out.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lr: 1e-3", "lr: 0.002", "lr: 0.001 -> 0.002; nothing"),
        (
            "[identity]",
            "[identity, flip_lr]",
            "tta: ['identity'] -> ['identity', 'flip_lr']",
        ),
        (", tta: [identity]", "", "models.a.tta: ['identity'] -> nothing"),
        ("lr_mult: 4.0,", "lr_mult: ,", "models.a.lr_mult: 4.0 -> null"),
        (
            "lr_mult: 4.0",
            "epochs: 3, lr_mult: 4.0",
            "models.a.epochs: nothing -> 3",
        ),
        ("models:", "networks:", "'b': {'lr_mult': 1.0}} -> nothing"),
        ("lr: 1e-3", "lr: [", "params.yaml: expected valid YAML, received"),
        (PARAMS, "", "params.yaml: expected sections, received NoneType"),
    ],
)
def test_what_changed_is_named_with_both_values(
    monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    answer = str(ran(monkeypatch, lambda: replace(old, new)))
    assert said in answer and "\n" not in answer
    assert not Path("data/a/out.txt").exists()


def test_params_that_are_gone_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "received params.yaml is gone; nothing is" in str(
        ran(monkeypatch, lambda: Path("params.yaml").unlink())
    )


def test_other_files_of_parameters_count_by_their_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (
        ran(monkeypatch, lambda: replace("width: 3", "width: 4", "more.yaml")) == 0
    )
    said = ran(monkeypatch, lambda: replace("depth: 2", "depth: 4", "more.yaml"))
    assert "depth: 2 -> 4" in str(said)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda: replace("ONE = 1", "ONE = 2", "src/helper.py"),
            "src/helper.py changed",
        ),
        (lambda: write("stages/train.py", "# other"), "stages/train.py changed"),
        (lambda: Path("src/helper.py").unlink(), "src/helper.py is gone"),
        (lambda: write("data/in.csv", "id\n2\n"), "data/in.csv changed"),
        (lambda: write("data/raw/sub/1.png", "2"), "data/raw/sub/1.png changed"),
        (lambda: write("data/raw/sub/2.png", "2"), "data/raw/sub/2.png is new"),
        (lambda: Path("data/raw/0.png").unlink(), "data/raw/0.png is gone"),
        (
            lambda: shutil.rmtree("data/raw"),
            "data/raw/0.png is gone; data/raw/sub/1.png is gone",
        ),
    ],
)
def test_edits_of_code_and_data_are_named(
    monkeypatch: pytest.MonkeyPatch, edit: Edit, said: str
) -> None:
    assert f"received {said}; nothing is recorded" in str(ran(monkeypatch, edit))
    assert not Path("data/a/out.txt").exists()


def test_many_changes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def edit() -> None:
        replace("1e-3", "1e-4")
        for number in range(4):
            write(f"data/raw/{number}.jpg", "new")

    said = str(ran(monkeypatch, edit))
    assert (
        "lr: 0.001 -> 0.0001; data/raw/0.jpg is new; data/raw/1.jpg is new; and 2 more"
        in said
    )


@pytest.mark.parametrize("name", ["params.yaml", "src/helper.py", "data/in.csv"])
def test_the_same_words_written_again_stop_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """`git stash` and `git stash pop`, an edit that was taken back, `touch`."""

    def again() -> None:
        text = Path(name).read_text()
        Path(name).unlink()
        write(name, text)
        os.utime(name, (1, 1))

    assert ran(monkeypatch, again) == 0


def test_what_python_writes_as_it_loads_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> None:
        write("data/raw/__pycache__/reader.pyc", "bytes")

    assert ran(monkeypatch, load) == 0


def test_big_data_is_not_read_but_must_not_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inputs, "READ_BYTES", 1)
    assert ran(monkeypatch, lambda: None) == 0
    shutil.rmtree("data/a")
    said = ran(monkeypatch, lambda: os.utime("data/raw/0.png", ns=(1, 1)))
    assert "received data/raw/0.png changed; nothing" in str(said)


def test_an_edit_after_the_last_output_fails_the_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = ran(
        monkeypatch, lambda: None, then=lambda: replace("lr: 1e-3", "lr: 2e-3")
    )
    assert "lr: 0.001 -> 0.002" in str(said)


def test_a_file_of_parameters_as_a_dep_counts_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`check` would have looked at another file than the one that is recorded."""

    def main() -> None:
        replace("# not read", "# a comment")
        with atomic_write(Path("data/out.txt")) as draft:
            draft.write_text("checked")

    assert "received params.yaml changed" in str(ended(monkeypatch, main, "check"))
    assert not Path("data/out.txt").exists()


def test_a_state_is_saved_whatever_changed_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def edit() -> None:
        replace("lr: 1e-3", "lr: 2e-3")
        with atomic_write(Path(".resume/train/a-0/fingerprint/000000001")) as draft:
            draft.write_text("state")

    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    monkeypatch.setenv("DVC_STAGE", "train@a-0")
    said = str(ran(monkeypatch, edit))
    assert "give the same `dvc exp run` again: it goes on from its state" in said
    assert Path(".resume/train/a-0/fingerprint/000000001").read_text() == "state"


def test_by_hand_the_fix_is_the_command_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = str(ran(monkeypatch, lambda: replace("lr: 1e-3", "lr: 2e-3")))
    assert said.startswith("error: train: ")
    assert (
        "give `python stages/train.py --model a --out data/a/out.txt` again" in said
    )


def test_an_error_of_the_stage_is_said_before_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def edit() -> None:
        replace("lr: 1e-3", "lr: 2e-3")
        Path("data/lost.csv").read_text()

    assert "data/lost.csv: No such file" in str(ran(monkeypatch, edit))


def test_the_next_stage_in_a_process_is_asked_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "lr: " in str(ran(monkeypatch, lambda: replace("lr: 1e-3", "lr: 2e-3")))
    assert ran(monkeypatch, lambda: None) == 0


def test_without_a_pipeline_there_is_nothing_to_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("dvc.yaml").unlink()
    assert ran(monkeypatch, lambda: replace("lr: 1e-3", "lr: 2e-3")) == 0


def test_a_module_loaded_between_an_edit_and_its_way_back_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks as it did, but what ran was the edit."""

    def edit() -> None:
        write("src/helper.py", "ONE = 2\n")
        spec = importlib.util.spec_from_file_location(
            "helper_of_train", "src/helper.py"
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setitem(sys.modules, "helper_of_train", module)
        write("src/helper.py", "ONE = 1\n")
        os.utime("src/helper.py", ns=(1, 1))

    assert "src/helper.py was written before it was loaded" in str(
        ran(monkeypatch, edit)
    )


def test_code_that_was_written_while_the_process_started_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torch takes seconds to import: what was loaded before an edit is another text than its."""
    now = time.time_ns()
    monkeypatch.setattr(loaded_code, "process_start", lambda: now - 2 * 10**9)
    for name in ("src/helper.py", "stages/train.py"):
        os.utime(name, ns=(now - 10**9, now - 10**9))
    said = ran(monkeypatch, lambda: None)
    assert (
        "received stages/train.py was written while this was starting; nothing"
        in str(said)
    )
    # Before it; then by another machine's clock.
    for stamp in (now - 3 * 10**9, now + 3600 * 10**9):
        os.utime("stages/train.py", ns=(stamp, stamp))
        assert ran(monkeypatch, lambda: None) == 0


def test_a_process_knows_when_it_began() -> None:
    code = (
        "import time; now = time.time_ns();"
        "from croquis.core.stage_files.loaded_code import process_start; began = process_start();"
        "print(began is None or 0 < now - began < 60e9)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(inputs.__file__).parents[2])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


TRAIN = """import importlib, os, sys
{top}
from pathlib import Path

from croquis.core import cli


def main(model: cli.Name, out: cli.File) -> None:
    {body}
    out.parent.mkdir(parents=True)
    out.write_text("done")


cli.run(main)
"""


def by_itself(body: str, top: str = "", **environment: str) -> str:
    """What the script of `train` prints in a process of its own; empty if all went well."""
    write("stages/train.py", TRAIN.format(body=body, top=top))
    os.utime("stages/train.py", (1, 1))
    source = (
        os.environ
        | {"PYTHONPATH": str(Path(inputs.__file__).parents[2])}
        | environment
    )
    command = [
        sys.executable,
        "stages/train.py",
        "--model",
        "a",
        "--out",
        "data/a/out.txt",
    ]
    return subprocess.run(
        command, env=source, capture_output=True, text=True
    ).stderr.strip()


@pytest.mark.parametrize(
    ("file", "body", "path"),
    [
        ("stages/plugin.py", "importlib.import_module(os.environ['NAME'])", ""),
        ("lib/plugin.py", "sys.path.insert(0, 'lib'); import plugin", ""),
        ("plugin.py", "import plugin", "."),
        ("more/deep/plugin.py", "from deep import plugin", "more"),
    ],
)
def test_code_that_only_a_run_shows_is_refused_if_no_dep_is_or_holds_it(
    file: str, body: str, path: str
) -> None:
    """An edit of it ran nothing again."""
    write(file, "ONE = 1\n")
    paths = os.pathsep.join([str(Path(inputs.__file__).parents[2]), path])
    said = by_itself(body, NAME="plugin", PYTHONPATH=paths)
    assert said == (
        "error: dvc.yaml, deps of train: expected all code that the stage loads, received no"
        f" {file}, which it has loaded; add `- {file}` to the deps of train in dvc.yaml, or an"
        " edit of it makes nothing run again"
    )
    replace("src/helper.py", f"src/helper.py, {file}", "dvc.yaml")
    shutil.rmtree("data/a", ignore_errors=True)
    assert by_itself(body, NAME="plugin", PYTHONPATH=paths) == ""


def test_folders_of_deps_links_and_libraries_cover_what_is_loaded() -> None:
    for name in ("lib/sub/__init__.py", "lib/sub/one.py", "x/site-packages/two.py"):
        write(name, "" if "__init__" in name else "ONE = 1\n")
    write("bare/__init__.py", "")
    Path("stages/linked").symlink_to("../lib/sub")
    replace("src/helper.py", "src/helper.py, lib", "dvc.yaml")
    body = "sys.path.append('x/site-packages'); import linked.one, two; sys.path.append('.')"
    assert (
        by_itself(f"{body}; import bare; importlib.import_module('lib.sub.one')")
        == ""
    )


def test_an_init_that_is_not_bare_is_code_like_any_other() -> None:
    write("bare/__init__.py", "ONE = 1\n")
    said = by_itself("sys.path.append('.'); import bare")
    assert "received no bare/__init__.py, which it has loaded; add" in said


def test_what_was_loaded_before_it_began_is_refused_before_any_work() -> None:
    write("stages/plugin.py", "ONE = 1\n")
    assert by_itself("sys.exit('at work')") == "at work"
    said = by_itself("sys.exit('at work')", top="import plugin")
    assert "received no stages/plugin.py" in said and "at work" not in said


@pytest.mark.parametrize("big", [1, 2**24])
def test_its_note_tells_an_edit_after_its_end(
    big: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By content, or for big data by size, time and inode; keys that it does not read are free."""
    monkeypatch.setattr(inputs, "READ_BYTES", big)
    monkeypatch.setenv("DVC_STAGE", "train@a-0")
    assert ran(monkeypatch, lambda: None) == 0
    replace("other: 1", "other: 2")
    inputs.refuse_changed("train@a-0")
    replace("lr: 1e-3", "lr: 2e-3")
    write("data/raw/0.png", "01")
    with pytest.raises(
        InputError, match=r"lr: 0\.001 -> 0\.002; data/raw/0\.png changed; nothing"
    ):
        inputs.refuse_changed("train@a-0")
    inputs.refuse_changed("train@b-0")  # which left none


def test_a_stage_that_fails_leaves_no_note(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lr: " in str(ran(monkeypatch, lambda: replace("lr: 1e-3", "lr: 2e-3")))
    assert not read_notes.note_path("train").exists()
