"""The page that a person reads after a run: index.html, whole in itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from croquis import tracking
from croquis.members import RunParams
from croquis.report import contact, copies, plots, tables
from croquis.report.augmentations import augmentations
from croquis.report.material import Data, Outcome
from croquis.report.mistakes import surest_mistakes
from croquis.report.pictures import Thumbnails
from croquis.report.templates import template

NAMED_CLASSES = 40  # more would be a wall of bars: then the smallest and the largest are named
NAMED_ENDS = 8


Metrics = Mapping[str, Mapping[str, Any]]


def write(folder: Path, source: str, data: Data, outcome: Outcome, metrics: Metrics) -> None:
    """Writes index.html and the contact sheets into a new folder; arguments as of `page`."""
    folder.mkdir()
    (folder / "index.html").write_text(page(source, data, outcome, metrics), encoding="utf-8")
    for name, html in contact.pages(tracking.competition(source), data):
        (folder / name).write_text(html, encoding="utf-8")


def page(source: str, data: Data, outcome: Outcome, metrics: Metrics) -> str:
    """The page's HTML. Equal input gives equal text, and no name in it can become markup.

    Args:
        source: data.source.
        data: the pictures.
        outcome: what ran.
        metrics: the JSON of dedup, split, vote, ensemble and submission.
    """
    return template("page.html").render(**sections(source, data, outcome, metrics)) + "\n"


def sections(source: str, data: Data, outcome: Outcome, metrics: Metrics) -> dict[str, Any]:
    """What the templates show, by the names that they use."""
    thumbnails, run = Thumbnails(data.pixels, data.index), outcome.run
    labels = data.labels(outcome.oof.ids)
    return {
        "name": tracking.competition(source),
        "run": run,
        "how": outcome.how,
        "voters": sorted(outcome.members),
        "metrics": metrics,
        "facts": _facts(source, data, outcome),
        "scores": _scores(metrics),
        "leak": tables.leak,
        "curves": _curves(outcome.curves, run),
        "fold_colours": plots.colours(run.folds),
        "augmentations": augmentations(outcome.recipes, outcome.seed, data),
        "classes": _classes(data.index),
        "copied": copies.in_groups(data.groups),
        "groups": copies.biggest_groups(data.groups, thumbnails),
        "sheets": contact.sheets(data),
        "pairs": copies.narrowest_pairs(data.duplicates, data.groups, thumbnails),
        "mistakes": surest_mistakes(labels, outcome.oof, outcome.members, thumbnails),
        "figures": {part: tables.figures(metrics[part]) for part in ("dedup", "split")},
        "licences": licences(source),
    }


def licences(source: str) -> tuple[tuple[str, str, str], ...]:
    """Families, authors and licences of the embedded data set; nothing for data of others."""
    if source != "icons":
        return ()
    # Imported here: what draws icons takes a second to load.
    from croquis.data.icons import ATTRIBUTION

    return ATTRIBUTION


def _facts(source: str, data: Data, outcome: Outcome) -> dict[str, Any]:
    split, array = data.index["split"], data.pixels.array
    return {
        "source": source,
        "train": int((split == "train").sum()),
        "test": int((split == "test").sum()),
        "classes": len(outcome.oof.classes),
        "side": array.shape[1],
        "colour": "gray" if array.ndim == 3 else "colour",
        "scored": len(outcome.oof),
        "all_folds": int(data.folds["fold"].max()) + 1,
        "leaking": copies.leaking(data.folds),
        "cut_across": copies.cut_across(data.duplicates, data.folds),
    }


def _scores(metrics: Metrics) -> dict[str, Any]:
    lines = tables.score_lines(metrics["vote"], metrics["ensemble"], metrics["submission"])
    left, right = tables.axis(lines)
    return {"lines": lines, "left": left, "right": right}


def _curves(curves: pd.DataFrame, run: RunParams) -> dict[str, tuple[str, str]]:
    """Each member's two charts."""
    of_member = {member: curves[curves["member"] == member] for member in run.members}
    return {
        member: (plots.accuracy_curves(rows, run.folds), plots.loss_curves(rows, run.folds))
        for member, rows in of_member.items()
    }


def _classes(index: pd.DataFrame) -> dict[str, Any]:
    """Sizes of the classes; all with their names if they are few, else the two ends and a chart."""
    counts = index.loc[index["split"] == "train", "class_name"].value_counts()
    # By size, then by name: value_counts leaves the order of equals open.
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named = [(str(name), int(count)) for name, count in counts.items()]
    few = len(named) <= NAMED_CLASSES
    return {
        "few": few,
        "shown": {"": named}
        if few
        else {"the largest": named[:NAMED_ENDS], "the smallest": named[-NAMED_ENDS:]},
        "chart": "" if few else plots.class_sizes(counts.to_numpy()),
        "largest": named[0][1],
        "smallest": named[-1][1],
    }
