"""Numbers and symmetries as people read them."""

import numpy as np
import pytest

from croquis.core.symmetries import NAMES, turn
from croquis.core.text import (
    counted,
    duration,
    ends,
    gain,
    odds,
    share,
    side_of_interval,
    symmetry,
)

STEPS = {
    "as is": lambda a: a,
    "mirrored": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned 90° left": lambda a: np.rot90(a, 1),
    "turned 180°": lambda a: np.rot90(a, 2),
    "turned 90° right": lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.725, ".725"),
        (0, ".000"),
        (1, "1.000"),
        (-0.0124, "-.012"),
        (0.9999, "1.000"),
        (10.5, "10.500"),
        (1.0625, "1.062"),
        (-10.5, "-10.500"),
    ],
)
def test_a_share_has_no_leading_zero(number: float, text: str) -> None:
    assert share(number) == text


def test_a_share_of_two_digits() -> None:
    assert share(0.8, 2) == ".80"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.019, "+.019"), (-0.012, "-.012"), (0.0001, ".000"), (-0.0001, ".000")],
)
def test_a_gain_has_its_sign_unless_it_is_nothing(number: float, text: str) -> None:
    assert gain(number) == text


def test_the_ends_of_an_interval() -> None:
    assert ends({"accuracy_low": 0.703, "accuracy_high": 0.747}) == ".703 .. .747"


def test_a_noun_follows_its_number() -> None:
    assert (
        counted(1, "fold") == "1 fold" and counted(1204, "image") == "1,204 images"
    )
    assert counted(2, "class", "classes") == "2 classes"


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_a_symmetry_do_what_it_does(name: str) -> None:
    sheet = expected = np.arange(9).reshape(3, 3)
    for step in symmetry(name).removeprefix("second ").split(", then "):
        expected = STEPS[step](expected)
    np.testing.assert_array_equal(turn(sheet, name), expected)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0.01, "under 1 s"),
        (0.2 / 60, "under 1 s"),
        (1 / 60, "1 s"),
        (0.5, "30 s"),
        (59.4 / 60, "59 s"),
        (59.5 / 60, "1 min"),  # never 60 s
        (1, "1 min"),
        (1.5, "2 min"),
        (59.4, "59 min"),
        (59.6, "1 h 0 min"),  # never 60 min
        (118.3, "1 h 58 min"),
        (185, "3 h 5 min"),
        (1500, "25 h 0 min"),
    ],
)
def test_a_duration_in_the_unit_that_fits(minutes: float, text: str) -> None:
    assert duration(minutes) == text


def test_odds_below_a_thousandth_are_not_counted_out() -> None:
    assert (odds(0.1364), odds(0.0005)) == (".136", "< .001")


@pytest.mark.parametrize(
    ("inside", "low", "high", "words"),
    [
        (True, -0.03, -0.01, "inside the interval"),
        (
            False,
            -0.03,
            0.01,
            "outside the interval, by no more than chance in both sets",
        ),
        (
            False,
            -0.03,
            -0.01,
            "outside the interval, by more than chance in both sets",
        ),
        (
            False,
            0.01,
            0.03,
            "outside the interval, by more than chance in both sets",
        ),
    ],
)
def test_outside_the_interval_is_not_yet_more_than_chance(
    inside: bool, low: float, high: float, words: str
) -> None:
    assert (
        side_of_interval(
            {"inside_interval": inside, "gap_low": low, "gap_high": high}
        )
        == words
    )
