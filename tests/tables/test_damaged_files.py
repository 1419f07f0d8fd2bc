"""What a run left, damaged: each reader names the file and the way back, and returns nothing."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croquis.core.errors import InputError
from croquis.images.pixels import Pixels
from croquis.tables import arrays
from croquis.tables.features import Features, save
from croquis.tables.fold_tables import (
    read_columns,
    read_folds,
    read_groups,
    read_index,
    require_labels,
    training_rows,
)
from croquis.tables.predictions import Predictions, load_predictions
from croquis.tables.samples import Samples
from croquis.votes.recipe import Recipe
from support.memory import outcome_and_megabytes

INDEX = """\
id,split,label,class_name
train/a.png,train,0,cup
train/b.png,train,1,star
test/c.png,test,-1,
"""
FOLDS = """\
id,label,group,unit,fold,plain_fold,scored,keep,weight,targets,sha256
train/a.png,0,0,0,0,1,True,True,1.0,,00
train/b.png,1,1,1,1,0,True,True,0.5,0:0.5 1:0.5,11
"""
GROUPS = """\
id,group,keep,weight,conflict,targets
train/a.png,0,True,1.0,False,
"""
BACK = "`dvc checkout -f {path}` brings it back, or `make repro` writes it again"


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


IMAGES = npy(np.zeros((3, 4, 4), np.uint8))


@pytest.mark.parametrize(
    ("read", "text"),
    [(read_index, INDEX), (read_folds, FOLDS), (read_groups, GROUPS)],
    ids=["index", "folds", "groups"],
)
def test_a_table_that_was_cut_within_any_line_is_named(
    tmp_path: Path, read: Callable[[Path], object], text: str
) -> None:
    """Cut behind the last column that is needed it was read, without a row or with one too few."""
    path = tmp_path / "a.csv"
    within = [place for place in range(1, len(text)) if text[place - 1] != "\n"]
    for place in within:
        path.write_text(text[:place])
        with pytest.raises(InputError, match=r"a\.csv: expected .*brings it back"):
            read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(200),
        IMAGES[:-1],
        IMAGES[:60],
        IMAGES.replace(b"(3, 4, 4)", b"(9, 9, 9)"),
        b"PK\3\4" + bytes(60),
        b"\x93NUMPY\2\0" + struct.pack("<I", 2**31 - 1) + bytes(60),
        npy(np.zeros((3, 4, 4))),
        npy(np.zeros((3, 4, 5), np.uint8)),
        npy(np.zeros((3, 4, 4, 4), np.uint8)),
        npy(np.zeros(48, np.uint8)),
        npy(np.array([None] * 3, dtype=object), allow_pickle=True),
    ],
)
def test_damaged_pixels_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pixels.npy"
    path.write_bytes(content)
    (tmp_path / "index.csv").write_text(INDEX)
    with pytest.raises(InputError) as caught:
        Pixels.open(tmp_path / "index.csv", path)
    assert str(caught.value).startswith(f"{path}: expected ")
    assert str(caught.value).endswith("; " + BACK.format(path=path))
    assert len(str(caught.value)) < 700


def test_pixels_that_are_a_folder_or_gone_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="received No such file"):
        arrays.open_images(tmp_path / "pixels.npy")
    (tmp_path / "pixels.npy").mkdir()
    with pytest.raises(InputError, match="received Is a directory; `dvc check"):
        arrays.open_images(tmp_path / "pixels.npy")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("train/b.png", "train/a.png", "column id each value once.* in line 3"),
        ("train/b.png", "", "column id each value once, and none empty"),
        (
            "label",
            "lable",
            "expected a column label, received only id, split, lable",
        ),
        (",1,star", ",,star", "column label a whole number.* '' in line 3"),
        (",1,star", ",nan,star", "column label a whole number.* 'nan' in line 3"),
        (",1,star", ",1.5,star", r"column label a whole number.* 1\.5 in line 3"),
        (",1,star", f",{10**30},star", "column label a whole number in each row"),
        ("b.png,train", "b.png,trian", "split train or test.* 'trian' in line 3"),
        ("train/b.png", '"train/b.png', "a table of a run.*EOF inside string"),
        (INDEX, "", "a table of a run.*No columns"),
        (INDEX, "\0" * 100, r"a column id, received only \\x00"),
        (INDEX, "a,b\n1,2\n", "a column id, received only a, b"),
    ],
)
def test_a_damaged_index_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "index.csv"
    path.write_text(INDEX.replace(old, new))
    with pytest.raises(InputError, match=said) as caught:
        read_index(path)
    assert str(caught.value).startswith(f"{path}: expected ")
    assert str(caught.value).endswith("; " + BACK.format(path=path))


@pytest.mark.parametrize("rows", [INDEX.count("\n") - 2, INDEX.count("\n")])
def test_an_index_of_other_rows_than_the_pixels_is_refused(
    tmp_path: Path, rows: int
) -> None:
    lines = [*INDEX.splitlines(), "test/d.png,test,-1,"][: rows + 1]
    (tmp_path / "index.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "pixels.npy").write_bytes(IMAGES)
    with pytest.raises(InputError, match=rf"expected {rows} rows, .*received 3"):
        Pixels.open(tmp_path / "index.csv", tmp_path / "pixels.npy")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", ""), ("id", "train/a.png"),
        ("label", "-1"), ("label", "x"), ("label", ""), ("label", "1.5"),
        ("fold", "nan"), ("fold", "1.5"), ("plain_fold", "x"),
        ("keep", "2"), ("keep", ""), ("scored", "yes"),
        ("weight", "nan"), ("weight", "-1"), ("weight", "inf"), ("weight", "abc"),
        ("targets", "3:x"), ("targets", "3"), ("targets", "3:0.5,4:0.5"),
    ],
)  # fmt: skip
def test_a_damaged_cell_of_the_folds_is_named(
    tmp_path: Path, column: str, value: str
) -> None:
    path = tmp_path / "folds.csv"
    head, first, second = FOLDS.splitlines()
    cells = second.split(",")
    cells[head.split(",").index(column)] = f'"{value}"' if "," in value else value
    path.write_text("\n".join([head, first, ",".join(cells)]) + "\n")
    with pytest.raises(InputError, match=f"in column {column} .* in line 3; `dvc"):
        read_folds(path)


def test_whole_tables_are_read(tmp_path: Path) -> None:
    for name, text in {"index": INDEX, "folds": FOLDS, "groups": GROUPS}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    assert read_index(tmp_path / "index.csv")["label"].tolist() == [0, 1, -1]
    assert read_folds(tmp_path / "folds.csv")["targets"].tolist() == [
        "",
        "0:0.5 1:0.5",
    ]
    assert read_groups(tmp_path / "groups.csv")["weight"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_groups, GROUPS.replace("weight", "weihgt")),
        (read_groups, GROUPS.replace("True", "maybe")),
        (read_groups, GROUPS[:40]),
        (read_folds, FOLDS.replace("id,label", "di,label")),
        (read_columns, "author\nme\n"),
        (read_columns, ""),
    ],
)
def test_other_tables_are_named_as_well(
    tmp_path: Path, read: Callable[[Path], object], text: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=f"^{path}: expected .*; `dvc checkout"):
        read(path)


@pytest.mark.parametrize("column", ["fold", "keep", "label", "weight"])
def test_folds_that_lack_a_column_train_nothing(
    tmp_path: Path, column: str
) -> None:
    path = tmp_path / "folds.csv"
    path.write_text(FOLDS.replace(f",{column},", ",other,"))
    with pytest.raises(
        InputError, match=rf"folds\.csv: expected a column {column},"
    ):
        Samples.labelled(training_rows(read_folds(path), 0), 2)


RECIPE = {
    "members": ["a", "b"],
    "folds": [0, 1],
    "fold_vote": "soft",
    "vote": "soft",
    "weights": {"a": 0.5, "b": 0.5},
    "temperatures": {"a": 1.0, "b": 1.0},
    "temperature": 1.0,
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": {"a": 1.0}}, "weights of exactly the members"),
        ({"temperatures": {"a": 1.0, "c": 1.0}}, "temperatures of exactly"),
        ({"weights": {"a": float("nan"), "b": 1.0}}, "weights.a: .*finite"),
        ({"weights": {"a": -1.0, "b": 2.0}}, "folds and weights from 0"),
        ({"weights": {"a": 0.0, "b": 0.0}}, "a weight above 0"),
        ({"weights": {"a": 1e308, "b": 1e308}}, "none above 1,000,000"),
        ({"temperature": 0.0}, "temperature: .*greater than 0"),
        ({"temperature": float("nan")}, "temperature: .*finite"),
        ({"folds": []}, "folds, each once"),
        ({"folds": [0, 0]}, "folds, each once"),
        ({"folds": "abc"}, "folds: .*valid array"),
        ({"more": 1}, "more: .*not permitted"),
    ],
)
def test_a_damaged_recipe_is_named(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPE | change))
    with pytest.raises(
        InputError, match=f"recipe of an ensemble, received .*{said}"
    ):
        Recipe.load(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[1]", b"\xff\xfe", bytes(60), b"[" * 100_000, b'{"members": ["a'],
)
def test_a_recipe_that_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recipe.json"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match="expected the recipe of an ensemble"
    ) as caught:
        Recipe.load(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_whole_recipe_is_read(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps(RECIPE))
    assert Recipe.load(tmp_path / "recipe.json").weights == {"a": 0.5, "b": 0.5}


IDS = np.array(["a", "b"])
PROBS = np.array([[0.5, 0.5], [1.0, 0.0]], np.float32)


@pytest.mark.parametrize(
    "parts",
    [
        {"ids": np.array([None, 1], dtype=object)},
        {"ids": np.array([1j, 2j])},
        {"classes": np.zeros(2, "V8")},
        {"probs": PROBS * np.nan},
        {"probs": PROBS[:1]},
        {"probs": np.array("x")},
        {"probs": np.zeros((2, 2), "M8[s]")},
    ],
)
def test_damaged_predictions_are_named(
    tmp_path: Path, parts: dict[str, np.ndarray]
) -> None:
    path = tmp_path / "p.npz"
    whole = {"ids": IDS, "probs": PROBS, "classes": np.array(["cup", "star"])}
    np.savez(path, **(whole | parts))
    with pytest.raises(InputError, match=f"^{path}: expected "):
        load_predictions(path)


def test_one_flipped_bit_of_predictions_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    Predictions(IDS, PROBS, np.array(["cup", "star"])).save(path)
    content = bytearray(path.read_bytes())
    content[content.index(PROBS.tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="Bad CRC-32"):
        load_predictions(path)


def test_predictions_packed_like_a_bomb_take_little_memory(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("zeros.npz", "bytes.npz", "text.npz")]
    np.savez_compressed(
        paths[0], ids=IDS, probs=np.zeros((70_000, 1_000)), classes=IDS
    )
    numbers = np.zeros((130_000, 1_000), np.uint8)
    np.savez_compressed(paths[1], ids=IDS, probs=numbers, classes=IDS)
    np.savez_compressed(
        paths[2], ids=np.zeros(3, "U50000000"), probs=PROBS, classes=IDS
    )
    for path in paths:
        outcome, megabytes = outcome_and_megabytes(
            "from croquis.tables.predictions import load_predictions",
            "load_predictions(path)",
            path,
        )
        assert "is packed like a bomb; save it by np.savez" in outcome
        assert megabytes < 300


def test_a_claim_of_terabytes_is_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    Predictions(IDS, PROBS, np.array(["cup", "star"])).save(path)
    content = path.read_bytes().replace(b"(2, 2), }", b"(2, 9), }")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"expected an \.npz with ids, probs"):
        load_predictions(path)


def test_damaged_features_are_named(tmp_path: Path) -> None:
    path = tmp_path / "features.npz"
    with pytest.raises(
        InputError, match=r"ids and the features of each.*No such file"
    ):
        Features(path)
    save(path, IDS, np.zeros((1, 3, 4), np.float32))
    with pytest.raises(InputError, match=r"float32 of \(1, 3, 4\); `dvc checkout"):
        Features(path)
    save(path, IDS, np.zeros((1, 2, 4), np.float32))
    assert Features(path).of(IDS[:1]).shape == (1, 1, 4)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="ids and the features of each"):
        Features(path)


def test_a_training_image_below_all_classes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text(INDEX.replace("train,1", "train,-5"), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"a training image, received -5 in line 3"
    ):
        read_index(path)


def test_a_label_that_no_prediction_has_is_named() -> None:
    classes = np.array(["cup", "star"])
    require_labels(np.array([0, 1, 1]), classes)
    for label in (2, 1_000_000, -1):
        with pytest.raises(
            InputError, match=f"labels 0 to 1, .* 1 others, as {label};"
        ):
            require_labels(np.array([0, label, 1]), classes)


@pytest.mark.parametrize("kind", ["<U0", "|S0", "<U1"])
def test_text_that_claims_any_count_is_refused_before_it_is_pythons(
    tmp_path: Path, kind: str
) -> None:
    """Text of no length takes no byte of the file, and 50 of memory as soon as it is used."""
    count = 3_000_000 if kind == "<U1" else 100_000_000
    header = io.BytesIO()
    fields = {"descr": kind, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(header, fields)
    path = tmp_path / "p.npz"
    np.savez_compressed(
        path, probs=np.zeros((count, 0)), classes=np.array([], "U1")
    )
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as bundle:
        size = 4 * count if kind == "<U1" else 0
        bundle.writestr("ids.npy", header.getvalue() + bytes(size))
    with pytest.raises(InputError, match="ids is packed like a bomb"):
        load_predictions(path)
