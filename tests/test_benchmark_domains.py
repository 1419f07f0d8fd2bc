"""The benchmark of domains, on people whose two drawings of a thing are nearly the same."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve people, two drawings each of five things, as prepare, dedup and embed leave them.

    A thing's features are its own by a little and its drawer's by much: who knows one drawing
    knows the other, and of other people's little.
    """
    rng = np.random.default_rng(0)
    rows = [(thing, who, copy) for thing in range(5) for who in range(12) for copy in range(2)]
    table = pd.DataFrame(rows, columns=["label", "by", "copy"]).astype({"by": str})
    table["path"] = [f"{thing}/{who}_{copy}.png" for thing, who, copy in rows]
    table["id"] = "train/" + table["path"]
    things, hands = rng.normal(size=(5, 24)), rng.normal(size=(5, 12, 24))
    where = table["label"], table["by"].astype(int)
    features = 0.8 * things[where[0]] + 1.5 * hands[where] + 0.2 * rng.normal(size=(120, 24))
    for folder in ("images", "embeddings/lite0_probe"):
        (tmp_path / folder).mkdir(parents=True)
    index = table.assign(split="train", class_name=table["label"].map("thing {}".format))
    index.assign(sha256="", digest="", source_id="").to_csv(
        tmp_path / "images/index.csv", index=False
    )
    table[["path", "by"]].rename(columns={"path": "image_path"}).to_csv(
        tmp_path / "images/columns.csv", index=False
    )
    groups = table[["id"]].assign(group=range(120), keep=True, weight=1.0, conflict=False)
    groups.assign(targets="").to_csv(tmp_path / "groups.csv", index=False)
    np.savez(
        tmp_path / "embeddings/lite0_probe/features.npz",
        ids=table["id"].to_numpy(dtype=str),
        features=features[None].astype(np.float32),
    )
    return tmp_path


def test_folds_that_part_peoples_drawings_promise_too_much(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    monkeypatch.delitem(sys.modules, "domains", raising=False)
    import domains

    monkeypatch.setattr(sys, "argv", ["domains.py", str(data), "by", "--draws", "6"])
    domains.main()
    first, _, _, *rows, last = capsys.readouterr().out.splitlines()
    assert first == "12 domains, of which a third are set aside in each draw"
    told = {row.split("|")[1].strip(): [cell.split() for cell in row.split("|")] for row in rows}
    gaps = {words: float(cells[4][0]) for words, cells in told.items()}
    assert gaps["as they come"] < -0.1 and abs(gaps["held apart"]) < 0.05
    assert last.startswith("held apart, the gap differs by +")
