"""Look-alikes: class names that people take for one are named, and stay apart."""

import pytest

from croquis.prepare.labelling.look_alikes import look_alikes

CUP_CYRILLIC = "\u0441up"  # with a Cyrillic es


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["cup", "Cup"], "'Cup' and 'cup' differ in case"),
        (["cup", "cup\u200b"], "by U+200B ZERO WIDTH SPACE"),
        (["\ufeffcup", "cup"], "by U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        (["cup", CUP_CYRILLIC], "by U+0441 CYRILLIC SMALL LETTER ES"),
        (["A", "\u0391"], "by U+0391 GREEK CAPITAL LETTER ALPHA"),
        (["caf\u00e9", "cafe\u0301"], "by U+00E9 LATIN SMALL LETTER E WITH ACUTE"),
        (["\ufb01g", "fig"], "by U+FB01 LATIN SMALL LIGATURE FI"),
        (["hot dog", "hot_dog"], "'hot dog' and 'hot_dog'"),
        (["hot  dog", "hot dog"], "'hot  dog' and 'hot dog'"),
    ],
)
def test_names_that_look_alike_are_named_with_what_tells_them_apart(
    names: list[str], words: str
) -> None:
    (note,) = look_alikes(names)
    assert note.startswith("1 pair of class names looks alike, and they stay apart")
    assert words in note


@pytest.mark.parametrize(
    "names",
    [
        ["cup", "cup"],
        ["cup", "cap"],
        ["1", "l"],
        ["0", "O"],
        ["\u043a\u043e\u0442", "kit"],
        [],
    ],
)
def test_other_names_are_no_look_alikes(names: list[str]) -> None:
    assert look_alikes(names) == []


def test_of_many_pairs_three_are_named_and_all_counted() -> None:
    letters = "abcde"
    (note,) = look_alikes([*letters, *letters.upper()])
    assert note.startswith("5 pairs of class names look alike")
    assert note.count("differ in case") == 3
    assert note.endswith("; ...)")


def test_three_spellings_are_two_pairs() -> None:
    (note,) = look_alikes(["cup", "Cup", "CUP"])
    assert note.startswith("2 pairs of")


def test_numbers_with_zeros_before_or_behind_look_alike() -> None:
    assert look_alikes(["1", "01", "1.0", "10", "100"]) == [
        "2 pairs of class names look alike, and they stay apart ('01' and '1'; '01' and"
        " '1.0')"
    ]
