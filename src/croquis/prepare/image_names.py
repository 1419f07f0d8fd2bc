"""Which test image a text means, where a table of strangers names images in a way of its own."""

import re
import unicodedata
from collections.abc import Callable
from itertools import chain, takewhile
from pathlib import PurePosixPath

import pandas as pd

from croquis.dataset.folders.column_names import IMAGE_TIERS, LABEL_TIERS

# What people call these columns, the likelier first; those after the first line are of all tables.
IMAGE_COLUMNS = tuple(
    dict.fromkeys([
        "image_path", "path", "file_name", "filename", "file", "image", "image_name", "image_id",
        "id", "name", *chain(*IMAGE_TIERS),
    ])
)  # fmt: skip
LABEL_COLUMNS = tuple(
    dict.fromkeys(
        ["target", "class_name", "label", "class", "category", *LABEL_TIERS[0]]
    )
)

Form = Callable[[pd.Series], pd.Series]


def match_images(names: pd.Series, tests: pd.Series) -> pd.Series:
    """The test image that each name means, (N,) text; NA where a name means none.

    All names are read in one form: the strictest in which most test images are named.

    Args:
        names: (N,) text.
        tests: (M,) the `image_path` of each test image, no two alike.
    """
    best = pd.Series(pd.NA, names.index, dtype=object)
    most = (0, 0)
    for of_name, of_test in FORMS:
        reading = _reading(names, tests, of_name, of_test)
        read = reading.dropna()
        count = (read.nunique(), len(read))
        if count > most:
            best = reading
            most = count
        if most == (len(tests), len(names)):
            break
    return best


def texts_like(
    names: pd.Series, images: pd.Series, tests: pd.Series
) -> pd.Series | None:
    """What a table that calls `images` `names` calls each of `tests`; None if no rule is certain.

    The rule is one text before and one behind the path, the file's name, or its stem.

    Args:
        names: (N,) text.
        images: (N,) the test images that they mean.
        tests: (M,) all test images.
    """
    for key in (_plain, _last_part, _bare, _stem):
        frames = {
            _frame(name, part)
            for name, part in zip(names, key(images), strict=True)
        }
        if len(frames) == 1 and (frame := frames.pop()) is not None:
            return frame[0] + key(tests) + frame[1]
    return None


def _frame(name: str, part: str) -> tuple[str, str] | None:
    """What stands before and behind `part` in `name`."""
    before, middle, behind = name.rpartition(part)
    return (before, behind) if middle else None


def _reading(
    names: pd.Series, tests: pd.Series, of_name: Form, of_test: Form
) -> pd.Series:
    """The test image that each name means, if names and images are compared in these forms."""
    keys = of_test(tests)
    if keys.duplicated().any():
        return pd.Series(pd.NA, names.index, dtype=object)
    return of_name(names).map(dict(zip(keys, tests, strict=True)))


def _plain(paths: pd.Series) -> pd.Series:
    return paths.map(lambda path: str(PurePosixPath(path.replace("\\", "/"))))


def _unprefixed(paths: pd.Series) -> pd.Series:
    """The paths without the folders that they all begin with: test/a/0.png, test/b/0.png."""
    parts = [PurePosixPath(path).parts for path in _plain(paths)]
    levels = zip(*(part[:-1] for part in parts), strict=False)
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    return pd.Series(["/".join(part[shared:]) for part in parts], paths.index)


def _last_part(paths: pd.Series) -> pd.Series:
    return _plain(paths).map(lambda path: PurePosixPath(path).name)


def _stem(paths: pd.Series) -> pd.Series:
    return _plain(paths).map(lambda path: PurePosixPath(path).stem)


def _bare(paths: pd.Series) -> pd.Series:
    """The paths without the folders that all begin with, and without suffixes."""
    parts = _unprefixed(paths).map(PurePosixPath)
    return parts.map(lambda path: str(path.parent / path.stem))


def _folded(form: Form) -> Form:
    """The form without case, and without the difference between NFC and NFD."""

    def fold(text: str) -> str:
        return unicodedata.normalize("NFC", text).strip().casefold()

    return lambda paths: form(paths).map(fold)


def _number(paths: pd.Series) -> pd.Series:
    """The stem without zeros in front, where it is a number: 7 of test/007.png."""
    return _stem(paths).map(lambda stem: re.sub(r"^0+(?=\d+$)", "", stem))


# How a table may name an image, the strictest first. An id may have dots of its own: so names are
# also compared as they are with the images' names without suffix.
_STRICT: tuple[tuple[Form, Form], ...] = (
    (_plain, _plain),
    (_unprefixed, _unprefixed),
    (_last_part, _last_part),
    (_last_part, _stem),
    (_stem, _stem),
    (_unprefixed, _bare),
    (_bare, _bare),
)
FORMS = (
    *_STRICT,
    *((_folded(of_name), _folded(of_test)) for of_name, of_test in _STRICT),
    (_number, _number),
)
