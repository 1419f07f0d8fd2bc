"""A member calibrated without the image that is judged."""

import numpy as np

from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import fit_temperature
from croquis.votes.parts import nested_calibrated, parts_of


def test_each_part_is_at_the_temperature_of_the_others() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=100)
    probs = rng.dirichlet(np.ones(3), 100) * 0.5 + 0.5 * np.eye(3)[labels]
    groups = np.arange(100) // 2
    parts = parts_of(groups, seed=4)
    calibrated = nested_calibrated(labels, probs, groups, seed=4)
    for part in range(5):
        is_out = parts == part
        temperature = fit_temperature(labels[~is_out], probs[~is_out])
        expected = apply_temperature(probs[is_out], temperature)
        np.testing.assert_array_equal(calibrated[is_out], expected)


def test_one_group_is_its_own_judge() -> None:
    labels = np.array([0, 1, 0, 1])
    probs = np.array([[0.6, 0.4], [0.3, 0.7], [0.4, 0.6], [0.2, 0.8]])
    calibrated = nested_calibrated(labels, probs, np.zeros(4), seed=0)
    temperature = fit_temperature(labels, probs)
    np.testing.assert_array_equal(calibrated, apply_temperature(probs, temperature))
