"""`croquis sources`: the column source_id that files need who were made from others."""

from pathlib import Path

import numpy as np
import pandas as pd
from typer.testing import CliRunner

from croquis.commands.main import app
from support.derived import derived_set, drawing


def asked(folder: Path, *options: str):
    files = {"index": "index.csv", "gray224": "gray.npy", "columns": "columns.csv"}
    named = [
        part
        for name, file in files.items()
        for part in (f"--{name}", str(folder / file))
    ]
    return CliRunner().invoke(
        app, ["sources", *named, "--out", str(folder / "new.csv"), *options]
    )


def prepared(folder: Path, style: str = "suffix", tests: int = 1) -> pd.DataFrame:
    """What the stage prepare leaves, with test images and a further column."""
    return left(folder, *derived_set(style), tests=tests)


def left(
    folder: Path, table: pd.DataFrame, gray: np.ndarray, *, tests: int
) -> pd.DataFrame:
    table = table.assign(
        split="train", class_name="k" + table["label"].astype(str), sha256=""
    )
    table = table.assign(digest="")
    test = pd.DataFrame(
        {"id": [f"test/{place}.png" for place in range(tests)], "label": -1}
    )
    test = test.assign(split="test")
    pd.concat([test, table]).to_csv(folder / "index.csv", index=False)
    np.save(folder / "gray.npy", np.concatenate([gray[: 2 * tests : 2], gray]))
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
    table = pd.read_csv(tmp_path / "new.csv", keep_default_na=False).set_index(
        "image_path"
    )
    assert list(table) == ["target", "class_name", "source_id", "author"]
    assert table.loc["k2/apple_8_canny.png", "source_id"] == "k2/apple_8.png"
    assert table.loc["k2/apple_8.png", "source_id"] == ""
    assert (table["source_id"] != "").sum() == 27 and set(table["author"]) == {"x"}


def test_it_counts_by_kind_and_says_how_the_original_was_decided(
    tmp_path: Path,
) -> None:
    prepared(tmp_path)
    said = asked(tmp_path).output
    assert "27 'canny' from the name alone" in said
    assert "which is the original was decided by its name (27): look at it" in said
    assert "27 without a source: others were made from each of them" in said


def test_a_source_that_stood_there_stays(tmp_path: Path) -> None:
    """Names say that the canny image is made from apple_8; a person knew better."""
    table, gray = derived_set("suffix")
    by_hand = table["id"] == "train/k2/apple_8_canny.png"
    table.loc[by_hand, "source_id"] = "train/k2/apple_7.png"
    left(tmp_path, table, gray, tests=1)
    assert asked(tmp_path).exit_code == 0
    written = pd.read_csv(tmp_path / "new.csv", keep_default_na=False)
    sources = written.set_index("image_path")["source_id"]
    assert sources["k2/apple_8_canny.png"] == "k2/apple_7.png"
    assert sources["k2/apple_7_canny.png"] == "k2/apple_7.png"


def test_files_of_which_nothing_was_found_are_counted(tmp_path: Path) -> None:
    table, gray = derived_set("suffix")
    more = np.stack([drawing(7000 + place) for place in range(12)])
    others = pd.DataFrame({"id": [f"train/k/{place}.png" for place in range(12)]})
    others = others.assign(label=np.arange(12) // 4, source_id="")
    table = pd.concat([table, others], ignore_index=True)
    left(tmp_path, table, np.concatenate([gray, more]), tests=1)
    said = " ".join(asked(tmp_path).output.split())
    assert (
        "39 without a source; of 12 of them nothing was found, 4 a class in 3 classes"
        in said
    )
    assert "they may be made from others, too" in said


def test_the_original_is_what_looks_like_the_test_images(tmp_path: Path) -> None:
    table, gray = derived_set("suffix", {"negative": lambda sheet: 255 - sheet})
    numbers = table["id"].str.extract(r"_(\d+)")[0]
    kinds = pd.Series(
        ["photograph", "inv"] * 27
    )  # the negative has the shorter name
    table["id"] = (
        "train/k"
        + table["label"].astype(str)
        + "/"
        + kinds
        + "_"
        + numbers
        + ".png"
    )
    left(tmp_path, table, gray, tests=27)
    said = asked(tmp_path).output
    assert "27 'inv' from 'photograph'" in said
    assert "decided by its similarity to the test images (27)" in said
    written = pd.read_csv(tmp_path / "new.csv", keep_default_na=False).set_index(
        "image_path"
    )
    assert written.loc["k1/inv_3.png", "source_id"] == "k1/photograph_3.png"


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    prepared(tmp_path)
    (tmp_path / "new.csv").write_text("mine")
    done = asked(tmp_path)
    assert done.exit_code == 1 and "expected a new file" in done.output
    assert (tmp_path / "new.csv").read_text() == "mine"


def test_before_prepare_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    done = asked(tmp_path)
    assert done.exit_code == 1 and "say `dvc repro prepare`" in done.output
