"""The tables behind the page and behind DVC's plots."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.report.sections.tables import (
    Line,
    axis,
    by_copies,
    confusion,
    figures,
    joined_curves,
    leak,
    score_lines,
)
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from support.leftovers import RUN, TEST, leave, metrics


def test_curves_are_those_of_the_run_and_no_others(drawn: Path) -> None:
    leave(drawn)
    table = joined_curves(drawn / "curves", RUN)
    assert table["training"].unique().tolist() == [
        "head fold 0",
        "head fold 1",
        "tiny fold 0",
        "tiny fold 1",
    ]
    assert (
        ",".join(table)
        == "member,fold,epoch,lr,train_loss,val_loss,val_accuracy,training"
    )
    one = RunParams(models=["tiny"], probes=[], folds=[1])
    assert joined_curves(drawn / "curves", one)["val_accuracy"].tolist() == [0.5, 0.75]


def test_curves_without_a_column_are_refused_by_name(drawn: Path) -> None:
    leave(drawn)
    path = drawn / "curves" / "tiny" / "fold1.csv"
    pd.read_csv(path).drop(columns="val_loss").to_csv(path, index=False)
    with pytest.raises(
        InputError, match=r"tiny.fold1\.csv: .* received none of val_loss; rerun"
    ):
        joined_curves(drawn / "curves", RUN)


def test_confusion_has_a_row_an_image_with_class_names() -> None:
    oof = Predictions(
        ["a", "b", "c"], [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]], ["cat", "dog"]
    )
    table = confusion(np.array([0, 0, 1]), oof)
    assert table["actual"].tolist() == ["cat", "cat", "dog"]
    assert table["predicted"].tolist() == [
        "cat",
        "dog",
        "cat",
    ]  # the tie goes to the lowest


def test_no_class_name_can_end_a_script_of_dvcs_page() -> None:
    oof = Predictions(["a"], [[0.9, 0.1]], ["</script>", "dog"])
    assert confusion(np.array([1]), oof).to_numpy().tolist() == [
        ["dog", "\u2039/script>"]
    ]


def test_lines_are_members_ensemble_and_test() -> None:
    known = metrics()
    lines = score_lines(known["vote"], known["ensemble"], known["submission"])
    assert lines == [
        Line("head", 0.481, 0.456, 0.505, 0.582),
        Line("tiny", 0.75, 0.7, 0.8),
        Line("ensemble", 0.75, 0.7, 0.8),
        Line("test, single folds", 0.712),
        Line("test, fold vote", 0.731),
    ]


def test_no_test_line_without_a_solution_and_one_with_a_single_fold() -> None:
    known = metrics()
    assert len(score_lines(known["vote"], known["ensemble"], {"rows": 3})) == 3
    single = known["ensemble"] | {"folds": 1}
    assert [line.name for line in score_lines({}, single, TEST)] == [
        "ensemble",
        "test, single folds",
    ]


@pytest.mark.parametrize(
    ("numbers", "ends"),
    [
        ((0.456, 0.8), (0.45, 0.8)),
        ((0.01, 0.99), (0, 1)),
        ((0.7, 0.7), (0.65, 0.75)),
        ((1, 1), (0.95, 1)),
        ((0, 0), (0, 0.05)),
    ],
)
def test_the_axis_ends_at_steps_around_all_numbers(
    numbers: tuple[float, float], ends: tuple[float, float]
) -> None:
    assert axis([Line("a", numbers[0]), Line("b", numbers[1])]) == pytest.approx(ends)


def test_figures_are_worded_in_reading_order_unknown_keys_last() -> None:
    content = {
        "novel_key": 0.5,
        "pairs": {"bytes": 1204},
        "images": 12,
        "sizes": list(range(14)),
    }
    assert figures(content | {"capped": False}) == [
        ("training images", "12", False),
        ("pairs of copies, by the test that found them", "", False),
        ("bytes", "1,204", True),
        ("capped", "no", False),
        ("novel key", ".500", False),
        ("sizes", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more", False),
    ]


def test_parts_of_figures_have_words_of_their_own() -> None:
    """The seconds of the step `groups` were those of "groups, an image without a copy being one".

    Tests and symmetries had one name, as if each pair were two; a median was 12.000.
    """
    content = {
        "classes": {"median_before": 12.0, "median_after": 11.5},
        "pairs": {"same": 1, "ssim": 2},
        "seconds": {"groups": 0.1, "ssim": 7.4},
        "symmetries": {"flip_lr": 1, "identity": 2},
    }
    assert figures(content) == [
        ("classes", "", False),
        ("of the median one", "12", True),
        ("of the median one after dropping", "11.5", True),
        ("pairs of copies, by the test that found them", "", False),
        ("a person's word", "1", True),
        ("ssim", "2", True),
        ("the same pairs, by how they are alike", "", False),
        ("as is", "2", True),
        ("second mirrored", "1", True),
        ("seconds", "", False),
        ("groups", "0.1", True),
        ("ssim", "7.4", True),
    ]


def test_the_leak_is_what_plain_folds_claim_beyond_grouped_ones() -> None:
    assert leak({"accuracy": 0.481, "plain_accuracy": 0.582}) == "+.101"
    assert leak({"accuracy": 0.481}) == ""
    ends = {"plain_difference_low": -0.02, "plain_difference_high": 0.222}
    assert (
        leak({"accuracy": 0.481, "plain_accuracy": 0.582} | ends)
        == "+.101 (-.020 .. +.222)"
    )


def test_images_with_a_copy_and_without_are_scored_apart() -> None:
    oof = Predictions(list("abcde"), np.eye(2)[[0, 1, 0, 0, 0]], ["cat", "dog"])
    copied, single = by_copies(
        np.zeros(5, int),
        oof,
        np.array([7, 7, 1, 2, 3]),
        np.array([7, 7, 1, 2, 3]),
        seed=0,
    )
    assert (copied.name, copied.accuracy) == ("with a copy (2)", 0.5)
    assert (copied.low, copied.high) == (0.5, 0.5)  # of one group nothing can be drawn
    assert (single.name, single.accuracy, single.high) == ("without a copy (3)", 1, 1)
    alone, apart = np.arange(5), np.array([0, 0, 0, 1, 1])
    (line,) = by_copies(np.zeros(5, int), oof, alone, apart, seed=0)
    assert line.name == "without a copy (5)"
    assert (line.low, line.high) == (2 / 3, 1)  # the two domains' own accuracies
