"""Tables: columns count by name, cells are text, and wrong rows are counted and shown."""

import time
from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table
from croquis.dataset.image_files import images_in, natural
from croquis.dataset.image_paths import locate_images


def table_of(folder: Path, text: str | bytes) -> Path:
    path = folder / "train.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_cells_stay_as_they_were_written(tmp_path: Path) -> None:
    table, notes = read_table(
        table_of(tmp_path, "a,b\n007,nan\nNA,1.0\n"), ["a", "b"]
    )
    assert table.to_numpy().tolist() == [["007", "nan"], ["NA", "1.0"]]
    assert notes == []


@pytest.mark.parametrize(
    "text",
    [
        ",a,b\n0,x,y\n",  # pandas' to_csv
        "Unnamed: 0,a,b\n0,x,y\n",  # the same, read and written once more
        "a,b\n0,x,y\n",  # R's write.table
        '"","a","b"\n"0","x","y"\n',  # R's write.csv
    ],
)
def test_an_index_without_a_name_is_dropped_with_a_note(
    tmp_path: Path, text: str
) -> None:
    table, notes = read_table(table_of(tmp_path, text), ["a", "b"])
    assert table.to_dict("list") == {"a": ["x"], "b": ["y"]}
    assert notes == ["train.csv: an index column without a name was left out"]


def test_the_mark_that_excel_writes_first_is_no_part_of_a_name(
    tmp_path: Path,
) -> None:
    table, _ = read_table(
        table_of(tmp_path, b"\xef\xbb\xbfa, b\r\nx,y\r\n"), ["a", "b"]
    )
    assert table.to_dict("list") == {"a": ["x"], "b": ["y"]}


def test_a_second_mark_of_a_script_is_no_part_of_a_name_either(
    tmp_path: Path,
) -> None:
    """Read as utf-8, a mark is a letter; written as utf-8-sig, it has another one before it."""
    mark = b"\xef\xbb\xbf"
    table, _ = read_table(
        table_of(tmp_path, mark + mark + b"a,b\nx,y\n"), ["a", "b"]
    )
    assert table.to_dict("list") == {"a": ["x"], "b": ["y"]}


@pytest.mark.parametrize("text", ["", b"a,b\n\xff\xfe,1\n", 'a,b\n"open,1\n'])
def test_what_is_no_csv_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(
        InputError, match=r"train.csv: expected a csv file, received"
    ):
        read_table(table_of(tmp_path, text), ["a"])


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="expected a column b, received only a, c; add or rename"
    ):
        read_table(table_of(tmp_path, "a,c\n1,2\n"), ["a", "b"])


def test_empty_cells_are_counted_and_their_lines_named(tmp_path: Path) -> None:
    path = table_of(tmp_path, "a,b\n1,2\n,3\n4,5\n,6\n")
    with pytest.raises(
        InputError, match=r"each row of a, received 2 rows.*\(line 3, line 5\)"
    ):
        read_table(path, ["a"])


def test_a_short_row_has_empty_cells(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"each row of b, received 1 rows.*\(line 2\)"
    ):
        read_table(table_of(tmp_path, "a,b\n1\n"), ["a", "b"])


def locate(folder: Path, *names: str) -> list[str]:
    path = table_of(folder, "image_path\n" + "\n".join(names) + "\n")
    table, _ = read_table(path, ["image_path"])
    paths, notes = locate_images(table, path, "train")
    assert notes == []
    return paths.tolist()


def test_paths_are_found_under_their_split(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "0.png").touch()
    assert locate(tmp_path, "./0.png") == ["train/0.png"]


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["train/0.png"], ["train/0.png"]),  # relative to the csv
        (["train/0.png"], ["train/train/0.png"]),  # of a class called train
        (["train/0.png", "1.png"], ["train/train/0.png", "train/1.png"]),
    ],
)
def test_a_prefix_counts_where_all_rows_have_it_and_no_class_is_called_so(
    tmp_path: Path, names: list[str], files: list[str]
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert locate(tmp_path, *names) == files


@pytest.mark.parametrize(
    "name", ["../secret.png", "a/../../secret.png", "/etc/passwd"]
)
def test_paths_that_leave_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InputError, match="expected paths inside train/, received 1"
    ):
        locate(tmp_path, name)


def test_doubled_rows_are_counted_even_if_spelt_differently(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"each image_path once, received 2 .*\(./a.png, b.png\)"
    ):
        locate(tmp_path, "a.png", "b.png", "./a.png", "b.png")


def test_missing_files_are_counted_and_the_first_three_named(
    tmp_path: Path,
) -> None:
    with pytest.raises(
        InputError, match=r"received 5 .*\(0.png, 1.png, 2.png, \.\.\.\); add"
    ):
        locate(tmp_path, *(f"{number}.png" for number in range(5)))


def test_natural_order_counts() -> None:
    names = ["10.png", "9.png", "a2/1.png", "a10/1.png", "1.png"]
    assert sorted(names, key=natural) == [
        "1.png",
        "9.png",
        "10.png",
        "a2/1.png",
        "a10/1.png",
    ]


def test_images_are_told_by_their_suffix_in_any_case(tmp_path: Path) -> None:
    for name in ("0.JPEG", "1.png", "x.txt", ".2.png", "._3.png", "Thumbs.db"):
        (tmp_path / name).touch()
    assert images_in(tmp_path) == ["0.JPEG", "1.png"]


@pytest.mark.parametrize("name", ["a" * 300, "a" * 200_000, "a/" * 3_000, "a\0b"])
def test_a_path_that_no_file_can_have_is_a_lost_one(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "train").mkdir()
    for path in ([name], ["0.png", name], [f"train/{name}"]):
        table = pd.DataFrame({"image_path": path})
        with pytest.raises(
            InputError, match="a file in train/ for each image_path"
        ):
            locate_images(table, tmp_path / "train.csv", "train")


def test_a_table_in_one_pair_of_quotes_is_told_so(tmp_path: Path) -> None:
    path = table_of(tmp_path, '"a,b\n0.png,cup\n1.png,star"\n')
    with pytest.raises(InputError, match="one pair of quotes; take off the quotes"):
        read_table(path, ["a", "b"])


def test_blanks_between_cells_take_no_time_that_grows_with_their_square(
    tmp_path: Path,
) -> None:
    path = table_of(tmp_path, "sep= \na b\n0.png cup" + 500_000 * " " + "x\n")
    start = time.process_time()
    with pytest.raises(InputError, match="cells"):
        read_table(path, ["a", "b"])
    assert time.process_time() - start < 10


def test_a_letter_or_a_quote_is_no_separator_that_a_line_may_state(
    tmp_path: Path,
) -> None:
    with pytest.raises(InputError, match="a column a"):
        read_table(table_of(tmp_path, 'sep="\na"b\nx"y\n'), ["a", "b"])
    table, notes = read_table(
        table_of(tmp_path, "sep=\r\na,b\r\nx,y\r\n"), ["a", "b"]
    )
    assert table.to_dict("list") == {"a": ["x"], "b": ["y"]}
    assert notes == ["train.csv: 1 line before the names of columns left out"]


def test_text_of_several_lines_may_end_with_the_name_of_a_file(
    tmp_path: Path,
) -> None:
    text = 'a,b,text\n0.png,cup,"see\n1.png"\n'
    table, _ = read_table(table_of(tmp_path, text), ["a", "b"])
    assert table.to_dict("records") == [
        {"a": "0.png", "b": "cup", "text": "see\n1.png"}
    ]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Ã©toile", ["train.csv: 'Ã©toile' looks like 'étoile' in a wrong encoding: if it"
         " is, write the table anew"]),
        ("caf\ufffd", ["train.csv: 'caf\ufffd' has a sign that stands for a lost letter:"
         " write the table anew from what it was made of"]),
        ("SÃO étoile", []),
        ("컵", []),
    ],
)  # fmt: skip
def test_words_of_a_wrong_encoding_are_named(
    tmp_path: Path, word: str, said: list[str]
) -> None:
    table, notes = read_table(table_of(tmp_path, f"a,b\nx,{word}\n"), ["a", "b"])
    assert table.to_dict("list") == {"a": ["x"], "b": [word]}
    assert notes == said


def test_rows_that_could_be_joined_in_millions_of_ways_are_refused_at_once(
    tmp_path: Path,
) -> None:
    long = "0.png,1,2,3," + ",".join("abcdefgh") + "\n"  # 330 ways
    text = "image_path,a,b,c,class_name\n0.png,1,2,3,cup\n" + 16_000 * long
    start = time.process_time()
    with pytest.raises(InputError, match="line 3 has 12 cells, the header 5"):
        read_table(table_of(tmp_path, text), ["image_path", "class_name"])
    assert time.process_time() - start < 3
