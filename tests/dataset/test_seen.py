"""What an error says of a folder: the first few of its folders and files, the rest as a number."""

from pathlib import Path

from croquis.dataset.folders.seen import describe, first_of
from support.empty_files import grown


def test_the_first_few_are_named_and_the_rest_counted() -> None:
    assert first_of("abc") == "a, b, c"
    assert first_of("abcde") == "a, b, c and 2 more"


def test_a_folder_is_said_in_natural_order_without_what_is_hidden(
    tmp_path: Path,
) -> None:
    grown(tmp_path, "b/{10,2,1}.png", "a/x/0.png", "a/0.txt", ".git/0", "read.me")
    assert describe(tmp_path) == (
        "a/ with 1 folder (x/) and 1 file (0.txt); b/ with 3 files (1.png, 2.png and 1 more);"
        " 1 file (read.me)"
    )
    assert describe(tmp_path / ".git") == "1 file (0)"


def test_many_folders_are_counted(tmp_path: Path) -> None:
    grown(tmp_path, "{a,b,c,d,e,f}/0.png")
    assert describe(tmp_path).endswith("d/ with 1 file (0.png); 2 more folders")
