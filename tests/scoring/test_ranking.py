"""The order of mistakes."""

import numpy as np

from croquis.scoring.ranking import rank_mistakes, surest
from croquis.tables.predictions import Predictions

PROBS = [[0.9, 0.1], [0.3, 0.7], [0.1, 0.9], [0.3, 0.7]]


def test_mistakes_are_rank_mistakes_by_confidence_then_by_id() -> None:
    oof = Predictions(["d", "c", "b", "a"], PROBS, ["cat", "dog"])
    assert rank_mistakes(np.zeros(4, int), oof).tolist() == [2, 3, 1]
    assert rank_mistakes(np.ones(4, int), oof).tolist() == [0]


def test_of_a_group_of_copies_the_surest_is_shown() -> None:
    oof = Predictions(["d", "c", "b", "a"], PROBS, ["cat", "dog"])
    assert surest(np.zeros(4, int), oof, np.array([0, 1, 1, 2])).tolist() == [2, 3]
