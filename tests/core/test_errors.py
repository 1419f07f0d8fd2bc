"""The one exception for bad input: three parts, also of a part of something."""

import pytest

from croquis.core.errors import InputError, brief


def test_an_error_has_three_parts() -> None:
    error = InputError("seed", expected="an int", received="'x'", fix="correct it")
    assert str(error) == "seed: expected an int, received 'x'; correct it"


def test_an_error_of_a_part_names_what_the_part_is_of() -> None:
    error = InputError("lr", expected="a number", received="'x'", fix="correct it")
    expected = "models.a.lr: expected a number, received 'x'; correct it"
    assert str(error.within("a").within("models")) == expected


def test_a_part_is_one_line_and_never_a_whole_file() -> None:
    error = InputError("w", expected="a\nb", received="x" * 10**6, fix="do\rit")
    assert str(error) == f"w: expected a b, received {'x' * 400} ...; do it"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        ("a", "'a'"),
        (True, "True"),
        ([1, "a"], "[1, 'a']"),
        (list(range(10**6)), "[0, 1, 2, 3, 4, 5, ...]"),
    ],
)
def test_a_value_is_shown_as_python_has_it_but_short(
    value: object, text: str
) -> None:
    assert brief(value) == text


def test_a_long_text_is_shown_by_its_ends() -> None:
    assert len(brief("x" * 10**6)) <= 80


def test_a_number_that_python_does_not_write_is_shown_by_its_length() -> None:
    assert brief(1 << 20_000) == "a number of 20,001 bits"
    assert brief([[1 << 20_000]]) == "[[a number of 20,001 bits]]"
