"""Copies of train-only images: they follow, join nothing, and never tell a test label unasked."""

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.dedup_overrides import NOBODY, Overrides
from croquis.dedup.groups import Grouped, group_copies
from croquis.dedup.pairs import TIERS
from croquis.dedup.train_only_copies import drop_test_copies, group_beside
from support.paired import settings

EXTERNAL = np.array(
    [False, False, False, False, True, True]
)  # of the images 0 to 5


def linked(*pairs: tuple[int, int] | tuple[int, int, str]) -> pd.DataFrame:
    """Pairs a, b, and their tier if it is not copy."""
    rows = [(*pair, "copy")[:3] for pair in pairs]
    table = pd.DataFrame(rows, columns=["a", "b", "tier"])
    table["tier"] = pd.Categorical(table["tier"], categories=TIERS)
    return table.assign(score=0.99, symmetry=0, ink=0.99).astype(
        {"a": int, "b": int}
    )


def images(labels: str = "001100", tests: int = 0) -> pd.DataFrame:
    split = ["train"] * len(labels) + ["test"] * tests
    labels = [int(label) for label in labels] + [-1] * tests
    table = pd.DataFrame(
        {"id": [f"i{place}" for place in range(len(split))], "label": labels}
    )
    return table.assign(split=split, source_id="", width=9, height=9)


def decided(
    *pairs: tuple,
    labels: str = "001100",
    overrides: Overrides = NOBODY,
    **changes: object,
) -> Grouped:
    table = images(labels)
    blurred = np.ones((len(table), 4), np.float32) / 2  # all alike: no chain is cut
    external = np.resize(EXTERNAL, len(table))
    return group_beside(
        table, linked(*pairs), blurred, settings(**changes), overrides, external
    )


def test_a_train_only_image_is_in_the_group_of_its_copy_and_weighs_on_it() -> None:
    table = decided((1, 2), (2, 4)).table
    assert table["group"].tolist() == [0, 1, 1, 2, 1, 3] and table["keep"].all()
    assert table["weight"].tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1, 1 / 3, 1])
    assert table["conflict"].tolist() == [False, True, True, False, True, False]


def test_a_copy_of_two_groups_joins_neither_and_is_left_out() -> None:
    """In one fold it would teach what the other one is scored on."""
    groups = decided((0, 4), (3, 4), (4, 5))
    assert groups.table["group"].tolist()[:4] == [0, 1, 2, 3]
    assert groups.table["keep"].tolist() == [True] * 4 + [False, True]
    assert groups.pairs["grouped"].tolist() == [True, False, False]


def test_copies_of_each_other_alone_are_a_group_of_their_own() -> None:
    assert decided((4, 5)).table["group"].tolist() == [0, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("tier", ["bytes", "pixels"])
def test_what_is_equal_by_way_of_a_train_only_image_stays_together(
    tier: str,
) -> None:
    """A search may pair equal images with the first alone, which may be a train-only one."""
    groups = decided((0, 4, tier), (1, 4, tier), (3, 4)).table
    assert groups["group"].tolist() == [0, 0, 1, 0, 0, 2] and groups["keep"].all()


def test_the_groups_of_the_others_are_those_without_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        codes = rng.choice(12 * 12, 14, replace=False)
        pairs = sorted(
            {(int(c // 12), int(c % 12)) for c in codes if c // 12 < c % 12}
        )
        labels = "".join(str(label) for label in rng.integers(0, 2, 12))
        rest = np.flatnonzero(~np.resize(EXTERNAL, 12))
        place = {int(at): number for number, at in enumerate(rest)}
        chosen = settings(policy="prune", conflicts="drop_minority")
        groups = decided(
            *pairs, labels=labels, policy="prune", conflicts="drop_minority"
        ).table
        alone = group_copies(
            images(labels).iloc[rest],
            linked(
                *(
                    (place[a], place[b])
                    for a, b in pairs
                    if a in place and b in place
                )
            ),
            np.ones((len(rest), 4), np.float32) / 2,
            chosen,
        ).table
        for column in ("group", "keep"):
            assert groups[column].iloc[rest].tolist() == alone[column].tolist()


def test_policies_drop_the_train_only_one_of_two_strict_copies() -> None:
    keep = decided((0, 4), (3, 5), policy="prune").table["keep"]
    assert keep.tolist() == [True] * 4 + [False, True]
    keep = decided((0, 4), (3, 5), conflicts="drop_all").table["keep"]
    assert keep.tolist() == [True] * 5 + [False]
    assert decided((0, 4), (3, 5)).table["keep"].all()


def test_a_person_has_the_last_word() -> None:
    word = Overrides(keep=(4,), drop=(1, 5), same=((2, 3),), different=((0, 5),))
    table = decided((0, 4), (3, 4), (0, 5), overrides=word).table
    assert table["group"].tolist() == [0, 1, 2, 2, 0, 3]
    assert table["keep"].tolist() == [True, False, True, True, True, False]


def asked(overrides: Overrides = NOBODY, **changes: object) -> Overrides:
    """Of 4, which is a copy of 0, which is test image 7's equal; 6 is a test image, too."""
    pairs = linked((0, 4), (0, 7, "bytes"), (3, 6))
    everything = images(tests=2)
    return drop_test_copies(
        everything, pairs, EXTERNAL, settings(**changes), overrides
    )


def test_a_copy_of_a_test_image_is_refused_dropped_or_kept() -> None:
    message = r"received 1 with a copy there \(i4 is i7\); -S dedup.external_in_test=drop leaves"
    with pytest.raises(InputError, match=message):
        asked()
    assert asked(external_in_test="drop") == Overrides(drop=(4,))
    assert asked(external_in_test="keep") == NOBODY
    assert asked(Overrides(keep=(4,))) == Overrides(keep=(4,))


def test_nothing_is_asked_of_images_that_are_scored() -> None:
    pairs = linked((0, 6), (1, 7, "bytes"))
    assert (
        drop_test_copies(images(tests=2), pairs, EXTERNAL, settings(), NOBODY)
        == NOBODY
    )


def test_the_copy_of_an_image_that_a_person_dropped_stays() -> None:
    changes = {"policy": "prune", "labels": "001100"}
    assert not decided((0, 4), **changes).table["keep"][4]
    dropped = decided((0, 4), overrides=Overrides(drop=(0,)), **changes).table
    assert dropped["keep"].tolist() == [False, True, True, True, True, True]
