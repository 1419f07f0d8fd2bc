"""Tables as people and programs save them: read where one reading is certain, else refused."""

import csv
import io
import unicodedata
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import read_table

HEADER = ["class_name", "image_path", "target"]
ROWS = [["cup", "cup/0.png", "0"], ["star", "star/1.png", "1"]]
PLAIN = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"


def table_of(
    folder: Path, content: str | bytes, files: tuple[str, ...] = ()
) -> Path:
    for name in files:
        path = folder / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    csv = folder / "train.csv"
    csv.write_bytes(content.encode() if isinstance(content, str) else content)
    return csv


def cells_and_notes(path: Path) -> tuple[list[list[str]], str]:
    table, notes = read_table(path, ["image_path"])
    return [list(table.columns), *table.to_numpy().tolist()], "; ".join(notes)


@pytest.mark.parametrize(
    ("separator", "name"),
    [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\ufeff"])
def test_another_separator_is_read_with_a_note(
    tmp_path: Path, separator: str, name: str, end: str, mark: str
) -> None:
    text = mark + PLAIN.replace(",", separator).replace("\n", end)
    cells, notes = cells_and_notes(table_of(tmp_path, text))
    assert cells == [HEADER, *ROWS]
    assert notes == f"train.csv: read with {name} between cells"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n\n"], ids=["none", "one", "three"])
def test_a_plain_csv_has_no_note(tmp_path: Path, end: str, last: str) -> None:
    text = (PLAIN.rstrip("\n") + last).replace("\n", end)
    assert cells_and_notes(table_of(tmp_path, text)) == ([HEADER, *ROWS], "")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-16", b""),  # writes a mark
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-32", b""),
    ],
)
@pytest.mark.parametrize("separator", [",", "\t"])
def test_utf_16_and_32_are_certain(
    tmp_path: Path, encoding: str, mark: bytes, separator: str
) -> None:
    """Excel's "Unicode text" is UTF-16 with tabs."""
    text = PLAIN.replace("cup", "컵").replace(",", separator)
    cells, notes = cells_and_notes(table_of(tmp_path, mark + text.encode(encoding)))
    assert cells[1] == ["컵", "컵/0.png", "0"]
    assert f"read as UTF-{encoding[4:6]}" in notes


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("cp949", "가위"),
        ("euc_kr", "가위"),
        ("cp949", "믜"),  # of the syllables that EUC-KR lacks
        ("cp932", "ねこ"),
        ("gb18030", "狗和猫"),
        ("cp950", "貓咪"),
        ("cp1252", "café"),
        ("latin1", "Müller"),
        ("cp1251", "кошка"),
        ("mac_roman", "café"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_code_page_is_certain_where_files_have_the_names_that_it_gives(
    tmp_path: Path, encoding: str, word: str, form: str
) -> None:
    on_disk = unicodedata.normalize(form, f"{word}/0.png")
    content = PLAIN.replace("cup", word).encode(encoding)
    cells, notes = cells_and_notes(table_of(tmp_path, content, (on_disk,)))
    assert cells[1] == [word, f"{word}/0.png", "0"]
    assert "files are named so" in notes


def test_hangul_alone_is_korean_where_no_file_tells(tmp_path: Path) -> None:
    content = "image_path,class_name\n0.png,가위\n1.png,컵\n".encode("cp949")
    cells, notes = cells_and_notes(table_of(tmp_path, content))
    assert cells[1:] == [["0.png", "가위"], ["1.png", "컵"]]
    assert notes.endswith(
        "read as CP949 (Korean Windows), as it gives Hangul only, as 가위"
    )


@pytest.mark.parametrize("word", ["café", "Müller", "señor"])
def test_an_encoding_that_is_not_certain_is_refused_with_those_tried(
    tmp_path: Path, word: str
) -> None:
    content = f"image_path,class_name\n0.png,x\n1.png,{word}\n".encode("cp1252")
    with pytest.raises(
        InputError,
        match=r"line 3, which is not UTF-8; of CP949, .*; save it as UTF-8",
    ):
        read_table(table_of(tmp_path, content), ["image_path"])


def test_control_signs_are_no_reading(tmp_path: Path) -> None:
    """A dash and a euro of CP1252 are control signs in Latin-1."""
    content = "image_path,class_name\ncafé/0.png,5 € \u2013 6 €\n".encode("cp1252")
    cells, notes = cells_and_notes(table_of(tmp_path, content, ("café/0.png",)))
    assert cells[1] == ["café/0.png", "5 € \u2013 6 €"]
    assert "CP1252" in notes


def test_two_encodings_that_files_prove_and_that_differ_are_both_named(
    tmp_path: Path,
) -> None:
    """The byte E3 is a letter of CP1252 and another one of CP1250."""
    content = b"image_path,class_name\ncaf\xe9/0.png,\xe3\n"
    with pytest.raises(
        InputError, match=r"LATIN1 .* and CP1250 .* read differently"
    ):
        read_table(table_of(tmp_path, content, ("café/0.png",)), ["image_path"])


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_line_that_states_a_separator_is_left_out(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    text = f"sep={separator}\r\n" + PLAIN.replace(",", separator)
    cells, notes = cells_and_notes(table_of(tmp_path, text.encode(encoding)))
    assert cells == [HEADER, *ROWS]
    assert "its first line states the separator alone" in notes


@pytest.mark.parametrize("header", ["", ","], ids=["header without", "header with"])
@pytest.mark.parametrize("rows", ["", ",", ",,,"])
def test_commas_at_the_ends_of_rows_shift_nothing(
    tmp_path: Path, header: str, rows: str
) -> None:
    """pandas takes the first column for an index."""
    lines = PLAIN.splitlines()
    text = "\n".join([lines[0] + header, *(line + rows for line in lines[1:])])
    cells, _ = cells_and_notes(table_of(tmp_path, text))
    assert cells == [HEADER, *ROWS]


def test_a_comma_at_the_end_is_told_from_an_index_by_the_files(
    tmp_path: Path,
) -> None:
    files = ("0.png", "1.png")
    as_index = table_of(
        tmp_path, "image_path,source_id\n0,0.png,\n1,1.png,\n", files
    )
    assert cells_and_notes(as_index)[0][1:] == [["0.png", ""], ["1.png", ""]]
    as_comma = table_of(tmp_path, "ID,image_path\n0,0.png,\n1,1.png,\n", files)
    assert cells_and_notes(as_comma)[0][1:] == [["0", "0.png"], ["1", "1.png"]]


@pytest.mark.parametrize("first", [0, 1], ids=["first row", "later row"])
@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("cat, black,cat/2.png,2", ["cat, black", "cat/2.png", "2"]),
        ("cat, black,cat, black/3.png,2", ["cat, black", "cat, black/3.png", "2"]),
        ("a,b,c,cat/2.png,2", ["a,b,c", "cat/2.png", "2"]),
    ],
)
def test_a_value_with_a_comma_and_no_quotes_is_read_where_one_reading_fits(
    tmp_path: Path, first: int, row: str, cells: list[str]
) -> None:
    lines = PLAIN.splitlines()
    lines.insert(1 + first, row)
    files = ("cup/0.png", "star/1.png", "cat/2.png", "cat, black/3.png")
    table, notes = cells_and_notes(table_of(tmp_path, "\n".join(lines), files))
    assert table[1 + first] == cells
    assert (
        f"1 row with a ',' in a value without quotes, as line {2 + first}" in notes
    )


@pytest.mark.parametrize(
    "row",
    ["cat, black,lost.png,2", "x,0.png,a,b", "x,0.png,y,z,2"],
)
def test_a_shift_that_is_not_certain_is_named_with_its_line(
    tmp_path: Path, row: str
) -> None:
    count = row.count(",") + 1
    with pytest.raises(
        InputError,
        match=rf"line 4 has {count} cells, the header 3.*; put quotes around a value",
    ):
        read_table(table_of(tmp_path, PLAIN + row + "\n"), ["image_path"])


def test_rows_without_text_are_left_out_and_counted(tmp_path: Path) -> None:
    cells, notes = cells_and_notes(table_of(tmp_path, PLAIN + ",,\n , ,\n\n"))
    assert cells == [HEADER, *ROWS]
    assert notes == "train.csv: 2 rows without text left out"


def test_comments_before_the_header_are_left_out(tmp_path: Path) -> None:
    cells, notes = cells_and_notes(table_of(tmp_path, f"# a, b\n# c\n{PLAIN}"))
    assert cells == [HEADER, *ROWS]
    assert "2 lines before the names of columns" in notes


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b", "\ufeff", "\t"])
def test_what_nobody_sees_is_no_part_of_a_columns_name(
    tmp_path: Path, blank: str
) -> None:
    text = PLAIN.replace("image_path", f"{blank}image_path{blank}")
    assert cells_and_notes(table_of(tmp_path, text)) == ([HEADER, *ROWS], "")


def test_a_missing_header_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"data in the first line: cup, .*; put a line of names above",
    ):
        read_table(table_of(tmp_path, "cup,cup/0.png\n"), ["image_path"])


def test_a_name_in_other_letters_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="write image_path for Image_Path"):
        read_table(table_of(tmp_path, "Image_Path\n0.png\n"), ["image_path"])


def test_a_column_that_is_there_twice_is_read_only_if_alike(tmp_path: Path) -> None:
    cells, notes = cells_and_notes(
        table_of(tmp_path, "image_path,target, target\n0.png,1,1\n")
    )
    assert cells == [["image_path", "target"], ["0.png", "1"]]
    assert "a second column target" in notes
    with pytest.raises(
        InputError, match="one column target, received two that differ"
    ):
        read_table(
            table_of(tmp_path, "image_path,target,target\n0.png,1,0\n"),
            ["image_path"],
        )


def test_columns_of_no_meaning_keep_the_names_that_pandas_gives(
    tmp_path: Path,
) -> None:
    cells, notes = cells_and_notes(
        table_of(tmp_path, "image_path,x,x,x\n0.png,1,2,3\n")
    )
    assert cells == [["image_path", "x", "x.1", "x.2"], ["0.png", "1", "2", "3"]]
    assert "2 columns more of a name that is there, as x, read as x.1" in notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('0.png,"cup\n1.png,cup\n2.png,cup\n', "line 2 and closes nowhere"),
        ('0.png,"cup', "line 2 and closes nowhere"),
        ('0.png,"cup\n1.png,cup\n2.png,"cup"\n', "line 2 and has 2 line ends"),
        ('9.png,cup\n"0.png,x\n1.png,y",z\n', "line 3 and has 1 line end"),
    ],
)
def test_a_quote_that_swallows_rows_is_named_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    path = table_of(tmp_path, f"image_path,label\n{text}")
    with pytest.raises(
        InputError, match=f"a quote that opens in {words}.*; close it"
    ):
        read_table(path, ["image_path"])


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        # pandas-dev/pandas 14124: the first column became the index.
        ("A,B,image_path\n1,4,7,\n2,5,8,\n", [["1", "4", "7"], ["2", "5", "8"]]),
        # pandas-dev/pandas 9295: one comma too many, in the first row, shifted all rows.
        ("A,B,image_path\n0,5,9,\n0,6,21\n", [["0", "5", "9"], ["0", "6", "21"]]),
        # qiita-spots/qiita 3076: Excel writes the empty columns that were once touched.
        ("A,B,image_path,,\n1,2,3,,\n,,,,\n", [["1", "2", "3"]]),
    ],
)
def test_commas_of_public_reports_shift_nothing(
    tmp_path: Path, text: str, cells: list[list[str]]
) -> None:
    assert cells_and_notes(table_of(tmp_path, text))[0][1:] == cells


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_rows_may_have_another_separator_than_the_header(
    tmp_path: Path, sign: str
) -> None:
    header, rows = PLAIN.split("\n", 1)
    text = header + "\n" + rows.replace(",", sign)
    cells, notes = cells_and_notes(table_of(tmp_path, text))
    assert cells == [HEADER, *ROWS]
    assert "its rows are read with" in notes


def test_lines_that_are_one_quoted_cell_each_are_rows(tmp_path: Path) -> None:
    text = "\n".join(f'"{line}"' for line in PLAIN.splitlines())
    cells, notes = cells_and_notes(table_of(tmp_path, text))
    assert cells == [HEADER, *ROWS]
    assert "each line is one cell in quotes" in notes


def test_quotes_after_blanks_are_quotes(tmp_path: Path) -> None:
    text = '"class_name", "image_path"\n"cat, black", "a, b/0.png"\n'
    assert cells_and_notes(table_of(tmp_path, text))[0] == [
        ["class_name", "image_path"],
        ["cat, black", "a, b/0.png"],
    ]


@pytest.mark.parametrize("title", ["My data", "My data,,", "# a, b, c", ",,", "\n"])
def test_titles_before_the_names_of_columns_are_left_out(
    tmp_path: Path, title: str
) -> None:
    cells, _ = cells_and_notes(table_of(tmp_path, f"{title}\n{PLAIN}"))
    assert cells == [HEADER, *ROWS]


def test_names_of_columns_in_the_middle_are_no_row(tmp_path: Path) -> None:
    """As where two tables were joined with cat."""
    cells, notes = cells_and_notes(table_of(tmp_path, PLAIN + PLAIN))
    assert cells == [HEADER, *ROWS, *ROWS]
    assert "1 row with the names of columns once more left out" in notes


def test_the_end_that_dos_marked_is_no_row(tmp_path: Path) -> None:
    assert cells_and_notes(table_of(tmp_path, PLAIN + "\x1a")) == (
        [HEADER, *ROWS],
        "",
    )


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("gb18030", "猫和狗"), ("johab", "강아지"), ("cp932", "ねこ")],
)
def test_hangul_that_korean_hardly_has_is_not_korean(
    tmp_path: Path, encoding: str, word: str
) -> None:
    content = f"image_path,class_name\n0.png,{word}\n".encode(encoding)
    with pytest.raises(InputError, match=r"none is certain; save it as UTF-8"):
        read_table(table_of(tmp_path, content), ["image_path"])


def test_a_lone_quote_is_named_where_pandas_says_eof(tmp_path: Path) -> None:
    """pandas-dev/pandas 22140: a cell that is one quote swallows the rest of the file."""
    text = 'image_path|n|label\na|1|p\nb|2|q\nc|3|"\nd|4|s\n'
    with pytest.raises(InputError, match="a quote that opens in line 4 and closes"):
        read_table(table_of(tmp_path, text), ["image_path"])


def test_text_of_several_lines_in_a_column_of_no_meaning_stays(
    tmp_path: Path,
) -> None:
    text = 'image_path,text\n0.png,"one, two\nthree"\n1.png,"say ""four"""\n'
    cells, notes = cells_and_notes(table_of(tmp_path, text))
    assert cells[1:] == [["0.png", "one, two\nthree"], ["1.png", 'say "four"']]
    assert notes == ""


def test_a_zero_byte_is_named_with_its_line(tmp_path: Path) -> None:
    path = table_of(tmp_path, PLAIN.replace("star/", "st\0ar/"))
    with pytest.raises(InputError, match=r"a zero byte, .* in line 3"):
        read_table(path, ["image_path"])


@pytest.mark.parametrize(
    ("start", "name", "fix"),
    [
        (
            b"PK\3\4\x14\0\6\0....[Content_Types].xml",
            "an Excel workbook",
            "save it as",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            r"an old Excel workbook",
            "save it as",
        ),
        (b"PK\3\4\x14\0\0\0", "a zip archive", "unpack it"),
        (b"PAR1\x15\4", "a Parquet table", "write the table as a csv"),
        (b"\x1f\x8b\x08\0", "a gzip file", "unpack it, as with `gunzip`"),
        (b"<!DOCTYPE html><html>", "a web page", "fetch the file itself"),
        (b"\n\n<HTML>", "a web page", "fetch the file itself"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS",
            "git lfs pull",
        ),
        (b'[{"image_path": "0.png"}]', "JSON", "write the table as a csv"),
        (b"outs:\n- md5: 0\n", "a .dvc file", "dvc pull"),
    ],
)
def test_another_kind_of_file_is_named_by_its_first_bytes(
    tmp_path: Path, start: bytes, name: str, fix: str
) -> None:
    path = table_of(tmp_path, start + b"\n" + b"x" * 2_000_000)
    with pytest.raises(InputError, match=f"a csv file, received {name}.*; .*{fix}"):
        read_table(path, ["image_path"])


@pytest.mark.parametrize("columns", [["id", "label"], ["label", "id"]])
def test_separators_are_found_where_no_column_is_asked_for(
    tmp_path: Path, columns: list[str]
) -> None:
    path = table_of(tmp_path, ";".join(columns) + "\n1;2\n")
    assert list(read_table(path, [])[0].columns) == columns


def test_all_ways_to_write_a_table_read_the_same(tmp_path: Path) -> None:
    rows = [HEADER, *ROWS, ["a;b", "a|b/2.png", "2"], ['say "c"', "c/3.png", "3"]]
    for separator in ",;\t|":
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
                text = io.StringIO(newline="")
                csv.writer(text, delimiter=separator, quoting=quoting).writerows(
                    rows
                )
                path = table_of(tmp_path, text.getvalue().encode(encoding))
                assert cells_and_notes(path)[0] == rows
