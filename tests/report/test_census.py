"""Statistics of the images."""

from pathlib import Path

import pandas as pd
import pytest

from croquis.report.sections import census as module
from croquis.report.sections.census import census
from croquis.report.thumbnails import Thumbnails
from support.leftovers import data_of, leave


def found(folder: Path) -> module.Census:
    data = data_of(folder)
    return census(data, Thumbnails(data.pixels, data.index))


def test_sizes_are_counted_and_equal_ones_get_no_chart(drawn: Path) -> None:
    leave(drawn)
    statistics = found(drawn)
    assert statistics.sizes == [("32 by 32", 12)] and statistics.other == 0
    assert [caption for caption, _ in statistics.charts] == ["share of ink"]


def test_many_sizes_are_named_by_number_and_the_rest_summed_up(drawn: Path) -> None:
    leave(drawn)
    index = pd.read_csv(drawn / "index.csv", keep_default_na=False)
    index["width"] = [100, *range(40, 47), *[100] * 7]
    index.to_csv(drawn / "index.csv", index=False)
    statistics = found(drawn)
    assert statistics.sizes[0] == ("100 by 32", 5) and statistics.other == 2
    assert len(statistics.charts) == 3


def test_ink_is_what_is_not_white(drawn: Path) -> None:
    leave(drawn)
    statistics = found(drawn)
    # A bar of 3 by 24 pixels, and a spot of 5 by 5; the first row's is black, later ones paler.
    bar, spot = 3 * 24 / 32**2, 5 * 5 / 32**2
    bars = sum(bar * (1 - 10 * row / 255) for row in range(12) if row % 3 < 2)
    spots = sum(spot * (1 - 10 * row / 255) for row in range(12) if row % 3 == 2)
    assert statistics.ink == pytest.approx((bars + spots) / 12)
    assert statistics.palest[0].id == "train/spot/11.png"
    assert statistics.darkest[0].id == "train/bar/0.png"


def test_of_many_images_a_part_is_measured(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)
    monkeypatch.setattr(module, "MAX_MEASURED", 4)
    assert found(drawn).measured == 4


def test_blank_images_of_train_and_test_are_counted_and_the_first_shown(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)
    assert found(drawn).blank == []
    index = pd.read_csv(drawn / "index.csv", keep_default_na=False)
    index["status"] = [
        "blank",
        "ok",
        "cmyk; blank",
        *["ok"] * 11,
        "unreadable: blank",
    ]
    index.to_csv(drawn / "index.csv", index=False)
    monkeypatch.setattr(module, "ENDS", 1)
    statistics = found(drawn)
    assert statistics.blank_count == 2
    assert [one.id for one in statistics.blank] == ["train/bar/0.png"]


def test_of_equally_common_sizes_the_larger_comes_first(drawn: Path) -> None:
    leave(drawn)
    index = pd.read_csv(drawn / "index.csv", keep_default_na=False)
    index["width"] = [40, 50, 60] * 5
    index.to_csv(drawn / "index.csv", index=False)
    sizes = [("60 by 32", 4), ("50 by 32", 4), ("40 by 32", 4)]
    assert found(drawn).sizes == sizes
