"""Images that a person named speak for themselves."""

import numpy as np
import pandas as pd
import pytest

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.named_images import add_pairs_of_named, things
from croquis.dedup.pairs import TIERS

SHEET = np.random.default_rng(0).integers(0, 255, (6, 6))


def pairs(*rows: tuple[int, int, int, str]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=["a", "b", "symmetry", "tier"]).assign(
        score=1.0
    )
    table["tier"] = pd.Categorical(table["tier"], categories=TIERS)
    return table.assign(ink=np.where(table["tier"] == "copy", 0.96, 1.0))


def test_equal_images_are_one_thing_and_copies_are_not() -> None:
    thing = things(
        5, pairs((0, 1, 0, "bytes"), (1, 2, 3, "pixels"), (2, 3, 0, "copy"))
    )
    assert thing.tolist() == [0, 0, 0, 1, 2]


def test_a_named_image_meets_all_its_equals_and_all_that_they_are_like() -> None:
    table = pairs((0, 1, 0, "bytes"), (0, 2, 0, "bytes"), (0, 3, 0, "copy"))
    joined = add_pairs_of_named(table, 4, [1])
    # 0 speaks for 2 as well
    assert joined[["a", "b", "tier"]].to_numpy().tolist() == [
        [0, 1, "bytes"],
        [0, 2, "bytes"],
        [0, 3, "copy"],
        [1, 2, "pixels"],
        [1, 3, "copy"],
    ]
    assert joined["ink"].tolist() == [1, 1, 0.96, 1, 0.96]


def test_if_the_first_is_named_the_second_speaks_for_the_rest() -> None:
    table = pairs((0, 1, 0, "bytes"), (0, 2, 0, "bytes"), (0, 3, 0, "copy"))
    ends = add_pairs_of_named(table, 4, [0])[["a", "b"]].to_numpy().tolist()
    assert ends == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3]]


@pytest.mark.parametrize("seed", range(6))
def test_how_one_has_to_be_turned_follows_from_what_both_are_equal_to(
    seed: int,
) -> None:
    # 1, 2 are turns of 0; 4 is one of 3, which is like 0
    turns = np.random.default_rng(seed).integers(0, 8, 4).tolist()
    back = {name: other for name in NAMES for other in NAMES if same(name, other)}
    sheets = [SHEET, *(turn(SHEET, back[NAMES[code]]) for code in turns[:3])]
    sheets.append(turn(sheets[3], back[NAMES[turns[3]]]))
    rows = [
        (0, 1, turns[0], "pixels"),
        (0, 2, turns[1], "pixels"),
        (0, 3, turns[2], "copy"),
    ]
    joined = add_pairs_of_named(
        pairs(*rows, (3, 4, turns[3], "pixels")), 5, [1, 2, 4]
    )
    assert len(joined) == 10
    for row in joined.itertuples():
        np.testing.assert_array_equal(
            turn(sheets[row.b], NAMES[row.symmetry]), sheets[row.a]
        )


def same(name: str, other: str) -> bool:
    """Whether one turn undoes the other."""
    return np.array_equal(turn(turn(SHEET, name), other), SHEET)


def test_a_pair_the_other_way_round_needs_the_inverse_turn() -> None:
    quarter = NAMES.index("rot90")
    joined = add_pairs_of_named(
        pairs((0, 1, quarter, "copy"), (0, 2, 0, "bytes")), 3, [2]
    )
    row = joined[(joined["a"] == 1) & (joined["b"] == 2)]
    assert row["symmetry"].tolist() == [NAMES.index("rot270")]
