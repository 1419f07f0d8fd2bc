"""What was decided of pairs and conflicts, in which order, and the lines that overrule it."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.dataset.dedup_overrides import NOBODY, Overrides
from croquis.report.decisions import (
    PriorDecisions,
    conflicts,
    copy_pairs,
    override_line,
    weakest,
)
from croquis.report.page_data import ImageData
from support.leftovers import TRAIN, crowd, data_of, leave


@pytest.fixture
def data(drawn: Path) -> ImageData:
    leave(drawn)
    return data_of(drawn)


def nobody(data: ImageData) -> PriorDecisions:
    """Nothing was said."""
    return PriorDecisions(NOBODY, data.groups["id"].tolist())


def test_pairs_come_by_ink_then_by_ids_not_by_score() -> None:
    rows = [
        ("b", "c", "ssim", 0.95, 0.9),
        ("a", "c", "copy", 0.97, 0.97),
        ("a", "b", "x", 1, 0.9),
    ]
    table = weakest(
        pd.DataFrame(rows, columns=["id_a", "id_b", "tier", "score", "ink"])
    )
    assert (table["id_a"] + table["id_b"]).tolist() == ["ab", "bc", "ac"]


def classes(data: ImageData) -> pd.Series:
    return data.index.set_index("id")["class_name"]


def test_a_conflict_has_all_its_images_and_the_pairs_between_them(
    data: ImageData,
) -> None:
    (conflict,) = conflicts(
        data.groups, data.duplicates, nobody(data), classes(data)
    )
    assert [name for name, *_ in conflict.images] == [TRAIN[1], TRAIN[4], TRAIN[5]]
    found = [(pair.first, pair.second) for pair in conflict.pairs]
    assert (
        found == [(TRAIN[1], TRAIN[4]), (TRAIN[4], TRAIN[5])] and conflict.more == 0
    )


def test_every_conflict_is_shown(data: ImageData) -> None:
    alone = data.groups.assign(
        conflict=True
    )  # a group of one, too, where its pairs were cut
    found = conflicts(alone, data.duplicates[:0], nobody(data), classes(data))
    assert [conflict.group for conflict in found] == list(range(9))
    assert sum(len(conflict.images) for conflict in found) == 12


def test_a_conflict_of_many_pairs_shows_the_weakest(data: ImageData) -> None:
    (conflict, *_) = conflicts(
        data.groups.assign(conflict=True), crowd(70), nobody(data), classes(data)
    )
    assert len(conflict.pairs) == 60 and conflict.more == 10
    assert conflict.pairs[0].ink == pytest.approx(1 - 69 / 10_000)


def test_a_line_says_the_opposite_of_what_was_decided(data: ImageData) -> None:
    pairs = data.duplicates.assign(
        grouped=[True, False, True], tier=["bytes", "copy", "same"]
    )
    said = PriorDecisions(Overrides(same=((4, 5),)), TRAIN)
    lines = {pair.tier: pair.line for pair in copy_pairs(pairs, said)}
    assert lines == {
        "bytes": f"{TRAIN[0]},different,{TRAIN[3]}",
        "copy": f"{TRAIN[1]},same,{TRAIN[4]}",
        "same": "",  # a person's word already
    }
    assert not any(pair.line for pair in copy_pairs(pairs, None))
    groups = data.groups.assign(keep=data.groups["id"] != TRAIN[4])
    (conflict,) = conflicts(groups, pairs, nobody(data), classes(data))
    lines = [line for *_, line in conflict.images]
    assert lines == [f"{TRAIN[1]},drop,", f"{TRAIN[4]},keep,", f"{TRAIN[5]},drop,"]


def test_no_line_contradicts_what_a_person_said_of_an_image(
    data: ImageData,
) -> None:
    groups = data.groups.assign(keep=data.groups["id"] != TRAIN[4])
    said = PriorDecisions(Overrides(keep=(1,), drop=(4,)), TRAIN)
    (conflict,) = conflicts(groups, data.duplicates, said, classes(data))
    assert [line for *_, line in conflict.images] == ["", "", f"{TRAIN[5]},drop,"]


def test_no_line_contradicts_what_a_person_said_of_twins() -> None:
    # 0 = 1 = 2 and 3 is something else than 2, all by a person's word
    said = PriorDecisions(
        Overrides(same=((0, 1), (1, 2)), different=((2, 3),)), list("abcde")
    )
    assert said.line_between("a", "different", "c") == ""
    assert (
        said.line_between("a", "same", "d")
        == said.line_between("d", "same", "b")
        == ""
    )
    assert said.line_between("a", "different", "e") == "a,different,e"
    assert said.line_between("a", "same", "e") == "a,same,e"


def test_lines_are_quoted_where_they_must_be() -> None:
    assert (
        override_line('a "b", c.png', "different", "d.png")
        == '"a ""b"", c.png",different,d.png'
    )
    assert override_line("two\nlines.png", "drop", "") == '"two\nlines.png",drop,'


def test_a_conflict_of_a_placeholder_shows_each_class_and_some_images_of_it() -> (
    None
):
    # 200 of class x, then 1 of class y: the first 59 of x are shown, and the one of y
    ids = [f"train/{place:03d}" for place in range(201)]
    groups = pd.DataFrame({"id": ids, "group": 0, "keep": True, "conflict": True})
    none = pd.DataFrame({"id_a": [], "id_b": [], "ink": [], "grouped": []})
    named = pd.Series(["x"] * 200 + ["y"], index=ids)
    (conflict,) = conflicts(groups, none, PriorDecisions(NOBODY, ids), named)
    assert conflict.size == 201
    assert [name for name, *_ in conflict.images] == [*ids[:59], ids[200]]
