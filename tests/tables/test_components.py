"""What belongs together."""

from random import Random

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from croquis.tables.components import components, families, join_groups, units


def test_components_are_numbered_by_first_appearance() -> None:
    numbers = components(5, np.array([4, 1]), np.array([3, 0]))
    assert numbers.tolist() == [0, 0, 1, 2, 2]


def test_without_edges_each_stands_alone() -> None:
    assert components(3, np.array([], int), np.array([], int)).tolist() == [0, 1, 2]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20),
    st.randoms(),
)
def test_components_are_those_of_a_flood(
    edges: list[tuple[int, int]], random: Random
) -> None:
    reach = np.eye(10, dtype=bool)
    for one, other in edges:
        reach[one, other] = reach[other, one] = True
    for _ in range(4):  # paths of up to 16 steps
        reach = reach @ reach
    random.shuffle(edges)
    a, b = np.array(edges, int).reshape(-1, 2).T
    numbers = components(10, a, b)
    np.testing.assert_array_equal(numbers[:, None] == numbers, reach)


def test_joined_groups_cut_through_neither() -> None:
    # 0 and 1 by the first, 1 and 2 by the second, 3 alone
    assert join_groups(np.array([7, 7, 5, 4]), np.array([1, 2, 2, 3])).tolist() == [
        0,
        0,
        0,
        1,
    ]


def test_a_family_is_a_source_and_all_that_derives_from_it() -> None:
    ids = pd.Series(["a", "b", "a-flip", "a-flip-turn", "c"])
    sources = pd.Series(["", "", "a", "a-flip", ""])
    assert families(ids, sources).tolist() == [0, 1, 0, 0, 2]


def test_images_of_a_lost_source_are_one_family() -> None:
    ids, sources = pd.Series(["a", "x1", "x2"]), pd.Series(["", "lost", "lost"])
    numbers = families(ids, sources)
    assert numbers[1] == numbers[2] != numbers[0]


def test_units_are_domains_and_those_with_a_copy_of_each_other_one() -> None:
    rows = pd.DataFrame({"unit": [4, 4, 5, 6, 6], "group": [0, 1, 2, 3, 3]})
    assert units(rows).tolist() == [0, 0, 1, 2, 2]
    rows["group"] = [0, 1, 1, 3, 4]  # somebody's second is another's first
    assert units(rows).tolist() == [0, 0, 0, 1, 1]


def test_of_one_domain_groups_are_the_units() -> None:
    """The interval of five cameras' first fold had no width, and its nested parts were one."""
    rows = pd.DataFrame({"unit": 7, "group": [3, 3, 1, 2]})
    assert units(rows).tolist() == [0, 0, 1, 2]
