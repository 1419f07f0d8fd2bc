"""Which of a family is the original: by its name, its similarity to the test images, its length."""

import numpy as np

from croquis.dedup.derived.name_words import is_original, says_original
from croquis.dedup.derived.originals import RULES, choose, strangeness


def test_the_name_then_the_look_then_the_length_say_which_is_the_original() -> None:
    ids = np.array(
        ["inv_0", "orig_0", "inv_1", "photo_1", "inv_2", "photo_2", "alone"]
    )
    family = np.array([0, 0, 1, 1, 2, 2, 3])
    late = np.array([1, 0, 1, 1, 1, 1, 1])
    strange = np.array([0.0, 1.0, 1.0, 0.0, 0.5, 0.5, 0.0])
    chosen = choose(family, late, strange, ids)
    assert ids[chosen.source[:6:2]].tolist() == ["orig_0", "photo_1", "inv_2"]
    assert (chosen.source[:6:2] == chosen.source[1:6:2]).all() and chosen.source[
        6
    ] == 6
    assert [RULES[rule] for rule in chosen.rule[:6:2]] == list(RULES)


def test_strange_is_what_is_darker_or_grayer_than_the_test_images() -> None:
    sheets = np.full((43, 32, 32), 255, np.uint8)
    sheets[:, :, 8:24] = np.arange(43)[:, None, None]  # ink of 0 to 42
    sheets[41] = 255 - sheets[20]
    sheets[42, :, 8:24] = 128
    rows, tests = np.array([20, 41, 42]), np.arange(40)
    assert strangeness(sheets, rows, tests).tolist() == [0, 1, 1]
    assert not strangeness(sheets, rows, tests[:19]).any()  # too few to say


def test_what_people_call_an_original() -> None:
    assert [
        is_original(affix) for affix in ("", "orig", "raw_#", "canny", "#")
    ] == [
        1,
        1,
        1,
        0,
        0,
    ]
    assert not is_original("cat_original_cat")  # so Augmentor calls what it makes
    assert says_original("train/raw/3.png") and says_original(
        "train/cat/Orig_3.png"
    )
    assert not says_original("train/cat/drawing_3.png")
