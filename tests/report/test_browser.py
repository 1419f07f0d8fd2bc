"""The error browser's table and files; a browser reads them in test_browser_pages.py."""

import json
from pathlib import Path

import pytest

from croquis.report.sections.browser import typical_images, write_browser
from croquis.tables.predictions import Predictions
from support.leftovers import data_of, leave, outcome_of


def read(script: Path) -> dict:
    """What the script sets."""
    text = script.read_text(encoding="ascii")
    assert text.startswith("window.croquis = ") and text.endswith(";\n")
    return json.loads(text.removeprefix("window.croquis = ").removesuffix(";\n"))


@pytest.fixture
def table(drawn: Path) -> dict:
    """The table of `leave`."""
    leave(drawn)
    outcome = outcome_of(drawn)
    (drawn / "report").mkdir()
    assert (
        write_browser(
            drawn / "report", "x", data_of(drawn), outcome.oof, outcome.members
        )
        == 2
    )
    return read(drawn / "report" / "errors" / "errors.js")


def test_errors_are_columns_the_surest_first(table: dict) -> None:
    assert table["ids"] == ["train/spot/2.png", "train/pole/7.png"]
    assert table["labels"] == [2, 1] and table["guesses"] == [0, 2]
    assert table["confidence"] == [0.8, 0.6] and table["labelProbs"] == [0.1, 0.2]
    assert table["rightMembers"] == [1, 1] and table["members"] == 2
    assert table["classes"] == ["bar", "pole", "spot"]


def test_a_confidence_is_rounded_once_where_it_is_shown(drawn: Path) -> None:
    """.95543 came as .955, and the browser showed .96 where the report said .95."""
    leave(drawn)
    outcome, data = outcome_of(drawn), data_of(drawn)
    probs = outcome.oof.probs.copy()
    probs[2] = [0.95543, 0.03, 0.01457]
    oof = Predictions(outcome.oof.ids, probs, outcome.oof.classes)
    (drawn / "report").mkdir()
    write_browser(drawn / "report", "x", data, oof, outcome.members)
    assert (
        read(drawn / "report" / "errors" / "errors.js")["confidence"][0] == 0.95543
    )


def test_an_example_that_is_an_error_says_which(table: dict) -> None:
    """Spot has four images, and the wrong one is the least typical of them."""
    bar, pole, spot = table["examples"]
    assert [place for place, _ in bar + pole + spot] == list(range(12))
    assert [error for _, error in spot] == [-1, -1, -1, 0]
    assert [error for _, error in pole] == [-1, -1, -1, 1]


def test_examples_are_the_likeliest_one_of_a_group(drawn: Path) -> None:
    leave(drawn)
    folds = (drawn / "folds.csv").read_text()
    (drawn / "folds.csv").write_text(
        folds.replace("train/bar/3.png,0,3,", "train/bar/3.png,0,0,")
    )
    outcome, data = outcome_of(drawn), data_of(drawn)
    bar, _, spot = typical_images(data.labels(outcome.oof.ids), outcome.oof, data)
    assert bar == [0, 6, 9]  # 3 is a copy of 0
    assert spot == [11, 5, 8, 2]  # by id where equally likely: 11 before 5, as text


def test_sheets_and_page_lie_beside_the_table(table: dict, drawn: Path) -> None:
    names = sorted(path.name for path in (drawn / "report" / "errors").iterdir())
    assert names == ["class-0.webp", "errors.js", "wrong-0.webp"]
    html = (drawn / "report" / "errors.html").read_text(encoding="utf-8")
    assert "2 errors of 12 images" in html and 'src="errors/errors.js"' in html
