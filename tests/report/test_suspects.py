"""Labels in doubt."""

from pathlib import Path

import numpy as np
import pytest

from croquis.dataset.dedup_overrides import Overrides, read_overrides
from croquis.report.decisions import PriorDecisions
from croquis.report.sections.suspects import (
    label_suspects,
    page_suspects,
    single_image_classes,
)
from croquis.report.thumbnails import Thumbnails
from croquis.tables.predictions import Predictions
from support.leftovers import data_of, leave, outcome_of

CLASSES = ["a", "b", "never"]


def confident(labels: np.ndarray) -> np.ndarray:
    """Probabilities of 40 images that are sure of classes 0 and 1 in turn, whatever the label."""
    probs = np.full((40, 3), 0.02)
    probs[np.arange(40), np.arange(40) % 2] = 0.96
    return probs


def test_a_wrong_label_is_doubted_first_and_no_other() -> None:
    labels = np.arange(40) % 2
    labels[7] = 0  # the network is sure of 1
    oof = Predictions([str(row) for row in range(40)], confident(labels), CLASSES)
    assert label_suspects(labels, oof).tolist() == [7]


def test_hard_votes_and_absent_classes_are_no_trouble() -> None:
    """A hard vote has zeros, and a part of the folds may lack a class."""
    labels = np.arange(40) % 2
    oof = Predictions([str(row) for row in range(40)], np.eye(3)[labels], CLASSES)
    assert label_suspects(labels, oof).tolist() == []
    assert label_suspects(np.zeros(40, int), oof).tolist() == []


def test_of_copies_one_is_shown(drawn: Path) -> None:
    leave(drawn)
    data, oof = data_of(drawn), outcome_of(drawn).oof
    rows, labels = np.array([2, 7, 1]), data.labels(oof.ids)
    groups = np.array([0, 5, 5, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    decisions = PriorDecisions(Overrides(keep=(7,)), oof.ids.tolist())
    suspects = page_suspects(
        rows, labels, oof, groups, Thumbnails(data.pixels, data.index), decisions
    )
    assert [one.image.id for one in suspects] == [
        "train/spot/2.png",
        "train/pole/7.png",
    ]
    assert suspects[0].predicted == "bar" and suspects[
        0
    ].label_prob == pytest.approx(0.1)
    assert suspects[1].line == ""  # decided already


def test_a_doubted_image_has_the_line_that_drops_it(drawn: Path) -> None:
    """The page decisions to decide in data/overrides.csv, but not how."""
    leave(drawn)
    data, oof = data_of(drawn), outcome_of(drawn).oof
    decisions = PriorDecisions(Overrides(), oof.ids.tolist())
    images = Thumbnails(data.pixels, data.index)
    labels = data.labels(oof.ids)
    (suspect,) = page_suspects(
        np.array([2]), labels, oof, np.arange(12), images, decisions
    )
    assert suspect.line == "train/spot/2.png,drop,"
    file = drawn / "decided.csv"
    file.write_text(f"id,decision,other\n{suspect.line}\n")
    assert read_overrides(file, oof.ids) == Overrides(drop=(2,))


def test_a_class_of_one_image_is_told_by_the_page_and_not_by_a_warning() -> None:
    """cleanlab warned once a class, with a path into site-packages; warnings are errors here."""
    labels = np.array([*(np.arange(39) % 2), 2])
    oof = Predictions([str(row) for row in range(40)], confident(labels), CLASSES)
    assert label_suspects(labels, oof).tolist() == []
    assert single_image_classes(labels) == 1
