"""The true labels of test images that lie in class folders: a solution, never trained on."""

from pathlib import PurePosixPath

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.folders.seen import first_of
from croquis.dataset.folders.split_names import is_structure, split_of
from croquis.prepare.folders.class_folders import same_name
from croquis.prepare.layout import Layout

COLUMNS = ["image_path", "target"]


def labels_of_folders(layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """`COLUMNS` of the test images, in the sample's order, if their folders are classes of train/.

    There are no rows where they are not: a note says so where some of them are.
    """
    unknown = pd.DataFrame(columns=COLUMNS)
    rows = layout.images
    tests = rows.loc[rows["split"] == "test", "id"].str.removeprefix("test/")
    if not layout.in_folders or tests.empty:
        return unknown, []
    train = rows[rows["split"] == "train"]
    labels = dict(
        zip(train["class_name"].map(same_name), train["label"], strict=True)
    )
    classes = tests.map(_class_of)
    is_class = classes.map(same_name).isin(labels)
    if not is_class.any():
        return unknown, _on_case(classes, labels)  # images/, or no folders at all
    if not is_class.all():
        some = f"{is_class.sum():,} of {len(tests):,} images lie in folders that are classes"
        other = first_of("test/" + tests[~is_class])
        return unknown, [
            f"test/: {some}, not {other}: no labels are read from folders"
        ]
    label_of = dict(zip(tests, classes.map(same_name).map(labels), strict=True))
    images = layout.tests
    truth = pd.DataFrame({"image_path": images, "target": images.map(label_of)})
    folders = first_of(sorted(set(classes)))
    note = f"test/: its folders are classes of train/ ({folders})"
    truths = f"the true labels of {len(truth):,} test images, never trained on"
    return truth.astype({"target": int}), [f"{note}: {truths}"]


def _on_case(classes: pd.Series, labels: dict[str, int]) -> list[str]:
    """A note where the folders of the test images are classes in another case."""
    folded = {name.casefold() for name in labels}
    near = [name for name in set(classes) if same_name(name).casefold() in folded]
    if not near:
        return []
    text = "its folders differ in case from the classes of train/"
    return [
        f"test/: {text} ({first_of(sorted(near))}): no labels are read from them"
    ]


def refuse_two_truths(
    of_folders: pd.DataFrame, solution: pd.DataFrame, layout: Layout
) -> None:
    """Raises InputError where the folders of test/ and solution.csv disagree.

    Args:
        of_folders: as of `labels_of_folders`.
        solution: the labels of solution.csv, of the same images.
        layout: whose classes they are.
    """
    if of_folders.empty or solution.empty:
        return
    label_of = dict(
        zip(of_folders["image_path"], of_folders["target"], strict=True)
    )
    folders = solution["image_path"].map(label_of)
    unlike = solution[folders != solution["target"]]
    if unlike.empty:
        return
    train = layout.images[layout.images["split"] == "train"]
    name_of = dict(zip(train["label"], train["class_name"], strict=True))
    first = (
        f"{unlike['image_path'].iloc[0]} as {name_of[unlike['target'].iloc[0]]!r}"
    )
    raise InputError(
        "solution.csv",
        expected="the classes of the folders that the test images lie in",
        received=f"others for {len(unlike):,} of {len(solution):,} images ({first})",
        fix="correct it in the data source, or take it or the folders out; then"
        " `dvc repro -f download`",
    )


def _class_of(path: str) -> str:
    """The folder of a test image that may be its class: cup in test/images/cup/0.png."""
    folders = list(PurePosixPath(path).parts[:-1])
    if len(folders) > 1 and (split_of(folders[0]) or is_structure(folders[0])):
        return folders[1]
    return folders[0] if folders else ""
