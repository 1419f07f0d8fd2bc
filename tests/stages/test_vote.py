"""The stages from folds to the submission, and the benchmark that joins folds in their place."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.dataset.submission_form import USUAL_FORM
from croquis.scoring.metrics import accuracy_interval
from croquis.tables import predictions
from croquis.tables.predictions import Predictions
from support.leftovers import stage

PARAMS = """
seed: 42
metric: accuracy
run: {models: [other, tiny], probes: [], folds: [0, 1]}
vote: {folds: VOTE, calibrate: true}
ensemble: {members: all, vote: soft, weights: uniform}
"""
STAGES = {
    name: stage(name) for name in ("vote", "ensemble", "submit")
}  # from the repository
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
        Predictions(IDS[fold::2], said(labels[fold::2]), list("xyz")).save(
            own / "val.npz"
        )
        Predictions(["t0", "t1"], said(np.array([0, 1])), list("xyz")).save(
            own / "test.npz"
        )
    folds = pd.DataFrame(
        {"id": IDS, "label": labels, "group": range(60), "fold": [0, 1] * 30}
    )
    folds = folds.assign(scored=True, keep=True, targets="", sha256="")
    folds.to_csv(tmp_path / "folds.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(folder: Path, vote: str) -> dict[str, float]:
    """The member's scores; its votes lie in folder/votes."""
    (folder / "params.yaml").write_text(PARAMS.replace("VOTE", vote))
    files = {"predictions": folder / "by_fold", "folds": folder / "folds.csv"}
    STAGES["vote"].main(
        votes=folder / "votes", metrics=folder / "vote.json", **files
    )
    return json.loads((folder / "vote.json").read_text())["tiny"]


def mean(folder: Path) -> np.ndarray:
    paths = [
        folder / "by_fold/tiny" / fold / "test.npz" for fold in ("fold0", "fold1")
    ]
    return np.mean(
        [predictions.load_predictions(path).probs for path in paths], axis=0
    )


def soft(folder: Path) -> np.ndarray:
    return predictions.load_predictions(folder / "votes/tiny/test_soft.npz").probs


def test_folds_vote_at_the_temperature_of_their_member(folder: Path) -> None:
    found = ran(folder, "soft")
    assert found["temperature"] > 1.2 and found["ece_calibrated"] < found["ece"]
    assert soft(folder).max() < mean(folder).max() - 0.01


def test_the_interval_redraws_domains(folder: Path) -> None:
    alone = ran(folder, "soft")
    folds = pd.read_csv(folder / "folds.csv")
    folds.assign(unit=folds["label"]).to_csv(folder / "folds.csv", index=False)
    apart = ran(folder, "soft")
    oof = predictions.load_predictions(folder / "votes/tiny/oof.npz")
    rows = folds.set_index("id").loc[oof.ids, "label"].to_numpy()
    ends = accuracy_interval(oof.probs.argmax(axis=1) == rows, rows, seed=42)
    assert (apart["accuracy_low"], apart["accuracy_high"]) == pytest.approx(
        ends, abs=1e-4
    )
    assert apart["accuracy_low"] != alone["accuracy_low"]


def test_a_hard_vote_of_folds_has_no_temperature_anywhere(folder: Path) -> None:
    """One was fitted, shown, and applied to the soft vote beside it, but not by `ensemble`."""
    found = ran(folder, "hard")
    assert found["temperature"] == 1 and found["ece_calibrated"] == found["ece"]
    np.testing.assert_allclose(soft(folder), mean(folder), atol=1e-6)


def test_the_benchmark_joins_folds_as_the_stage_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It averaged folds as they came, at no temperature."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.delitem(sys.modules, "votes", raising=False)
    from votes import joined

    ran(folder, "soft")
    joined(
        ["tiny", "other"],
        folder / "by_fold",
        folder / "folds.csv",
        [0, 1],
        folder / "joined",
    )
    for name in ("oof", "test_soft", "test_hard"):
        one, other = (
            predictions.load_predictions(folder / of / "tiny" / f"{name}.npz")
            for of in ("votes", "joined")
        )
        assert one.ids.tolist() == other.ids.tolist()
        np.testing.assert_array_equal(one.probs, other.probs)


def test_the_benchmark_prints_every_vote_and_what_folds_add(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.delitem(sys.modules, "votes", raising=False)
    import votes

    Path("truth.csv").write_text("image_path,target\nt0,0\nt1,1\n")
    monkeypatch.setattr(
        sys,
        "argv",
        ["votes.py", "by_fold", "folds.csv", "truth.csv", "--folds", "0", "1"],
    )
    votes.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.count("|") == rows[0].count("|") == 12 and "gain of folds" in head
    assert [row.split()[1] for row in rows[:2]] == ["soft", "hard"]
    assert "'soft-soft'" in rows[-1]


def test_the_votes_of_folds_become_a_scored_submission(folder: Path) -> None:
    ran(folder, "hard")
    rows = pd.DataFrame(
        {"id": IDS, "source_id": [""] * 58 + ["p0"] * 2, "split": "train"}
    ).assign(label=0, class_name="x")
    rows.to_csv(folder / "index.csv", index=False)
    folds = pd.read_csv(folder / "folds.csv")
    folds["group"] = [
        *range(57),
        1,
        0,
        0,
    ]  # a copy of p1; and what derives from p0, which is none
    folds.assign(targets="").to_csv(folder / "folds.csv", index=False)
    Path("sample.csv").write_text("ID,image_path,target\n7,t1,0\n8,t0,0\n")
    Path("solution.csv").write_text("image_path,target\nt1,1\nt0,0\n")
    for member, fold in itertools.product(("other", "tiny"), (0, 1)):
        path = folder / "by_fold" / member / f"fold{fold}" / "test.npz"
        choices = {("other", 1): [0, 1]}.get(
            (member, fold), [0, 0]
        )  # one of four is right on t1
        Predictions(["test/t0", "test/t1"], np.eye(3)[choices], list("xyz")).save(
            path
        )
    ran(folder, "hard")
    shared = {"votes": folder / "votes", "by_fold": folder / "by_fold"}
    ensemble, oof = folder / "ensemble", folder / "ensemble.json"
    tables = {"folds": folder / "folds.csv", "index": folder / "index.csv"}
    STAGES["ensemble"].main(**shared, **tables, ensemble=ensemble, metrics=oof)
    assert json.loads(oof.read_text())["with_twin"] == 2
    Path("form.json").write_text(USUAL_FORM.model_dump_json())
    files = {
        "sample": Path("sample.csv"),
        "form": Path("form.json"),
        "solution": Path("solution.csv"),
        "estimate": oof,
    }
    written = {"submission_csv": Path("s.csv"), "metrics": Path("submission.json")}
    STAGES["submit"].main(ensemble=ensemble, **shared, **files, **written)
    found = json.loads(Path("submission.json").read_text())
    probs = (
        predictions.load_predictions(ensemble / "test.npz")
        .aligned(np.array(["test/t0", "test/t1"]))
        .probs
    )
    np.testing.assert_allclose(probs, [[1, 0, 0], [0.75, 0.25, 0]])
    assert (
        found["test_accuracy"] == found["test_accuracy_by_vote"]["hard-hard"] == 0.5
    )
    # In fold 1 the two members are even on t1, and the lowest class wins.
    assert found["test_single_fold"] == 0.5 and found["fold_vote_gain_p"] == 1
    assert Path("s.csv").read_text() == "ID,image_path,target\n7,t1,0\n8,t0,0\n"
