"""Groups that hold together: no merge joins unlike images, too many, or those kept apart."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from croquis.core.symmetries import NAMES, turn
from croquis.dataset.dedup_overrides import contradictions
from croquis.dedup import chains
from croquis.dedup.chains import (
    ALIKE,
    IDENTICAL,
    SAID,
    Limits,
    chain_similarity,
    join_within_limits,
)
from croquis.tables.components import components

LOOSE = Limits(least=0.0, largest=99)
IDENTITY = NAMES[:1]


def fan(*degrees: float) -> np.ndarray:
    """Unit vectors of 2x2 sheets whose cosines are those of the angles between them."""
    angles = np.radians(degrees)
    return np.stack(
        [np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], 1
    ).astype(np.float32)


def pairs(*edges: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(edges), columns=["a", "b"], dtype=np.int64)


def unsure(edges: pd.DataFrame) -> np.ndarray:
    return np.zeros(len(edges), bool)


def test_a_chain_is_cut_at_its_weakest_bridge() -> None:
    # 0, 20 and 45 degrees: neighbours are alike (.94, .91), the ends are not (.71)
    edges = pairs((0, 1), (1, 2))
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 20, 45), IDENTITY, Limits(0.8, 99)
    )
    assert grouping.group.tolist() == [0, 0, 1]
    assert (grouping.cut_groups, grouping.cut_pairs) == (1, 1)
    assert grouping.lowest == np.round(np.cos(np.radians(20)), 5)


def test_without_limits_groups_are_connected_components() -> None:
    edges = pairs((0, 1), (1, 2))
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 20, 45), IDENTITY, LOOSE
    )
    assert (
        grouping.group.tolist() == [0, 0, 0]
        and grouping.cut_groups == grouping.cut_pairs == 0
    )


def test_a_least_similarity_of_zero_cuts_nothing_however_unlike() -> None:
    # mean-removed cosines go below 0: -.77 between the ends
    edges = pairs((0, 1), (1, 2))
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 70, 140), IDENTITY, Limits(0.0, 99)
    )
    assert grouping.group.tolist() == [
        0,
        0,
        0,
    ] and grouping.lowest == pytest.approx(-0.76604)


def test_a_group_stays_below_the_largest_size() -> None:
    edges = pairs((0, 1), (1, 2), (2, 3))
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 1, 3, 4), IDENTITY, Limits(0.8, 2)
    )
    assert grouping.group.tolist() == [0, 0, 1, 1] and grouping.cut_pairs == 1


def test_encodings_of_one_drawing_share_a_group_however_many_they_are() -> None:
    """300 of one drawing made 13 groups over all folds: what is close is no chain."""
    edges, limits = pairs((0, 1), (1, 2), (2, 3)), Limits(0.8, 2)
    close = np.array([True, False, True])
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 1, 3, 4), IDENTITY, limits, close
    )
    assert grouping.group.tolist() == [0, 0, 1, 1]
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 1, 3, 4), IDENTITY, limits, ~close
    )
    assert grouping.group.tolist() == [0, 0, 0, 0] and grouping.cut_pairs == 0


def test_a_close_pair_does_not_join_what_is_unlike() -> None:
    edges = pairs((0, 1), (1, 2))
    close = np.ones(2, bool)
    grouping = join_within_limits(
        edges, unsure(edges), fan(0, 20, 45), IDENTITY, Limits(0.8, 1), close
    )
    assert grouping.group.tolist() == [0, 0, 1]


def test_what_is_sure_is_joined_whatever_its_size_and_similarity() -> None:
    edges = pairs((0, 1), (1, 2))
    grouping = join_within_limits(
        edges, np.ones(2, bool), fan(0, 90, 45), IDENTITY, Limits(0.9, 1)
    )
    assert grouping.group.tolist() == [0, 0, 0]


def test_a_person_keeps_images_apart_through_others_too() -> None:
    # 0 = 1 and 1 - 2 alike; 0 and 2 are different by a person's word
    edges = pairs((0, 1), (1, 2))
    limits = Limits(0.0, 99, apart=((0, 2),))
    grouping = join_within_limits(
        edges, np.array([True, False]), fan(0, 0, 1), IDENTITY, limits
    )
    assert grouping.group.tolist() == [0, 0, 1]
    grouping = join_within_limits(
        edges, np.array([True, True]), fan(0, 0, 1), IDENTITY, limits
    )
    assert len(set(grouping.group[[0, 2]])) == 2


def test_a_persons_same_wins_over_identity() -> None:
    # 0 = 1 by bytes, 1 and 2 the same and 0 and 2 different by a person's word
    edges, limits = pairs((0, 1), (1, 2)), Limits(0.8, 99, apart=((0, 2),))
    grouping = join_within_limits(
        edges, np.array([IDENTICAL, SAID]), fan(0, 0, 50), IDENTITY, limits
    )
    assert grouping.group.tolist() == [0, 1, 1] and grouping.cut_pairs == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_persons_same_tears_no_copies_apart_whichever_id_comes_first(
    order: tuple,
) -> None:
    # 0, 80 and 80.5 degrees: a person calls the first two the same, the last two are copies
    angles, (x, y, z) = np.empty(3), order
    angles[[x, y, z]] = 0, 80, 80.5
    edges = pairs(tuple(sorted((x, y))), tuple(sorted((y, z))))
    grouping = join_within_limits(
        edges, np.array([SAID, ALIKE]), fan(*angles), IDENTITY, Limits(0.8, 3)
    )
    assert grouping.group.tolist() == [0, 0, 0]
    assert grouping.lowest == np.round(
        np.cos(np.radians(0.5)), 5
    )  # of what machines joined


@pytest.mark.parametrize(("same", "alike"), [((0, 1), (1, 2)), ((1, 2), (0, 1))])
def test_what_a_person_joined_makes_no_group_too_large_for_copies(
    same: tuple, alike: tuple
):
    edges = pairs(same, alike)
    grouping = join_within_limits(
        edges, np.array([SAID, ALIKE]), fan(0, 1, 2), IDENTITY, Limits(0.8, 2)
    )
    assert grouping.group.tolist() == [0, 0, 0]


def test_what_machines_join_is_alike_behind_a_persons_back_too() -> None:
    # 0 - 1 - 2 is a chain of 0, 20 and 45 degrees, and 0 the same as 3 (90) by a person's word
    edges = pairs((0, 1), (1, 2), (0, 3))
    trust = np.array([ALIKE, ALIKE, SAID])
    grouping = join_within_limits(
        edges, trust, fan(0, 20, 45, 90), IDENTITY, Limits(0.8, 99)
    )
    assert grouping.group.tolist() == [0, 0, 1, 0]
    assert grouping.lowest == np.round(np.cos(np.radians(20)), 5)


def test_of_identical_images_one_is_compared() -> None:
    # 0 = 1 by bytes; had 1, which is 30 degrees off in this tale, a say, 2 would be refused
    edges = pairs((0, 1), (0, 2))
    trust = np.array([IDENTICAL, ALIKE])
    grouping = join_within_limits(
        edges, trust, fan(0, 30, -5), IDENTITY, Limits(0.9, 99)
    )
    assert grouping.group.tolist() == [0, 0, 0]


def test_a_refused_merge_is_not_measured_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # two bundles of six, 40 degrees apart, and all 36 pairs between them
    calls, measure = [], chains._Clusters._lowest_between
    monkeypatch.setattr(
        chains._Clusters,
        "_lowest_between",
        lambda self, one, other: (
            calls.append((one, other)) or measure(self, one, other)
        ),
    )
    edges = pairs(*combinations(range(12), 2))
    blurred = fan(*np.arange(6) / 10, *(40 + np.arange(6) / 10))
    grouping = join_within_limits(
        edges, unsure(edges), blurred, IDENTITY, Limits(0.8, 99)
    )
    assert grouping.group.tolist() == [0] * 6 + [1] * 6
    assert len(calls) == 5 + 5 + 1


def test_similarity_is_the_largest_under_the_symmetries() -> None:
    sheet = np.arange(4, dtype=np.float32).reshape(2, 2)
    both = np.stack([sheet.ravel(), turn(sheet, "rot90").ravel()]) / np.linalg.norm(
        sheet
    )
    a, b = np.array([0]), np.array([1])
    assert chain_similarity(both, a, b, NAMES).tolist() == [1.0]
    # [0, 1, 2, 3] with its turn [1, 3, 0, 2]: 3 + 0 + 6 of a length of 14
    assert chain_similarity(both, a, b, IDENTITY).tolist() == [round(9 / 14, 5)]


def test_blank_sheets_are_like_nothing() -> None:
    edges = pairs((0, 1), (1, 2))
    blank = np.zeros((3, 4), np.float32)
    grouping = join_within_limits(
        edges, np.array([True, False]), blank, IDENTITY, Limits(0.5, 99)
    )
    assert grouping.group.tolist() == [0, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_the_number_of_threads_changes_no_digit(seed: int) -> None:
    # two bundles of 64, joined at the end by a product large enough for BLAS to share
    rng = np.random.default_rng(seed)
    sheets = np.repeat(rng.normal(size=(2, 1024)), 64, axis=0) + rng.normal(
        size=(128, 1024)
    )
    sheets = (sheets / np.linalg.norm(sheets, axis=1, keepdims=True)).astype(
        np.float32
    )
    edges = pairs(*((a, a + 1) for a in range(127)))
    groupings = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            groupings.append(
                join_within_limits(
                    edges, unsure(edges), sheets, IDENTITY, Limits(0, 999)
                )
            )
    assert groupings[0].lowest == groupings[1].lowest < 1
    np.testing.assert_array_equal(groupings[0].group, groupings[1].group)


@given(
    st.lists(st.integers(0, 90), min_size=2, max_size=10),
    st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.floats(0.3, 1),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_no_group_breaks_a_limit_and_none_is_wider_than_its_component(
    degrees: list[int],
    edges: set[tuple[int, int]],
    least: float,
    largest: int,
    random,
) -> None:
    count = len(degrees)
    edges = pairs(*sorted((a, b) for a, b in edges if a < b < count))
    blurred = fan(*degrees)
    grouping = join_within_limits(
        edges, unsure(edges), blurred, IDENTITY, Limits(least, largest)
    )
    loose = components(count, edges["a"].to_numpy(), edges["b"].to_numpy())
    for group in set(grouping.group):
        members = np.flatnonzero(grouping.group == group)
        assert len(set(loose[members])) == 1 and len(members) <= max(1, largest)
        assert (
            len(members) == 1
            or (blurred[members] @ blurred[members].T).min() >= least - 1e-4
        )
    order = list(edges.index)
    random.shuffle(order)
    again = join_within_limits(
        edges.loc[order], unsure(edges), blurred, IDENTITY, Limits(least, largest)
    )
    np.testing.assert_array_equal(again.group, grouping.group)


@given(
    st.lists(st.integers(0, 180), min_size=2, max_size=8),
    st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 7)),
        st.sampled_from([ALIKE, IDENTICAL, SAID]),
        max_size=16,
    ),
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_persons_word_always_holds_in_any_order(
    degrees: list[int],
    trusts: dict[tuple[int, int], int],
    apart: set[tuple[int, int]],
    random,
) -> None:
    count = len(degrees)
    trusts = {
        edge: trust
        for edge, trust in sorted(trusts.items())
        if edge[0] < edge[1] < count
    }
    same = [edge for edge, trust in trusts.items() if trust == SAID]
    apart = {edge for edge in apart if edge[0] < edge[1] < count}
    apart -= set(contradictions(same, apart, count))
    edges, trust = pairs(*trusts), np.array(list(trusts.values()), int)
    limits = Limits(0.8, 4, tuple(sorted(apart)))
    grouping = join_within_limits(edges, trust, fan(*degrees), IDENTITY, limits)
    assert all(grouping.group[one] == grouping.group[other] for one, other in same)
    assert all(grouping.group[one] != grouping.group[other] for one, other in apart)
    assert grouping.lowest >= 0.8
    order = np.arange(len(edges))
    random.shuffle(order)
    again = join_within_limits(
        edges.iloc[order], trust[order], fan(*degrees), IDENTITY, limits
    )
    np.testing.assert_array_equal(again.group, grouping.group)
