"""Labels: given targets stand, missing ones are ranks, and contradictions are named."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.prepare.labels import (
    add_labels,
    add_sources,
    check_classes,
    clean_use,
    name_targets,
)

CSV = Path("train.csv")


def labelled(**columns: list[str]) -> list[tuple[int, str]]:
    count = len(next(iter(columns.values())))
    columns = {"image_path": [f"f/{row}.png" for row in range(count)]} | columns
    table = add_labels(pd.DataFrame(columns, dtype=str), CSV)
    return list(zip(table["label"], table["class_name"], strict=True))


def test_given_targets_stand_whatever_the_order_of_names() -> None:
    assert labelled(class_name=["a", "b"], target=["1", "0"]) == [
        (1, "a"),
        (0, "b"),
    ]


def test_without_targets_the_label_is_the_rank_of_the_name() -> None:
    names = ["zebra", "ant", "Zoo", "ant", "nan"]  # capitals sort first
    assert [label for label, _ in labelled(class_name=names)] == [3, 1, 0, 1, 2]


def test_without_names_a_class_is_called_as_its_folder() -> None:
    assert labelled(image_path=["x/0.png", "y/0.png"], target=["0", "1"]) == [
        (0, "x"),
        (1, "y"),
    ]


@pytest.mark.parametrize(
    "paths", [["0.png", "1.png"], ["x/0.png", "x/1.png"], ["x/0.png", "1.png"]]
)
def test_folders_that_do_not_tell_classes_apart_give_no_names(
    paths: list[str],
) -> None:
    assert labelled(image_path=paths, target=["0", "1"]) == [(0, "0"), (1, "1")]


def test_neither_target_nor_class_name_is_an_error() -> None:
    with pytest.raises(
        InputError, match="a column target or class_name, received only image_path"
    ):
        labelled(image_path=["0.png"])


@pytest.mark.parametrize("target", ["cat", "1.5", "-1", "1e3"])
def test_a_target_that_is_no_whole_number_is_an_error(target: str) -> None:
    with pytest.raises(
        InputError, match=r"whole numbers from 0 as target, .*1 rows.*\(f/1.png\)"
    ):
        labelled(target=["0", target])


def test_a_target_that_only_has_names_is_the_class_name() -> None:
    """The fix of its error was "mend these rows": of all rows."""
    table = pd.DataFrame(
        {"image_path": ["0.png", "1.png"], "target": ["cup", "nan"]}
    )
    named, notes = name_targets(table, CSV)
    assert list(named) == ["image_path", "class_name"]
    assert notes == ["train.csv: target has no numbers, and is read as class_name"]
    mixed = table.assign(target=["cup", "1.5"])
    for other in (
        mixed,
        table.assign(target=["cup", " "]),
        table.assign(class_name="x"),
    ):
        assert name_targets(other, CSV) == (other, [])
    with pytest.raises(
        InputError, match=r"received 1 rows .*call the column class_name if it ha"
    ):
        labelled(target=["cup", "1"])


def test_a_whole_number_with_a_fraction_of_nothing_is_that_number() -> None:
    assert labelled(target=["0.0", "1."]) == [(0, "0"), (1, "1")]


def test_an_empty_target_is_an_error() -> None:
    with pytest.raises(InputError, match="a value in each row of target"):
        labelled(target=["0", ""])


def test_targets_with_a_gap_are_an_error() -> None:
    with pytest.raises(
        InputError, match="from 0 to 2, as there are 3, received up to 4, and no 1"
    ):
        labelled(target=["0", "2", "4", "2"])


def test_targets_from_one_are_an_error() -> None:
    with pytest.raises(
        InputError, match=r"each target from 0 to 1.*up to 2, and no 0; number"
    ):
        labelled(target=["1", "2"])


def test_one_name_with_two_targets_is_an_error() -> None:
    with pytest.raises(
        InputError, match="one target for each class_name, received 'a' with 0, 1"
    ):
        labelled(class_name=["a", "a", "b"], target=["0", "1", "1"])


def test_one_target_with_two_names_is_an_error() -> None:
    with pytest.raises(
        InputError, match="one class_name for each target, received 0 with a, b"
    ):
        labelled(class_name=["a", "b"], target=["0", "0"])


def sources(*source_ids: str) -> list[str]:
    """source_id of the images 0.png, 1.png, ... beside the test image 9.png."""
    names = [f"{row}.png" for row in range(len(source_ids))]
    table = pd.DataFrame({"image_path": names, "source_id": source_ids}, dtype=str)
    return add_sources(table, {"9.png"}, CSV)["source_id"].tolist()


def test_a_source_becomes_an_id_and_an_original_has_none() -> None:
    assert sources("", "1.png", "0.png") == ["", "", "train/0.png"]


@pytest.mark.parametrize(
    ("source_ids", "message"),
    [
        (
            ("", "lost.png"),
            r"image_path of a training image, received 1 rows.*\(1.png\)",
        ),
        (("", "9.png"), "never test images, received 1"),
        (("", "test/9.png"), "never test images, received 1"),
        (
            ("", "0.png", "1.png"),
            r"originals as sources, received 1 rows.*\(2.png\)",
        ),
        (("1.png", "0.png"), "originals as sources, received 2 rows"),
    ],
)
def test_a_source_that_is_no_original_training_image_is_an_error(
    source_ids: tuple[str, ...], message: str
) -> None:
    with pytest.raises(
        InputError, match=rf"train.csv: source_id: expected.*{message}"
    ):
        sources(*source_ids)


def classes(*names: str, derived: str = "", marked: set[int] | None = None) -> None:
    """The check of train images of these classes, `derived` ones, and of a test image.

    `marked` are the places of those that only train.
    """
    source_id = [""] * len(names) + ["train/0"] * len(derived)
    rows = {"class_name": [*names, *derived, ""], "source_id": [*source_id, ""]}
    rows["id"] = [f"train/{row}" for row in range(len(source_id))] + ["test/0"]
    split = ["train"] * len(source_id) + ["test"]
    columns = pd.DataFrame(
        {"image_path": [str(row) for row in range(len(source_id))]}
    )
    if marked is not None:
        columns["use"] = [
            "train" if row in marked else "" for row in range(len(source_id))
        ]
    check_classes(pd.DataFrame(rows | {"split": split}), columns, Path("raw"))


def test_one_class_alone_is_an_error() -> None:
    """It ran to its end, with an accuracy of 1."""
    with pytest.raises(
        InputError, match=r"raw: expected images of two classes .*'a' alone, with 3"
    ):
        classes("a", "a", "a")
    with pytest.raises(
        InputError, match=r"'a' alone, with 2; put .* into train/<class>/, or name"
    ):
        classes("a", "a", derived="bb")
    classes("a", "a", "b")


def test_classes_of_one_image_each_are_an_error() -> None:
    """The advice of split was to lower num_folds to 1, where 2 is the least."""
    with pytest.raises(
        InputError, match="received 2 classes of one image each; add images"
    ):
        classes("a", "b", derived="ab")


def test_images_that_only_train_are_no_class_to_be_scored_on() -> None:
    with pytest.raises(
        InputError, match="expected images of two classes or more, received 'a'"
    ):
        classes("a", "a", "b", marked={2})
    with pytest.raises(
        InputError, match=r"train.csv: expected images to be scored on, received 2"
    ):
        classes("a", "b", marked={0, 1})
    classes("a", "a", "b", "c", marked={3})


def uses(*words: str) -> tuple[list[str], list[str]]:
    table, notes = clean_use(
        pd.DataFrame({"image_path": list("abcde"[: len(words)]), "use": words}), CSV
    )
    return table["use"].tolist(), notes


def test_use_is_train_or_as_usual() -> None:
    note = "2 images train only (train.csv: use), and are never scored"
    assert uses("", "train", "all", " Train ", "score") == (
        ["", "train", "", "train", ""],
        [note],
    )
    assert uses("all", "") == (["", ""], [])
    with pytest.raises(
        InputError, match=r"train, all, score or nothing as use, .*1 rows.* \(b\);"
    ):
        uses("train", "test")
    with pytest.raises(
        InputError, match="or rename the column if it means something else"
    ):
        uses("commercial")
    table = pd.DataFrame({"image_path": ["a"]})
    assert clean_use(table, CSV) == (table, [])


def test_a_label_of_two_folders_is_called_as_its_number() -> None:
    """A folder tells the class only where each label has one folder."""
    paths = ["a/0.png", "b/1.png", "c/2.png"]
    columns = {"image_path": paths, "target": ["0", "0", "1"]}
    table = add_labels(pd.DataFrame(columns, dtype=str), CSV)
    assert table["class_name"].tolist() == ["0", "0", "1"]
