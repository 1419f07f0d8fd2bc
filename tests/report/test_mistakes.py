"""The section on mistakes."""

from pathlib import Path

import pytest

from croquis.report.sections.mistakes import Mistake, surest_mistakes
from croquis.report.thumbnails import Thumbnails
from croquis.scoring import ranking
from croquis.tables.predictions import Predictions
from support.leftovers import data_of, leave, outcome_of


def found(folder: Path) -> list[Mistake]:
    data, outcome = data_of(folder), outcome_of(folder)
    thumbnails = Thumbnails(data.pixels, data.index)
    # Members come in another order of rows: they are joined by id.
    turned = {
        key: Predictions(member.ids[::-1], member.probs[::-1], member.classes)
        for key, member in outcome.members.items()
    }
    labels, groups = data.labels(outcome.oof.ids), data.groups_of(outcome.oof.ids)
    return surest_mistakes(
        labels, outcome.oof, groups, turned, thumbnails, str.upper
    )


def test_mistakes_come_surest_first_with_who_knew_better(drawn: Path) -> None:
    leave(drawn)
    spot, pole = found(drawn)
    assert spot.image.id == "train/spot/2.png" and spot.predicted == "bar"
    assert spot.confidence == pytest.approx(0.8) and spot.right_members == 1
    assert pole.image.class_name == "pole" and pole.predicted == "spot"
    assert spot.map_uri == "TRAIN/SPOT/2.PNG"


def test_only_so_many_are_shown(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)
    monkeypatch.setattr(ranking, "SHOWN", 1)
    assert [mistake.predicted for mistake in found(drawn)] == ["bar"]
