"""The file that a row means: exactly its name, else the one that it can only mean, with a line."""

import random
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from croquis.core.errors import InputError
from croquis.dataset.image_paths import locate_images

NFC = "café/0.png"
NFD = unicodedata.normalize("NFD", NFC)


def put(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def located(folder: Path, *rows: str, within: str | None = None) -> list[str]:
    """The files of the rows, relative to train/, and then the notes."""
    table = pd.DataFrame({"image_path": list(rows)}, dtype=str)
    paths, notes = locate_images(table, folder / "train.csv", "train", within)
    return [path.removeprefix("train/") for path in paths] + notes


def refusal(folder: Path, *rows: str) -> str:
    with pytest.raises(InputError) as caught:
        located(folder, *rows)
    return str(caught.value).removeprefix(f"{folder}/train.csv: expected ")


def note(count: int, what: str, name: str, file: str) -> str:
    words = f"{count} names differ from their files in {what}"
    assert count > 1
    return f"train.csv: {words}, as {name!r} for {file!r}"


@pytest.mark.parametrize(
    ("row", "file", "what"),
    [
        (NFC, NFD, "normal form (NFC, NFD)"),
        (NFD, NFC, "normal form (NFC, NFD)"),
        ("12.jpg", "12.JPG", "case"),
        ("a/12.JPG", "A/12.jpg", "case"),
        ("STRASSE.png", "straße.png", "case"),
        ("a.png ", "a.png", "blanks"),
        ("a.png", "a .png", "blanks"),
        ("a/0.png", "a /0.png", "blanks"),
        ("at 10 AM.png", "at 10\u202fAM.png", "blanks"),  # as macOS names them
        ("\u200ba.png\ufeff", "a.png", "blanks"),
        ("a%20b/%EC%82%AC.png", "a b/사.png", "percent signs"),
        ("a b.png", "a%20b.png", "percent signs"),
        ("00000", "00000.jpg", "the suffix"),
        ("a/00000", "a/00000.JPEG", "the suffix"),
        ("img.001", "img.001.png", "the suffix"),
        ("x", "X.PNG", "the suffix and case"),
        ("7", "007.jpg", "leading zeros and the suffix"),
        ("a/0.PNG", "a/000.png", "leading zeros"),
        (NFC.upper(), NFD, "normal form (NFC, NFD) and case"),
    ],
)
def test_a_name_that_can_mean_one_file_only_is_read_with_a_line(
    tmp_path: Path, row: str, file: str, what: str
) -> None:
    put(tmp_path, f"train/{file}", "train/b.png")
    read = located(tmp_path, row, "b.png")
    assert read[:2] == [file, "b.png"]
    assert len(read) == 3 and f"in {what}, as " in read[2]


def test_the_line_counts_and_shows_the_first(tmp_path: Path) -> None:
    files = [f"{number}.JPG" for number in range(12)]
    put(tmp_path, *(f"train/{file}" for file in files))
    rows = [file.lower() for file in files]
    assert located(tmp_path, *rows) == [*files, note(12, "case", "0.jpg", "0.JPG")]


def test_backslashes_are_shown_as_they_are(tmp_path: Path) -> None:
    put(tmp_path, "train/cup/0.png", "train/tree/0.png")
    read = located(tmp_path, "cup\\0.png", ".\\tree\\\\0.png")
    assert read[:2] == ["cup/0.png", "tree/0.png"]
    assert read[2:] == [
        r"train.csv: 2 names differ from their files in backslashes,"
        r" as 'cup\0.png' for 'cup/0.png'"
    ]


def test_needless_dots_and_slashes_need_no_line(tmp_path: Path) -> None:
    put(tmp_path, "train/a/0.png", "train/b/0.png")
    assert located(tmp_path, "./a//0.png", "b/./0.png") == ["a/0.png", "b/0.png"]


def test_exact_names_come_first(tmp_path: Path) -> None:
    files = ["A.jpg", "a.jpg", NFC, NFD, "3.png", "3", "x y.png", "x%20y.png"]
    files += ["b\\0.png", "b/0.png"]
    put(tmp_path, *(f"train/{file}" for file in files))
    assert located(tmp_path, *files) == files


@pytest.mark.parametrize(
    ("row", "files"),
    [
        ("A.Jpg", ["A.jpg", "a.jpg"]),
        ("3", ["3.jpg", "3.png"]),
        ("7", ["007.jpg", "07.jpg"]),
        ("CAFÉ/0.png", [NFD, NFC]),
        ("a ", ["a.PNG", "a.png"]),
    ],
)
def test_where_two_files_could_be_meant_both_are_named(
    tmp_path: Path, row: str, files: list[str]
) -> None:
    put(tmp_path, *(f"train/{file}" for file in files))
    names = " and ".join(map(repr, files))
    assert refusal(tmp_path, row) == (
        f"one file for each image_path, received 1 that could mean several, as {row!r}"
        f" in line 2: {names}; write each name as its file has it, in full"
    )


def test_the_strictest_form_that_fits_decides(tmp_path: Path) -> None:
    put(tmp_path, "train/a.png", "train/A.png", f"train/{NFD}", "train/CAFÉ/0.png")
    assert located(tmp_path, "a")[0] == "a.png"
    assert located(tmp_path, NFC)[0] == NFD


@pytest.mark.parametrize("rows", [("A.jpg", "a.jpg"), ("a", "a.jpg")])
def test_rows_of_one_file_are_named(tmp_path: Path, rows: tuple[str, str]) -> None:
    put(tmp_path, "train/a.jpg")
    assert refusal(tmp_path, *rows) == (
        "a file of its own for each image_path, received 1 named by several rows,"
        f" as 'a.jpg' by {rows[0]!r} in line 2 and {rows[1]!r} in line 3;"
        " keep one of these rows, or add the other file"
    )


@pytest.mark.parametrize(
    "front",
    [
        "data/train/",
        "data\\train\\",
        "/kaggle/input/set/train/",
        "C:\\Users\\kim\\set\\train\\",
        "../input/train/",
        "../../",
        "/",
        "train_images/",
    ],
)
def test_folders_in_front_of_all_rows_are_left_out_with_a_line(
    tmp_path: Path, front: str
) -> None:
    put(tmp_path, "train/a/0.png", "train/b/1.png")
    read = located(tmp_path, f"{front}a/0.png", f"{front}b/1.png")
    assert read[:2] == ["a/0.png", "b/1.png"]
    shown = front.replace("\\", "/")
    assert read[2:] == [
        f"train.csv: {shown!r} in front of each image_path is left out"
    ]


def test_folders_in_front_may_differ_before_the_name_of_the_split(
    tmp_path: Path,
) -> None:
    put(tmp_path, "train/a/0.png", "train/train/1.png")
    rows = ["/home/kim/train/a/0.png", "D:\\set\\train\\train\\1.png"]
    assert located(tmp_path, *rows) == [
        "a/0.png",
        "train/1.png",
        "train.csv: '.../train/' in front of each image_path is left out",
    ]


def test_a_folder_that_is_there_is_never_left_out(tmp_path: Path) -> None:
    put(tmp_path, "train/0.png", "train/1.png", "train/a/9.png")
    said = refusal(tmp_path, "a/0.png", "a/1.png")
    assert "received 2 that are not there (a/0.png, a/1.png)" in said
    assert "'a/0.png' is there as '0.png'" in said


def test_folders_are_left_out_only_where_each_row_then_has_a_file(
    tmp_path: Path,
) -> None:
    put(tmp_path, "train/0.png")
    assert "2 that are not there (x/0.png, x/1.png)" in refusal(
        tmp_path, "x/0.png", "x/1.png"
    )


def test_a_path_that_leads_out_is_refused_even_if_a_file_is_there(
    tmp_path: Path,
) -> None:
    put(tmp_path, "train/0.png", "secret/1.png")
    assert "paths inside train/" in refusal(tmp_path, "0.png", "../secret/1.png")
    outside = str(tmp_path / "secret/1.png")
    assert "paths inside train/" in refusal(tmp_path, "0.png", outside)


def test_images_may_lie_in_a_folder_of_another_name(tmp_path: Path) -> None:
    put(tmp_path, "images/0.png", "images/1.png")
    rows = ["images/0.png", "images/1.png"]
    assert located(tmp_path, *rows, within="images") == rows
    assert located(tmp_path, "0", "1.PNG", within="images")[:2] == rows
    assert located(tmp_path, *rows, within=".") == rows


@pytest.mark.parametrize(
    ("files", "rows", "received", "fix"),
    [
        (["3.jpg"], ["3.png"], "1 that are not there (3.png), and 1 image that no row"
         " names (3.jpg)", "'3.jpg' has another suffix than '3.png'"),
        (["3"], ["3.png"], "1 that are not there (3.png);",
         "'3' has no suffix, unlike '3.png'"),
        (["a_007.jpg"], ["a_7"], "1 image that no row names (a_007.jpg)",
         "'a_007.jpg' has other leading zeros than 'a_7'"),
        (["a/x.jpg"], ["x.jpg"], "(a/x.jpg)", "'x.jpg' is there as 'a/x.jpg'"),
        (["0.png", "5.png"], ["0.png", "1.png"],
         "1 that are not there (1.png), and 1 image that no row names (5.png)",
         "compare the names in the csv with those of the files"),
        (["0.png"], ["0.png", "1.png"], "1 that are not there (1.png);",
         "; add these files, or take their rows out"),
        (["../test/9.png", "0.png"], ["0.png", "9.png"], "(9.png);",
         "'9.png' is in test/"),
    ],
)  # fmt: skip
def test_what_is_missing_is_explained_by_what_is_there(
    tmp_path: Path, files: list[str], rows: list[str], received: str, fix: str
) -> None:
    (tmp_path / "train").mkdir()
    put(tmp_path, *(f"train/{file}" for file in files))
    said = refusal(tmp_path, *rows)
    assert said.startswith("a file in train/ for each image_path, received ")
    assert received in said and said.endswith(fix)


def test_a_folder_of_another_case_is_named(tmp_path: Path) -> None:
    put(tmp_path, "Train/0.png")
    assert refusal(tmp_path, "0.png").endswith(
        "rename Train/, which differs in case, to train/"
    )


def test_a_file_behind_a_link_to_a_folder_is_there(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/0.png", "train/b/1.png")
    (tmp_path / "train/a").symlink_to(tmp_path / "elsewhere")
    assert located(tmp_path, "a/0.png", "./b/1.png") == ["a/0.png", "b/1.png"]


def test_a_table_without_rows_needs_no_files(tmp_path: Path) -> None:
    assert located(tmp_path) == []


CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "NFC": lambda name: unicodedata.normalize("NFC", name),
    "NFD": lambda name: unicodedata.normalize("NFD", name),
    "upper case": str.upper,
    "backslashes": lambda name: name.replace("/", "\\"),
    "doubled": lambda name: name.replace("/", "//"),
    "dotted": lambda name: f"./{name}",
    "blank": lambda name: f"{name} ",
    "no suffix": lambda name: str(PurePosixPath(name).with_suffix("")),
    "front": lambda name: f"data/train/{name}",
}
SET = [
    "사과/0.png",
    "사과/1.JPG",
    "café/été.webp",
    "b/x y.png",
    "b/Ä.tif",
    "b/n.1.gif",
]


@settings(max_examples=40, deadline=None)
@given(
    on_disk=st.sampled_from(["as it is", "NFC", "NFD", "upper case"]),
    changes=st.lists(st.sampled_from(sorted(CHANGES)), max_size=3),
    front=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_any_mix_of_spellings_and_orders_names_the_same_files(
    on_disk: str, changes: list[str], front: bool, order: random.Random
) -> None:
    files = [CHANGES[on_disk](name) for name in SET]
    rows = dict(zip(SET, SET, strict=True))
    for change in changes:
        if change != "front":
            rows = {name: CHANGES[change](row) for name, row in rows.items()}
    if front:
        rows = {name: CHANGES["front"](row) for name, row in rows.items()}
    shuffled = order.sample(SET, len(SET))
    with TemporaryDirectory() as place:
        put(Path(place), *(f"train/{file}" for file in files))
        read = located(Path(place), *(rows[name] for name in shuffled))
    expected = dict(zip(SET, files, strict=True))
    assert read[: len(SET)] == [expected[name] for name in shuffled]


@settings(max_examples=25, deadline=None)
@given(
    there=st.sets(st.integers(0, 9)),
    rows=st.lists(st.integers(0, 9), min_size=1, unique=True),
    change=st.sampled_from(["as it is", "NFD", "upper case", "no suffix"]),
)
def test_every_row_is_found_or_counted(
    there: set[int], rows: list[int], change: str
) -> None:
    names = [CHANGES[change](f"é/{row}.png") for row in rows]
    lost = [name for name, row in zip(names, rows, strict=True) if row not in there]
    with TemporaryDirectory() as place:
        put(
            Path(place), "train/other.png", *(f"train/é/{row}.png" for row in there)
        )
        if not lost:
            read = located(Path(place), *names)[: len(rows)]
            assert read == [f"é/{row}.png" for row in rows]
            return
        said = refusal(Path(place), *names)
    shown = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
    images = len(there - set(rows)) + 1  # and other.png
    noun = "images" if images > 1 else "image"
    assert f"received {len(lost)} that are not there ({shown})" in said
    assert f", and {images} {noun} that no row names (" in said
