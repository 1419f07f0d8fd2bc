"""The simulation of what fitted votes claim: it runs, and would see a nested score that cheats."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from croquis.ensemble.nested_fits import Fit, Way, fit, fits
from croquis.votes.fitting import best_member


@pytest.fixture
def optimism(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend("benchmarks")
    monkeypatch.delitem(sys.modules, "optimism", raising=False)
    import optimism

    monkeypatch.setattr(optimism, "FRESH", 2000)
    return optimism


def test_every_vote_has_a_truth_and_the_errors_of_its_estimates(optimism) -> None:
    found = optimism.draw(300, seed=0)
    assert list(found["truth"]) == list(found["errors"]) == list(optimism.WAYS)
    assert (
        found["truth"]["soft"] > found["truth"]["best"] > 30
    )  # twelve know more than one
    assert all(np.abs(errors).max() < 10 for errors in found["errors"].values())
    assert list(found["luck"]) == list(optimism.PLAIN)


def coins(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Twelve members that guess one of two classes, each surely."""
    labels = rng.integers(2, size=images)
    return labels, np.eye(2, dtype=np.float32)[
        rng.integers(2, size=(12, images))
    ] * 0.8 + 0.1


def leaking(
    *given: object, seed: int, **how: object
) -> Iterator[tuple[np.ndarray, Fit]]:
    """Parts as `fits` cuts them, each judged by a fit on everything."""
    for out, _ in fits(*given, seed=seed, **how):
        yield out, fit(*given, **how)


@pytest.mark.parametrize("leaks", [False, True])
def test_a_nested_score_that_saw_its_images_would_be_found_out(
    optimism, monkeypatch: pytest.MonkeyPatch, leaks: bool
) -> None:
    """The best of twelve coins is right on 58 % of the 100 images that chose it, and on half."""
    monkeypatch.setattr(optimism, "drawn", coins)
    monkeypatch.setattr(optimism, "WAYS", {"best": Way("soft", best_member)})
    if leaks:
        monkeypatch.setattr(optimism, "fits", leaking)
    truth, (own, nested) = optimism.biases(100, draws=12)["best"]
    assert truth == pytest.approx(50, abs=1)
    assert own[0] > 5 and own[0] > 4 * own[1]
    assert (nested[0] > 4 * nested[1]) == leaks
    assert (abs(nested[0]) < 3 * nested[1]) != leaks


def test_luck_that_all_votes_share_is_no_bias(optimism) -> None:
    luck = np.random.default_rng(0).normal(size=(30, 2))
    found, error = optimism.bias(0.5 + luck @ [1.0, -0.3], luck)
    assert found == pytest.approx(0.5) and error == pytest.approx(0, abs=1e-9)
    noise = np.random.default_rng(1).normal(size=30)
    found, error = optimism.bias(noise, luck)
    assert error == pytest.approx(noise.std(ddof=1) / 30**0.5, rel=0.15)
