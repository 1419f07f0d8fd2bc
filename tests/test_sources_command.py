"""`croquis sources`: the column source_id that files need who were made from others."""

from pathlib import Path

import numpy as np
import pandas as pd
from test_derived import derived_set
from typer.testing import CliRunner

from croquis.commands.main import app


def asked(folder: Path, *options: str):
    files = {"index": "index.csv", "gray224": "gray.npy", "columns": "columns.csv"}
    named = [part for name, file in files.items() for part in (f"--{name}", str(folder / file))]
    return CliRunner().invoke(app, ["sources", *named, "--out", str(folder / "new.csv"), *options])


def prepared(folder: Path, style: str = "suffix") -> pd.DataFrame:
    """What the stage prepare leaves, with a test image and a further column."""
    table, gray = derived_set(style)
    table = table.assign(split="train", class_name="k" + table["label"].astype(str), sha256="")
    table = table.assign(digest="")
    test = pd.DataFrame({"id": ["test/1.png"], "label": [-1], "split": ["test"]})
    pd.concat([test, table]).to_csv(folder / "index.csv", index=False)
    np.save(folder / "gray.npy", np.concatenate([gray[:1], gray]))
    paths = table["id"].str.removeprefix("train/")
    columns = pd.DataFrame({"image_path": paths, "author": "x"})
    columns.to_csv(folder / "columns.csv", index=False)
    return table


def test_a_train_csv_with_sources_is_written(tmp_path: Path) -> None:
    prepared(tmp_path)
    done = asked(tmp_path)
    assert done.exit_code == 0, done.output
    assert "27 files look made from others, of 54:" in done.output
    assert "k0/apple_0_canny.png from k0/apple_0.png" in done.output
    found = pd.read_csv(tmp_path / "new.csv", keep_default_na=False).set_index("image_path")
    assert list(found) == ["target", "class_name", "source_id", "author"]
    assert found.loc["k2/apple_8_canny.png", "source_id"] == "k2/apple_8.png"
    assert found.loc["k2/apple_8.png", "source_id"] == ""
    assert (found["source_id"] != "").sum() == 27 and set(found["author"]) == {"x"}


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    prepared(tmp_path)
    (tmp_path / "new.csv").write_text("mine")
    done = asked(tmp_path)
    assert done.exit_code == 1 and "expected a new file" in done.output
    assert (tmp_path / "new.csv").read_text() == "mine"


def test_before_prepare_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    done = asked(tmp_path)
    assert done.exit_code == 1 and "say `dvc repro prepare`" in done.output
