"""Groups that hold together: no merge joins unlike pictures, too many, or those kept apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.components import components
from croquis.dedup.chains import Limits, cohesive, contradictions, likeness
from croquis.symmetries import NAMES, turned

LOOSE = Limits(least=0.0, largest=99)
IDENTITY = NAMES[:1]


def fan(*degrees: float) -> np.ndarray:
    """Unit vectors of 2x2 sheets whose cosines are those of the angles between them."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], 1).astype(np.float32)


def pairs(*edges: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(edges), columns=["a", "b"], dtype=np.int64)


def unsure(edges: pd.DataFrame) -> np.ndarray:
    return np.zeros(len(edges), bool)


def test_a_chain_is_cut_at_its_weakest_bridge() -> None:
    # 0, 20 and 45 degrees: neighbours are alike (.94, .91), the ends are not (.71)
    edges = pairs((0, 1), (1, 2))
    found = cohesive(edges, unsure(edges), fan(0, 20, 45), IDENTITY, Limits(0.8, 99))
    assert found.group.tolist() == [0, 0, 1]
    assert (found.cut_groups, found.cut_pairs) == (1, 1)
    assert found.lowest == np.round(np.cos(np.radians(20)), 5)


def test_without_limits_groups_are_connected_components() -> None:
    edges = pairs((0, 1), (1, 2))
    found = cohesive(edges, unsure(edges), fan(0, 20, 45), IDENTITY, LOOSE)
    assert found.group.tolist() == [0, 0, 0] and found.cut_groups == found.cut_pairs == 0


def test_a_least_likeness_of_zero_cuts_nothing_however_unlike() -> None:
    # mean-removed cosines go below 0: -.77 between the ends
    edges = pairs((0, 1), (1, 2))
    found = cohesive(edges, unsure(edges), fan(0, 70, 140), IDENTITY, Limits(0.0, 99))
    assert found.group.tolist() == [0, 0, 0] and found.lowest == pytest.approx(-0.76604)


def test_a_group_stays_below_the_largest_size() -> None:
    edges = pairs((0, 1), (1, 2), (2, 3))
    found = cohesive(edges, unsure(edges), fan(0, 1, 3, 4), IDENTITY, Limits(0.8, 2))
    assert found.group.tolist() == [0, 0, 1, 1] and found.cut_pairs == 1


def test_what_is_sure_is_joined_whatever_its_size_and_likeness() -> None:
    edges = pairs((0, 1), (1, 2))
    found = cohesive(edges, np.ones(2, bool), fan(0, 90, 45), IDENTITY, Limits(0.9, 1))
    assert found.group.tolist() == [0, 0, 0]


def test_a_person_keeps_pictures_apart_through_others_too() -> None:
    # 0 = 1 and 1 - 2 alike; 0 and 2 are different by a person's word
    edges = pairs((0, 1), (1, 2))
    limits = Limits(0.0, 99, apart=((0, 2),))
    found = cohesive(edges, np.array([True, False]), fan(0, 0, 1), IDENTITY, limits)
    assert found.group.tolist() == [0, 0, 1]
    found = cohesive(edges, np.array([True, True]), fan(0, 0, 1), IDENTITY, limits)
    assert len(set(found.group[[0, 2]])) == 2


def test_likeness_is_the_largest_under_the_symmetries() -> None:
    sheet = np.arange(4, dtype=np.float32).reshape(2, 2)
    both = np.stack([sheet.ravel(), turned(sheet, "rot90").ravel()]) / np.linalg.norm(sheet)
    a, b = np.array([0]), np.array([1])
    assert likeness(both, a, b, NAMES).tolist() == [1.0]
    # [0, 1, 2, 3] with its turn [1, 3, 0, 2]: 3 + 0 + 6 of a length of 14
    assert likeness(both, a, b, IDENTITY).tolist() == [round(9 / 14, 5)]


def test_blank_sheets_are_like_nothing() -> None:
    edges = pairs((0, 1), (1, 2))
    blank = np.zeros((3, 4), np.float32)
    found = cohesive(edges, np.array([True, False]), blank, IDENTITY, Limits(0.5, 99))
    assert found.group.tolist() == [0, 0, 1]


def test_contradictions_are_found_through_others() -> None:
    assert contradictions([(0, 1), (1, 2)], [(0, 2), (0, 3)], 4) == [(0, 2)]
    assert contradictions([], [(0, 1)], 2) == []


@given(
    st.lists(st.integers(0, 90), min_size=2, max_size=10),
    st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.floats(0.3, 1),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_no_group_breaks_a_limit_and_none_is_wider_than_its_component(
    degrees: list[int], edges: set[tuple[int, int]], least: float, largest: int, random
) -> None:
    count = len(degrees)
    edges = pairs(*sorted((a, b) for a, b in edges if a < b < count))
    blurred = fan(*degrees)
    found = cohesive(edges, unsure(edges), blurred, IDENTITY, Limits(least, largest))
    loose = components(count, edges["a"].to_numpy(), edges["b"].to_numpy())
    for group in set(found.group):
        members = np.flatnonzero(found.group == group)
        assert len(set(loose[members])) == 1 and len(members) <= max(1, largest)
        assert len(members) == 1 or (blurred[members] @ blurred[members].T).min() >= least - 1e-4
    order = list(edges.index)
    random.shuffle(order)
    again = cohesive(edges.loc[order], unsure(edges), blurred, IDENTITY, Limits(least, largest))
    np.testing.assert_array_equal(again.group, found.group)
