"""Folders that are a part of a data set, such as train/ and val/, known by their names."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

Split = Literal["train", "val", "test", "unclear", "other"]

# What people call the parts. Whether an "eval" is for choosing or for the end, nobody can know.
WORDS: dict[str, Split] = {
    "train": "train", "training": "train", "학습": "train", "훈련": "train",
    "val": "val", "valid": "val", "validate": "val", "validation": "val",
    "dev": "val", "devel": "val", "development": "val", "검증": "val",
    "test": "test", "tests": "test", "testing": "test", "테스트": "test", "시험": "test",
    "eval": "unclear", "evaluate": "unclear", "evaluation": "unclear",
    "holdout": "unclear", "trainval": "unclear", "평가": "unclear",
    "extra": "other", "unlabeled": "other", "unlabelled": "other",
    "pred": "other", "predict": "other", "prediction": "other", "predictions": "other",
}  # fmt: skip
# What stands before or behind such a word: train_set, data_val, val2017, test1, 1.Training.
_NOUNS = "sets?|data|datasets?|images?|imgs?|photos?|files?|folder|dir|split|용|셋|데이터|이미지"
_NAME = re.compile(rf"\d{{0,2}}(?:{_NOUNS})?({'|'.join(WORDS)})(?:{_NOUNS})*\d*")
# Folders of a set for detection or segmentation: what they hold is of all classes.
STRUCTURE = frozenset(
    "images image imgs img jpegimages labels label labelstxt annotations annotation annots xmls"
    " boxes bboxes masks mask segmentations segmentation groundtruth gt".split()
)


def split_of(name: str) -> Split | None:
    """The part of a data set that a folder of this name is, if it is one: no class is called so."""
    match = _NAME.fullmatch(_plain(name))
    return WORDS[match[1]] if match else None


def splits_among(names: Iterable[str]) -> dict[str, Split]:
    """The names, of folders that stand beside each other, that are parts of a data set.

    Where seg_train and seg_test stand side by side, these two are parts as well, though a
    folder called bullet_train alone is none.
    """
    names = list(names)
    parts: dict[str, Split] = {}
    prefixed: dict[str, dict[str, Split]] = {}
    for name in names:
        if split := split_of(name):
            parts[name] = split
        elif match := re.fullmatch(r"(.+)[ _.-]([^ _.-]+)", name):
            if split := split_of(match[2]):
                prefixed.setdefault(match[1].casefold(), {})[name] = split
    for alike in prefixed.values():
        if len(set(alike.values())) > 1:
            parts |= alike
    return parts


def is_structure(name: str) -> bool:
    """Whether a folder of this name has a purpose in a set for detection: no class is called so."""
    return _plain(name) in STRUCTURE


def _plain(name: str) -> str:
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\s_.-]", "", composed)
