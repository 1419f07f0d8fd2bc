"""The stage that joins folds, and the benchmark that joins them in its place."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from leftovers import stage

from croquis import predictions
from croquis.predictions import Predictions

PARAMS = """
seed: 42
run: {models: [other, tiny], probes: [], folds: [0, 1]}
vote: {folds: VOTE, calibrate: true}
ensemble: {members: all, vote: soft, weights: uniform}
"""
STAGE = stage("vote")  # before any test leaves the repository
IDS = [f"p{number}" for number in range(60)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """folds.csv and the predictions of two folds by members that are twice too sure."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=60)

    def said(truth: np.ndarray) -> np.ndarray:
        powers = np.exp(2 * (np.eye(3)[truth] + rng.normal(size=(len(truth), 3))))
        return powers / powers.sum(axis=1, keepdims=True)

    for member, fold in itertools.product(("other", "tiny"), (0, 1)):
        own = tmp_path / "by_fold" / member / f"fold{fold}"
        Predictions(IDS[fold::2], said(labels[fold::2]), list("xyz")).save(own / "val.npz")
        Predictions(["t0", "t1"], said(np.array([0, 1])), list("xyz")).save(own / "test.npz")
    folds = pd.DataFrame({"id": IDS, "label": labels, "group": range(60), "fold": [0, 1] * 30})
    folds = folds.assign(scored=True, keep=True, targets="", sha256="")
    folds.to_csv(tmp_path / "folds.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(folder: Path, vote: str) -> dict[str, float]:
    """The member's scores; its votes lie in folder/votes."""
    (folder / "params.yaml").write_text(PARAMS.replace("VOTE", vote))
    files = {"predictions": folder / "by_fold", "folds": folder / "folds.csv"}
    STAGE.main(votes=folder / "votes", metrics=folder / "vote.json", **files)
    return json.loads((folder / "vote.json").read_text())["tiny"]


def mean(folder: Path) -> np.ndarray:
    paths = [folder / "by_fold/tiny" / fold / "test.npz" for fold in ("fold0", "fold1")]
    return np.mean([predictions.load(path).probs for path in paths], axis=0)


def soft(folder: Path) -> np.ndarray:
    return predictions.load(folder / "votes/tiny/test_soft.npz").probs


def test_folds_vote_at_the_temperature_of_their_member(folder: Path) -> None:
    found = ran(folder, "soft")
    assert found["temperature"] > 1.2 and found["ece_calibrated"] < found["ece"]
    assert soft(folder).max() < mean(folder).max() - 0.01


def test_a_hard_vote_of_folds_has_no_temperature_anywhere(folder: Path) -> None:
    """One was fitted, shown, and applied to the soft vote beside it, but not by `ensemble`."""
    found = ran(folder, "hard")
    assert found["temperature"] == 1 and found["ece_calibrated"] == found["ece"]
    np.testing.assert_allclose(soft(folder), mean(folder), atol=1e-6)


def test_the_benchmark_joins_folds_as_the_stage_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It averaged folds as they came, at no temperature."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    monkeypatch.delitem(sys.modules, "votes", raising=False)
    from votes import joined

    ran(folder, "soft")
    joined(["tiny", "other"], folder / "by_fold", folder / "folds.csv", [0, 1], folder / "joined")
    for name in ("oof", "test_soft", "test_hard"):
        one, other = (
            predictions.load(folder / of / "tiny" / f"{name}.npz") for of in ("votes", "joined")
        )
        assert one.ids.tolist() == other.ids.tolist()
        np.testing.assert_array_equal(one.probs, other.probs)


def test_the_benchmark_prints_every_vote_and_what_folds_add(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    monkeypatch.delitem(sys.modules, "votes", raising=False)
    import votes

    Path("truth.csv").write_text("image_path,target\nt0,0\nt1,1\n")
    monkeypatch.setattr(
        sys, "argv", ["votes.py", "by_fold", "folds.csv", "truth.csv", "--folds", "0", "1"]
    )
    votes.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.count("|") == rows[0].count("|") == 11 and "gain of folds" in head
    assert [row.split()[1] for row in rows[:2]] == ["soft", "hard"]
    assert "'soft-soft'" in rows[-1]
