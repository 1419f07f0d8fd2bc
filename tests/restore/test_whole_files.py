"""dvc.lock and DVC's notes are whole or as they were, whatever stops DVC while it writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dvc.utils.serialize import dump_yaml, modify_yaml
from dvc_objects.fs.local import LocalFileSystem, localfs

from croquis.restore.whole_files import write_whole


@pytest.fixture(autouse=True)
def _whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LocalFileSystem, "open", LocalFileSystem.open)
    write_whole()
    yield


def test_what_dvc_writes_takes_the_place_of_the_old_text() -> None:
    Path("dvc.lock").write_text("schema: '2.0'\n")
    Path("dvc.lock").chmod(0o640)
    with modify_yaml("dvc.lock", fs=localfs) as content:
        content["stages"] = {"one": {"cmd": "x"}}
    assert Path("dvc.lock").read_text() == (
        "schema: '2.0'\nstages:\n  one:\n    cmd: x\n"
    )
    assert Path("dvc.lock").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in Path().iterdir()] == ["dvc.lock"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("name", ["dvc.lock", "rwlock"])
def test_what_stops_it_leaves_the_old_text(
    name: str, error: type[BaseException]
) -> None:
    Path(name).write_text("old: 1\n")
    with pytest.raises(error), localfs.open(name, "w", encoding="utf-8") as file:
        file.write("new")
        file.flush()
        raise error
    assert Path(name).read_text() == "old: 1\n"
    assert [path.name for path in Path().iterdir()] == [name]


def test_the_file_behind_a_link_is_written() -> None:
    Path("real").mkdir()
    Path("real/dvc.lock").write_text("old: 1\n")
    Path("dvc.lock").symlink_to("real/dvc.lock")
    dump_yaml("dvc.lock", {"new": 2}, fs=localfs)
    assert Path("dvc.lock").is_symlink()
    assert Path("real/dvc.lock").read_text() == "new: 2\n"


def test_other_files_and_reading_are_as_dvc_has_them() -> None:
    with localfs.open("other.txt", "w", encoding="utf-8") as file:
        file.write("text")
        assert Path("other.txt").exists()
    with localfs.open("other.txt", encoding="utf-8") as file:
        assert file.read() == "text"


def test_the_draft_of_a_killed_dvc_goes_and_a_file_of_a_person_stays() -> None:
    """It stayed in the project's folder for ever, and `git add -A` took it along."""
    Path(".dvc.lock.4711").write_text("schema: '2")
    Path(".dvc.lock.mine").write_text("mine")
    dump_yaml("dvc.lock", {"new": 2}, fs=localfs)
    assert sorted(path.name for path in Path().iterdir()) == [
        ".dvc.lock.mine",
        "dvc.lock",
    ]
