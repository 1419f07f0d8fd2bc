"""Charts as parts of the page."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from croquis.report.plots import accuracy_curves, class_sizes, colours, loss_curves


@pytest.fixture
def curves() -> pd.DataFrame:
    """Two folds of two epochs; fold 1 has nothing to be scored on."""
    nan = float("nan")
    columns = {"fold": [0, 0, 1, 1], "epoch": [0, 1, 0, 1], "train_loss": [2.0, 1.0, 2.1, 1.1]}
    return pd.DataFrame(
        columns | {"val_loss": [2.2, 1.5, nan, nan], "val_accuracy": [0.1, 0.4, nan, nan]}
    )


def lines(svg: str, colour: str) -> int:
    """How many lines are drawn in that colour."""
    return svg.count(f"stroke: {colour}")


def test_each_fold_has_its_line_and_colour(curves: pd.DataFrame) -> None:
    blue, amber = colours([0, 1]).values()
    svg = loss_curves(curves, [0, 1])
    assert (lines(svg, blue), lines(svg, amber)) == (2, 2)  # amber's val is an empty path
    assert lines(accuracy_curves(curves, [0]), amber) == 0


def test_a_chart_stands_in_a_page_without_touching_it(curves: pd.DataFrame) -> None:
    svg = accuracy_curves(curves, [0, 1])
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and "fold held out" in root.get("aria-label", "")
    assert "<style" not in svg and "<metadata" not in svg and "<g id" not in svg
    assert "currentColor" in svg and "#123456" not in svg


def test_equal_numbers_give_equal_bytes(curves: pd.DataFrame) -> None:
    assert accuracy_curves(curves, [0, 1]) == accuracy_curves(curves, [0, 1])


def test_five_hundred_classes_are_one_outline() -> None:
    assert len(class_sizes(np.arange(1, 501))) < 60_000
