"""The embedded data set `icons`: drawings of everyday things by ten icon families.

The families come as fonts in the package qtawesome. A class is a concept of concepts.yaml; each of
its glyphs is drawn black on white. Copies (families copy each other between versions) are left in
the set, but never one in train and one in test.
"""

import json
import re
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml
from PIL import Image, ImageDraw, ImageFont, ImageOps
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from skimage.metrics import structural_similarity
from sklearn.model_selection import StratifiedGroupKFold

from croquis.core import symmetries
from croquis.core.errors import InputError
from croquis.core.progress import progress

PACKAGE = "qtawesome"
VERSION = "1.4.2"


class Family(NamedTuple):
    """A font of the package, and the ends of its names that say how a thing is drawn, not which."""

    font: str
    style: str


# The fonts of brands are left out: they hold logos, not things. Who drew them, and under which
# licences: croquis.dataset.icon_licences.
FAMILIES = {
    "codicons": Family("codicon-0.0.36", r"filled"),
    "elusive": Family("elusiveicons-webfont-2.0", r"alt"),
    "fa5-regular": Family("fontawesome5-regular-webfont-5.15.4", r"alt"),
    "fa5-solid": Family("fontawesome5-solid-webfont-5.15.4", r"alt"),
    "fa6-regular": Family("fontawesome6-regular-webfont-6.7.2", r"simple"),
    "fa6-solid": Family("fontawesome6-solid-webfont-6.7.2", r"simple"),
    "mdi5": Family("materialdesignicons5-webfont-5.9.55", r"outline|variant"),
    "mdi6": Family("materialdesignicons6-webfont-6.9.96", r"outline|variant"),
    "phosphor": Family("phosphor-1.3.0", r"bold|fill|light|simple|thin"),
    "remix": Family("remixicon-2.5.0", r"fill|line|\d+"),
}
SIDE = 224  # pixels of an image
MARGIN = 18  # pixels of the white around the glyph's bounding box
# A glyph is drawn at this size of font, and then scaled down to its square.
DRAW_SIZE = 384

# Our own, frozen idea of a copy, so that no change of the dedup stage moves an image between train
# and test. Wider than dedup's tiers at .95, so that none of their links crosses, but only a little:
# the farther test lies from train, the more a grouped CV score flatters. By a linear probe, mean of
# 8 seeds of the split: 0 points at these thresholds, 6 at cosine .90, 18 at .85 inside classes.
COPY_SIDE = 64
COPY_COSINE_MIN = 0.93
COPY_SSIM_MIN = 0.93
# A pair of less cosine under a turn is not asked for its SSIM (.94 was never reached below .86).
SSIM_COSINE_MIN = 0.85
# In neither part: each is a drawing of the test set but for a small movement, which no cosine sees.
MOVED_COPIES = {("fa6-solid", "door-open"), ("codicons", "heart")}
SEED = 1  # leaves every class at least 4 groups to train on


@dataclass(frozen=True, order=True)
class Glyph:
    """One drawing of the set: its class, its family, its name there and its code point."""

    class_name: str
    family: str
    name: str
    code: int

    @property
    def file_name(self) -> str:
        """The image's name inside the folder of its class."""
        return f"{self.family}_{self.name}.png"


def write_icons(folder: Path) -> None:
    """Writes the data set in the competition layout, with solution.csv, into a new or empty folder.

    Every call writes the same bytes.
    """
    glyphs = choose_glyphs()
    drawings = draw_glyphs(glyphs)
    labels = np.unique([glyph.class_name for glyph in glyphs], return_inverse=True)[
        1
    ]
    train, test = _order_parts(
        glyphs, test_rows(labels, copy_groups(drawings, labels))
    )
    train_paths = [
        f"{glyphs[row].class_name}/{glyphs[row].file_name}" for row in train
    ]
    test_paths = [f"{number}.png" for number in range(len(test))]
    _write_images(folder / "train", train_paths, drawings[train])
    _write_images(folder / "test", test_paths, drawings[test])
    tables = {
        "train": {
            "class_name": [glyphs[row].class_name for row in train],
            "image_path": train_paths,
            "target": labels[train],
        },
        "test": {"image_path": test_paths},
        "sample_submission": {
            "ID": range(len(test)),
            "image_path": test_paths,
            "target": 0,
        },
        "solution": {"image_path": test_paths, "target": labels[test]},
    }
    for name, columns in tables.items():
        path = folder / f"{name}.csv"
        pd.DataFrame(columns).to_csv(path, index=False, lineterminator="\n")


def _order_parts(
    glyphs: list[Glyph], is_test: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of train and of test, shuffled, so that no number tells a class; (T,) and (U,) int.

    Args:
        glyphs: N of them.
        is_test: (N,) bool.
    """
    moved = [(glyph.family, glyph.name) in MOVED_COPIES for glyph in glyphs]
    stays = ~np.array(moved)
    rng = np.random.default_rng(SEED)
    # Train first: the generator goes on from one to the other.
    train = rng.permutation(np.flatnonzero(~is_test & stays))
    test = rng.permutation(np.flatnonzero(is_test & stays))
    return train, test


def concept(family: str, name: str) -> str:
    """A glyph's name without its style: 'umbrella' of mdi5's 'umbrella-outline'."""
    words = name.split("-")
    while len(words) > 1 and re.fullmatch(FAMILIES[family].style, words[-1]):
        words.pop()
    return "-".join(words)


def concepts() -> dict[str, str]:
    """The table concepts.yaml turned round: each name to its class, or to 'none'."""
    file = resources.files("croquis.download").joinpath("concepts.yaml")
    table = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        name: class_name
        for class_name, names in table.items()
        for name in names.split()
    }


def choose_glyphs() -> list[Glyph]:
    """Every glyph of the ten families whose name has a class, sorted; aliases count once."""
    class_of = concepts()
    chosen: dict[tuple[str, int], Glyph] = {}
    for family in FAMILIES:
        for name, code in sorted(_read_charmap(family).items()):
            generic = class_of.get(concept(family, name), "none")
            class_name = class_of.get(f"{family}/{name}", generic)
            if class_name != "none":
                chosen.setdefault(
                    (family, code), Glyph(class_name, family, name, code)
                )
    return sorted(chosen.values())


def draw_glyphs(glyphs: list[Glyph]) -> np.ndarray:
    """Black on white, (N, SIDE, SIDE) uint8, the bounding box of each glyph fitted and centred."""
    fonts = {
        family: _load_font(family) for family in {glyph.family for glyph in glyphs}
    }
    drawings = [
        _draw_glyph(fonts[glyph.family], glyph.code)
        for glyph in progress(glyphs, "draw icons")
    ]
    return np.stack(drawings)


def _draw_glyph(font: ImageFont.FreeTypeFont, code: int) -> np.ndarray:
    left, top, right, bottom = map(int, font.getbbox(chr(code)))  # whole pixels
    ink = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(ink).text((-left, -top), chr(code), fill=255, font=font)
    # The font's own box counts the white beside a letter, too.
    ink = ink.crop(ink.getbbox())
    fitted = ImageOps.pad(ink, (SIDE - 2 * MARGIN,) * 2, Image.Resampling.BICUBIC)
    return 255 - np.asarray(ImageOps.expand(fitted, MARGIN))


def copy_groups(drawings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, S, S) uint8 and labels (N,) to group numbers (N,): chains of copies.

    Two drawings are copies if, under one of the 8 flips and turns, the cosine of their mean-removed
    ink reaches COPY_COSINE_MIN; or, inside one class, their SSIM reaches COPY_SSIM_MIN.
    """
    ink = _ink_of(drawings)
    flat = ink.reshape(len(ink), -1)  # (N, 64 * 64)
    copies = np.zeros((len(ink), len(ink)), dtype=bool)
    in_class = np.triu(labels[:, None] == labels[None], 1)
    for name in progress(symmetries.NAMES, "find copies"):
        cosine = flat @ symmetries.turn(ink, name).reshape(flat.shape).T  # (N, N)
        copies |= cosine >= COPY_COSINE_MIN
        for i, j in np.argwhere(in_class & ~copies & (cosine >= SSIM_COSINE_MIN)):
            turned = symmetries.turn(drawings[j], name)
            copies[i, j] = (
                structural_similarity(drawings[i], turned) >= COPY_SSIM_MIN
            )
    return connected_components(csr_array(copies), directed=False)[1]


def _ink_of(drawings: np.ndarray) -> np.ndarray:
    """(N, S, S) uint8 to (N, 64, 64) float32: ink less its mean, of length one."""
    size = (COPY_SIDE, COPY_SIDE)
    small = [
        Image.fromarray(drawing).resize(size, Image.Resampling.BOX)
        for drawing in drawings
    ]
    ink = 255 - np.stack([np.asarray(image, dtype=np.float32) for image in small])
    ink -= ink.mean(axis=(1, 2), keepdims=True)
    return ink / np.linalg.norm(ink, axis=(1, 2), keepdims=True)


def test_rows(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """True (N,) for the rows of test: 2 of 5 folds, stratified by label, that split no group."""
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=SEED)
    parts = [rows for _, rows in folds.split(labels, labels, groups)]
    return np.isin(np.arange(len(labels)), np.concatenate(parts[:2]))


def _write_images(folder: Path, paths: list[str], drawings: np.ndarray) -> None:
    pairs = zip(paths, drawings, strict=True)
    for path, drawing in progress(pairs, f"write {folder.name}", total=len(paths)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawing).save(folder / path)


def _load_font(family: str) -> ImageFont.FreeTypeFont:
    path = _font_folder() / f"{FAMILIES[family].font}.ttf"
    # The basic layout engine is in every build of Pillow; the other would change nothing here.
    return ImageFont.truetype(
        str(path), DRAW_SIZE, layout_engine=ImageFont.Layout.BASIC
    )


def _read_charmap(family: str) -> dict[str, int]:
    stem, version = FAMILIES[family].font.rsplit("-", 1)
    path = _font_folder() / f"{stem}-charmap-{version}.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    return {name: int(code, 16) for name, code in table.items()}


def _font_folder() -> Path:
    """The package's folder of fonts, located without importing it: that would want Qt."""
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        received = "none"
    else:
        received = package.version
    if received != VERSION:
        raise InputError(
            "data.source: icons",
            expected=f"the fonts of {PACKAGE} {VERSION}",
            received=received,
            fix=f"pip install {PACKAGE}=={VERSION}",
        )
    return Path(str(package.locate_file(f"{PACKAGE}/fonts")))
