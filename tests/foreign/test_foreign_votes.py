"""The vote over prediction files, by hand and against scipy."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from croquis.core.errors import InputError
from croquis.foreign import foreign_votes
from croquis.foreign.foreign import Foreign
from croquis.foreign.foreign_votes import class_count, outcome


def soft(
    rows: list[list[float]], name: str = "p.csv", classes: list[str] | None = None
) -> Foreign:
    ids = np.array([str(row) for row in range(len(rows))])
    names = None if classes is None else np.array(classes)
    return Foreign(Path(name), ids, np.array(rows, dtype=float), names)


def hard(labels: list[int] | np.ndarray, name: str = "h.csv") -> Foreign:
    return Foreign(
        Path(name),
        np.array([str(row) for row in range(len(labels))]),
        np.array(labels),
    )


def test_a_majority_vote_of_15_voters_is_that_of_scipy() -> None:
    """The rule that gives the winning file of the challenge from 15 of its authors' fold files."""
    votes = np.random.default_rng(0).integers(
        0, 6, size=(15, 2500)
    )  # of a few rows most tie
    vote = outcome([hard(labels) for labels in votes], "hard")
    np.testing.assert_array_equal(vote.labels, stats.mode(votes, axis=0).mode)
    counts = np.sort(
        (votes[None] == np.arange(6)[:, None, None]).sum(axis=1), axis=0
    )
    assert vote.ties == (counts[-1] == counts[-2]).sum() > 100
    assert vote.agreement[3] == pytest.approx((votes[3] == vote.labels).mean())


def test_ties_go_to_the_lowest_class_and_are_counted() -> None:
    vote = outcome([hard([2, 2, 0]), hard([1, 2, 0]), hard([0, 1, 1])], "hard")
    assert vote.labels.tolist() == [0, 2, 0] and vote.ties == 1


def test_the_soft_vote_is_the_mean_and_weights_tilt_it() -> None:
    files = [soft([[0.6, 0.4]]), soft([[0.1, 0.9]])]
    assert outcome(files, "soft").labels.tolist() == [1]  # .35 : .65
    assert outcome(files, "soft", [4, 1]).labels.tolist() == [0]  # .5 : .5
    assert outcome(files, "soft", [4, 1]).ties == 1


def test_a_file_of_probabilities_has_one_vote_in_a_hard_vote() -> None:
    files = [soft([[0.4, 0.35, 0.25]]), hard([1]), hard([1])]
    assert outcome(files, "hard").labels.tolist() == [1]
    assert outcome(files, "hard", [3, 1, 1]).labels.tolist() == [0]


@pytest.mark.parametrize("method", ["soft", "hard"])
def test_the_order_of_files_and_the_size_of_blocks_decide_nothing(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        np.random.default_rng(1).integers(1, 4, size=(3, 50, 3)).astype(float)
    )  # ties abound
    files = [
        soft((part / part.sum(axis=1, keepdims=True)).tolist()) for part in rows
    ]
    vote = outcome(files, method)
    monkeypatch.setattr(foreign_votes, "_ROWS", 7)
    again = outcome(files[::-1], method)
    np.testing.assert_array_equal(vote.labels, again.labels)
    assert vote.ties == again.ties > 0 and vote.agreement == again.agreement[::-1]


def test_a_file_given_twice_has_weight_two() -> None:
    one, two, three = hard([0, 1, 2]), hard([1, 1, 0]), hard([1, 2, 0])
    doubled, weighted = (
        outcome([one, one, two, three], "hard"),
        outcome([one, two, three], "hard", [2, 1, 1]),
    )
    assert doubled.labels.tolist() == weighted.labels.tolist() == [0, 1, 0]


def test_labels_have_no_probabilities_to_average() -> None:
    with pytest.raises(
        InputError, match=r"h\.csv: expected prob.*received labels; say --method h"
    ):
        outcome([soft([[1.0, 0.0]]), hard([0])], "soft")


def test_files_of_other_classes_are_refused() -> None:
    two, three = soft([[1, 0]]), soft([[1, 0, 0]], "q.csv")
    with pytest.raises(
        InputError, match=r"q\.csv: expected 2 classes, as p\.csv has, received 3"
    ):
        class_count([two, three])
    with pytest.raises(
        InputError, match=r"h\.csv: expected labels 0 to 1, as p\.csv has 2 .*l 2"
    ):
        class_count([hard([2]), two])
    named = [
        soft([[1, 0]], classes=["a", "b"]),
        soft([[1, 0]], "q.npz", ["b", "a"]),
    ]
    with pytest.raises(
        InputError, match=r"q\.npz: expected the class names of p\.csv"
    ):
        class_count([two, *named])


def test_labels_alone_ask_for_as_many_classes_as_their_highest() -> None:
    assert class_count([hard([0, 4]), hard([1, 1])]) == 5
