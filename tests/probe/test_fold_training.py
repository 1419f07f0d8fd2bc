"""One probe on one fold, from params.yaml and files to the files that it leaves."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors

from croquis.core import params
from croquis.heads.probe_training import train_probe
from croquis.heads.training_records import FoldTraining
from croquis.probe.fold_training import train_probe_fold
from croquis.recipes.probe_recipes import probe_recipe
from croquis.tables.features import Features, save
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.predictions import load_predictions
from croquis.tables.samples import FoldData
from support.leftovers import PROBE


@pytest.fixture
def project(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The images of `drawn` with a params.yaml, features and other folds that ignore copies."""
    tree = params.read(params.PARAMS) | {"lr": 0.1, "seed": 7}
    probe = PROBE | {"head": PROBE["head"] | {"lr_mult": 0.5}}
    tree["probes"] = {"head": probe}
    (drawn / "params.yaml").write_text(json.dumps(tree))
    folds = pd.read_csv(drawn / "folds.csv")
    folds["plain_fold"] = [1 - fold for fold in folds["fold"]]
    folds.to_csv(drawn / "folds.csv", index=False)
    ids = read_index(drawn / "index.csv")["id"].to_numpy(dtype=str)
    features = np.random.default_rng(0).normal(size=(1, 15, 4)).astype(np.float32)
    save(drawn / "features.npz", ids, features)
    monkeypatch.chdir(drawn)
    monkeypatch.setenv("DVC_ROOT", str(drawn))
    monkeypatch.setenv("CROQUIS_DEVICE", "cpu")
    return drawn


def trained(folder: Path) -> FoldTraining:
    """The probe without fold 0, saved to `folder`."""
    with train_probe_fold(
        "head",
        0,
        index=Path("index.csv"),
        features=Path("features.npz"),
        folds=Path("folds.csv"),
    ) as training:
        training.save(
            predictions=folder / "p", weights=folder / "w", curves=folder / "c.csv"
        )
    return training


def test_plain_predictions_are_those_of_a_head_for_the_plain_fold(
    project: Path,
) -> None:
    """They say what folds that ignore copies would have claimed."""
    trained(project)
    table = read_folds(Path("folds.csv"))
    index = read_index(Path("index.csv"))
    plain = FoldData.of(0, table, index, column="plain_fold")
    stored = Features(Path("features.npz"))
    outcome = train_probe(plain, stored, probe_recipe("head").head, seed=7)
    saved = load_predictions(project / "p" / "plain.npz")
    np.testing.assert_array_equal(saved.probs, outcome.val.probs)
    own = load_predictions(project / "p" / "val.npz")
    assert not set(saved.ids) & set(own.ids)  # the two folds are swapped


def test_its_weights_say_at_which_learning_rate_they_were_trained(
    project: Path,
) -> None:
    """At the top, as a model's do: a probe's was once missing from the comparison."""
    trained(project)
    with safetensors.safe_open(project / "w", framework="numpy") as file:
        recipe = json.loads(file.metadata()["croquis"])["recipe"]
    assert recipe["lr"] == 0.1 * 0.5 and recipe["seed"] == 7
    assert "lr" not in recipe["head"] and recipe["head"]["lr_mult"] == 0.5
    assert trained(project).images == 6


def test_a_curve_has_a_row_for_each_epoch(project: Path) -> None:
    trained(project)
    table = pd.read_csv(project / "c.csv")
    assert (
        table["member"].tolist() == ["head"] * 3
        and table["fold"].tolist() == [0] * 3
    )
    assert table["epoch"].tolist() == [0, 1, 2]
    assert table["lr"][0] == pytest.approx(0.05)


def test_a_probe_that_embeds_flipped_images_predicts_them(project: Path) -> None:
    tree = json.loads((project / "params.yaml").read_text())
    tree["probes"]["head"]["embed"]["views"] = ["identity", "flip_lr"]
    (project / "params.yaml").write_text(json.dumps(tree))
    ids = read_index(Path("index.csv"))["id"].to_numpy(dtype=str)
    features = np.random.default_rng(0).normal(size=(2, 15, 4)).astype(np.float32)
    save(Path("features.npz"), ids, features)
    trained(project)
    names = {path.name for path in (project / "p").iterdir()}
    assert names == {"val.npz", "test.npz", "val_flip_lr.npz", "plain.npz"}
