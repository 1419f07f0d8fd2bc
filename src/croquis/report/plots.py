"""Charts as SVG inside the page: text takes the page's colour, equal data gives equal bytes."""

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# At 3:1 and more against white and near-black. Folds take them in turn, each with a shape of its
# own, as not everybody sees all colours. .dvc/plots/page.html has the same.
COLOURS = (
    "#3b82f6",
    "#c2620a",
    "#059669",
    "#dc2626",
    "#a855f7",
    "#0891b2",
    "#db2777",
    "#78716c",
)
SHAPES = (
    "o●",
    "s■",
    "^▲",
    "D◆",
    "v▼",
    "*★",
    "P✚",
    "h⬢",
)  # matplotlib's marker, and a letter
MARKED = 8  # epochs of a line that bear its shape, at most
RAW = COLOURS[1]  # before calibration
INK = "#123456"  # stands for the page's own text colour until the SVG is in it
# Any: the type of rc_context wants each key as a literal.
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "croquis",  # else ids are random
    "text.parse_math": False,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.15,
    "lines.linewidth": 1.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    **dict.fromkeys(
        ("axes.edgecolor", "axes.labelcolor", "grid.color", "text.color"), INK
    ),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


class Mark(NamedTuple):
    """What sets a fold's lines apart: in colour, and without."""

    colour: str
    marker: str  # matplotlib's
    letter: str  # the same shape as text


def marks(folds: Sequence[int]) -> dict[int, Mark]:
    """The mark of each fold."""
    kinds = [
        Mark(colour, *shape) for colour, shape in zip(COLOURS, SHAPES, strict=True)
    ]
    return {fold: kinds[place % len(kinds)] for place, fold in enumerate(folds)}


def accuracy_curves(curves: pd.DataFrame, folds: Sequence[int]) -> Markup:
    """Accuracy on the fold held out by epoch, a line a fold; `curves` holds one member's rows."""

    def draw(axes: "Axes") -> None:
        for mark, rows in _by_fold(curves, folds):
            plot_curve(axes, rows["epoch"] + 1, rows["val_accuracy"], mark)

    return _svg(draw, label="accuracy on the fold held out, by epoch", x="epoch")


def loss_curves(curves: pd.DataFrame, folds: Sequence[int]) -> Markup:
    """Loss by epoch, a line a fold: the fold held out solid, the training part dotted, hollow."""

    def draw(axes: "Axes") -> None:
        for mark, rows in _by_fold(curves, folds):
            plot_curve(axes, rows["epoch"] + 1, rows["val_loss"], mark)
            plot_curve(
                axes, rows["epoch"] + 1, rows["train_loss"], mark, hollow=True
            )

    return _svg(draw, label="loss by epoch", x="epoch")


def class_sizes(counts: np.ndarray) -> Markup:
    """Images a class, largest class first, as one outline; `counts` is (C,)."""

    def draw(axes: "Axes") -> None:
        edges = np.arange(len(counts) + 1) + 0.5
        axes.stairs(np.sort(counts)[::-1], edges, fill=True, color=COLOURS[0])
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(bottom=0)

    return _svg(
        draw, label="images a class", x="classes, largest first", size=(7.2, 2.0)
    )


def histogram(values: np.ndarray, *, label: str) -> Markup:
    """How many of `values`, (N,), lie where, in 30 bins."""

    def draw(axes: "Axes") -> None:
        axes.hist(values, bins=30, color=COLOURS[0])

    return _svg(draw, label=label, x="", size=(3.6, 1.8), whole=False)


def reliability_plot(raw: pd.DataFrame, calibrated: pd.DataFrame) -> Markup:
    """Accuracy by confidence, before and after calibration; on the diagonal one means the other.

    Dots are as big as their bins are full. Arguments: `EnsembleTables.bins`.
    """

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1, alpha=0.4)
        for rows, colour, line in ((raw, RAW, ":"), (calibrated, COLOURS[0], "-")):
            axes.plot(
                rows["confidence"], rows["accuracy"], color=colour, linestyle=line
            )
            sizes = 8 + 120 * rows["count"] / max(rows["count"].sum(), 1)
            axes.scatter(
                rows["confidence"], rows["accuracy"], s=sizes, color=colour
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.02))

    return _svg(draw, label="accuracy by confidence", x="confidence", whole=False)


def gains_plot(steps: pd.DataFrame, column: str, words: str) -> Markup:
    """A metric with one member more at each step.

    Args:
        steps: gains.csv.
        column: of the metric.
        words: what people call it.
    """

    def draw(axes: "Axes") -> None:
        axes.plot(
            steps["step"],
            steps[column],
            color=COLOURS[0],
            marker="o",
            markersize=4,
        )

    return _svg(draw, label=f"{words} by number of members", x="members")


def plot_curve(
    axes: "Axes",
    x: pd.Series,
    y: pd.Series,
    mark: Mark,
    *,
    hollow: bool = False,
    label: str | None = None,
) -> None:
    """Draws a fold's line; a hollow one is dotted."""
    axes.plot(
        x,
        y,
        color=mark.colour,
        linestyle=":" if hollow else "-",
        marker=mark.marker,
        markersize=4,
        markerfacecolor="none" if hollow else mark.colour,
        markevery=-(-len(x) // MARKED) or 1,
        label=label,
    )


def _by_fold(
    curves: pd.DataFrame, folds: Sequence[int]
) -> list[tuple[Mark, pd.DataFrame]]:
    return [
        (mark, curves[curves["fold"] == fold])
        for fold, mark in marks(folds).items()
    ]


def _svg(
    draw: Callable[["Axes"], None],
    *,
    label: str,
    x: str,
    size: tuple[float, float] = (3.6, 2.2),
    whole: bool = True,
) -> Markup:
    """What `draw` draws, `size` in inches; nothing in it depends on the time.

    `whole`: x counts something.
    """
    # Imported here: matplotlib takes a second, and words and tables need none of it.
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_xlabel(x)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole))
        figure.savefig(buffer, format="svg", metadata=NO_METADATA)
    return _inlined(buffer.getvalue(), label)


def _inlined(svg: str, label: str) -> Markup:
    """An SVG file's text as part of a page: no prologue, no rules or names that reach out of it."""
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    return Markup(
        svg.replace(
            "<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1
        )
    )
