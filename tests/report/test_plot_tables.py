"""The tables behind DVC's plots."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.report.plot_tables import confusion, joined_curves
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from support.leftovers import RUN, leave


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
    assert joined_curves(drawn / "curves", one)["val_accuracy"].tolist() == [
        0.5,
        0.75,
    ]


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


def test_no_class_name_is_a_formula_of_a_spreadsheet() -> None:
    oof = Predictions(["a"], [[0.9, 0.1]], ["=1+1", "dog"])
    assert confusion(np.array([1]), oof).to_numpy().tolist() == [["dog", "'=1+1"]]
