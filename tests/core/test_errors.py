"""The one exception for bad input: three parts, also of a part of something."""

from croquis.core.errors import InputError


def test_an_error_has_three_parts() -> None:
    error = InputError("seed", expected="an int", received="'x'", fix="correct it")
    assert str(error) == "seed: expected an int, received 'x'; correct it"


def test_an_error_of_a_part_names_what_the_part_is_of() -> None:
    error = InputError("lr", expected="a number", received="'x'", fix="correct it")
    expected = "models.a.lr: expected a number, received 'x'; correct it"
    assert str(error.within("a").within("models")) == expected
