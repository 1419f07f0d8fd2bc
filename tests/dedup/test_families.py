"""Families of images, and who may join whom."""

import numpy as np
import pandas as pd

from croquis.dedup.families import Kin, identity_sides, kin_of


def test_originals_may_join_and_what_derives_only_its_family() -> None:
    images = pd.DataFrame({"id": list("abcd"), "source_id": ["", "", "a", "a"]})
    kin = kin_of(images)
    a, b = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3])
    assert kin.may_join(a, b).tolist() == [True, True, False, True]
    assert not kin_of(images[["id"]]).derived.any()


def test_families_do_not_depend_on_the_rows_of_the_pixels() -> None:
    images = pd.DataFrame(
        {"id": list("abcd"), "source_id": ["", "", "a", "b"]}, index=[3, 1, 0, 2]
    )
    assert kin_of(images).family.tolist() == [0, 1, 0, 1]


def test_sides_of_equal_images() -> None:
    # all are one thing: originals 0 and 1; 2 derives from 0; 3 from an image that is not equal
    kin = Kin(np.array([0, 1, 0, 7]), np.array([False, False, True, True]))
    thing, label, inked = (
        np.zeros(4, int),
        np.array([0, 1, 0, 0]),
        np.zeros(4, bool),
    )
    side = identity_sides(thing, label, inked, kin)
    assert side[0] == side[1] == side[2] != side[3]
    blank = identity_sides(thing, label, ~inked, kin)
    assert len(set(blank)) == 4
