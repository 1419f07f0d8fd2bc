"""What was decided of pairs and conflicts, in which order, and the lines that overrule it."""

from pathlib import Path

import pandas as pd
import pytest
from leftovers import TRAIN, crowd, data_of, leave

from croquis.report.decisions import conflicts, line, pairs_of, weakest
from croquis.report.material import Data


@pytest.fixture
def data(drawn: Path) -> Data:
    leave(drawn)
    return data_of(drawn)


def test_pairs_come_by_ink_then_by_ids_not_by_score() -> None:
    rows = [("b", "c", "ssim", 0.95, 0.9), ("a", "c", "copy", 0.97, 0.97), ("a", "b", "x", 1, 0.9)]
    table = weakest(pd.DataFrame(rows, columns=["id_a", "id_b", "tier", "score", "ink"]))
    assert (table["id_a"] + table["id_b"]).tolist() == ["ab", "bc", "ac"]


def test_a_conflict_has_all_its_pictures_and_the_pairs_between_them(data: Data) -> None:
    (conflict,) = conflicts(data.groups, data.duplicates)
    assert [name for name, *_ in conflict.pictures] == [TRAIN[1], TRAIN[4], TRAIN[5]]
    found = [(pair.first, pair.second) for pair in conflict.pairs]
    assert found == [(TRAIN[1], TRAIN[4]), (TRAIN[4], TRAIN[5])] and conflict.more == 0


def test_every_conflict_is_shown(data: Data) -> None:
    alone = data.groups.assign(conflict=True)  # a group of one, too, where its pairs were cut
    found = conflicts(alone, data.duplicates[:0])
    assert [conflict.group for conflict in found] == list(range(9))
    assert sum(len(conflict.pictures) for conflict in found) == 12


def test_a_conflict_of_many_pairs_shows_the_weakest(data: Data) -> None:
    (conflict, *_) = conflicts(data.groups.assign(conflict=True), crowd(70))
    assert len(conflict.pairs) == 60 and conflict.more == 10
    assert conflict.pairs[0].ink == pytest.approx(1 - 69 / 10_000)


def test_a_line_says_the_opposite_of_what_was_decided(data: Data) -> None:
    pairs = data.duplicates.assign(grouped=[True, False, True], tier=["bytes", "copy", "same"])
    lines = {pair.tier: pair.line for pair in pairs_of(pairs, lines=True)}
    assert lines == {
        "bytes": f"{TRAIN[0]},different,{TRAIN[3]}",
        "copy": f"{TRAIN[1]},same,{TRAIN[4]}",
        "same": "",  # a person's word already
    }
    assert not any(pair.line for pair in pairs_of(pairs, lines=False))
    (conflict,) = conflicts(data.groups.assign(keep=data.groups["id"] != TRAIN[4]), pairs)
    lines = [line for *_, line in conflict.pictures]
    assert lines == [f"{TRAIN[1]},drop,", f"{TRAIN[4]},keep,", f"{TRAIN[5]},drop,"]


def test_lines_are_quoted_where_they_must_be() -> None:
    assert line('a "b", c.png', "different", "d.png") == '"a ""b"", c.png",different,d.png'
    assert line("two\nlines.png", "drop", "") == '"two\nlines.png",drop,'
