"""One image with several labels."""

import numpy as np
import pandas as pd
import pytest

from croquis.dedup.conflicts import (
    DROPPED,
    is_disputed,
    label_shares,
    minority,
    none_outvoted,
)
from croquis.dedup.settings import DedupParams
from croquis.tables.samples import Samples

# Clusters 0 (labels 5, 5, 7), 1 (labels 5, 7), 2 (one label), 3 (labels 1, 1, 1, 1, 2, 2)
CLUSTER = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3])
LABELS = np.array([5, 5, 7, 5, 7, 4, 4, 1, 1, 1, 1, 2, 2])


def test_clusters_of_several_labels_are_disputed() -> None:
    assert (
        is_disputed(LABELS, CLUSTER).tolist()
        == [True] * 5 + [False] * 2 + [True] * 6
    )


def test_a_minority_is_outvoted_two_to_one() -> None:
    assert np.flatnonzero(minority(LABELS, CLUSTER)).tolist() == [2, 11, 12]


def test_three_to_two_settles_nothing() -> None:
    assert not minority(np.array([1, 1, 1, 2, 2]), np.zeros(5, int)).any()


def test_keeping_drops_nothing() -> None:
    assert not none_outvoted(LABELS, CLUSTER).any()


def test_shares_are_those_of_the_cluster_and_empty_without_dispute() -> None:
    shares = label_shares(LABELS, CLUSTER)
    assert shares[:3] == ["5:0.666666667 7:0.333333333"] * 3
    assert shares[3:7] == ["5:0.5 7:0.5"] * 2 + ["", ""]


@pytest.mark.parametrize("count", [3, 7, 11])
def test_shares_that_are_trained_on_sum_to_one(count: int) -> None:
    targets = label_shares(np.arange(count), np.zeros(count, int))
    rows = pd.DataFrame(
        {"id": list(map(str, range(count))), "label": range(count), "weight": 1.0}
    )
    samples = Samples.labelled(rows.assign(targets=targets), count)
    np.testing.assert_allclose(samples.targets.sum(axis=1), 1, rtol=0, atol=5e-7)


def test_every_policy_of_the_settings_has_its_function() -> None:
    assert set(DROPPED) == set(
        DedupParams.model_fields["conflicts"].annotation.__args__
    )
