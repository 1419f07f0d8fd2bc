"""The error browser: each wrong out-of-fold prediction beside images of both its classes."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.report.page_data import ImageData
from croquis.report.sections.mistakes import count_right_members
from croquis.report.sprites import COLUMNS, PER_SHEET, SIDE, write_sheets
from croquis.report.templates import template
from croquis.scoring.ranking import rank_mistakes
from croquis.tables.predictions import Predictions

TYPICAL = 4  # images of a class: three are shown, and none beside itself
FOLDER = "errors"  # beside errors.html: a table as a script, and sheets of images


def write_browser(
    folder: Path,
    name: str,
    data: ImageData,
    oof: Predictions,
    members: Mapping[str, Predictions],
) -> int:
    """Writes errors.html and its folder; returns how many errors there are.

    The table is a script that sets one variable: a page that was opened from disk may not fetch.

    Args:
        folder: of the report.
        name: of the competition.
        data: the images.
        oof: of the ensemble.
        members: OOF of each of its members.
    """
    (folder / FOLDER).mkdir()
    labels = data.labels(oof.ids)
    wrong = rank_mistakes(labels, oof)
    examples = typical_images(labels, oof, data)
    content = browser_table(labels, oof, members, wrong, examples)
    # ASCII alone, so that no line separator of Unicode can end a string.
    script = f"window.croquis = {json.dumps(content, separators=(',', ':'))};\n"
    (folder / FOLDER / "errors.js").write_text(script, encoding="ascii")
    write_sheets(folder / FOLDER, "wrong", data.pixels, oof.ids[wrong].tolist())
    rows = [row for each in examples for row in each]
    write_sheets(folder / FOLDER, "class", data.pixels, oof.ids[rows].tolist())
    html = template("browser.html").render(
        name=name, errors=len(wrong), scored=len(oof)
    )
    (folder / "errors.html").write_text(html + "\n", encoding="utf-8")
    return len(wrong)


def browser_table(
    labels: np.ndarray,
    oof: Predictions,
    members: Mapping[str, Predictions],
    wrong: np.ndarray,
    examples: list[list[int]],
) -> dict[str, Any]:
    """What the browser's script reads: columns of the errors, and which images stand where.

    `examples` gives each class the places of its images on the sheets, and the error that each
    of them is, or -1.
    """
    preds = oof.probs.argmax(axis=1)
    probs = oof.probs
    return {
        "side": SIDE,
        "columns": COLUMNS,
        "perSheet": PER_SHEET,
        "members": len(members),
        "classes": oof.classes.tolist(),
        "ids": oof.ids[wrong].tolist(),
        "labels": labels[wrong].tolist(),
        "guesses": preds[wrong].tolist(),
        "confidence": _rounded(probs[wrong, preds[wrong]]),
        "labelProbs": _rounded(probs[wrong, labels[wrong]]),
        "rightMembers": count_right_members(labels, oof, members)[wrong].tolist(),
        "examples": _places(examples, wrong),
    }


def _places(examples: list[list[int]], wrong: np.ndarray) -> list[list[list[int]]]:
    """Each class's images: the place on the sheets, and the error that it is, or -1."""
    errors = {row: error for error, row in enumerate(wrong.tolist())}
    place = itertools.count()
    return [
        [[next(place), errors.get(row, -1)] for row in rows] for rows in examples
    ]


def typical_images(
    labels: np.ndarray, oof: Predictions, data: ImageData
) -> list[list[int]]:
    """Rows of each class's images with the highest probability of it, TYPICAL at most.

    One of a group of copies: three times the same image shows less of a class.
    """
    rows = pd.DataFrame(
        {
            "label": labels,
            "group": data.groups_of(oof.ids),
            "prob": oof.probs[np.arange(len(labels)), labels],
            "id": oof.ids,
        }
    )
    rows = rows.sort_values(["prob", "id"], ascending=[False, True])
    best = rows.drop_duplicates(["label", "group"]).groupby("label").head(TYPICAL)
    by_class = best.groupby("label").groups
    return [
        list(map(int, by_class.get(label, []))) for label in range(len(oof.classes))
    ]


def _rounded(numbers: np.ndarray) -> list[float]:
    """To what single precision holds: the script rounds what it shows, and .955 would be .96."""
    return [round(float(number), 7) for number in numbers]
