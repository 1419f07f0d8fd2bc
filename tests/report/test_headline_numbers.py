"""Numbers that several sections mention."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from croquis.report.page_data import PageData
from croquis.report.sections.headline_numbers import facts_of
from support.leftovers import data_of, leave, metrics, outcome_of


@pytest.fixture
def content(drawn: Path) -> PageData:
    leave(drawn)
    return PageData("icons", data_of(drawn), outcome_of(drawn), metrics())


def test_facts_count_images_classes_and_folds(content: PageData) -> None:
    facts = facts_of(content)
    assert (facts.train, facts.test, facts.classes, facts.scored) == (12, 3, 3, 12)
    assert (facts.all_folds, facts.seed, facts.source) == (2, 42, "icons")
    assert (facts.side, facts.colour) == (32, "gray")


def test_images_of_three_channels_are_in_colour(content: PageData) -> None:
    array = np.zeros((15, 32, 32, 3), np.uint8)
    images = replace(
        content.images, pixels=replace(content.images.pixels, array=array)
    )
    assert facts_of(replace(content, images=images)).colour == "colour"


def test_domains_count_only_where_split_has_some(content: PageData) -> None:
    folds = content.images.folds.assign(unit=[0] * 6 + [1] * 4 + [2] * 2)
    content = replace(content, images=replace(content.images, folds=folds))
    assert facts_of(content).domains == 0
    split = content.metrics["split"] | {"domains": 5}
    content = replace(content, metrics={**content.metrics, "split": split})
    assert facts_of(content).domains == 3
