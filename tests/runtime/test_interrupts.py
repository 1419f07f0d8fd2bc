"""A signal is remembered, a second one is not waited for, and afterwards all is as before."""

import os
import signal

import pytest

from croquis.runtime.interrupts import interrupts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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


def test_a_second_signal_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 11.5])
    monkeypatch.setattr("croquis.runtime.interrupts.time.monotonic", clock.__next__)
    with pytest.raises(SystemExit, match="143"), interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_is_sent_twice_at_once_is_remembered_once() -> None:
    """`timeout` and a group's end send two: the state was not saved."""
    with interrupts() as caught:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert caught.received == signal.SIGTERM


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts() as caught:
            os.kill(os.getpid(), signal.SIGHUP)
            assert caught.received is None
    finally:
        signal.signal(signal.SIGHUP, before)
