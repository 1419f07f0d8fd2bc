"""File names that are no UTF-8: read right, or refused before anything is written."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.prepare.layout import read_layout

DOG, CAT = "강아지", "고양이"


def data_set(folder: Path, names: tuple[bytes, bytes]) -> Path:
    """Two class folders of these names in train/, with an image each that bears its name."""
    for name in names:
        here = os.path.join(os.fsencode(folder), b"train", name)
        os.makedirs(here)
        image = os.fsdecode(os.path.join(here, name + b".png"))
        Image.new("L", (8, 8), 255).save(image)
    return folder


def packed(folder: Path, kind: str) -> Path:
    """The folder as it is, or as an archive beside it whose names are its bytes."""
    archive = folder.with_name(f"archive.{kind}")
    if kind == "folder":
        return folder
    if kind == "tar":
        with tarfile.open(archive, "w") as tar:
            tar.add(folder, "set")
        return archive
    with zipfile.ZipFile(archive, "w") as bundle:
        for path in sorted(folder.rglob("*.png")):
            name = os.fsencode(path.relative_to(folder)).decode("cp437")
            info = _Bytes(name)
            bundle.writestr(info, path.read_bytes())
    return archive


class _Bytes(zipfile.ZipInfo):
    """An entry whose name is written as bytes, without the flag of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), 0


def fetched(source: Path, place: Path) -> list[str]:
    return fetch(
        DataParams(source=str(source), sha256=None),
        place / "raw",
        place / "solution.csv",
    )


@pytest.mark.parametrize("kind", ["folder", "tar", "zip"])
@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_korean_names_are_read_right(
    tmp_path: Path, kind: str, encoding: str
) -> None:
    """Zips of Windows had classes like ╗τ░·; tars and folders ended in a traceback."""
    names = (DOG.encode(encoding), CAT.encode(encoding))
    source = packed(data_set(tmp_path / "set", names), kind)
    notes = [note for note in fetched(source, tmp_path) if "pin this" not in note]
    assert notes == (
        [
            "4 file names were read as CP949 (Korean Windows):"
            f" '{DOG}', '{DOG}.png', '{CAT}', ..."
        ]
        if encoding == "cp949"
        else []
    )
    images = read_layout(tmp_path / "raw").images
    assert images["class_name"].tolist() == [DOG, CAT]
    assert images["path"].tolist() == [
        f"train/{name}/{name}.png" for name in (DOG, CAT)
    ]
    assert sorted(os.listdir(tmp_path / "set/train"), key=os.fsencode) == sorted(
        map(os.fsdecode, names), key=os.fsencode
    )


@pytest.mark.parametrize("kind", ["folder", "tar", "zip"])
def test_other_names_are_refused_with_the_fix(tmp_path: Path, kind: str) -> None:
    source = packed(data_set(tmp_path / "set", (b"caf\xe9", b"star")), kind)
    with pytest.raises(InputError) as caught:
        fetched(source, tmp_path)
    said = str(caught.value)
    inside = "set/train" if kind == "tar" else "train"
    assert (
        "expected file names in UTF-8, received 2 in another encoding"
        rf" ({inside}/caf\xe9/" in said
    )
    assert "'café.png' in latin1 or 'cafÚ.png' in cp850" in said
    assert (
        "convmv -r --notest -f latin1 -t utf8 FOLDER" in said and said.isprintable()
    )
    assert (
        not (tmp_path / "raw").exists() and not (tmp_path / "solution.csv").exists()
    )


def test_a_name_that_is_taken_is_not_written_over(tmp_path: Path) -> None:
    data_set(tmp_path / "set", (DOG.encode(), DOG.encode("cp949")))
    with pytest.raises(InputError, match="file names in UTF-8"):
        fetched(tmp_path / "set", tmp_path)


def test_hidden_files_may_be_called_anything(tmp_path: Path) -> None:
    folder = data_set(tmp_path / "set", (b"star", b"tree"))
    open(os.path.join(os.fsencode(folder), b"._caf\xe9"), "w").close()
    assert fetched(folder, tmp_path) == []


def test_many_names_are_counted(tmp_path: Path) -> None:
    folder = data_set(tmp_path / "set", (b"star", b"tree"))
    for number in range(5):
        shutil.copy(folder / "train/star/star.png", os.fsdecode(b"%s/%d\xe9.png" % (
            os.fsencode(folder / "train/star"), number)))  # fmt: skip
    with pytest.raises(
        InputError, match=r"received 5 in another encoding \(.*, \.\.\.\)"
    ):
        read_layout(folder)


def test_the_stage_prepare_refuses_in_one_line_on_any_terminal(
    tmp_path: Path,
) -> None:
    """It was a traceback of 20 lines, out of pyarrow."""
    data_set(tmp_path / "raw", (b"caf\xe9", b"star"))
    (tmp_path / "params.yaml").write_text(
        "prepare: {image_size: 32, fit: pad, bad_test: error}\n"
        "data: {source: raw, sha256: null, val: leave_out,"
        " columns: {image: null, label: null}, label_pattern: null}\n",
        encoding="utf-8",
    )
    root = Path(__file__).parents[2]
    outputs = (
        "index",
        "pixels",
        "gray224",
        "quarantine",
        "columns",
        "sample",
        "form",
        "test_labels",
    )
    command = [sys.executable, str(root / "stages/prepare.py"), "--raw", "raw"]
    command += ["--solution", "solution.csv"]
    command += [
        word
        for name in outputs
        for word in (f"--{name.replace('_', '-')}", f"out/{name}")
    ]
    environment = os.environ | {
        "PYTHONPATH": str(root / "src"),
        "LANG": "C",
        "LC_ALL": "C",
    }
    options = {
        "cwd": tmp_path,
        "env": environment,
        "capture_output": True,
        "text": True,
    }
    done = subprocess.run(command, **options)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert (
        r"raw: expected file names in UTF-8, received 2 in another encoding"
        in done.stderr
    )
    assert not list(tmp_path.glob("out/*"))
