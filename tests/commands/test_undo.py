"""`croquis undo`: the last commit's state, in any clone, and nothing of the user's is lost."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.core.stage_files import written_files

# pygtrie, which DVC goes through outputs with
pytestmark = pytest.mark.filterwarnings(
    "ignore:_NoneStep.value will soon:DeprecationWarning"
)

PIPELINE = """
stages:
  one:
    cmd: python -c "import one"
    params: [lr]
    outs: [data/one.txt, data/folder]
    metrics: [{metrics/one.json: {cache: false}}]
"""
# As much of a stage as DVC sees: a wrong value ends it after its outputs were deleted.
SCRIPT = """
import json, pathlib, re
lr = float(re.search("lr: *([^ #]*)", pathlib.Path("params.yaml").read_text())[1])
for name in ("one.txt", "folder/a.txt"):
    path = pathlib.Path("data", name)
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"{name} {lr}")
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/one.json").write_text(json.dumps({"accuracy": lr}))
"""
PAGES = ("docs/troubleshooting.md", "docs/commands.md")
PARAMS = "lr: 0.5    # of every model\nseed: 1\n"
NAMES = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")


def shell(folder: Path, command: str, *, fails: bool = False) -> str:
    env = os.environ | {
        name: str(folder.parent / "outside" / name.lower()) for name in NAMES
    }
    env |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    }
    config = "git config user.name a; git config user.email a@example.com; git config gc.auto 0"
    script = f"[ -d .git ] && {{ {config}; }}; {command}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first run is committed; the commit before it has no dvc.lock."""
    folder = tmp_path_factory.mktemp("undo") / "project"
    folder.mkdir()
    for name, text in (
        ("dvc.yaml", PIPELINE),
        ("one.py", SCRIPT),
        ("params.yaml", PARAMS),
        (".gitignore", "/data/*\n/.undo/\n/.resume/\n__pycache__/\n"),
    ):
        (folder / name).write_text(text)
    shell(folder, "git init -q . && dvc init -q && git add -A")
    shell(folder, "git commit -qm first && git tag first && dvc repro -q")
    shell(
        folder,
        "git add dvc.lock metrics && git commit -qm second && git status --porcelain",
    )
    return folder


@pytest.fixture
def project(
    first_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of it, in which commands run."""
    folder = tmp_path / "project"
    shutil.copytree(first_run, folder)
    for name in NAMES:
        monkeypatch.setenv(name, str(tmp_path / "outside" / name.lower()))
    monkeypatch.chdir(folder)
    return folder


def undone(*options: str) -> list[str]:
    done = CliRunner().invoke(app, ["undo", *options])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def text(path: str) -> str:
    return Path(path).read_text()


def clean(folder: Path) -> bool:
    """Whether git and DVC see everything as it was committed."""
    for path in ("params.yaml", "metrics/one.json", "dvc.lock"):
        committed = shell(folder, f"git show HEAD:{path}")
        assert text(path) == committed, path
    return shell(folder, "git status --porcelain && dvc status -q") == ""


def failed(folder: Path) -> None:
    """What `dvc exp run -S lr=abc` leaves: a value of equal length, and no outputs."""
    stat = os.stat("params.yaml")
    Path("params.yaml").write_text(PARAMS.replace("0.5", "abc"))
    os.utime("params.yaml", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    shutil.rmtree("data/folder")
    for path in ("data/one.txt", "metrics/one.json"):
        Path(path).unlink()


def test_after_a_failed_experiment_all_is_as_it_was_committed(
    project: Path,
) -> None:
    """git itself did not see the edit: size and time were as before."""
    failed(project)
    said = undone()
    assert said[1].split(maxsplit=1) == ["params.yaml", "lr: abc -> 0.5"]
    assert "2 outputs from DVC's cache: data/folder, data/one.txt" in "\n".join(
        said
    )
    assert text("data/folder/a.txt") == "folder/a.txt 0.5" and clean(project)
    assert undone() == [
        f"nothing to take back: all is as of the last commit, {head(project)}"
    ]


def head(folder: Path) -> str:
    return shell(folder, "git rev-parse --short HEAD").strip()


def test_in_a_fresh_clone_without_dvc_lock_the_parameters_go_back(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git checkout -- params.yaml dvc.lock metrics` failed, and the bad value stayed."""
    clone = tmp_path / "clone"
    shell(
        tmp_path,
        f"git clone -q {project} {clone} && cd {clone} && git checkout -q first",
    )
    monkeypatch.chdir(clone)
    shell(clone, "dvc exp run -q -S lr=abc", fails=True)
    assert "lr: abc" in text("params.yaml")
    said = undone()
    assert said[1].split(maxsplit=1) == ["params.yaml", "lr: abc -> 0.5"]
    assert text("params.yaml") == PARAMS and not Path("dvc.lock").exists()
    assert shell(clone, "git status --porcelain") == ""


def test_results_that_no_commit_has_stay(project: Path) -> None:
    """A first run of hours need not be committed yet when an experiment fails."""
    shell(project, "git reset -q first")
    failed(project)
    Path("metrics/one.json").write_text('{"accuracy": 0.5}')
    said = "\n".join(undone())
    assert "dvc.lock" in said and "no commit has one, so it stays" in said
    assert text("params.yaml") == PARAMS and text("data/one.txt") == "one.txt 0.5"
    assert (
        Path("dvc.lock").is_file()
        and text("metrics/one.json") == '{"accuracy": 0.5}'
    )


def test_a_whole_experiment_is_taken_back_and_the_copy_takes_that_back(
    project: Path,
) -> None:
    shell(project, "dvc exp run -q -S lr=0.25")
    lock = text("dvc.lock")
    said = undone()
    assert clean(project) and text("data/one.txt") == "one.txt 0.5"
    back = next(line for line in said if "takes this back" in line).split("`")[1]
    shell(project, back)
    assert text("data/one.txt") == "one.txt 0.25" and text("dvc.lock") == lock
    assert json.loads(text("metrics/one.json")) == {"accuracy": 0.25}
    assert "lr: 0.25" in text("params.yaml")


def test_edits_by_hand_are_named_and_kept(project: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("seed: 1", "seed: 7\nnew: null"))
    said = "\n".join(undone())
    assert "seed: 7 -> 1" in said and "new: null -> nothing" in said
    (kept,) = Path(".undo").iterdir()
    assert text(str(kept / "params.yaml")) == PARAMS.replace(
        "seed: 1", "seed: 7\nnew: null"
    )


def test_a_dry_run_changes_nothing(project: Path) -> None:
    failed(project)
    said = undone("--dry-run")
    assert said[0].startswith("this would be") and "lr: abc -> 0.5" in said[1]
    assert "lr: abc" in text("params.yaml") and not Path("data/one.txt").exists()
    assert not Path(".undo").exists()


def test_a_file_of_the_users_in_an_outputs_place_stays(project: Path) -> None:
    """Without a terminal `dvc checkout` refuses it, and with it all others."""
    failed(project)
    Path("data/one.txt").write_text("by hand")
    said = "\n".join(undone())
    assert "data/one.txt: no run wrote it; move it away" in said
    assert (
        text("data/one.txt") == "by hand"
        and text("data/folder/a.txt") == "folder/a.txt 0.5"
    )


def test_what_a_run_left_that_did_not_end_makes_room(project: Path) -> None:
    """It is in no cache, so DVC would ask; the notes of stages tell it from a person's file."""
    failed(project)
    Path("data/one.txt").write_text("half of it")
    written_files.remember_files(
        {"data/one.txt": written_files.sign_of(Path("data/one.txt"))}
    )
    undone()
    assert text("data/one.txt") == "one.txt 0.5" and clean(project)


def test_a_result_that_no_cache_has_stays(project: Path) -> None:
    shell(project, "dvc exp run -q -S lr=0.25")
    shutil.rmtree(".dvc/cache")
    said = "\n".join(undone())
    assert "data/one.txt: DVC's cache does not have it" in said
    assert text("data/one.txt") == "one.txt 0.25" and text(
        "data/folder/a.txt"
    ).endswith("0.25")


def test_outputs_that_a_clone_without_a_cache_lacks_are_named_once(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each had a line of its own, "Checkout failed for following targets:;"."""
    clone = tmp_path / "clone"
    shell(tmp_path, f"git clone -q {project} {clone}")
    monkeypatch.chdir(clone)
    lines = [" ".join(line.split()) for line in undone()]
    assert lines[1] == (
        "not there 2 outputs that DVC's cache does not have: data/folder, data/one.txt;"
        " `dvc pull` or `make repro` brings them"
    )
    assert len(lines) == 3 and lines[2].startswith("not touched ")


def test_a_part_of_the_cache_brings_what_it_has(project: Path) -> None:
    failed(project)
    md5 = hashlib.md5(b"one.txt 0.5", usedforsecurity=False).hexdigest()
    Path(".dvc/cache/files/md5", md5[:2], md5[2:]).unlink()
    said = "\n".join(undone())
    assert "1 output from DVC's cache: data/folder\n" in said
    assert (
        "1 output that DVC's cache does not have: data/one.txt; `dvc pull`" in said
    )
    assert text("data/folder/a.txt") == "folder/a.txt 0.5"


def test_what_a_link_points_to_stays(project: Path, tmp_path: Path) -> None:
    shutil.move("data/folder", tmp_path / "own")
    Path("data/folder").symlink_to(tmp_path / "own")
    (tmp_path / "own/b.txt").write_text("mine")
    assert "data/folder: it is a link" in "\n".join(undone())
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == [
        "a.txt",
        "b.txt",
    ]


def test_code_and_unknown_files_are_not_touched(project: Path) -> None:
    failed(project)
    Path("one.py").write_text(SCRIPT + "# edited\n")
    Path("notes.txt").write_text("mine")
    undone()
    assert text("one.py").endswith("# edited\n") and text("notes.txt") == "mine"


def test_an_output_that_the_commit_does_not_have_goes_and_is_in_the_cache(
    project: Path,
) -> None:
    """As files of a member that an experiment added would change what the vote reads."""
    second_stage()
    shell(project, "dvc repro -q")
    said = "\n".join(undone())
    assert "2 outputs taken away, in DVC's cache: data/other, data/two.txt" in said
    assert (
        not Path("data/two.txt").exists() and not Path("metrics/two.json").exists()
    )
    (kept,) = Path(".undo").iterdir()
    assert json.loads(text(str(kept / "metrics/two.json"))) == {"accuracy": 0.5}
    assert text("data/one.txt") == "one.txt 0.5"


def second_stage() -> None:
    """Adds a stage with the outputs data/other and data/two.txt, which the commit lacks."""
    stage = PIPELINE.replace("\nstages:", "")
    for path, old, new in (("two.py", "", SCRIPT), ("dvc.yaml", PIPELINE, stage)):
        Path(path).write_text(
            old + new.replace("one", "two").replace("folder", "other")
        )


def test_a_result_that_was_never_put_into_the_cache_stays(project: Path) -> None:
    """A stage that the commit does not have, run by `dvc repro --no-commit`."""
    second_stage()
    shell(project, "dvc repro -q --no-commit -s two")
    said = "\n".join(undone())
    for path in ("data/other", "data/two.txt"):
        stays = f"{path}: DVC's cache does not have it; to do without it, rm -r {path}\n"
        assert stays in f"{said}\n"
    assert "taken away, in DVC's cache" not in said and "deleted" not in said
    assert (
        text("data/two.txt") == "two.txt 0.5"
        and text("data/other/a.txt") == "other/a.txt 0.5"
    )


def test_what_a_killed_run_left_is_not_said_to_be_in_the_cache(
    project: Path,
) -> None:
    """Of a stage that the commit does not have; its other output is whole, and in the cache."""
    second_stage()
    shell(project, "dvc repro -q")
    Path("data/two.txt").write_text("half of it")
    written_files.remember_files(
        {"data/two.txt": written_files.sign_of(Path("data/two.txt"))}
    )
    said = "\n".join(undone())
    assert "1 output taken away, in DVC's cache: data/other\n" in said
    assert "1 output deleted, unfinished and in no cache: data/two.txt\n" in said
    assert not Path("data/two.txt").exists() and not Path("data/other").exists()


@pytest.mark.parametrize("name", ["\udcff\udcfe.txt", "caf\udce9/b.txt"])
def test_a_name_that_is_not_utf_8_makes_an_output_the_users(
    project: Path, name: str
) -> None:
    failed(project)
    file = Path("data/folder", name)
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    said = "\n".join(undone())
    shown = name.encode(errors="backslashreplace").decode()
    assert f"data/folder: no run wrote data/folder/{shown}; move it away" in said
    assert file.read_text() == "mine" and text("data/one.txt") == "one.txt 0.5"


def test_a_file_that_cannot_be_read_goes_back(project: Path) -> None:
    Path("params.yaml").write_text("lr: [\n")
    assert undone()[1].split(maxsplit=1) == [
        "params.yaml",
        "all of it, as it cannot be read",
    ]
    assert text("params.yaml") == PARAMS


def test_while_a_run_is_at_work_nothing_is_taken_back(project: Path) -> None:
    failed(project)
    words = [sys.executable, "-c", "import time; time.sleep(600)", "exp", "run"]
    at_work = subprocess.Popen(words)
    holder = {"pid": at_work.pid, "cmd": "dvc exp run"}
    for noted in (
        {"read": {}, "write": {"data/one.txt": holder}},
        {"read": {"data/one.txt": [holder]}, "write": {}},
    ):
        Path(".dvc/tmp/rwlock").write_text(json.dumps(noted))
        done = CliRunner().invoke(app, ["undo"])
        assert done.exit_code == 1 and f"(process {at_work.pid})" in done.output
        assert "lr: abc" in text("params.yaml")
    at_work.kill()
    at_work.wait()
    undone()
    assert text("params.yaml") == PARAMS


def test_after_a_kill_the_way_to_the_branch_is_named(project: Path) -> None:
    branch = shell(project, "git branch --show-current").strip()
    shell(project, "git checkout -q --detach")
    assert undone()[-1].endswith(f"`git switch {branch}` goes back to one")


def test_outside_of_a_repository_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["undo"])
    assert done.exit_code == 1 and done.output.startswith(
        "error: git: expected a commit"
    )


def test_the_pages_name_the_command_and_no_other_way_back() -> None:
    pages = [
        Path(page).read_text(encoding="utf-8") for page in ("README.md", *PAGES)
    ]
    assert all("croquis undo" in page for page in pages)
    assert not any("git checkout -- params.yaml dvc.lock" in page for page in pages)
