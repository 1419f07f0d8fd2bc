"""Pruning: nothing goes without a kept, direct copy of its class, and no class empties."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from croquis.dedup.policy import none_dropped, prune, restore_dropped


def images(
    labels: list[int], areas: list[int] | None = None, derived: tuple[int, ...] = ()
):
    count = len(labels)
    return pd.DataFrame(
        {
            "id": [f"train/{place:03d}" for place in range(count)],
            "label": labels,
            "source_id": [
                "train/999" if place in derived else "" for place in range(count)
            ],
            "width": areas or [100] * count,
            "height": 1,
        },
        index=range(50, 50 + count),  # positions are not rows of the arrays
    )


def pairs(*edges: tuple[int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(list(edges), columns=["a", "b", "score"])


def kept(
    table: pd.DataFrame, edges: pd.DataFrame, min_per_class: int
) -> np.ndarray:
    """What is kept, (N,) bool, once each class has its minimum back."""
    labels = table["label"].to_numpy()
    keep = np.ones(len(table), bool)
    dropped = prune(table, edges, np.arange(len(table)))
    keep[list(restore_dropped(labels, dropped, min_per_class))] = False
    return keep


def test_the_largest_of_a_group_stays_and_the_first_id_of_equals() -> None:
    edges = pairs((0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0))
    assert kept(images([0, 0, 0], [10, 30, 20]), edges, 1).tolist() == [
        False,
        True,
        False,
    ]
    assert kept(images([0, 0, 0]), edges, 1).tolist() == [True, False, False]


def test_an_original_stays_before_a_larger_derived_image() -> None:
    edges = pairs((0, 1, 1.0))
    assert kept(images([0, 0], [90, 10], derived=(0,)), edges, 1).tolist() == [
        False,
        True,
    ]


def test_a_chain_drops_only_what_touches_a_kept_image() -> None:
    # 0 - 1 - 2 - 3: 0 stays, 1 goes, 2 has no kept neighbour and stays, 3 goes
    edges = pairs((0, 1, 0.96), (1, 2, 0.96), (2, 3, 0.96))
    assert kept(images([0] * 4), edges, 1).tolist() == [True, False, True, False]


def test_of_equal_images_one_stays_in_each_class_and_what_is_like_one_is_like_all() -> (
    None
):
    # 0 = 2 = 4 (4 is larger) and 1 = 3; a pair of 0 and 1 stands for all; 3 and 4 are of class 1
    equal = np.array([0, 1, 0, 1, 0])
    table = images([0, 0, 0, 1, 1], [100, 100, 100, 100, 200])
    dropped = prune(table, pairs((0, 1, 0.98)), equal)
    assert dropped == {1: 0.98, 2: 1.0, 3: 0.98}  # 0 stays for 2 and 1, 4 for 3


def test_ten_thousand_equal_images_are_pruned_without_a_pair_of_each_two() -> None:
    star = pairs(*((0, place, 1.0) for place in range(1, 10_000)))
    dropped = prune(images([0] * 10_000), star, np.zeros(10_000, int))
    assert sorted(dropped) == list(range(1, 10_000))


def test_a_copy_in_another_class_drops_nothing() -> None:
    assert kept(images([0, 1]), pairs((0, 1, 1.0)), 1).all()


def test_a_class_gets_back_the_least_alike_first() -> None:
    edges = pairs((0, 1, 0.99), (0, 2, 0.96), (0, 3, 0.97))
    assert kept(images([0] * 4), edges, 2).tolist() == [True, False, True, False]
    assert kept(images([0] * 4), edges, 3).tolist() == [True, False, True, True]
    assert kept(images([0] * 4), edges, 9).all()


def test_group_keeps_everything() -> None:
    assert none_dropped(images([0, 0]), pairs((0, 1, 1.0)), np.zeros(2, int)) == {}


@st.composite
def cases(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    labels = draw(st.lists(st.integers(0, 2), min_size=1, max_size=12))
    count = len(labels)
    areas = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    edge = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = {(a, b) for a, b in draw(st.sets(edge, max_size=30)) if a < b}
    scored = [
        (a, b, draw(st.sampled_from([0.95, 0.97, 1.0]))) for a, b in sorted(edges)
    ]
    return images(labels, areas), pairs(*scored), draw(st.integers(1, 4))


@given(cases())
def test_the_dropped_have_a_kept_copy_and_classes_their_minimum(
    case: tuple,
) -> None:
    table, edges, min_per_class = case
    keep, labels = kept(table, edges, min_per_class), table["label"].to_numpy()
    copies = {
        tuple(sorted(edge)) for edge in zip(edges["a"], edges["b"], strict=True)
    }
    for place in np.flatnonzero(~keep):
        assert any(
            keep[other]
            and labels[other] == labels[place]
            and tuple(sorted((place, other))) in copies
            for other in range(len(table))
        )
    for label in set(labels):
        of_class = labels == label
        assert keep[of_class].sum() >= min(min_per_class, of_class.sum())


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_changes_nothing(case: tuple, random) -> None:
    table, edges, min_per_class = case
    order = list(edges.index)
    random.shuffle(order)
    again = kept(table, edges.loc[order], min_per_class)
    np.testing.assert_array_equal(again, kept(table, edges, min_per_class))


def test_of_the_pairs_of_equal_images_the_highest_score_counts() -> None:
    equal = np.array([0, 0, 1])
    edges = pairs((0, 2, 0.98), (1, 2, 0.97))
    assert prune(images([0, 0, 0]), edges, equal) == {1: 1.0, 2: 0.98}
