"""Charts as parts of the page."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from croquis.report.plots import (
    COLOURS,
    SHAPES,
    accuracy_curves,
    class_sizes,
    loss_curves,
    marks,
    plot_curve,
)


@pytest.fixture
def curves() -> pd.DataFrame:
    """Two folds of two epochs; fold 1 has nothing to be scored on."""
    nan = float("nan")
    columns = {
        "fold": [0, 0, 1, 1],
        "epoch": [0, 1, 0, 1],
        "train_loss": [2.0, 1.0, 2.1, 1.1],
    }
    return pd.DataFrame(
        columns
        | {"val_loss": [2.2, 1.5, nan, nan], "val_accuracy": [0.1, 0.4, nan, nan]}
    )


def lines(svg: str, colour: str) -> int:
    """How many lines are drawn in that colour."""
    return svg.count(f"stroke: {colour}; stroke-width: 1.6")


def test_each_fold_has_its_line_and_colour(curves: pd.DataFrame) -> None:
    blue, amber = (mark.colour for mark in marks([0, 1]).values())
    svg = loss_curves(curves, [0, 1])
    assert (lines(svg, blue), lines(svg, amber)) == (
        2,
        2,
    )  # amber's val is an empty path
    assert lines(accuracy_curves(curves, [0]), amber) == 0


def test_folds_are_told_apart_without_colour(curves: pd.DataFrame) -> None:
    letters = [mark.letter for mark in marks(range(8)).values()]
    assert (
        len(set(letters))
        == len({mark.marker for mark in marks(range(8)).values()})
        == 8
    )
    svg = loss_curves(curves.assign(val_loss=1.0), [0, 1])
    shape = r'<path id="m\w+" d="([^"]*)" style="stroke: {}'
    round_, square = (
        set(re.findall(shape.format(colour), svg)) for colour in COLOURS[:2]
    )
    assert len(round_) == len(square) == 1 and round_ != square


def test_the_plots_of_dvc_have_the_same_colours_and_shapes() -> None:
    page = Path(".dvc/plots/page.html").read_text(encoding="utf-8")
    assert str(list(COLOURS)).replace("'", '"') in page
    assert str([shape[1] for shape in SHAPES]).replace("'", '"') in page


@pytest.mark.parametrize("paper", ["#fcfcfb", "#ffffff", "#14151a", "#1c1e25"])
def test_lines_stand_out_from_light_and_dark_paper(paper: str) -> None:
    """WCAG 2 asks 3:1 of graphics; paper and cards of style.css."""
    light = [luminance(colour) for colour in (*COLOURS, paper)]
    brighter, darker = (
        np.maximum(light[:-1], light[-1]),
        np.minimum(light[:-1], light[-1]),
    )
    assert ((brighter + 0.05) / (darker + 0.05)).min() >= 3


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of #rrggbb."""
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(
        parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4
    )
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_a_chart_stands_in_a_page_without_touching_it(curves: pd.DataFrame) -> None:
    svg = accuracy_curves(curves, [0, 1])
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and "fold held out" in root.get(
        "aria-label", ""
    )
    assert "<style" not in svg and "<metadata" not in svg and "<g id" not in svg
    assert "currentColor" in svg and "#123456" not in svg


def test_equal_numbers_give_equal_bytes(curves: pd.DataFrame) -> None:
    assert accuracy_curves(curves, [0, 1]) == accuracy_curves(curves, [0, 1])


def test_five_hundred_classes_are_one_outline() -> None:
    assert len(class_sizes(np.arange(1, 501))) < 60_000


def test_a_line_bears_eight_shapes_at_most_and_the_training_loss_is_dotted() -> (
    None
):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    (mark,) = marks([0]).values()
    for epochs in (0, 8, 9, 20):
        x = pd.Series(range(epochs), dtype=float)
        plot_curve(axes, x, x, mark, hollow=epochs == 20)
    assert [line.get_markevery() for line in axes.lines] == [1, 1, 2, 3]
    assert [line.get_linestyle() for line in axes.lines] == ["-", "-", "-", ":"]
    assert axes.lines[3].get_markerfacecolor() == "none"
