"""Junk and hidden files: by any part of a path, or by its last one."""

import pytest

from croquis.dataset.hidden_files import is_hidden, is_junk, is_of_tools


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "a/Thumbs.db",
        "a/desktop.ini",
        "a/__MACOSX",
        "a/._0.png",
        "THUMBS.DB",
        "a/ehthumbs.db",
        "a/Icon\r",
        ".directory",
        "a/Picasa.ini",
    ],
)  # fmt: skip
def test_what_only_macos_or_windows_wants_is_junk_and_hidden(
    name: str,
) -> None:
    assert is_junk(name) and is_hidden(name)


def test_a_dot_hides_a_file_and_not_what_lies_below_it() -> None:
    assert is_hidden("a/.0.png") and not is_junk("a/.0.png")
    assert not is_hidden(".a/0.png")


@pytest.mark.parametrize(
    "name", ["0.png", "a/_0.png", "a.b/0..png", "Thumbs.db.png"]
)
def test_other_names_are_neither(name: str) -> None:
    assert not is_junk(name) and not is_hidden(name)


def test_what_lies_in_junk_is_junk() -> None:
    assert is_junk("__MACOSX/a/0.png") and not is_hidden("__MACOSX/a/0.png")


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg", "a/#recycle/0.png", "$RECYCLE.BIN/S-1-5/0.png",
        "System Volume Information/x", ".Trash-1000/files/0.png", "a/.Trashes/0.png",
        ".thumbnails/0.png", ".Spotlight-V100/x", ".fseventsd/x", "lost+found/0", "a/.git/x",
        ".svn/x", ".dvc/cache/0.png", ".cache/0.png", ".idea/x.xml", "__pycache__/x.pyc",
        "a/.@__thumb/0.png", ".dvcignore",
    ],
)  # fmt: skip
def test_what_lies_in_a_folder_of_a_tool_is_of_tools_and_no_junk(name: str) -> None:
    """Junk is also what `check` lets a run write over: never somebody's own files."""
    assert is_of_tools(name) and not is_junk(name)


@pytest.mark.parametrize(
    "name",
    ["0 (1).png", "0 copy.png", "0-checkpoint.png", "train/recycle/0.png", "git/0.png",
     "trash/0.png", "cache/0.png", ".ipynb_checkpoints/0.png", "@home/0.png"],
)  # fmt: skip
def test_copies_and_classes_of_such_names_are_neither(name: str) -> None:
    assert not is_junk(name) and not is_of_tools(name)
