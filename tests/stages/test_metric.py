"""The stages vote and ensemble by another metric: the same predictions, and more numbers."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.tables.predictions import Predictions
from support.leftovers import stage

PARAMS = """
seed: 42
metric: METRIC
run: {models: [other, tiny], probes: [], folds: [0, 1]}
vote: {folds: soft, calibrate: true}
ensemble: {members: all, vote: soft, weights: uniform}
"""
STAGES = {name: stage(name) for name in ("vote", "ensemble")}
IDS = [f"train/{number}" for number in range(60)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folds of two members, "other" with more noise; a third class is never true."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=60)
    members = (("other", 2.0), ("tiny", 1.0))
    for (member, noise), fold in itertools.product(members, (0, 1)):
        place = tmp_path / "by_fold" / member / f"fold{fold}"
        for name, ids, truth in (
            ("val", IDS[fold::2], labels[fold::2]),
            ("test", ["test/a", "test/b"], np.array([0, 1])),
        ):
            draws = noise * rng.normal(size=(len(truth), 3))
            powers = np.exp(1.5 * np.eye(3)[truth] + draws)
            probs = powers / powers.sum(axis=1, keepdims=True)
            Predictions(ids, probs, list("xyz")).save(place / f"{name}.npz")
    table = pd.DataFrame({"id": IDS, "label": labels, "group": range(60)})
    folds = table.assign(fold=[0, 1] * 30, scored=True, keep=True)
    folds.assign(targets="", sha256="").to_csv(tmp_path / "folds.csv", index=False)
    index = table.assign(source_id="", split="train", class_name="x")
    index.to_csv(tmp_path / "index.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(metric: str) -> dict[str, bytes]:
    """What both stages wrote, by the file's name."""
    Path("params.yaml").write_text(PARAMS.replace("METRIC", metric))
    here = Path(metric)
    votes = here / "votes"
    by_fold = Path("by_fold")
    STAGES["vote"].main(
        predictions=by_fold,
        folds=Path("folds.csv"),
        votes=votes,
        metrics=here / "vote.json",
    )
    STAGES["ensemble"].main(
        votes=votes,
        by_fold=by_fold,
        folds=Path("folds.csv"),
        index=Path("index.csv"),
        ensemble=here / "ensemble",
        metrics=here / "ensemble.json",
    )
    files = (path for path in here.rglob("*") if path.is_file())
    return {path.relative_to(here).as_posix(): path.read_bytes() for path in files}


def test_with_uniform_weights_a_metric_changes_no_prediction(folder: Path) -> None:
    plain = ran("accuracy")
    for metric in ("log_loss", "macro_f1"):
        chosen = ran(metric)
        assert set(plain) == set(chosen)
        same = [name for name in plain if name.endswith((".npz", "recipe.json"))]
        assert len(same) == 11
        assert all(plain[name] == chosen[name] for name in same)
        for old, new in pairs_of_scores(plain, chosen):
            assert "metric" not in old and new["metric"] == metric
            assert new[f"{metric}_low"] <= new[metric] <= new[f"{metric}_high"]
            # Fitted weights go by the metric, and so do their accuracies.
            kept = set(old) - {metric, "accuracy_by_vote"}
            assert {key: new[key] for key in kept} == {
                key: old[key] for key in kept
            }


def pairs_of_scores(
    plain: dict[str, bytes], chosen: dict[str, bytes]
) -> list[tuple[dict, dict]]:
    """The scores of both runs, of each member and of the ensemble."""
    vote, ensemble = (
        (json.loads(plain[name]), json.loads(chosen[name]))
        for name in ("vote.json", "ensemble.json")
    )
    return [(vote[0][key], vote[1][key]) for key in ("other", "tiny")] + [ensemble]
