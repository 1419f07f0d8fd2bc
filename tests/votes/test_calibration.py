"""Temperatures and calibration errors by hand, and on predictors that are known to be too sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss, log_loss

from croquis.votes.calibration import (
    apply_temperature,
    brier,
    calibration_scores,
    ece,
    reliability,
)
from croquis.votes.fitting import HIGHEST, LOWEST, fit_temperature


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def drawn(rows: int = 4000, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the probabilities that are given: calibrated by construction."""
    rng = np.random.default_rng(0)
    probs = softmax(rng.normal(size=(rows, classes)) * 2)
    labels = (probs.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    return labels, probs


def test_temperature_two_takes_square_roots() -> None:
    np.testing.assert_allclose(
        apply_temperature(np.array([[0.8, 0.2]]), 2.0), [[2 / 3, 1 / 3]]
    )


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_temperatures_are_above_zero(wrong: float) -> None:
    with pytest.raises(
        ValueError, match=r"temperature: expected > 0, received .*; 1 is neutral"
    ):
        apply_temperature(np.full((1, 2), 0.5), wrong)


def test_no_row_underflows() -> None:
    sure = np.array([[1.0, 1e-30], [0.5, 0.5]], np.float32)
    calibrated = apply_temperature(sure, 0.05)
    assert np.isfinite(calibrated).all() and calibrated[0].tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [LOWEST, 1.0, HIGHEST])
def test_equal_probabilities_of_many_classes_stay_equal(temperature: float) -> None:
    """.002 to the 20th is 1e-54, which float32 has not: all were 0, and 0 / 0 is nan."""
    uniform = np.full((2, 500), 1 / 500, np.float32)
    np.testing.assert_allclose(
        apply_temperature(uniform, temperature), uniform, rtol=1e-5
    )


@pytest.mark.parametrize("temperature", [LOWEST, 1.0, HIGHEST])
def test_zeros_and_ones_stay_what_they_are(temperature: float) -> None:
    certain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], np.float32)
    np.testing.assert_array_equal(apply_temperature(certain, temperature), certain)
    one_class = np.ones((3, 1), np.float32)
    np.testing.assert_array_equal(
        apply_temperature(one_class, temperature), one_class
    )


def test_two_classes_that_share_all_stay_two() -> None:
    half = np.array([[0.5, 0.5, 0.0]])
    assert apply_temperature(half, LOWEST).tolist() == [[0.5, 0.5, 0.0]]


def test_members_of_many_images_are_divided_row_by_row() -> None:
    # (M, N, C): square roots of 4 : 1 and of 9 : 1, whose sums are 3 and 4.
    probs = np.array([[[0.8, 0.2]], [[0.9, 0.1]]])
    expected = [[[2 / 3, 1 / 3]], [[3 / 4, 1 / 4]]]
    np.testing.assert_allclose(apply_temperature(probs, 2.0), expected, rtol=1e-6)


def test_what_was_given_is_left_as_it_was() -> None:
    probs = np.array([[0.8, 0.2]])
    apply_temperature(probs, 2.0)
    assert probs.tolist() == [[0.8, 0.2]]


def test_in_float32_a_near_tie_may_become_one_and_is_never_turned() -> None:
    low = np.float32(0.4)
    probs = np.array([[low, np.nextafter(low, np.float32(1)), 0.2]], np.float32)
    for temperature in np.linspace(0.1, 20, 200):
        first, second, _ = apply_temperature(probs, temperature)[0]
        assert first <= second
    assert apply_temperature(probs, 3.0).argmax() == 0  # a tie
    assert apply_temperature(probs.astype(np.float64), 3.0).argmax() == 1


def test_the_lowest_temperature_is_tried_without_underflow() -> None:
    """At .05 each of 500 almost equal classes was exp(-124), which float32 has not."""
    rng = np.random.default_rng(0)
    probs = softmax(0.01 * rng.normal(size=(50, 500))).astype(np.float32)
    assert LOWEST <= fit_temperature(probs.argmax(axis=1), probs) < 1.1 * LOWEST


def test_what_a_temperature_does_to_a_member_is_named_by_before_and_after() -> None:
    labels, probs = drawn(300)
    scores = calibration_scores(labels, probs, 2.0)
    assert list(scores) == [
        "temperature",
        "ece",
        "ece_calibrated",
        "brier_calibrated",
    ]
    calibrated = apply_temperature(probs, 2.0)
    assert scores["ece"] == round(ece(labels, probs), 5)
    assert scores["ece_calibrated"] == round(ece(labels, calibrated), 5)
    assert scores["brier_calibrated"] == round(brier(labels, calibrated), 5)


@given(
    arrays(np.int64, (4, 3), elements=st.integers(1, 9)),
    st.floats(0.1, 9),
    st.floats(0.1, 9),
)
def test_temperatures_multiply(counts: np.ndarray, one: float, two: float) -> None:
    probs = counts / counts.sum(axis=1, keepdims=True)
    twice = apply_temperature(apply_temperature(probs, one), two)
    np.testing.assert_allclose(
        twice, apply_temperature(probs, one * two), atol=1e-5
    )
    np.testing.assert_array_equal(
        apply_temperature(probs, one).argmax(axis=1), probs.argmax(axis=1)
    )
    np.testing.assert_allclose(apply_temperature(probs, one).sum(axis=1), 1)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_member_is_found(true: float) -> None:
    labels, probs = drawn()
    assert fit_temperature(
        labels, apply_temperature(probs, 1 / true)
    ) == pytest.approx(true, rel=0.05)


def test_no_temperature_is_better() -> None:
    labels, probs = drawn(500)
    sharp = apply_temperature(probs, 0.3)
    temperature = fit_temperature(labels, sharp)
    loss = minimize_scalar(
        lambda t: log_loss(labels, apply_temperature(sharp, t)), bounds=(0.1, 20)
    )
    assert temperature == pytest.approx(loss.x, rel=0.01)


def test_a_member_that_is_never_or_always_wrong_has_a_temperature_inside_the_bounds() -> (
    None
):
    probs = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    assert (
        LOWEST <= fit_temperature(np.zeros(10, int), probs) < 0.2
    )  # float32 is flat from there
    assert HIGHEST / 1.1 < fit_temperature(np.ones(10, int), probs) <= HIGHEST
    certain = np.tile(np.array([[1.0, 0.0]], np.float32), (10, 1))
    assert np.isfinite(fit_temperature(np.ones(10, int), certain))


def test_brier_by_hand_and_as_scikit_learn_has_it() -> None:
    probs = np.array([[0.7, 0.3], [0.5, 0.5]])
    assert brier(np.array([0, 1]), probs) == pytest.approx((0.18 + 0.5) / 2)
    labels, many = drawn(300)
    expected = brier_score_loss(labels, many, scale_by_half=False, labels=range(5))
    assert brier(labels, many) == pytest.approx(expected)


def test_brier_goes_from_zero_to_two() -> None:
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert brier(np.array([0, 0]), certain) == 0
    assert brier(np.array([1, 1]), certain) == 2
    assert brier(np.array([0, 1]), certain) == 1


def test_one_class_has_no_error_of_any_kind() -> None:
    labels = np.zeros(4, int)
    only = np.ones((4, 1), np.float32)
    assert brier(labels, only) == ece(labels, only) == 0
    assert ece(labels, only, binning="width") == 0
    assert LOWEST <= fit_temperature(labels, only) <= HIGHEST


def test_calibration_error_by_hand() -> None:
    # Two sure ones, one right; two at .6, both right: gaps .9 - .5 and 1 - .6.
    probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.6, 0.4]])
    labels = np.array([0, 1, 1, 0])
    for binning in ("width", "mass"):
        assert ece(
            labels, probs, binning=binning, bins=2 if binning == "mass" else 10
        ) == (pytest.approx(0.4))
    table = reliability(labels, probs, binning="mass", bins=2)
    assert table["count"].tolist() == [2, 2]
    np.testing.assert_allclose(table["confidence"], [0.6, 0.9])
    np.testing.assert_allclose(table["accuracy"], [1.0, 0.5])


def test_bins_of_equal_mass_hold_as_many_images() -> None:
    labels, probs = drawn(100)
    assert set(reliability(labels, probs, binning="mass", bins=15)["count"]) == {
        6,
        7,
    }


def test_the_order_of_equally_sure_rows_changes_nothing() -> None:
    """Sorted by class, ties of confidence fell into bins by class."""
    labels = np.repeat([0, 1], 150)
    probs = np.tile([0.6, 0.4], (300, 1))  # right in the first half
    order = np.random.default_rng(0).permutation(300)
    assert (
        ece(labels, probs) == ece(labels[order], probs[order]) == pytest.approx(0.1)
    )


def test_a_confidence_at_the_edge_of_two_bins_is_in_the_upper_one() -> None:
    # The median of .6, .7 and .9 parts them.
    probs = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1]])
    table = reliability(np.zeros(3, int), probs, binning="mass", bins=2)
    assert table["count"].tolist() == [1, 2]


def test_full_confidence_has_a_bin() -> None:
    table = reliability(
        np.array([0, 0]), np.array([[1.0, 0.0], [0.0, 1.0]]), binning="width"
    )
    assert table["bin"].tolist() == [14] and table["accuracy"].tolist() == [0.5]


def test_calibration_brings_the_error_down() -> None:
    labels, probs = drawn()
    sharp = apply_temperature(probs, 0.3)
    calm = apply_temperature(sharp, fit_temperature(labels, sharp))
    assert ece(labels, calm) < 0.03 < 0.1 < ece(labels, sharp)
    assert ece(labels, calm, binning="width") < 0.03
