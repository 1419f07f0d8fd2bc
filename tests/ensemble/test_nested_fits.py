"""Nested scores: no image, and no copy of it, is judged by a fit that saw it."""

import numpy as np
import pytest

from croquis.ensemble import nested_fits
from croquis.ensemble.nested_fits import (
    LabelledProbs,
    Way,
    apply_temperatures,
    fit_temperatures,
    fits,
)
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import (
    FITTED,
    FitData,
    best_member,
    favourites,
    fit_data,
    fit_temperature,
)
from croquis.votes.parts import parts_of
from croquis.votes.voting import soft_vote


def members(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=rows)
    logits = np.eye(3)[labels] + rng.normal(size=(2, rows, 3))
    powers = np.exp(logits)
    return labels, powers / powers.sum(axis=2, keepdims=True)


def nested(
    labels: np.ndarray,
    probs: np.ndarray,
    groups: np.ndarray,
    ways: dict[str, Way],
    *,
    calibrate: bool,
    seed: int,
) -> dict[str, np.ndarray]:
    data = labelled(labels, probs, groups)
    return nested_fits.nested(data, ways, calibrate=calibrate, seed=seed)


def labelled(
    labels: np.ndarray, probs: np.ndarray, groups: np.ndarray
) -> LabelledProbs:
    return LabelledProbs(labels, probs, groups, favourites(labels, probs))


def test_copies_share_a_part_and_parts_are_even() -> None:
    groups = np.repeat(np.arange(50), 2)
    parts = parts_of(groups, seed=1)
    assert (parts[::2] == parts[1::2]).all()
    assert np.bincount(parts).tolist() == [20] * 5
    assert not np.array_equal(parts, parts_of(groups, seed=2))


def test_a_fixed_vote_is_the_same_nested() -> None:
    labels, probs = members()
    ways = {"soft": Way("soft", np.array([1.0, 3.0]))}
    votes = nested(labels, probs, np.arange(400), ways, calibrate=False, seed=0)
    np.testing.assert_array_equal(votes["soft"], soft_vote(probs, np.array([1, 3])))


def test_each_part_is_fitted_without_itself_by_hand() -> None:
    labels, probs = members()
    groups = np.arange(400)
    parts = parts_of(groups, seed=3)
    votes = nested(
        labels,
        probs,
        groups,
        {"one": Way("soft", np.array([1.0, 0.0]))},
        calibrate=True,
        seed=3,
    )["one"]
    for part in range(5):
        rest, out = parts != part, parts == part
        temperature = fit_temperature(labels[rest], probs[0, rest])
        # The vote of one calibrated member has a temperature of 1 left, but for the search's end.
        np.testing.assert_allclose(
            votes[out], apply_temperature(probs[0, out], temperature), atol=2e-3
        )


def test_a_fit_never_sees_the_images_it_is_judged_on() -> None:
    labels, probs = members()
    groups = np.arange(400) // 4
    looked_at: list[tuple[int, ...]] = []

    def spy(data: FitData) -> np.ndarray:
        looked_at.append(tuple(np.unique(data.groups)))
        assert data.votes.shape[1] == len(data.is_label) == len(data.groups)
        return np.ones(2)

    nested(
        labels, probs, groups, {"spy": Way("soft", spy)}, calibrate=False, seed=0
    )
    parts = parts_of(groups, seed=0)
    assert len(looked_at) == 5
    for part, seen in enumerate(looked_at):
        assert set(seen) == set(groups[parts != part])


@pytest.mark.parametrize("way", [*FITTED, "uniform"])
def test_labels_of_a_part_leave_its_own_nested_scores_as_they_were(
    way: str,
) -> None:
    """Turned upside down in one part, they move the fits of the four others alone."""
    labels, probs = members()
    groups = np.arange(400)
    ways = {"it": Way("soft", FITTED.get(way, np.ones(2)))}
    part = parts_of(groups, seed=0) == 2
    poisoned = np.where(part, (labels + 1) % 3, labels)
    before, after = (
        nested(truth, probs, groups, ways, calibrate=True, seed=0)["it"]
        for truth in (labels, poisoned)
    )
    np.testing.assert_array_equal(before[part], after[part])
    if way != "best":  # which stays the best
        assert not np.array_equal(before[~part], after[~part])


def test_choosing_the_best_of_many_useless_members_flatters_itself_but_not_nested() -> (
    None
):
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=300)
    probs = rng.dirichlet(np.ones(2), size=(60, 300))  # sixty coins
    ways = {"best": Way("soft", best_member)}
    unseen = nested(labels, probs, np.arange(300), ways, calibrate=False, seed=0)[
        "best"
    ]
    data = fit_data(labels, probs, np.arange(300), favourites(labels, probs))
    inside = soft_vote(probs, best_member(data))
    assert (inside.argmax(axis=1) == labels).mean() > 0.55
    assert (unseen.argmax(axis=1) == labels).mean() == pytest.approx(0.5, abs=0.06)


def test_one_group_alone_is_judged_by_itself_rather_than_by_nothing() -> None:
    labels, probs = members(10)
    ways = {"best": Way("soft", best_member)}
    votes = nested(labels, probs, np.zeros(10), ways, calibrate=False, seed=0)[
        "best"
    ]
    np.testing.assert_allclose(votes.sum(axis=1), 1)


def test_each_member_has_a_temperature_of_its_own() -> None:
    labels, probs = members()
    two = np.stack([probs[0], apply_temperature(probs[0], 0.5)])
    temperatures = fit_temperatures(labels, two)
    assert temperatures[1] == pytest.approx(2 * temperatures[0], rel=0.01)
    calibrated = apply_temperatures(two, temperatures)
    np.testing.assert_allclose(calibrated[0], calibrated[1], atol=5e-3)


def test_what_each_part_was_fitted_with_can_judge_others() -> None:
    labels, probs = members()
    ways = {"simplex": Way("soft", FITTED["simplex"])}
    data = labelled(labels, probs, np.arange(400))
    unseen = nested_fits.nested(data, ways, calibrate=True, seed=1)["simplex"]
    for out, fit in fits(data, ways, calibrate=True, seed=1):
        vote, weights, temperature = fit.votes["simplex"]
        calibrated = apply_temperatures(probs[:, out], fit.temperatures)
        assert vote == "soft"
        np.testing.assert_array_equal(
            unseen[out],
            apply_temperature(soft_vote(calibrated, weights), temperature),
        )
        assert fit.apply(probs)["simplex"].shape == (400, 3)
