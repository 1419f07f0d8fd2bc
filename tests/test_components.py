"""What belongs together."""

import numpy as np
import pandas as pd

from croquis.components import components, families, joined


def test_components_are_numbered_by_first_appearance() -> None:
    found = components(5, np.array([4, 1]), np.array([3, 0]))
    assert found.tolist() == [0, 0, 1, 2, 2]


def test_without_edges_each_stands_alone() -> None:
    assert components(3, np.array([], int), np.array([], int)).tolist() == [0, 1, 2]


def test_joined_groups_cut_through_neither() -> None:
    # 0 and 1 by the first, 1 and 2 by the second, 3 alone
    assert joined(np.array([7, 7, 5, 4]), np.array([1, 2, 2, 3])).tolist() == [0, 0, 0, 1]


def test_a_family_is_a_source_and_all_that_derives_from_it() -> None:
    ids = pd.Series(["a", "b", "a-flip", "a-flip-turn", "c"])
    sources = pd.Series(["", "", "a", "a-flip", ""])
    assert families(ids, sources).tolist() == [0, 1, 0, 0, 2]


def test_pictures_of_a_lost_source_are_one_family() -> None:
    ids, sources = pd.Series(["a", "x1", "x2"]), pd.Series(["", "lost", "lost"])
    own = families(ids, sources)
    assert own[1] == own[2] != own[0]
