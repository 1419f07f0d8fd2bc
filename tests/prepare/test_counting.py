"""What became no row of the index: every image is in it, in the quarantine, or in a line."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch
from croquis.prepare.counting import count_the_rest
from croquis.prepare.packing import PrepareParams
from croquis.prepare.preparing import prepare_images
from support.cases import Files, as_folder, as_zip, class_folders, image

HEIC = b"\0\0\0\x18ftypheic" + bytes(100)


def counted(
    files: Files, place: Path, paths: list[str], notes: list[str]
) -> list[str]:
    return count_the_rest(
        as_folder(files, place), pd.DataFrame({"path": paths}), notes
    )


def test_files_that_are_no_images_are_counted_by_kind(tmp_path: Path) -> None:
    files = {
        "train/a/0.png": b"",
        **{f"train/a/{number}.txt": b"" for number in range(3)},
        "train/a/form.pdf": b"",
        "train/a/README": b"text",
        "train/metadata.csv": b"",
        "papers/1.pdf": b"",
    }
    assert counted(files, tmp_path, ["train/a/0.png"], []) == [
        "left out, as they are no images: 3 .txt, 1 without a suffix, 1 .pdf"
        " (as train/a/0.txt, train/a/README, train/a/form.pdf)"
    ]


def test_images_of_other_folders_are_named_unless_a_note_has_counted_them(
    tmp_path: Path,
) -> None:
    files = {
        "train/a/0.png": b"",
        "extra/1.png": b"",
        "val/2.png": b"",
        "cover.png": b"",
    }
    told = ["val/: 1 images are left out (val/2.png)"]
    assert counted(files, tmp_path, ["train/a/0.png"], told) == [
        "1 image beside the folders is not labelled or named, and left out: cover.png",
        "1 image in extra/ is not labelled or named, and left out: extra/1.png",
    ]


def test_hidden_images_that_a_table_names_are_not_left_out(tmp_path: Path) -> None:
    files = {"train/.a/0.png": b"", "train/.a/1.png": b""}
    assert counted(files, tmp_path, ["train/.a/0.png"], []) == [
        "1 image is hidden, or in hidden folders, and left out: train/.a/1.png"
    ]


def test_formats_by_content_and_other_forms_are_said(tmp_path: Path) -> None:
    files = {
        "train/a/0": image(0, "JPEG"),
        "train/a/1.avif": image(1, "AVIF"),
        "train/a/2.jpg": image(2, "JPEG"),
        "train/a/2.heic": HEIC,
    }
    paths = ["train/a/0", "train/a/1.avif", "train/a/2.jpg"]
    assert counted(files, tmp_path, paths, []) == [
        "2 images have a rare suffix or none, and are taken by their content"
        " (1 JPEG, 1 AVIF): train/a/0, train/a/1.avif",
        "1 image is in a format that is not read, beside one of the same name,"
        " and left out: train/a/2.heic",
    ]


CONTENTS = st.sampled_from([image(0), image(1, "JPEG"), HEIC, b"", b"text"])
VISIBLE = st.builds(
    "{}{}{}".format,
    st.sampled_from(["train/cup/", "train/star/deep/", "train/"]),
    st.integers(10, 15),
    st.sampled_from(
        [".png", ".JPG", "", ".avif", ".heic", ".bin", ".txt", ".png~"]
    ),
)
HIDDEN = st.builds(
    "{}{}.png".format,
    st.sampled_from(
        ["train/cup/.a/", "train/.b/c/", "test/.ipynb_checkpoints/", "test/@eaDir/0.png/",
         ".git/", "extra/", ""]
    ),
    st.integers(10, 15),
)  # fmt: skip
TESTS = st.builds(
    "test/{}{}".format, st.integers(10, 15), st.sampled_from([".png", "", ".bin"])
)
SETS = st.builds(
    dict.__or__,
    st.dictionaries(VISIBLE | HIDDEN, CONTENTS, max_size=12),
    st.dictionaries(TESTS, st.just(image(0)), max_size=3),
)


@pytest.mark.parametrize("pack", [as_folder, as_zip])
@given(files=SETS)
@settings(max_examples=25, deadline=None)
def test_every_file_is_in_the_index_in_the_quarantine_or_in_a_line(
    pack: Callable[[Files, Path], Path], files: Files
) -> None:
    files = class_folders(names=("cup", "star")) | files
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = DataParams(source=str(pack(files, place)))
        notes = fetch(data, place / "raw", place / "solution.csv")
        prepared = prepare_images(
            place / "raw",
            place / "solution.csv",
            PrepareParams(image_size=8),
            data,
            pixels=place / "pixels.npy",
            gray224=place / "gray224.npy",
            quarantine=place / "quarantine.csv",
        )
    rows = {*prepared.rows["path"], *prepared.quarantine["path"]}
    assert rows <= set(files)
    notes += prepared.notes
    assert left_out_in(notes) == len(files) - len(rows), (notes, set(files) - rows)


def left_out_in(notes: list[str]) -> int:
    """How many files the notes say to be left out, but for those of the quarantine."""
    count = 0
    for note in notes:
        if "as they are no images" in note:
            kinds = note.partition(": ")[2].partition(" (")[0]
            count += sum(int(kind.split()[0]) for kind in kinds.split(", "))
        elif "quarantine" not in note and (
            "left out" in note or "not read" in note
        ):
            count += int(re.findall(r"\d+", note)[0])
    return count
