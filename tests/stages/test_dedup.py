"""The stage dedup: its files, and that the order of the index changes none of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.leftovers import stage
from support.planted import SIDE, catalogue, drawing, planted

OVERRIDES = [
    "noisy,different,turned",
    "other,same,shade",
    "white,keep,",
    "shape,drop,",
]


def ran(folder: Path, order: np.ndarray) -> dict[str, pd.DataFrame | dict]:
    """What the stage leaves of the planted images, listed in some order."""
    images = planted() | {
        "test": (-1, drawing(0)),
        "more": (-1, np.maximum(drawing(1), 3)),
    }
    table, gray = catalogue(images)
    # As prepare leaves it: row i of the table is row i of the pixels.
    table, gray = table.sort_index().iloc[order], gray[order]
    table = table.assign(
        class_name=table["label"].map("class {}".format), source_id=""
    )
    folder.mkdir()
    table.assign(width=SIDE, height=SIDE).to_csv(folder / "index.csv", index=False)
    np.save(folder / "gray.npy", gray)
    lines = [OVERRIDES[place % len(OVERRIDES)] for place in order[:4].argsort()]
    (folder / "overrides.csv").write_text(
        "\n".join(["id,decision,other", *lines]) + "\n"
    )
    (folder / "columns.csv").write_text("image_path\n")
    names = ("index", "columns", "overrides", "groups", "duplicates", "test_twins")
    files = {name: folder / f"{name}.csv" for name in names}
    stage("dedup").main(
        gray224=folder / "gray.npy", metrics=folder / "metrics.json", **files
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    seconds = metrics.pop("seconds")
    tables = {name: pd.read_csv(files[name]) for name in names[3:]}
    tables["groups"] = tables["groups"].sort_values("id", ignore_index=True)
    return tables | {"metrics": metrics, "steps": set(seconds)}


def test_the_stage_decides_and_says_how_long_each_step_took(tmp_path: Path) -> None:
    outputs = ran(tmp_path / "one", np.arange(11))
    group = outputs["groups"].set_index("id")["group"]
    assert (
        group["original"]
        == group["same-bytes"]
        == group["turned"]
        != group["noisy"]
    )
    assert group["other"] == group["shade"]
    keep = outputs["groups"].set_index("id")["keep"]
    assert keep[~keep].index.tolist() == ["shape"]
    assert outputs["test_twins"]["id"].tolist() == ["more", "test"]
    assert {
        "identical",
        "ink",
        "copy",
        "ssim",
        "ink_of_pairs",
        "groups",
    } <= outputs["steps"]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_index_and_of_the_overrides_changes_nothing(
    tmp_path: Path, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(11)
    expected, outputs = (
        ran(tmp_path / "one", np.arange(11)),
        ran(tmp_path / "other", order),
    )
    for name in ("groups", "duplicates", "test_twins"):
        pd.testing.assert_frame_equal(
            outputs[name], expected[name], check_exact=True
        )
    assert outputs["metrics"] == expected["metrics"]
