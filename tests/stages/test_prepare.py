"""The stage prepare: what it says of the images it took and of those it left out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from croquis.core.errors import InputError
from support.leftovers import stage
from support.prepared import files_in


def test_images_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`1 quarantined` was all that a user heard of a broken image."""
    for name in ("bar", "disc"):
        (tmp_path / "raw/train" / name).mkdir(parents=True)
        for number in range(6):
            sheet = np.full((9, 9), 10 * number, np.uint8)
            Image.fromarray(sheet).save(tmp_path / f"raw/train/{name}/{number}.png")
    for number in range(4):
        (tmp_path / f"raw/train/bar/{number}.png").write_bytes(b"")
    files = files_in(tmp_path)
    stage("prepare").main(raw=tmp_path / "raw", **files)
    told = capsys.readouterr().out
    assert "prepare: 8 train and 0 test images of 2 classes, 96 px gray\n" in told
    assert "left out, as they cannot be read: train/bar/0.png (empty file)," in told
    assert (
        f"train/bar/2.png (empty file) and 1 more; {files['quarantine']} has them all"
        in told
    )


def test_a_class_named_as_a_formula_is_neutral_for_people_alone(
    tmp_path: Path,
) -> None:
    """A spreadsheet runs a cell that begins with =; what programs read keeps each byte."""
    lines = ["image_path,class_name"]
    for name in ("=1+1", "bar"):
        for number in range(4):
            file = tmp_path / f"raw/train/{name}/{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((9, 9), 9 * number, np.uint8)).save(file)
            lines.append(f"{name}/{number}.png,{name}")
    broken = tmp_path / "raw/train/a;=2.png"
    broken.write_bytes(b"")
    lines.append("a;=2.png,bar")
    (tmp_path / "raw/train.csv").write_text("\n".join(lines))
    (tmp_path / "raw/test.csv").write_text("image_path\n=3.png\n")
    (tmp_path / "raw/test").mkdir()
    Image.fromarray(np.eye(9, dtype=np.uint8) * 255).save(
        tmp_path / "raw/test/=3.png"
    )
    files = files_in(tmp_path)
    stage("prepare").main(raw=tmp_path / "raw", **files)
    assert ",=1+1," in files["index"].read_text()
    assert files["sample"].read_text().splitlines()[1] == "0,=3.png,0"
    assert (
        files["quarantine"]
        .read_text()
        .splitlines()[1]
        .startswith("train/a;'=2.png,")
    )


def test_a_solution_with_class_names_is_mapped_and_one_with_a_row_too_few_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ended in submit, after all trainings: a traceback and an error."""
    for name in ("train/cup/0", "train/cup/1", "train/star/0", "test/a", "test/b"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(9, dtype=np.uint8) * 255).save(
            tmp_path / f"raw/{name}.png"
        )
    files = files_in(tmp_path)
    files["solution"].write_text(
        "image_path,target\ntest/b.png,star\ntest/a.png,cup\n"
    )
    stage("prepare").main(raw=tmp_path / "raw", **files)
    assert (
        files["test_labels"].read_text() == "image_path,target\na.png,0\nb.png,1\n"
    )
    told = "prepare: solution.csv: image_path 'test/b.png' is read as 'b.png'"
    assert told in capsys.readouterr().out
    files["solution"].write_text("image_path,target\nb.png,1\n")
    with pytest.raises(
        InputError, match=r"received 1 test images without a row \(a.png\); corr"
    ):
        stage("prepare").main(raw=tmp_path / "raw", **files)


def test_one_class_stops_the_stage(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / "raw/train/cup").mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9), number).save(
            tmp_path / f"raw/train/cup/{number}.png"
        )
    with pytest.raises(
        InputError, match="expected images of two classes or more, received 'cup'"
    ):
        stage("prepare").main(raw=tmp_path / "raw", **files_in(tmp_path))
