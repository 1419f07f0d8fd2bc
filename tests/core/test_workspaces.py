"""What a killed process has left is removed at the next start, and nothing of a living one."""

import fcntl
import json
import os
import signal
from pathlib import Path

import pytest

from croquis.core import workspaces
from croquis.core.files import atomic_write
from croquis.core.workspaces import (
    OWNER,
    sweep,
    temporary_files_in,
    temporary_folder,
    workspace,
)
from support.killed import begun, killed_while

WRITES = """
import time
from pathlib import Path
from croquis.core.files import atomic_write
with atomic_write(Path("out.csv")) as draft:
    draft.write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
REPLACES = """
import os, time
from pathlib import Path
from croquis.core.files import atomic_write
replace = os.replace
def slow(source, target):
    replace(source, target)
    print("ready", flush=True)
    time.sleep(60)
with atomic_write(Path("out")) as draft:
    draft.mkdir()
    os.replace = slow
"""
FORKS = """
import os, time
from pathlib import Path
from croquis.core.files import atomic_write
with atomic_write(Path("out.csv")) as draft:
    draft.write_text("half")
    if os.fork() == 0:
        raise SystemExit(1)
    os.wait()
    assert draft.read_text() == "half"
"""
TEMPORARY = """
import time
from croquis.core.workspaces import temporary_folder
with temporary_folder("demo") as folder:
    (folder / "upload.png").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


def contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(".out*"))


def test_a_draft_of_a_killed_process_goes_at_the_next_start(tmp_path: Path) -> None:
    assert killed_while(WRITES, tmp_path) == -signal.SIGKILL
    (left,) = hidden(tmp_path)
    assert contents(left) == [OWNER, "out.csv"]
    sweep(tmp_path)
    assert contents(tmp_path) == []


def test_a_draft_of_a_killed_process_goes_when_its_file_is_written_again(
    tmp_path: Path,
) -> None:
    killed_while(WRITES, tmp_path)
    with atomic_write(tmp_path / "out.csv") as draft:
        draft.write_text("whole")
    assert contents(tmp_path) == ["out.csv"]


def test_a_draft_of_a_living_process_stays(tmp_path: Path) -> None:
    with begun(WRITES, tmp_path) as child:
        sweep(tmp_path)
        with atomic_write(tmp_path / "out.csv") as draft:
            draft.write_text("whole")
        (left,) = hidden(tmp_path)
        assert (left / "out.csv").read_text() == "half"
        child.kill()


def test_a_draft_of_this_process_stays(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "out.csv") as draft:
        draft.write_text("whole")
        sweep(tmp_path)
    assert contents(tmp_path) == ["out.csv"]


def test_a_draft_stays_while_a_child_of_its_killed_process_lives(
    tmp_path: Path,
) -> None:
    """A loader's workers may read it until they see that their parent has gone."""
    forks = WRITES.replace("print", "os.fork() or time.sleep(60)\n    print")
    with begun(f"import os{forks}", tmp_path) as child:
        workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text()
        child.kill()
        child.wait()
        sweep(tmp_path)
        assert hidden(tmp_path)
        os.kill(int(workers), signal.SIGKILL)
        child.communicate()  # until no one holds its pipes
    sweep(tmp_path)
    assert contents(tmp_path) == []


def test_a_forked_child_that_ends_removes_nothing_of_its_parent(
    tmp_path: Path,
) -> None:
    import subprocess
    import sys

    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", FORKS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        check=True,
    )
    assert contents(tmp_path) == ["out.csv"]


def test_a_folder_moved_out_of_the_way_comes_back_where_none_took_its_place(
    tmp_path: Path,
) -> None:
    """A kill between two renames: the old folder was in the draft, and the draft was swept."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("a person's")
    assert killed_while(REPLACES, tmp_path) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    sweep(tmp_path)
    assert contents(tmp_path) == ["out", "out/old.txt"]


def test_what_only_looks_like_a_draft_stays(tmp_path: Path) -> None:
    (tmp_path / ".out.csv.abcd1234").mkdir()
    (tmp_path / ".out.csv.abcd1234" / "out.csv").write_text("a person's")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".file").write_text("a person's")
    (tmp_path / ".owned").mkdir()
    (tmp_path / ".owned" / OWNER).write_text("a person's")
    before = contents(tmp_path)
    sweep(tmp_path)
    assert contents(tmp_path) == before


def test_a_link_to_a_draft_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    killed_while(WRITES, other)
    (left,) = hidden(other)
    (tmp_path / ".out.csv.link").symlink_to(left)
    sweep(tmp_path)
    assert contents(left) == [OWNER, "out.csv"]


def test_the_lock_of_another_machine_is_believed_after_a_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that two machines share, this one may not see the other's locks."""
    killed_while(WRITES, tmp_path)
    (left,) = hidden(tmp_path)
    monkeypatch.setattr(workspaces, "_this_boot", lambda: "another")
    sweep(tmp_path)
    assert hidden(tmp_path) == [left]
    week_ago = os.stat(left / OWNER).st_mtime - 7 * 86400 - 60
    os.utime(left / OWNER, (week_ago, week_ago))
    sweep(tmp_path)
    assert hidden(tmp_path) == []


def test_where_the_start_of_a_machine_has_no_name_a_free_lock_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspaces, "_this_boot", lambda: "")
    left = tmp_path / ".out"
    left.mkdir()
    (left / OWNER).write_text(json.dumps({"boot": "", "target": ""}))
    sweep(tmp_path)
    assert contents(left) == [OWNER]


def test_where_files_cannot_be_locked_drafts_work_and_are_never_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with workspace(tmp_path, ".out.") as folder:
        assert contents(folder) == []
        (folder / "file").touch()
        sweep(tmp_path)
        assert contents(folder) == ["file"]
    assert contents(tmp_path) == []


def test_a_kill_before_there_is_an_owner_leaves_a_folder_for_a_day(
    tmp_path: Path,
) -> None:
    for name, file in {
        ".out.aaaaaaa1": "",
        ".out.aaaaaaa2": f"{OWNER}.new",
        ".out.aaaaaaa3": "x",
    }.items():
        (tmp_path / name).mkdir()
        if file:
            (tmp_path / name / file).touch()
    sweep(tmp_path)
    assert len(hidden(tmp_path)) == 3
    for folder in hidden(tmp_path):
        day_ago = folder.stat().st_mtime - 86400 - 60
        os.utime(folder, (day_ago, day_ago))
    sweep(tmp_path)
    assert contents(tmp_path) == [".out.aaaaaaa3", ".out.aaaaaaa3/x"]


def test_a_sweep_that_is_cut_off_can_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the owner goes last, or nobody would know what the rest is."""
    killed_while(WRITES, tmp_path)
    (left,) = hidden(tmp_path)
    (left / "folder").mkdir()

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            sweep(tmp_path)
    assert OWNER in contents(left)
    sweep(tmp_path)
    assert contents(tmp_path) == []


def test_temporary_files_of_a_killed_program_go_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_while(TEMPORARY, tmp_path)
    (left,) = tmp_path.glob("croquis-demo-*")
    assert contents(left) == [OWNER, "demo", "demo/upload.png"]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary_folder("other") as folder:
        assert contents(folder) == [] and not left.exists()
    assert contents(tmp_path) == []


def test_temporary_files_of_libraries_lie_in_the_folder(tmp_path: Path) -> None:
    import tempfile

    with temporary_files_in(tmp_path), tempfile.TemporaryDirectory() as folder:
        assert Path(folder).parent == tmp_path
    assert Path(tempfile.gettempdir()) != tmp_path


@pytest.mark.parametrize("name", [".notes", ".later.on", ".ipynb_checkpoints"])
def test_an_old_empty_folder_of_a_person_stays(tmp_path: Path, name: str) -> None:
    """Its name does not end as that of a draft does."""
    (tmp_path / name).mkdir()
    os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".out.csv.abcd1234").mkdir()
    os.utime(tmp_path / ".out.csv.abcd1234", (0, 0))
    workspaces.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
