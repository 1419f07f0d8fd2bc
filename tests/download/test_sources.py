"""Sources: each kind ends in the same layout, and a bad one leaves the old data as it was."""

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download import icons, transfers
from croquis.download.sources import fetch, kind_of
from support.packed import packed

CSV = b"image_path,target\n"
LAYOUT = {
    "train.csv": CSV + b"cat/0.png,0\n",
    "train/cat/0.png": b"0",
    "test/0.png": b"1",
}
NO_SOLUTION = "image_path,target\n"


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in files
    }


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(transfers, "BACKOFF_SECONDS", 0)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def bring(source: object, sha256: str | None = None) -> list[str]:
    wanted = DataParams(source=str(source), sha256=sha256)
    return fetch(wanted, Path("data/raw"), Path("data/solution.csv"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of `tmp_path`, served on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=tmp_path)
    ) as httpd:
        threading.Thread(
            target=httpd.serve_forever, args=[0.01], daemon=True
        ).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.mark.parametrize("depth", ["", "data/", "a/b/c/"])
def test_an_archive_of_any_depth_ends_in_the_same_layout(
    tmp_path: Path, depth: str
) -> None:
    files = {depth + name: content for name, content in LAYOUT.items()}
    bring(packed(tmp_path / "a.tgz", files))
    assert tree(Path("data/raw")) == LAYOUT
    assert Path("data/solution.csv").read_text() == NO_SOLUTION


def test_a_class_called_train_is_no_second_layout(tmp_path: Path) -> None:
    files = {"d/train/train/0.png": b"0", "d/train/cat/0.png": b"1"}
    bring(packed(tmp_path / "a.zip", files))
    assert set(tree(Path("data/raw"))) == {"train/train/0.png", "train/cat/0.png"}


def test_bare_class_folders_become_train(tmp_path: Path) -> None:
    written(tmp_path / "mine", {"cat/0.png": b"0", "train/0.png": b"1"})
    bring(tmp_path / "mine")
    assert tree(Path("data/raw")) == {
        "train/cat/0.png": b"0",
        "train/train/0.png": b"1",
    }


def test_several_layouts_are_named(tmp_path: Path) -> None:
    files = {
        f"{part}/{name}": content
        for part in "ab"
        for name, content in LAYOUT.items()
    }
    with pytest.raises(
        InputError, match=r"expected one folder with train.csv.*2 of them \(a, b\)"
    ):
        bring(packed(tmp_path / "a.tgz", files))
    assert not Path("data/raw").exists()


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected one folder with train.csv.*received none"
    ):
        bring(packed(tmp_path / "a.tgz", {"readme.txt": b"hello"}))


def test_a_folder_is_copied_without_hidden_files_and_junk(tmp_path: Path) -> None:
    junk = {
        ".git/config": b"",
        "train/._0.png": b"",
        "__MACOSX/x": b"",
        "train/.DS_Store": b"",
    }
    source = written(tmp_path / "mine", LAYOUT | junk)
    bring(source)
    assert tree(Path("data/raw")) == LAYOUT
    assert tree(source) == LAYOUT | junk


def test_links_in_a_folder_are_copied_and_loops_are_not_followed(
    tmp_path: Path,
) -> None:
    source = written(tmp_path / "mine", LAYOUT)
    written(tmp_path / "else", {"9.png": b"9"})
    (source / "train/dog").symlink_to(tmp_path / "else")
    (source / "train/loop").symlink_to(source / "train")
    (tmp_path / "else/back").symlink_to(source)  # a loop of two links
    bring(source)
    assert tree(Path("data/raw")) == LAYOUT | {"train/dog/9.png": b"9"}
    assert not any(path.is_symlink() for path in Path("data/raw").rglob("*"))


def test_a_folder_that_holds_the_raw_data_is_refused() -> None:
    written(Path("."), LAYOUT)
    with pytest.raises(
        InputError, match=r"data.source: .*does not hold this project's data/raw"
    ):
        bring(".")


def test_the_solution_moves_out_of_sight_as_it_came(tmp_path: Path) -> None:
    """Whether it makes sense is for prepare to say, which knows the classes and the test images."""
    solution = {"solution.csv": b",image_path,target,Usage\n0,0.png,7,Public\n"}
    bring(packed(tmp_path / "a.tgz", LAYOUT | solution))
    assert tree(Path("data/raw")) == LAYOUT
    assert Path("data/solution.csv").read_bytes() == solution["solution.csv"]


def test_a_solution_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """It ended in the words of the system, "Is a directory"."""
    with pytest.raises(
        InputError, match=r"solution.csv: expected a csv file, received a folder"
    ):
        bring(packed(tmp_path / "a.tgz", LAYOUT | {"solution.csv/0.txt": b"0"}))
    assert not Path("data/raw").exists() and not Path("data/solution.csv").exists()


def test_icons_are_written_by_their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        icons, "write_icons", lambda folder: written(folder, LAYOUT)
    )
    assert bring("icons") == []
    assert tree(Path("data/raw")) == LAYOUT


def test_relative_paths_start_at_the_dvc_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "elsewhere" / "mine", LAYOUT)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "elsewhere"))
    bring("mine")
    assert tree(Path("data/raw")) == LAYOUT


def test_a_tilde_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(tmp_path / "a.zip", LAYOUT)
    monkeypatch.setenv("HOME", str(tmp_path))
    bring("~/a.zip")
    assert tree(Path("data/raw")) == LAYOUT


def test_a_path_to_nothing_names_the_choices() -> None:
    with pytest.raises(
        InputError, match=r"data.source: expected 'icons', an http.*'nothing.tgz'"
    ):
        kind_of("nothing.tgz")


def test_an_unpinned_archive_says_its_sha256_and_a_pinned_one_is_silent(
    tmp_path: Path,
) -> None:
    archive = packed(tmp_path / "a.tgz", LAYOUT)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert bring(archive) == [f"to pin this archive: -S data.sha256={sha256}"]
    assert bring(archive, sha256.upper()) == []


def test_a_wrong_sha256_names_both_and_leaves_the_old_data(tmp_path: Path) -> None:
    bring(packed(tmp_path / "a.tgz", LAYOUT))
    with pytest.raises(
        InputError, match=rf"data.sha256: expected {'0' * 64}, received \w{{64}};"
    ):
        bring(packed(tmp_path / "b.tgz", LAYOUT | {"new": b""}), "0" * 64)
    assert tree(Path("data/raw")) == LAYOUT
    assert sorted(path.name for path in Path("data").iterdir()) == [
        "raw",
        "solution.csv",
    ]


def test_a_sha256_beside_a_folder_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "mine", LAYOUT)
    for source in (tmp_path / "mine", "icons"):
        with pytest.raises(
            InputError, match=r"data.sha256: expected null.*-S data.sha256=null"
        ):
            bring(source, "0" * 64)


def test_a_sha256_that_is_none_is_refused_by_the_section() -> None:
    with pytest.raises(ValueError, match="sha256"):
        DataParams(source="a.tgz", sha256="abc")


def test_a_url_is_fetched_checked_and_unpacked(tmp_path: Path, server: str) -> None:
    archive = packed(tmp_path / "a.tar.gz", LAYOUT)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    bring(f"{server}/a.tar.gz?token=1", sha256)
    assert tree(Path("data/raw")) == LAYOUT
    with pytest.raises(InputError, match=r"data.sha256: expected"):
        bring(f"{server}/a.tar.gz", "0" * 64)


def test_a_url_that_is_not_there_leaves_nothing(server: str) -> None:
    with pytest.raises(
        InputError, match=r"gone.zip: expected an archive at this URL.*404"
    ):
        bring(f"{server}/gone.zip")
    assert list(Path("data").iterdir()) == []


def test_no_server_at_all_leaves_nothing() -> None:
    with pytest.raises(InputError, match=r"expected an archive at this URL"):
        bring("http://127.0.0.1:9/a.zip")
    assert list(Path("data").iterdir()) == []


def test_a_transfer_that_breaks_off_leaves_nothing(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(handler: SimpleHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(bytes(500))

    monkeypatch.setattr(SimpleHTTPRequestHandler, "do_GET", half)
    with pytest.raises(InputError, match=r"expected an archive at this URL"):
        bring(f"{server}/a.zip")
    assert list(Path("data").iterdir()) == []


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_a_full_disk_leaves_the_old_data(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    bring(packed(tmp_path / "a.tgz", LAYOUT))
    more = LAYOUT | {"train/cat/1.png": b"new"}
    source = packed(tmp_path / "b.tgz", more)
    if kind == "folder":
        source = written(tmp_path / "mine", more)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        bring(source)
    assert tree(Path("data/raw")) == LAYOUT
    assert sorted(path.name for path in Path("data").iterdir()) == [
        "raw",
        "solution.csv",
    ]


@pytest.mark.parametrize("name", ["train/cat/1.png", "train.csv", "solution.csv"])
@pytest.mark.parametrize(
    ("target", "received"),
    [
        ("/dev/zero", "a link to a pipe, a socket or a device"),
        ("/nowhere/at all", "a link to no file"),
        ("pipe", "a pipe, a socket or a device"),
    ],
)
def test_a_folder_with_something_endless_is_refused_before_any_copy(
    tmp_path: Path, name: str, target: str, received: str
) -> None:
    folder = written(tmp_path / "set", {**LAYOUT, "train/cat/1.png": b"1"})
    (folder / name).unlink(missing_ok=True)
    if target == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to(target)
    with pytest.raises(InputError, match=f"received {received}; remove it from"):
        bring(folder)
    assert list(Path("data").iterdir()) == []


def test_a_device_is_no_archive() -> None:
    with pytest.raises(InputError, match="a pipe, a socket or a device"):
        kind_of("/dev/zero")
