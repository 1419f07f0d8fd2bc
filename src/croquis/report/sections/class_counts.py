"""How many training images each class has."""

from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from croquis.report import plots

# More would be a wall of bars: then the smallest and the largest are named.
MAX_NAMED = 40
NAMED_ENDS = 8


@dataclass(frozen=True)
class ClassCounts:
    """The sizes of the classes.

    Attributes:
        named: title to names with their counts; one part without a title if the classes are few.
        chart: of all sizes, or nothing if the classes are few.
        largest: images of the largest class.
        smallest: images of the smallest one.
    """

    named: dict[str, list[tuple[str, int]]]
    chart: str | Markup
    largest: int
    smallest: int


def class_counts(index: pd.DataFrame) -> ClassCounts:
    """All classes with their names if they are few, else the two ends and a chart."""
    sizes = index.loc[index["split"] == "train", "class_name"].value_counts()
    # By size, then by name: value_counts leaves the order of equals open.
    sizes = sizes.sort_index().sort_values(ascending=False, kind="stable")
    counts = [(str(name), int(count)) for name, count in sizes.items()]
    named = {"": counts}
    chart: str | Markup = ""
    if len(counts) > MAX_NAMED:
        largest = counts[:NAMED_ENDS]
        smallest = counts[-NAMED_ENDS:]
        named = {"The largest": largest, "The smallest": smallest}
        chart = plots.class_sizes(sizes.to_numpy())
    return ClassCounts(named, chart, largest=counts[0][1], smallest=counts[-1][1])
