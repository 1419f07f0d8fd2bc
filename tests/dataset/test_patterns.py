"""Patterns of people have a limit of time."""

import re
import signal

import pytest

from croquis.core.errors import InputError
from croquis.dataset.patterns import search_in_time

SLOW = "(a+)+$"


def test_a_pattern_that_searches_for_years_is_ended_and_told_so() -> None:
    with (
        pytest.raises(
            InputError, match=r"which takes longer; take out a repetition"
        ),
        search_in_time("data.label_pattern", SLOW, seconds=0.05),
    ):
        re.search(SLOW, 200 * "a" + "b")
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


def test_what_answered_to_the_signal_before_does_so_again() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with search_in_time("data.label_pattern", "a"):
        assert re.search("a", "cat")
        assert signal.getsignal(signal.SIGVTALRM) is not before
    assert signal.getsignal(signal.SIGVTALRM) is before
