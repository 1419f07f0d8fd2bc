"""The images that MLflow keeps."""

from pathlib import Path

import numpy as np
from PIL import Image

from croquis.report.mlflow_figures import draw_figures
from support.leftovers import leave, metrics, outcome_of


def test_both_images_show_something_in_colour(drawn: Path) -> None:
    leave(drawn)
    folder = drawn / "images"
    folder.mkdir()
    draw_figures(folder, outcome_of(drawn), metrics())
    assert sorted(path.name for path in folder.iterdir()) == [
        "curves.png",
        "scores.png",
    ]
    for path in folder.iterdir():
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
        coloured = np.ptp(pixels, axis=2) > 60
        assert pixels.shape[1] >= 800 and coloured.sum() > 100


def test_a_name_that_looks_like_mathematics_is_drawn_as_it_stands(
    drawn: Path,
) -> None:
    leave(drawn)
    score = metrics()["vote"]["tiny"]
    draw_figures(drawn, outcome_of(drawn), metrics(vote={"a$b_{": score}))
    assert (drawn / "scores.png").stat().st_size > 1000
