"""DVC's cache is compared with its names: by `croquis verify`, and by DVC before it uses it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.check.dvc_cache import Cache
from croquis.check.outputs import in_lock
from croquis.commands.main import app
from support.standing_files import commit, make_repository, run

GUARDED = (sys.executable, "-m", "croquis.commands.guarded_dvc")
PIPELINE = """
stages:
  split:
    cmd: >-
      mkdir -p data/raw && cp table.csv data/folds.csv && cp table.csv data/raw/a
      && cp params.yaml data/raw/b && cp table.csv metrics.json
    params: [lr]
    deps: [table.csv]
    outs: [data/folds.csv, data/raw]
    metrics: [{metrics.json: {cache: false}}]
  train:
    cmd: cat data/folds.csv params.yaml > data/weights
    params: [epochs]
    deps: [data/folds.csv, data/raw]
    outs: [data/weights]
"""
TABLE = "id,fold\na,0\n"


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_repository(tmp_path_factory.mktemp("verify") / "project")
    texts = {"dvc.yaml": PIPELINE, "params.yaml": "lr: 1\nepochs: 1\n"}
    for name, text in {**texts, "table.csv": TABLE}.items():
        (folder / name).write_text(text)
    commit(folder)
    run(folder, *GUARDED, "repro", "-q")
    return folder


@pytest.fixture(params=["copies"])
def project(
    request: pytest.FixtureRequest,
    first_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A copy of it whose outputs are copies of what the cache holds, or links to it."""
    folder = tmp_path / "project"
    shutil.copytree(first_run, folder)
    monkeypatch.chdir(folder)
    if request.param == "links":
        run(folder, *GUARDED, "config", "--local", "cache.type", "hardlink")
        run(folder, *GUARDED, "checkout", "--relink", "-q")
    assert linked() == (request.param == "links")
    return folder


both_kinds = pytest.mark.parametrize("project", ["copies", "links"], indirect=True)


def object_of(path: str) -> Path:
    return Cache().place(in_lock()[path])


def linked() -> bool:
    return Path("data/folds.csv").samefile(object_of("data/folds.csv"))


def flip(path: Path) -> None:
    """Another first byte, under the same size and time, as a disk may give back."""
    state = os.stat(path)
    path.chmod(0o644)
    path.write_bytes(b"#" + path.read_bytes()[1:])
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    path.chmod(state.st_mode)


def verify(*options: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["verify", *options])
    assert done.exit_code == status, done.output
    return re.sub(" +", " ", done.output)


@both_kinds
def test_a_run_that_nobody_touched_is_as_dvc_lock_has_it(project: Path) -> None:
    printed = verify()
    # folds.csv and raw/a are alike; raw/b, weights, and the listing of raw.
    assert printed.startswith("4 objects of DVC's cache, ")
    assert "4 files of outputs: all as dvc.lock has them" in printed
    assert ("4 outputs are hard links" in printed) == linked()
    assert verify("--all").startswith("4 objects of DVC's cache, ")


@both_kinds
def test_an_edit_in_place_is_named_and_moved_and_the_stage_runs_again(
    project: Path,
) -> None:
    """Through a hard link it was the object's, and `dvc checkout` brought it back."""
    was_linked = linked()
    Path("data/weights").chmod(0o644)
    Path("data/weights").write_text("mine")
    printed = verify(status=1)
    assert "edited data/weights" in printed
    assert ("damaged data/weights (object " in printed) == was_linked
    printed = verify("--fix", status=int(was_linked))
    (moved,) = Path(".undo").glob("*/data/weights")
    assert moved.read_text() == "mine" and str(moved) in printed
    assert ("`make repro` makes it anew" in printed) == was_linked
    run(project, *GUARDED, "repro", "-q")
    assert Path("data/weights").read_text() == f"{TABLE}lr: 1\nepochs: 1\n"
    assert (
        run(project, *GUARDED, "status") == "Data and pipelines are up to date.\n"
    )
    assert "all as dvc.lock has them" in verify()


@both_kinds
def test_a_flipped_object_is_never_brought_back(project: Path) -> None:
    """DVC said "up to date" of the wrong content, as objects are read-only."""
    flip(object_of("data/folds.csv"))
    Path("data/folds.csv").unlink()
    Path("data/raw/a").unlink()
    printed = run(project, *GUARDED, "checkout", fails=True)
    assert "its object in DVC's cache was damaged or edited" in printed
    assert not Path("data/folds.csv").exists()
    assert next(Path(".dvc/cache/damaged").iterdir()).read_text()[0] == "#"
    run(project, *GUARDED, "repro", "-q")
    assert Path("data/folds.csv").read_text() == TABLE
    assert "all as dvc.lock has them" in verify()


def test_a_flipped_object_is_made_anew_from_an_output_that_is_right(
    project: Path,
) -> None:
    flip(object_of("data/weights"))
    printed = run(project, *GUARDED, "repro")
    assert "made anew from the output, which is right" in printed
    assert "Running stage" not in printed
    assert (
        object_of("data/weights").read_bytes() == Path("data/weights").read_bytes()
    )
    assert object_of("data/weights").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("path", ["data/raw", "data/weights"])
def test_fix_makes_an_object_anew_from_an_output_that_is_right(
    path: str, project: Path
) -> None:
    flip(object_of(path))
    assert f"damaged {path} (object " in verify(status=1)
    assert "made anew 1 object" in verify("--fix")
    assert "all as dvc.lock has them" in verify()
    assert (
        run(project, *GUARDED, "status") == "Data and pipelines are up to date.\n"
    )


def test_a_damaged_output_is_put_back_from_the_cache(project: Path) -> None:
    flip(Path("data/raw/b"))
    assert "edited data/raw/b" in verify(status=1)
    printed = verify("--fix")
    assert "put back data/raw/b" in printed
    assert Path("data/raw/b").read_text() == "lr: 1\nepochs: 1\n"
    assert not linked()


@both_kinds
def test_no_stage_runs_on_an_input_that_was_damaged_in_silence(
    project: Path,
) -> None:
    """DVC would have recorded the right hash for a training on other data."""
    was_linked = linked()
    run(project, *GUARDED, "repro", "-q")  # which notes what is a run's
    flip(Path("data/folds.csv"))
    (project / "params.yaml").write_text("lr: 1\nepochs: 2\n")
    printed = run(project, *GUARDED, "repro", "-s", "train", fails=True)
    assert "data/folds.csv: expected what DVC would record as read by" in printed
    assert "`croquis verify --fix`" in printed and "Traceback" not in printed
    verify("--fix", status=int(was_linked))
    run(project, *GUARDED, "repro", "-q")
    assert Path("data/weights").read_text() == f"{TABLE}lr: 1\nepochs: 2\n"


def test_a_damaged_result_of_an_older_run_is_not_restored(project: Path) -> None:
    """There and back, the run cache brings results without running."""
    old = object_of("data/weights")
    (project / "params.yaml").write_text("lr: 1\nepochs: 2\n")
    run(project, *GUARDED, "repro", "-q")
    flip(old)
    assert "all as dvc.lock has them" in verify()
    assert "a result of an older run (object " in verify("--all", status=1)
    (project / "params.yaml").write_text("lr: 1\nepochs: 1\n")
    printed = run(project, *GUARDED, "repro")
    assert "its stage runs again" in printed and "Running stage 'train'" in printed
    assert Path("data/weights").read_text() == f"{TABLE}lr: 1\nepochs: 1\n"


def test_objects_of_a_remote_are_no_concern_of_the_guard(project: Path) -> None:
    run(
        project, *GUARDED, "remote", "add", "-d", "there", str(project.parent / "r")
    )
    run(project, *GUARDED, "push", "-q")
    flip(object_of("data/weights"))
    Path("data/weights").unlink()
    run(project, *GUARDED, "pull", "-q")
    assert Path("data/weights").read_text() == f"{TABLE}lr: 1\nepochs: 1\n"
    assert "all as dvc.lock has them" in verify()


def test_while_a_run_is_at_work_nothing_is_put_right(project: Path) -> None:
    """A result that was not recorded yet was taken for an edit, and DVC recorded the old one."""
    words = [sys.executable, "-c", "import time; time.sleep(600)", "dvc", "repro"]
    at_work = subprocess.Popen(words)
    holder = {"pid": at_work.pid, "cmd": "dvc repro"}
    noted = {"write": {str(project / "data/weights"): holder}, "read": {}}
    Path(".dvc/tmp/rwlock").write_text(json.dumps(noted))
    Path("data/weights").write_text("new result")
    try:
        assert "received one that is (process" in verify("--fix", status=1)
    finally:
        at_work.kill()
        at_work.wait()
    assert Path("data/weights").read_text() == "new result"
    assert "data/weights" in verify("--fix")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_an_object_that_is_no_file_is_set_aside_and_made_anew(
    project: Path, make: Callable[[Path], None]
) -> None:
    """`--fix` ended in `Is a directory`, of a draft."""
    place = object_of("data/weights")
    place.unlink()
    make(place)
    assert "damaged data/weights (object " in verify(status=1)
    assert "made anew 1 object" in verify("--fix")
    assert place.read_text() == Path("data/weights").read_text()
    place.unlink()
    make(place)
    Path("data/weights").unlink()
    said = run(project, *GUARDED, "repro", "-q")
    assert "data/weights: its object in DVC's cache was damaged" in said
    assert Path("data/weights").read_text() == f"{TABLE}lr: 1\nepochs: 1\n"


@pytest.mark.parametrize("place", ["md5", "path"])
def test_a_lock_that_leads_out_of_the_project_moves_no_file(
    project: Path, place: str
) -> None:
    """dvc.lock may be a stranger's: `--fix` took any file that it named for damaged or edited."""
    mine = project.parent / "mine.txt"
    mine.write_text("mine")
    lock = Path("dvc.lock").read_text()
    md5 = in_lock()["data/weights"]
    if place == "md5":
        lock = lock.replace(md5, f"..{mine}")
    else:
        lock = lock.replace("path: data/weights", "path: ../mine.txt")
    Path("dvc.lock").write_text(lock)
    verify("--fix")
    verify("--all", "--fix")
    assert mine.read_text() == "mine"
    assert not Path(".dvc/cache/damaged").exists()


def test_a_listing_that_leads_out_of_its_folder_moves_no_file(
    project: Path,
) -> None:
    mine = project / "mine.txt"
    mine.write_text("mine")
    before = in_lock()["data/raw"]
    entries = [{"md5": in_lock()["data/weights"], "relpath": "../../mine.txt"}]
    text = json.dumps(entries).encode()
    md5 = hashlib.md5(text).hexdigest() + ".dir"
    Cache().place(md5).parent.mkdir(exist_ok=True)
    Cache().place(md5).write_bytes(text)
    Path("dvc.lock").write_text(Path("dvc.lock").read_text().replace(before, md5))
    verify("--fix")
    assert mine.read_text() == "mine"
