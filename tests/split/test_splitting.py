"""The split as a whole: the notes that people read, and the numbers of metrics/split.json."""

import doctest

import pandas as pd

from croquis.split import settings
from croquis.split.settings import SplitParams
from croquis.split.splitting import split_images, split_metrics

SETTINGS = SplitParams(num_folds=3, group=True, domain=None, rare="error")


def tables(authors: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """index.csv, groups.csv and columns.csv: an image a letter, of two classes in turn.

    The first and the last are copies. A test image stands before them.
    """
    count = len(authors)
    ids = [f"train/{place}.png" for place in range(count)]
    index = pd.DataFrame(
        {"id": ["test/0.png", *ids], "source_id": "", "sha256": "0"}
    )
    index["split"] = ["test"] + ["train"] * count
    index["label"] = [-1] + [place % 2 for place in range(count)]
    index["class_name"] = index["label"].map({-1: "", 0: "cat", 1: "dog"})
    index["path"] = index["id"]
    groups = pd.DataFrame(
        {"id": ids, "group": [*range(count - 1), 0], "keep": True}
    )
    groups = groups.assign(weight=1.0, targets="", conflict=False)
    paths = [name.removeprefix("train/") for name in ids]
    return (
        index,
        groups,
        pd.DataFrame({"image_path": paths, "author": list(authors)}),
    )


def test_the_example_of_the_settings_holds() -> None:
    assert doctest.testmod(settings) == (0, 1)


def test_test_images_have_no_fold() -> None:
    split = split_images(*tables("aabbccddeeff"), SETTINGS, seed=0)
    assert (
        len(split.folds) == 12 and split.folds["id"].str.startswith("train/").all()
    )
    assert split.metrics == split_metrics(split.folds, SETTINGS)


def test_notes_say_how_many_folds_of_which_size_and_what_plain_folds_would_leak() -> (
    None
):
    split = split_images(*tables("aabbccddeeff"), SETTINGS, seed=0)
    sizes = split.folds["fold"].value_counts()
    leak = 2 if split.folds["plain_fold"].iloc[[0, 11]].nunique() == 2 else 0
    assert split.notes == [
        f"3 folds of {sizes.min()} to {sizes.max()} scored images, 11 groups",
        f"under plain folds {leak} would have a copy on both sides",
    ]


def test_notes_on_domains_say_their_sizes_and_who_has_a_copy_elsewhere() -> None:
    apart = SETTINGS.model_copy(update={"domain": "author"})
    split = split_images(*tables("aaaabbccddee"), apart, seed=0)
    folds = split.folds["fold"]
    assert "5 domains of 2 to 4 images, held apart by folds" in split.notes
    # The two copies are of the first and the last author.
    assert folds[0] != folds[11]
    assert split.notes[2] == (
        "2 images have a copy in another fold: they train, and are not scored"
    )
    free = apart.model_copy(update={"group": False})
    assert len(split_images(*tables("aaaabbccddee"), free, seed=0).notes) == 3


def test_a_class_that_is_never_scored_is_said() -> None:
    index, groups, columns = tables("aabbccddeeff")
    index.loc[[2, 3], ["label", "class_name"]] = [2, "bee"]
    groups.loc[[1, 2], "group"] = 1  # both bees: one group
    rare = SETTINGS.model_copy(update={"rare": "train"})
    split = split_images(index, groups, columns, rare, seed=0)
    assert split.notes[-1] == "1 classes train and are never scored"
    assert split.metrics["unscored_classes"] == 1


def test_train_only_images_are_counted_among_the_metrics() -> None:
    index, groups, columns = tables("aabbccddeeff")
    columns["use"] = ["", "train"] + [""] * 10
    split = split_images(index, groups, columns, SETTINGS, seed=0)
    assert split.metrics["train_only"] == 1
    assert split.metrics["train_only_left_out"] == 0
    assert split.notes[1] == "1 images train only, and are never scored"
