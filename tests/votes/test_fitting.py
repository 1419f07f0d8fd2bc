"""Weights that are fitted: against brute force, and where the answer is known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import (
    FITTED,
    FitData,
    MixtureLoss,
    _greedy_path,
    best_member,
    favourites,
    fit_data,
    fit_temperature,
    greedy_order,
    greedy_weights,
    simplex_weights,
)
from croquis.votes.helping import _right


def members(
    count: int = 3, rows: int = 600, classes: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and members whose noise grows: (N,) and (M, N, C)."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=rows)
    logits = 2 * np.eye(classes)[labels] + rng.normal(
        size=(count, rows, classes)
    ) * (1 + np.arange(count)[:, None, None])
    powers = np.exp(logits)
    return labels, powers / powers.sum(axis=2, keepdims=True)


def weighed(fit: Callable, labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    return fit(all_seen(labels, probs))


def curve(labels: np.ndarray, probs: np.ndarray) -> list[int]:
    return greedy_order(all_seen(labels, probs))


def all_seen(labels: np.ndarray, probs: np.ndarray) -> FitData:
    return fit_data(
        labels, probs, np.arange(len(labels)), favourites(labels, probs)
    )


def test_favourites_are_the_five_best_of_each_member_and_the_truth_each_once() -> (
    None
):
    probs = np.arange(8, 0, -1.0)[None, None]  # one image, classes in falling order
    both = np.concatenate([probs, probs[:, :, ::-1]])
    assert favourites(np.array([0]), probs).tolist() == [[0, 1, 2, 3, 4]]
    assert set(favourites(np.array([7]), probs)[0]) == {0, 1, 2, 3, 4, 7}
    assert set(favourites(np.array([3]), both)[0]) - {-1} == set(range(8))
    data = all_seen(np.array([0]), probs)
    assert data.votes.tolist() == [[[8, 7, 6, 5, 4]]]
    assert data.is_label.tolist() == [[True, False, False, False, False]]
    assert data.others.tolist() == [3]  # of eight classes five are favourites
    # Of two images the one with fewer favourites is filled up with classes that nobody wants.
    two = np.concatenate([probs, probs], axis=1)
    assert favourites(np.array([0, 7]), two).tolist() == [
        [0, 1, 2, 3, 4, -1],
        [0, 1, 2, 3, 4, 7],
    ]
    assert all_seen(np.array([0, 7]), two).votes[0, 0].tolist() == [
        8,
        7,
        6,
        5,
        4,
        0,
    ]


def test_a_class_that_every_member_ranks_sixth_may_win_their_mean() -> None:
    """Members that share no favourite: .14 twice against .2 and 0."""
    top, rest = [0.2, 0.18, 0.17, 0.16, 0.15], [0.0] * 5
    probs = np.array([[[*top, *rest, 0.14]], [[*rest, *top, 0.14]]])
    assert probs.mean(axis=0).argmax() == 10
    assert 10 in favourites(np.array([0]), probs)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("again", [True, False])
def test_a_greedy_path_is_that_of_the_plain_search(seed: int, again: bool) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(12, size=150)
    counts = (
        rng.integers(1, 6, size=(4, 150, 12)) + 4 * np.eye(12, dtype=int)[labels]
    )  # ties abound
    data = all_seen(
        labels, (counts / counts.sum(axis=2, keepdims=True)).astype(np.float32)
    )
    times = rng.integers(0, 3, size=150).astype(float)
    rounds = 10 if again else 4
    assert _greedy_path(data, times, rounds, again=again) == plain_path(
        data, times, rounds, again
    )


def plain_path(
    data: FitData, times: np.ndarray, rounds: int, again: bool
) -> list[int]:
    chosen: list[int] = []
    for _ in range(rounds):
        candidates = []
        for member in range(len(data.votes)):
            if again or member not in chosen:
                # In the order of the path, as sums of float32 depend on it.
                total = np.zeros_like(data.votes[0])
                for each in [*chosen, member]:
                    total = total + data.votes[each]
                right = (
                    data.is_label[np.arange(len(times)), total.argmax(axis=1)]
                    @ times
                )
                loss = np.log(np.maximum(total[data.is_label], 1e-7)) @ times
                candidates.append((right, loss, -member))
        chosen.append(-max(candidates)[2])
    return chosen


def test_a_true_class_wins_a_tie_with_higher_classes_only() -> None:
    # Classes 0, 1, 2 of three images whose true class is 1.
    mixed = np.array([[0.4, 0.2, 0.5], [0.4, 0.4, 0.3], [0.2, 0.4, 0.2]])
    right, of_label = _right(mixed, np.array([1, 1, 1]))
    assert right.tolist() == [False, True, False] and of_label.tolist() == [
        0.4,
        0.4,
        0.3,
    ]


def loss(labels: np.ndarray, probs: np.ndarray, weights: list[float]) -> float:
    """Of the mean under these weights, at its best temperature."""
    mixed = np.einsum("m,mnc->nc", weights, probs)
    calibrated = apply_temperature(mixed, fit_temperature(labels, mixed))
    return float(-np.log(calibrated[np.arange(len(labels)), labels]).mean())


def test_simplex_weights_are_those_of_a_fine_grid() -> None:
    labels, probs = members(2)
    grid = np.linspace(0, 1, 101)
    best = min(grid, key=lambda w: loss(labels, probs, [w, 1 - w]))
    weights = weighed(simplex_weights, labels, probs)
    assert weights == pytest.approx([best, 1 - best], abs=0.02)


@pytest.mark.parametrize("classes", [20, 120])
def test_simplex_weights_of_many_classes_are_those_of_an_exact_fit(
    classes: int,
) -> None:
    """Favourites of several members were counted once a member, and all others as one class."""
    rng = np.random.default_rng(1)
    labels = rng.integers(classes, size=800)
    noise = (
        rng.normal(size=(3, 800, classes))
        * np.array([1.0, 1.2, 1.5])[:, None, None]
    )
    powers = np.exp(2.5 * np.eye(classes)[labels] + noise)
    probs = powers / powers.sum(axis=2, keepdims=True)
    weights = weighed(simplex_weights, labels, probs)
    grid = [
        (a, b)
        for a in np.linspace(0, 1, 21)
        for b in np.linspace(0, 1, 21)
        if a + b <= 1.001
    ]
    best = min(loss(labels, probs, [a, b, max(0.0, 1 - a - b)]) for a, b in grid)
    assert 0.1 < weights.min()  # an answer inside, which no bound gives away
    assert loss(labels, probs, weights.tolist()) <= best + 1e-3


def test_bags_redraw_groups_of_copies_not_images() -> None:
    """One member alone knows an image that is there a hundred times: in most bags, or in none."""
    labels, probs = members(2, rows=60)
    copied = np.concatenate([np.zeros(40, int), np.arange(1, 21)])
    alone = fit_data(labels, probs, np.arange(60), favourites(labels, probs))
    grouped = fit_data(labels, probs, copied, favourites(labels, probs))
    assert greedy_weights(alone).tolist() != greedy_weights(grouped).tolist()


def test_a_crowd_of_equals_is_not_thinned_out_for_its_modesty() -> None:
    """Without a temperature of the mean, log-loss preferred few sharp members to many."""
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=1500)
    powers = np.exp(3 * np.eye(10)[labels] + 1.5 * rng.normal(size=(8, 1500, 10)))
    weights = weighed(
        simplex_weights, labels, powers / powers.sum(axis=2, keepdims=True)
    )
    assert weights.min() > 0.06 and weights.max() < 0.2


def test_a_copy_of_a_member_brings_nothing_to_the_simplex() -> None:
    labels, probs = members(2)
    both = weighed(simplex_weights, labels, np.concatenate([probs, probs[:1]]))
    alone = weighed(simplex_weights, labels, probs)
    assert both[0] + both[2] == pytest.approx(alone[0], abs=5e-3)


def test_a_member_of_pure_noise_gets_next_to_nothing() -> None:
    labels, probs = members(2)
    noise = np.random.default_rng(1).dirichlet(np.ones(4), len(labels))
    with_noise = np.concatenate([probs, noise[None].astype(probs.dtype)])
    assert weighed(simplex_weights, labels, with_noise)[2] < 0.1
    assert weighed(greedy_weights, labels, with_noise)[2] < 0.2


def test_the_first_member_of_the_greedy_curve_is_the_best_and_each_comes_once() -> (
    None
):
    labels, probs = members(3)
    assert curve(labels, probs)[0] == 0
    assert sorted(curve(labels, probs)) == [0, 1, 2]
    assert curve(labels, probs[::-1])[0] == 2


def test_greedy_takes_the_partner_that_helps_most_by_hand() -> None:
    # Member 0 is right on images 0-2, member 1 on 0-2 as well, member 2 on 3 and a little on 2.
    labels = np.array([0, 0, 0, 0])
    sure, wrong = [0.9, 0.1], [0.4, 0.6]
    probs = np.array(
        [
            [sure, sure, sure, wrong],
            [sure, sure, [0.8, 0.2], wrong],
            [wrong, wrong, wrong, sure],
        ]
    )
    assert curve(labels, probs) == [0, 2, 1]


def test_the_best_member_takes_it_all_and_ties_go_to_the_first() -> None:
    labels, probs = members(3)
    assert weighed(best_member, labels, probs).tolist() == [1, 0, 0]
    assert weighed(best_member, labels, probs[[1, 1]]).tolist() == [1, 0]


@pytest.mark.parametrize("fit", FITTED.values(), ids=FITTED)
@given(count=st.integers(1, 4), seed=st.integers(0, 20))
def test_weights_are_shares_and_follow_their_members(
    fit, count: int, seed: int
) -> None:
    labels, probs = members(count, rows=60)
    order = np.random.default_rng(seed).permutation(count)
    weights = weighed(fit, labels, probs)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    turned = weighed(fit, labels, probs[order])
    assert turned == pytest.approx(weights[order], abs=0.01)


def test_rare_classes_in_many_do_not_matter_to_a_greedy_path() -> None:
    """Only classes that some member ranks high are looked at; here that must lose nothing."""
    labels, probs = members(3, classes=30)
    wide = curve(labels, probs)
    accuracy = [
        (probs[wide[: k + 1]].mean(axis=0).argmax(axis=1) == labels).mean()
        for k in range(3)
    ]
    others = [
        (probs[[wide[0], k]].mean(axis=0).argmax(axis=1) == labels).mean()
        for k in (1, 2)
    ]
    assert accuracy[1] == pytest.approx(max(others))


@pytest.mark.parametrize("fitted", FITTED.values(), ids=FITTED)
def test_one_member_has_all_the_weight(fitted: Callable) -> None:
    labels, probs = members(1, rows=40)
    assert weighed(fitted, labels, probs) == pytest.approx([1.0])


@pytest.mark.parametrize("fitted", FITTED.values(), ids=FITTED)
def test_one_class_and_certain_members_still_give_weights(fitted: Callable) -> None:
    labels = np.zeros(5, int)
    only = np.ones((2, 5, 1), np.float32)
    assert weighed(fitted, labels, only).sum() == pytest.approx(1)
    certain = np.stack([np.eye(2)[[0, 0, 0, 0, 0]], np.eye(2)[[1, 1, 1, 1, 1]]])
    weights = weighed(fitted, labels, certain)
    assert weights[0] > 0.5 and weights.sum() == pytest.approx(1)


def test_the_slope_of_the_mixtures_loss_is_that_of_small_steps() -> None:
    labels, probs = members(3, rows=30)
    mixture_loss = MixtureLoss(all_seen(labels, probs))
    point = np.array([0.5, 0.3, 0.2, 0.1])
    slope = mixture_loss(point)[1]
    for place, step in enumerate(1e-6 * np.eye(4)):
        rise = mixture_loss(point + step)[0] - mixture_loss(point - step)[0]
        assert slope[place] == pytest.approx(rise / 2e-6, rel=1e-4, abs=1e-6)


def test_the_mixtures_loss_by_hand() -> None:
    # One image of class 0; .75 + .25 at weights of a half is .5, squared at temperature .5.
    data = all_seen(np.array([0]), np.array([[[0.75, 0.25]], [[0.25, 0.75]]]))
    mixture_loss = MixtureLoss(data)
    assert mixture_loss(np.array([0.5, 0.5, np.log(2)]))[0] == pytest.approx(
        np.log(2)
    )
    # .75 squared against .25 squared is 9 : 1.
    assert mixture_loss(np.array([1.0, 0.0, np.log(2)]))[0] == pytest.approx(
        -np.log(0.9)
    )
