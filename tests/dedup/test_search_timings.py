"""What a search cost."""

import pytest

from croquis.dedup.measures.search_timings import Tally


def test_time_of_a_step_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 10.0, 10.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    tally = Tally()
    for _ in range(2):
        with tally.step("copy"):
            pass
    assert tally.seconds == {"copy": 2.5}
