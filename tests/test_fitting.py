"""Weights that are fitted: against brute force, and where the answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.calibration import tempered
from croquis.fitting import (
    FITTED,
    best_member,
    greedy_curve,
    greedy_weights,
    simplex_weights,
    temperature,
)


def members(count: int = 3, rows: int = 600, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and members whose noise grows: (N,) and (M, N, C)."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=rows)
    logits = 2 * np.eye(classes)[labels] + rng.normal(size=(count, rows, classes)) * (
        1 + np.arange(count)[:, None, None]
    )
    powers = np.exp(logits)
    return labels, powers / powers.sum(axis=2, keepdims=True)


def loss(labels: np.ndarray, probs: np.ndarray, weights: list[float]) -> float:
    """Of the mean under these weights, at its best temperature."""
    mixed = np.einsum("m,mnc->nc", weights, probs)
    warm = tempered(mixed, temperature(labels, mixed))
    return float(-np.log(warm[np.arange(len(labels)), labels]).mean())


def test_simplex_weights_are_those_of_a_fine_grid() -> None:
    labels, probs = members(2)
    grid = np.linspace(0, 1, 101)
    best = min(grid, key=lambda w: loss(labels, probs, [w, 1 - w]))
    found = simplex_weights(labels, probs, labels)
    assert found == pytest.approx([best, 1 - best], abs=0.02)


def test_a_crowd_of_equals_is_not_thinned_out_for_its_modesty() -> None:
    """Without a temperature of the mean, log-loss preferred few sharp members to many."""
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=1500)
    powers = np.exp(3 * np.eye(10)[labels] + 1.5 * rng.normal(size=(8, 1500, 10)))
    weights = simplex_weights(labels, powers / powers.sum(axis=2, keepdims=True), labels)
    assert weights.min() > 0.06 and weights.max() < 0.2


def test_a_copy_of_a_member_brings_nothing_to_the_simplex() -> None:
    labels, probs = members(2)
    both = simplex_weights(labels, np.concatenate([probs, probs[:1]]), labels)
    alone = simplex_weights(labels, probs, labels)
    assert both[0] + both[2] == pytest.approx(alone[0], abs=5e-3)


def test_a_member_of_pure_noise_gets_next_to_nothing() -> None:
    labels, probs = members(2)
    noise = np.random.default_rng(1).dirichlet(np.ones(4), len(labels))
    with_noise = np.concatenate([probs, noise[None].astype(probs.dtype)])
    assert simplex_weights(labels, with_noise, labels)[2] < 0.1
    assert greedy_weights(labels, with_noise, np.arange(len(labels)))[2] < 0.2


def test_the_first_member_of_the_greedy_curve_is_the_best_and_each_comes_once() -> None:
    labels, probs = members(3)
    assert greedy_curve(labels, probs)[0] == 0
    assert sorted(greedy_curve(labels, probs)) == [0, 1, 2]
    assert greedy_curve(labels, probs[::-1])[0] == 2


def test_greedy_takes_the_partner_that_helps_most_by_hand() -> None:
    # Member 0 is right on pictures 0-2, member 1 on 0-2 as well, member 2 on 3 and a little on 2.
    labels = np.array([0, 0, 0, 0])
    sure, wrong = [0.9, 0.1], [0.4, 0.6]
    probs = np.array(
        [
            [sure, sure, sure, wrong],
            [sure, sure, [0.8, 0.2], wrong],
            [wrong, wrong, wrong, sure],
        ]
    )
    assert greedy_curve(labels, probs) == [0, 2, 1]


def test_the_best_member_takes_it_all_and_ties_go_to_the_first() -> None:
    labels, probs = members(3)
    assert best_member(labels, probs, labels).tolist() == [1, 0, 0]
    assert best_member(labels, probs[[1, 1]], labels).tolist() == [1, 0]


@pytest.mark.parametrize("fit", FITTED.values(), ids=FITTED)
@given(count=st.integers(1, 4), seed=st.integers(0, 20))
def test_weights_are_shares_and_follow_their_members(fit, count: int, seed: int) -> None:
    labels, probs = members(count, rows=60)
    order = np.random.default_rng(seed).permutation(count)
    weights = fit(labels, probs, np.arange(60))
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    turned = fit(labels, probs[order], np.arange(60))
    assert turned == pytest.approx(weights[order], abs=0.01)


def test_rare_classes_in_many_do_not_matter_to_a_greedy_path() -> None:
    """Only classes that some member ranks high are looked at; here that must lose nothing."""
    labels, probs = members(3, classes=30)
    wide = greedy_curve(labels, probs)
    accuracy = [
        (probs[wide[: k + 1]].mean(axis=0).argmax(axis=1) == labels).mean() for k in range(3)
    ]
    others = [(probs[[wide[0], k]].mean(axis=0).argmax(axis=1) == labels).mean() for k in (1, 2)]
    assert accuracy[1] == pytest.approx(max(others))
