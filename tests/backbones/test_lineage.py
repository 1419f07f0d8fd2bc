"""Weights know what they were trained on, and start no fold whose images they have seen."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from croquis.backbones import lineage
from croquis.backbones.lineage import (
    Lineage,
    check_all,
    check_early,
    check_fold,
    content_hashes,
    read_lineage,
)
from croquis.core.errors import InputError
from croquis.core.symmetries import symmetric_digest
from croquis.heads.training_records import write_weights
from croquis.tables.fold_tables import read_folds, read_index, training_rows


@pytest.fixture
def folds(drawn: Path) -> pd.DataFrame:
    return read_folds(drawn / "folds.csv")


@pytest.fixture
def index(drawn: Path) -> pd.DataFrame:
    """Of `drawn`, with hashes of files from 1 on, and of pixels from 100 on."""
    table = read_index(drawn / "index.csv")
    table["sha256"] = [f"{row + 1:064x}" for row in range(15)]
    table["digest"] = [f"{row + 100:032x}" for row in range(15)]
    return table


@pytest.fixture
def hashed(folds: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    return folds.assign(sha256=index["sha256"].to_numpy()[:12])


def of(rows: pd.DataFrame, fold: int = 0) -> dict[str, Lineage]:
    """A file of member "a" that was trained on some rows of index.csv."""
    return {
        f"w/fold{fold}.safetensors": Lineage(
            "a", fold, np.unique(content_hashes(rows))
        )
    }


def without(
    fold: int, folds: pd.DataFrame, index: pd.DataFrame
) -> dict[str, Lineage]:
    return of(index[index["id"].isin(training_rows(folds, fold)["id"])], fold)


def test_weights_of_the_same_fold_may_start_it(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    for fold in (0, 1):
        check_fold(without(fold, hashed, index), hashed, index, fold)


def test_weights_of_another_fold_are_refused_with_how_much_they_saw(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    """They loaded for any fold, without a word."""
    with pytest.raises(InputError) as caught:
        check_fold(without(1, hashed, index), hashed, index, 0)
    assert str(caught.value) == (
        "pretrained: w/fold1.safetensors: expected weights that never saw the images of fold 0,"
        " received those of a without fold 1, trained on 6 of its 6 images or on copies of them;"
        " name the weights of each fold, such as w/fold{fold}.safetensors"
    )


def test_a_copy_of_a_scored_image_counts_as_the_image(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    """Row 3 is held out beside row 0 and not scored, as a derived or a dropped image is."""
    seen = of(index.iloc[[3]])
    apart = hashed.assign(
        fold=[0] * 4 + [1] * 8, scored=[True] * 3 + [False] + [True] * 8
    )
    check_fold(seen, apart, index, 0)
    grouped = apart.assign(group=[0, 1, 2, 0, *range(4, 12)])
    with pytest.raises(
        InputError, match="trained on 1 of its 3 images or on copies of them"
    ):
        check_fold(seen, grouped, index, 0)


def test_an_image_of_the_same_domain_counts_too(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    apart = hashed.assign(
        fold=[0] * 4 + [1] * 8, scored=[True] * 3 + [False] + [True] * 8
    )
    domains = apart.assign(unit=[0, 1, 2, 0, *range(4, 12)])
    with pytest.raises(InputError, match="trained on 1 of its 3 images"):
        check_fold(of(index.iloc[[3]]), domains, index, 0)


def test_what_the_fold_itself_trains_on_is_no_new_leak(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    """Plain folds have copies on both sides by choice: their own weights stay welcome."""
    plain = hashed.assign(group=0, unit=0)
    check_fold(without(0, plain, index), plain, index, 0)
    with pytest.raises(InputError, match="trained on 6 of its 6"):
        check_fold(without(1, plain, index), plain, index, 0)


def test_other_names_hide_nothing_and_strangers_images_pass(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    renamed = index.assign(
        id=[f"other/{row}.jpg" for row in range(15)], path="elsewhere"
    )
    renamed = renamed.iloc[[0]]
    for same in (
        {"sha256": "f" * 64},
        {"digest": "f" * 32},
    ):  # written anew, or only the file
        with pytest.raises(InputError, match="trained on 1 of its 6"):
            check_fold(of(renamed.assign(**same)), hashed, index, 0)
    check_fold(
        of(renamed.assign(sha256="f" * 64, digest="f" * 32)), hashed, index, 0
    )


def test_blank_sheets_are_nobodys_image(
    hashed: pd.DataFrame, index: pd.DataFrame
) -> None:
    """Two competitions may both have one, of one size."""
    index.loc[0, "digest"] = symmetric_digest(np.full((32, 32), 255, np.uint8))
    check_fold(of(index.iloc[[0]]), hashed, index, 0)


def test_a_probe_takes_weights_that_saw_no_training_image(
    index: pd.DataFrame,
) -> None:
    with pytest.raises(InputError) as caught:
        check_all(of(index.iloc[[5, 6]]), index)
    assert (
        "trained on 2 of 12; a probe's features are computed once for all"
        in str(caught.value)
    )
    check_all(
        of(index.iloc[[13]]), index
    )  # a test image: labels of it there are none


def test_before_folds_are_known_one_file_starts_its_own_fold_at_best(
    index: pd.DataFrame,
) -> None:
    one = of(index.iloc[:6], fold=3)
    check_early(one, index, [3])
    with pytest.raises(
        InputError, match=r"trained on 6 of the 12 training images, for folds 0, 3"
    ):
        check_early(one, index, [0, 3])
    check_early(
        {"w/fold{fold}.safetensors": one["w/fold3.safetensors"]}, index, [0, 3]
    )
    check_early(of(index.assign(sha256="e" * 64, digest="e" * 32)), index, [0, 1])


def noted(
    index: pd.DataFrame, ids: list[str], parents: tuple[Lineage, ...] = ()
) -> dict[str, str]:
    options = {
        "settings": {"lr": 0.1},
        "data": "d" * 16,
        "index": index,
        "parents": list(parents),
    }
    return lineage.lineage_metadata("a", 1, train=np.array(ids), **options)


def test_a_note_lies_in_the_file_and_leaves_the_tensors_alone(
    index: pd.DataFrame, tmp_path: Path
) -> None:
    tensors, ids = (
        {"b": torch.arange(4.0), "a": torch.tensor(3)},
        index["id"].tolist(),
    )
    write_weights(tmp_path / "plain.safetensors", tensors)
    write_weights(
        tmp_path / "w.safetensors", tensors, noted(index, [ids[2], ids[0]])
    )
    own = read_lineage(tmp_path / "w.safetensors")
    assert own is not None and (own.member, own.fold) == ("a", 1)
    assert own.seen.tolist() == [1, 3, 100, 102]  # by file, and by pixels; sorted
    plain, with_note = (
        load_file(tmp_path / f"{name}.safetensors") for name in ("plain", "w")
    )
    assert all(torch.equal(plain[name], with_note[name]) for name in plain)
    told = json.loads(lineage.metadata(tmp_path / "w.safetensors")["croquis"])
    assert told["recipe"] == {"lr": 0.1} and told["classes"] == [
        "bar",
        "pole",
        "spot",
    ]
    assert told["version"] and told["data"] == "d" * 16
    again = tmp_path / "again.safetensors"
    write_weights(
        again, dict(reversed(tensors.items())), noted(index, [ids[0], ids[2]])
    )
    assert again.read_bytes() == (tmp_path / "w.safetensors").read_bytes()


def test_what_the_first_weights_saw_is_seen_by_all_that_start_from_them(
    index: pd.DataFrame, tmp_path: Path
) -> None:
    """A second training, on other images, would else wash the first one off."""
    parent = Lineage("older", 0, np.array([7, 9], np.uint64))
    write_weights(
        tmp_path / "w.safetensors", {}, noted(index, [index["id"][0]], (parent,))
    )
    assert read_lineage(tmp_path / "w.safetensors").seen.tolist() == [1, 7, 9, 100]


def test_strangers_weights_have_no_lineage(tmp_path: Path) -> None:
    save_file(
        {"a": torch.ones(1)}, tmp_path / "w.safetensors", metadata={"format": "pt"}
    )
    torch.save({"a": torch.ones(1)}, tmp_path / "w.pth")
    assert (
        read_lineage(tmp_path / "w.safetensors")
        is read_lineage(tmp_path / "w.pth")
        is None
    )
    assert lineage.parents_of([True, "bundled", str(tmp_path / "lost.pth")]) == {}


def test_a_broken_note_is_an_error_not_a_stranger(tmp_path: Path) -> None:
    save_file(
        {"a": torch.ones(1)}, tmp_path / "w.safetensors", metadata={"croquis": "{}"}
    )
    with pytest.raises(
        InputError, match="expected a note of what the weights were trained on"
    ):
        read_lineage(tmp_path / "w.safetensors")
