"""The simulation of what fitted votes claim runs, and its members are what it says they are."""

import sys

import pytest


@pytest.fixture
def optimism(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend("benchmarks")
    monkeypatch.delitem(sys.modules, "optimism", raising=False)
    import optimism

    monkeypatch.setattr(optimism, "FRESH", 2000)
    return optimism


def test_every_vote_has_its_own_nested_and_true_accuracy(optimism) -> None:
    found = optimism.draw(300, seed=0)
    assert list(found) == list(optimism.SHOWN)
    for own, nested, truth in found.values():
        assert 30 < nested <= 100 and 30 < own <= 100 and 30 < truth <= 100
    assert found["soft"][2] > found["best"][2]  # twelve members know more than one
