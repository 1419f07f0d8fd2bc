"""Class names: one spelling each, and a line on those that had another."""

import pandas as pd

from croquis.prepare.labelling.class_names import one_spelling, several_in_one

COMPOSED = "caf\u00e9"
DECOMPOSED = "cafe\u0301"


def test_blanks_around_a_class_name_are_left_out_and_counted() -> None:
    names, notes = one_spelling(
        pd.Series(["cup", "cup ", "\tcup", "my cup"]), "t.csv"
    )
    assert names.tolist() == ["cup", "cup", "cup", "my cup"]
    assert notes == [
        "t.csv: blanks around the class name left out in 2 rows ('\\tcup', 'cup ')"
    ]


def test_normal_forms_of_a_class_name_are_one() -> None:
    names, notes = one_spelling(pd.Series([COMPOSED, DECOMPOSED, "cup"]), "t.csv")
    assert names.tolist() == [COMPOSED, COMPOSED, "cup"]
    assert notes == [
        "t.csv: accents of the class name joined to their letters (NFC) in 1 rows"
        f" ({DECOMPOSED!r})"
    ]


def test_names_in_one_spelling_need_no_line() -> None:
    names = pd.Series(["cup", "Cup", "\uc0ac\uacfc"])
    same, notes = one_spelling(names, "t.csv")
    assert same.tolist() == names.tolist()
    assert notes == []


def test_a_name_of_several_classes_is_named() -> None:
    names = pd.Series(
        ["rust", "scab", "rust scab", "rust scab", "scab|rust", "hot dog"]
    )
    assert several_in_one(names, "t.csv") == [
        "t.csv: the class of 3 images names several classes, and is a class of its own here"
        " ('rust scab', 'scab|rust')"
    ]
    assert several_in_one(pd.Series(["hot dog", "dog"]), "t.csv") == []


def test_lists_of_classes_are_named() -> None:
    names = pd.Series(["['cup']", "['cup', 'star']", "['star']", "(a)", "[b, c]"])
    assert several_in_one(names, "t.csv") == [
        "t.csv: the class of 1 images names several classes, and is a class of its own"
        " here (\"['cup', 'star']\")"
    ]
