"""A signal is remembered, a second one is not waited for, and afterwards all is as before."""

import os
import signal

import pytest

from croquis.runtime.interrupts import interrupts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_remembered_and_ends_with_its_status(number: int) -> None:
    before = signal.getsignal(number)
    with interrupts() as caught:
        assert caught.received is None
        os.kill(os.getpid(), number)
        assert caught.received == number
        with pytest.raises(SystemExit) as ended:
            caught.end()
    assert ended.value.code == 128 + number
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_at_once() -> None:
    with pytest.raises(SystemExit, match="143"), interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
