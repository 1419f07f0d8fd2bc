"""Junk and hidden files: by any part of a path, or by its last one."""

import pytest

from croquis.dataset.hidden_files import is_hidden, is_junk


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "a/Thumbs.db", "a/desktop.ini", "a/__MACOSX", "a/._0.png"],
)
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
