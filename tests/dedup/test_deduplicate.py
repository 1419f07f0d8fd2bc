"""The whole of the stage in one call: tables, counts and lines."""

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.core.symmetries import turn
from croquis.dataset.dedup_overrides import NOBODY, Overrides
from croquis.dedup.deduplicate import Deduplicated, deduplicate, order_images
from croquis.dedup.settings import DedupParams
from support.planted import SIDE, catalogue, drawing

COLUMNS = pd.DataFrame({"image_path": []})


def result_of(overrides: Overrides = NOBODY, **changes: object) -> Deduplicated:
    """Of a, its turned copy b of another class, c alone; and of a test image like c."""
    images = {
        "b": (1, np.ascontiguousarray(turn(drawing(0), "rot90"))),
        "test": (-1, drawing(1)),
        "a": (0, drawing(0)),
        "c": (0, drawing(1)),
    }
    table, gray = catalogue(images)
    table = order_images(table.assign(source_id="", width=SIDE, height=SIDE))
    settings = DedupParams(**changes)
    return deduplicate(table, gray, COLUMNS, overrides, settings)


def test_train_images_come_first_and_each_split_by_id() -> None:
    index = pd.DataFrame(
        {"split": ["test", "train", "train"], "id": ["a", "c", "b"]},
        index=[4, 5, 6],
    )
    ordered = order_images(index)
    assert ordered["id"].tolist() == ["b", "c", "a"]
    assert ordered.index.tolist() == [6, 5, 4]


def test_one_call_gives_the_three_tables() -> None:
    result = result_of()
    # In the order of index.csv, where b was first.
    assert result.groups["id"].tolist() == ["b", "a", "c"]
    assert result.groups["group"].tolist() == [0, 0, 1]
    assert result.groups["weight"].tolist() == [0.5, 0.5, 1.0]
    assert result.pairs[["id_a", "id_b", "tier"]].to_numpy().tolist() == [
        ["a", "b", "pixels"]
    ]
    assert result.test_copies[["id", "train_id"]].to_numpy().tolist() == [
        ["test", "c"]
    ]


def test_its_counts_and_its_lines_say_the_same() -> None:
    result = result_of()
    assert (result.metrics["images"], result.metrics["groups"]) == (3, 2)
    assert result.metrics["test_twins"] == 1
    assert "train_only" not in result.metrics
    assert result.lines[0] == "3 images in 2 groups; pairs: 1 pixels"
    assert result.lines[2:] == ["1 of 1 test images have a copy in train"]


def test_a_persons_word_and_the_settings_reach_the_groups() -> None:
    assert result_of(Overrides(drop=(2,))).metrics["dropped"] == 1
    assert result_of(symmetries=False).metrics["groups"] == 3


def test_an_image_that_only_trains_is_counted_apart() -> None:
    table, gray = catalogue(
        {"train/a": (0, drawing(0)), "train/b": (0, drawing(1))}
    )
    table = table.assign(source_id="", width=SIDE, height=SIDE)
    columns = pd.DataFrame({"image_path": ["b"], "use": ["train"]})
    settings = DedupParams()
    result = deduplicate(order_images(table), gray, columns, NOBODY, settings)
    assert result.metrics["train_only"] == 1
    assert result.lines[3:] == ["1 images train only, and are never scored"]


def test_a_train_only_copy_of_a_test_image_stops_the_stage() -> None:
    table, gray = catalogue(
        {"train/a": (0, drawing(0)), "test/b": (-1, drawing(0))}
    )
    table = table.assign(source_id="", width=SIDE, height=SIDE)
    columns = pd.DataFrame({"image_path": ["a"], "use": ["train"]})
    settings = DedupParams()
    with pytest.raises(InputError, match="train/a is test/b"):
        deduplicate(order_images(table), gray, columns, NOBODY, settings)
