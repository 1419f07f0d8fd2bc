"""What is said of files that are left out."""

from croquis.dataset.left_out import (
    first_few,
    left_out_note,
    note_on_tools,
)


def test_three_names_are_said_and_the_rest_is_counted() -> None:
    assert first_few(["a", "b", "c"]) == "a, b, c"
    assert first_few(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_names_stay_on_one_line() -> None:
    assert first_few(["a\nb", "사과", "0\u200b"]) == r"a\nb, 사과, 0\u200b"


def test_a_note_counts_and_names_and_nothing_has_none() -> None:
    notes = left_out_note(["a/0.png", "1.png"], "images are in no table")
    assert notes == ["2 images are in no table and left out: a/0.png, 1.png"]
    assert left_out_note([], "images are in no table") == []


def test_only_images_of_tools_are_counted_among_what_was_passed_over() -> None:
    names = ["@eaDir/0.png/T.jpg", "@eaDir/._0.png", ".git/config", "a/0.png"]
    assert note_on_tools(names) == [
        "1 image is in folders of a system or a tool, and left out: @eaDir/0.png/T.jpg"
    ]


def test_a_name_of_another_encoding_can_be_printed() -> None:
    (note,) = note_on_tools(["@eaDir/caf\udce9.png"])
    assert note.isprintable()
