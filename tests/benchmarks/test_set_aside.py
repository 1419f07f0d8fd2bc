"""The benchmark of images set aside, on people whose drawings of a thing are nearly the same."""

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
    rows = [
        (thing, who, copy)
        for thing in range(5)
        for who in range(12)
        for copy in range(2)
    ]
    table = pd.DataFrame(rows, columns=["label", "by", "copy"]).astype({"by": str})
    table["path"] = [f"{thing}/{who}_{copy}.png" for thing, who, copy in rows]
    table["id"] = "train/" + table["path"]
    things, hands = rng.normal(size=(5, 24)), rng.normal(size=(5, 12, 24))
    where = table["label"], table["by"].astype(int)
    features = (
        0.8 * things[where[0]]
        + 1.5 * hands[where]
        + 0.2 * rng.normal(size=(120, 24))
    )
    for folder in ("images", "embeddings/lite0_probe"):
        (tmp_path / folder).mkdir(parents=True)
    index = table.assign(
        split="train", class_name=table["label"].map("thing {}".format)
    )
    index.assign(sha256="", digest="", source_id="").to_csv(
        tmp_path / "images/index.csv", index=False
    )
    table[["path", "by"]].rename(columns={"path": "image_path"}).to_csv(
        tmp_path / "images/columns.csv", index=False
    )
    groups = table[["id"]].assign(
        group=range(120), keep=True, weight=1.0, conflict=False
    )
    groups.assign(targets="").to_csv(tmp_path / "groups.csv", index=False)
    np.savez(
        tmp_path / "embeddings/lite0_probe/features.npz",
        ids=table["id"].to_numpy(dtype=str),
        features=features[None].astype(np.float32),
    )
    return tmp_path


def ran(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *more: str,
) -> dict[str, list[str]]:
    """The rows of the table by their first cell."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    monkeypatch.delitem(sys.modules, "set_aside", raising=False)
    import set_aside

    monkeypatch.setattr(
        sys, "argv", ["set_aside.py", str(data), "--draws", "6", *more]
    )
    set_aside.main()
    _, _, *rows = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    return {name: rest for name, *rest in cells}


def test_folds_that_part_peoples_drawings_promise_too_much(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ran(data, monkeypatch, capsys, "--domain", "by")
    gaps = {words: float(cells[2].split()[0]) for words, cells in rows.items()}
    assert gaps["as they come"] < -0.1 and abs(gaps["held apart"]) < 0.05


def test_of_drawings_that_anybody_may_have_made_the_estimate_holds(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (cells,) = ran(data, monkeypatch, capsys).values()
    gap, error = map(float, cells[2].split(" ± "))
    assert abs(gap) < 3 * error + 0.03 and cells[-1] in {"83%", "100%"}
