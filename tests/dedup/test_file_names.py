"""Which file each one is named after."""

from itertools import product

import numpy as np
import pytest

from croquis.dedup.derived.file_names import LARGEST_FAMILY, propose_sources


@pytest.mark.parametrize(("more", "families"), [(0, 2), (1, 0)])
def test_a_name_that_too_many_files_share_is_a_mere_word(
    more: int, families: int
) -> None:
    words = ["".join(letters) for letters in product("bcdfghjk", repeat=2)]
    sketches = [
        f"train/a/sketch_{word}.png" for word in words[: LARGEST_FAMILY + more]
    ]
    photos = [f"train/a/photo_{word}.png" for word in words[-2:]]
    ids = [*sketches, *photos]
    source, _ = propose_sources(ids, np.zeros(len(ids), int))
    child = source != np.arange(len(ids))
    assert len(set(source[child])) == families
