"""The embedded data set: its table of concepts, its drawings, its parts, its files."""

import hashlib
from collections import Counter
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from croquis.core import symmetries
from croquis.core.errors import InputError
from croquis.dataset.icon_licences import ICON_LICENCES
from croquis.dedup.measures.ink import blurred_vectors, ink_vectors
from croquis.dedup.measures.search import pair_table
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.measures.variants import variant_pairs
from croquis.download import icons

# In one process: to write the data set takes 20 s.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("icons")]

# Words of arrows and of interface signs: a class is a thing one can point at.
SIGNS = {
    "arrow",
    "chevron",
    "check",
    "plus",
    "minus",
    "close",
    "menu",
    "wifi",
    "play",
    "off",
}


@pytest.fixture(scope="module")
def glyphs() -> list[icons.Glyph]:
    return icons.choose_glyphs()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole data set, written once for this file."""
    folder = tmp_path_factory.mktemp("icons")
    icons.write_icons(folder)
    return folder


@pytest.mark.parametrize(
    ("family", "name", "expected"),
    [
        ("mdi5", "umbrella-outline", "umbrella"),
        ("phosphor", "umbrella-simple-bold", "umbrella"),
        ("remix", "home-2-fill", "home"),
        ("fa5-solid", "trash-alt", "trash"),
        ("mdi6", "umbrella-off", "umbrella-off"),
        (
            "mdi6",
            "alarm-light",
            "alarm-light",
        ),  # a siren: light is a style of phosphor's only
        (
            "mdi6",
            "timer-10",
            "timer-10",
        ),  # the text 10s: numbers are a style of remix's only
        ("phosphor", "bold", "bold"),
    ],
)
def test_concept_drops_the_style_and_nothing_else(
    family: str, name: str, expected: str
) -> None:
    assert icons.concept(family, name) == expected


def test_glyphs_with_interface_signs_are_left_out(
    glyphs: list[icons.Glyph],
) -> None:
    names = {glyph.name for glyph in glyphs}
    assert {"umbrella", "umbrella-outline", "umbrella-bold"} <= names
    assert not names & {
        "umbrella-off",
        "umbrella-off-outline",
        "calendar-plus",
        "bell-alert",
    }


def test_a_single_glyph_can_be_another_class_or_none(
    glyphs: list[icons.Glyph],
) -> None:
    class_of = {(glyph.family, glyph.name): glyph.class_name for glyph in glyphs}
    assert class_of["remix", "football-fill"] == "soccer-ball"
    assert ("fa6-solid", "water") not in class_of  # waves; mdi's water is a drop


def test_every_class_has_12_drawings_of_3_families(
    glyphs: list[icons.Glyph],
) -> None:
    drawings = Counter(glyph.class_name for glyph in glyphs)
    families = Counter(
        name for name, _ in {(g.class_name, g.family) for g in glyphs}
    )
    assert (len(drawings), len(glyphs)) == (117, 2804)
    assert (min(drawings.values()), max(drawings.values())) == (12, 68)
    assert min(families.values()) >= 3


def test_no_glyph_is_taken_twice(glyphs: list[icons.Glyph]) -> None:
    assert len({(glyph.family, glyph.code) for glyph in glyphs}) == len(glyphs)
    assert len({(glyph.class_name, glyph.file_name) for glyph in glyphs}) == len(
        glyphs
    )


def test_the_table_names_each_thing_once_and_no_sign() -> None:
    table = yaml.safe_load(
        Path(icons.__file__).with_name("concepts.yaml").read_text()
    )
    names = [name for names in table.values() for name in names.split()]
    assert len(names) == len(set(names))
    classes = list(table)[1:]
    assert classes == sorted(classes)
    assert not SIGNS & {
        word for class_name in classes for word in class_name.split("-")
    }


def test_every_name_of_the_table_is_in_some_font() -> None:
    names = set()
    for family in icons.FAMILIES:
        for name in icons._read_charmap(family):
            names |= {f"{family}/{name}", icons.concept(family, name)}
    assert set(icons.concepts()) <= names


def test_drawings_are_black_on_white_fitted_and_centred(
    glyphs: list[icons.Glyph],
) -> None:
    drawings = icons.draw_glyphs(glyphs[::100])
    assert drawings.shape == (29, 224, 224)
    assert drawings.dtype == np.uint8
    for drawing in drawings:
        rows, columns = (
            np.flatnonzero((drawing < 128).any(axis=axis)) for axis in (1, 0)
        )
        extents = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert 184 <= max(extents) <= 188  # 224 less a margin of 18 on each side
        assert abs(rows[0] + rows[-1] - 223) <= 4
        assert abs(columns[0] + columns[-1] - 223) <= 4
        assert drawing[0, 0] == 255


def test_a_copy_is_found_in_any_class_and_under_any_turn() -> None:
    drawings = np.full((4, 224, 224), 255, dtype=np.uint8)
    drawings[0, 40:180, 40:60] = drawings[0, 160:180, 40:120] = 0  # an L
    drawings[1] = np.rot90(drawings[0])
    drawings[2] = drawings[0].T
    drawings[3, 100:120, 20:200] = 0  # a bar
    assert icons.copy_groups(drawings, np.arange(4)).tolist() == [0, 0, 0, 1]


def test_near_copies_by_ssim_count_inside_a_class_only() -> None:
    drawings = np.full((2, 224, 224), 255, dtype=np.uint8)
    drawings[:, 100:110, 100:110] = 0
    drawings[1, 100:105, 110:118] = (
        0  # 40 pixels more than 100: cosine .84, the paper is equal
    )
    assert icons.copy_groups(drawings, np.array([0, 0])).tolist() == [0, 0]
    assert icons.copy_groups(drawings, np.array([0, 1])).tolist() == [0, 1]


def test_two_of_five_folds_are_test_and_no_group_is_cut() -> None:
    labels, groups = np.repeat([0, 1], 50), np.arange(100) // 2
    is_test = icons.test_rows(labels, groups)
    assert is_test.sum() == 40
    assert (is_test[::2] == is_test[1::2]).all()


def test_the_files_are_a_competition(folder: Path) -> None:
    train = pd.read_csv(folder / "train.csv")
    test = pd.read_csv(folder / "test.csv")
    sample = pd.read_csv(folder / "sample_submission.csv")
    solution = pd.read_csv(folder / "solution.csv")
    assert list(train) == ["class_name", "image_path", "target"]
    assert list(test) == ["image_path"]
    assert list(sample) == ["ID", "image_path", "target"]
    assert list(solution) == ["image_path", "target"]
    assert test.image_path.tolist() == [
        f"{number}.png" for number in range(len(test))
    ]
    assert sample.image_path.equals(test.image_path)
    assert sample.ID.tolist() == list(range(len(test)))
    assert (sample.target == 0).all()
    assert solution.image_path.equals(test.image_path)
    ranks = {name: rank for rank, name in enumerate(sorted(set(train.class_name)))}
    assert train.target.tolist() == [ranks[name] for name in train.class_name]
    for part, table in (("train", train), ("test", test)):
        files = {
            str(path.relative_to(folder / part))
            for path in (folder / part).rglob("*.png")
        }
        assert files == set(table.image_path)
    with Image.open(folder / "test" / "0.png") as image:
        assert (image.mode, image.size) == ("L", (224, 224))


def test_train_and_test_are_60_to_40_with_every_class_in_both(folder: Path) -> None:
    train = pd.read_csv(folder / "train.csv").target
    solution = pd.read_csv(folder / "solution.csv").target
    assert len(train) / (len(train) + len(solution)) == pytest.approx(0.6, abs=0.01)
    assert set(train) == set(solution)
    assert train.value_counts().min() >= 5


def test_no_number_of_a_test_image_tells_its_class(folder: Path) -> None:
    targets = pd.read_csv(folder / "solution.csv").target.to_numpy()
    assert abs(np.corrcoef(targets, np.arange(len(targets)))[0, 1]) < 0.1


def test_no_copy_is_in_train_and_in_test(
    folder: Path, glyphs: list[icons.Glyph]
) -> None:
    """By another road than copy_groups: pixels under every turn, then the cosine of the ink."""
    images, hashes = {}, {}
    for part in ("train", "test"):
        paths = sorted((folder / part).rglob("*.png"))
        images[part] = np.stack([np.asarray(Image.open(path)) for path in paths])
        hashes[part] = {hashlib.sha256(image).digest() for image in images[part]}
    assert len(images["train"]) + len(images["test"]) == len(glyphs) - len(
        icons.MOVED_COPIES
    )
    train, test = (icons._ink_of(images[part]) for part in ("train", "test"))
    for turns in range(4):
        for flip in (1, -1):
            turned = np.rot90(test, turns, axes=(1, 2))[:, :, ::flip].reshape(
                len(test), -1
            )
            assert (train.reshape(len(train), -1) @ turned.T).max() < 0.95
            of_test = np.rot90(images["test"], turns, axes=(1, 2))[:, :, ::flip]
            of_test = np.ascontiguousarray(of_test)
            assert not hashes["train"] & {
                hashlib.sha256(image).digest() for image in of_test
            }


def test_no_moved_copy_is_in_train_and_in_test(folder: Path) -> None:
    """The dedup stage's own test of shifted and turned copies, over both parts."""
    paths = sorted((folder / "train").rglob("*.png"))
    is_test = np.arange(len(paths) + 10_000) >= len(paths)
    paths += sorted((folder / "test").rglob("*.png"))
    gray, rows = (
        np.stack([np.asarray(Image.open(path)) for path in paths]),
        np.arange(len(paths)),
    )
    pairs = variant_pairs(
        gray,
        rows,
        ink_vectors(gray, rows)[0],
        blurred_vectors(gray, rows),
        names=symmetries.NAMES,
        blurred_min=0.93,
        aligned_min=0.97,
        most=100_000,
        decided=pair_table(),
        tally=Tally(),
    )
    assert not (is_test[pairs["a"]] != is_test[pairs["b"]]).any()


def test_the_same_call_writes_the_same_bytes(
    tmp_path: Path, glyphs: list[icons.Glyph], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [
        glyph for glyph in glyphs if glyph.class_name in {"anchor", "crown", "fish"}
    ]
    monkeypatch.setattr(icons, "choose_glyphs", lambda: some)
    trees = []
    for name in ("first", "second"):
        icons.write_icons(tmp_path / name)
        files = sorted(
            path for path in (tmp_path / name).rglob("*") if path.is_file()
        )
        trees.append(
            {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        )
    assert trees[0] == trees[1]
    assert len(trees[0]) == len(some) + 4


def test_attribution_names_every_family() -> None:
    text = " ".join(licence.families for licence in ICON_LICENCES)
    for version in (
        family.font.rsplit("-", 1)[1] for family in icons.FAMILIES.values()
    ):
        assert version in text


def _missing(name: str) -> metadata.Distribution:
    raise metadata.PackageNotFoundError(name)


def test_a_missing_package_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metadata, "distribution", _missing)
    with pytest.raises(
        InputError, match=r"qtawesome 1\.4\.2, received none; pip install"
    ):
        icons.choose_glyphs()


def test_another_version_of_the_package_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(icons, "VERSION", "9.9")
    with pytest.raises(InputError, match=r"qtawesome 9\.9, received 1\.4\.2"):
        icons.choose_glyphs()
