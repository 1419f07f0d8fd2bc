"""One picture with several labels."""

import numpy as np

from croquis.dedup.conflicts import DROPPED, disputed, minority, none_dropped, shares
from croquis.dedup.settings import DedupParams

# Clusters 0 (labels 5, 5, 7), 1 (labels 5, 7), 2 (one label), 3 (labels 1, 1, 1, 1, 2, 2)
CLUSTER = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3])
LABELS = np.array([5, 5, 7, 5, 7, 4, 4, 1, 1, 1, 1, 2, 2])


def test_clusters_of_several_labels_are_disputed() -> None:
    assert disputed(LABELS, CLUSTER).tolist() == [True] * 5 + [False] * 2 + [True] * 6


def test_a_minority_is_outvoted_two_to_one() -> None:
    assert np.flatnonzero(minority(LABELS, CLUSTER)).tolist() == [2, 11, 12]


def test_three_to_two_settles_nothing() -> None:
    assert not minority(np.array([1, 1, 1, 2, 2]), np.zeros(5, int)).any()


def test_keeping_drops_nothing() -> None:
    assert not none_dropped(LABELS, CLUSTER).any()


def test_shares_are_those_of_the_cluster_and_empty_without_dispute() -> None:
    found = shares(LABELS, CLUSTER)
    assert found[:3] == ["5:0.666667 7:0.333333"] * 3
    assert found[3:7] == ["5:0.5 7:0.5"] * 2 + ["", ""]


def test_every_policy_of_the_settings_has_its_function() -> None:
    assert set(DROPPED) == set(DedupParams.model_fields["conflicts"].annotation.__args__)
