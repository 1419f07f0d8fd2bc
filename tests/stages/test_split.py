"""From train.csv to folds: prepare carries its columns, split holds their values apart."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from croquis.core.errors import InputError
from support.leftovers import stage
from support.prepared import files_in

STAGES = {name: stage(name) for name in ("prepare", "split")}  # from the repository
PAIR = ("bar", "disc")
SPLIT = (
    "seed: 42\nsplit: {num_folds: 3, group: true, domain: DOMAIN, rare: error}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six people's drawings of a bar and a disc, as prepare leaves them; the second is unreadable.

    The bars of the first four people are copies.
    """
    rows = [
        f"{name}/{number}_{who}.png"
        for number, who in enumerate("abcdef")
        for name in PAIR
    ]
    for number, row in enumerate(rows):
        (tmp_path / "raw/train" / row).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((9, 9), 9 * number, np.uint8)).save(
            tmp_path / "raw/train" / row
        )
    (tmp_path / "raw/train/disc/0_a.png").write_bytes(b"")
    csv = [f"{row},{row.split('/')[0]},{row[-5].upper()}" for row in rows]
    (tmp_path / "raw/train.csv").write_text(
        "\n".join(["image_path,class_name,by", *csv]) + "\n"
    )
    STAGES["prepare"].main(raw=tmp_path / "raw", **files_in(tmp_path))
    index = pd.read_csv(tmp_path / "index")
    groups = index[["id"]].assign(
        group=range(11), keep=True, weight=1.0, conflict=False
    )
    groups.loc[[0, 1, 3, 5], "group"] = 0
    groups.assign(targets="").to_csv(tmp_path / "groups", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(folder: Path, domain: str) -> tuple[pd.DataFrame, dict]:
    """folds.csv and the metrics."""
    Path("params.yaml").write_text(SPLIT.replace("DOMAIN", domain))
    names = ("index", "groups", "columns", "folds", "metrics")
    STAGES["split"].main(**{name: folder / name for name in names})
    return pd.read_csv(folder / "folds"), json.loads(
        (folder / "metrics").read_text()
    )


@pytest.mark.parametrize("domain", ["by", r"'_([a-f])\.png'"])
def test_people_are_held_apart(
    folder: Path, capsys: pytest.CaptureFixture[str], domain: str
) -> None:
    table, metrics = ran(folder, domain)
    who = table["id"].str[-5]
    assert (table.groupby(who)["fold"].nunique() == 1).all() and table[
        "fold"
    ].nunique() == 3
    assert metrics["domains"] == 6
    told = capsys.readouterr().out
    assert "split: 6 domains of 1 to 2 images, held apart by folds" in told
    # Two people share a fold, so four are in at least two.
    unscored = table["id"][~table["scored"]].str.removeprefix("train/bar/")
    assert unscored.tolist() == ["0_a.png", "1_b.png", "2_c.png", "3_d.png"]
    words = "split: 4 images have a copy in another fold: they train, and are not scored"
    assert words in told and metrics["copies_across_folds"] == 4


def test_without_a_domain_there_is_no_word_of_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, metrics = ran(folder, "null")
    assert table["scored"].all() and "domains" not in metrics
    assert "domain" not in capsys.readouterr().out


def test_a_misspelt_column_stops_the_stage(folder: Path) -> None:
    with pytest.raises(InputError, match="received 'bye'; did you mean 'by'"):
        ran(folder, "bye")
