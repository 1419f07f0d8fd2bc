"""Equal images: k - 1 pairs tell what all pairs would."""

import hashlib
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from croquis.core import params
from croquis.core.symmetries import NAMES, symmetric_digest, turn
from croquis.dataset.dedup_overrides import Overrides
from croquis.dedup.chains import ALIKE, IDENTICAL, Limits, join_within_limits
from croquis.dedup.groups import group_copies
from croquis.dedup.measures import exact
from croquis.dedup.measures.ink import blurred_vectors, ink_vectors
from croquis.dedup.measures.search import cell_order
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.tables.components import components

SIDE = 64  # what all tests but SSIM look at
SETTINGS = params.load(DedupParams, "dedup").model_copy(
    update={"methods": ["copy"], "min_per_class": 1}
)


def drawing(seed: int, side: int = SIDE) -> np.ndarray:
    rng = np.random.default_rng(seed)
    gray = np.full((side, side), 255, np.uint8)
    for _ in range(6):
        top, left = rng.integers(2, side - 20, 2)
        gray[top : top + rng.integers(2, 16), left : left + rng.integers(2, 16)] = 0
    return gray


def table_of(
    sheets: list[np.ndarray],
    labels: list[int],
    sources: dict[int, str] | None = None,
):
    """Rows as the stage has them: train first, sorted by id; label -1 is a test image."""
    order = sorted(range(len(sheets)), key=lambda place: labels[place] < 0)
    sheets, labels = (
        [sheets[place] for place in order],
        [labels[place] for place in order],
    )
    table = pd.DataFrame(
        {"id": [f"{place:03d}" for place in range(len(sheets))], "label": labels}
    )
    table["split"] = np.where(table["label"] < 0, "test", "train")
    table["sha256"] = [
        hashlib.sha256(sheet.tobytes()).hexdigest() for sheet in sheets
    ]
    table["digest"] = [symmetric_digest(sheet) for sheet in sheets]
    table["source_id"] = [
        (sources or {}).get(place, "") for place in range(len(sheets))
    ]
    return table.assign(width=SIDE, height=SIDE), np.stack(sheets)


def faded(sheet: np.ndarray, by: int) -> np.ndarray:
    return np.maximum(sheet, by).astype(np.uint8)


def pool() -> list[np.ndarray]:
    """Copies of three drawings in all their ways: turned, faded, moved."""
    sheets = []
    for seed in range(3):
        sheet = drawing(seed)
        sheets += [
            sheet,
            np.ascontiguousarray(turn(sheet, NAMES[seed + 1])),
            faded(sheet, 9),
        ]
        sheets += [
            faded(np.ascontiguousarray(turn(sheet, "rot90")), 40),
            np.roll(sheet, 1, axis=0),
        ]
    return sheets


def all_pairs(table: pd.DataFrame, gray: np.ndarray, different=()) -> pd.DataFrame:
    """Every pair of copies, by looking at each pair: a, b, trust."""
    vectors, _ = ink_vectors(gray, np.arange(len(gray)))
    pairs = []
    for a, b in combinations(range(len(gray)), 2):
        cosines = [
            float(vectors[a] @ vectors[b][cell_order(name, side=64, depth=1)])
            for name in NAMES
        ]
        if table["digest"][a] == table["digest"][b]:
            pairs.append((a, b, IDENTICAL))
        elif max(cosines) >= SETTINGS.copy_min:
            pairs.append((a, b, ALIKE))
    rows = [row for row in pairs if row[:2] not in different]
    return pd.DataFrame(rows, columns=["a", "b", "trust"]).astype(np.int64)


def by_all_pairs(table: pd.DataFrame, gray: np.ndarray, different=()) -> list[int]:
    pairs = all_pairs(table, gray, different)
    blurred = blurred_vectors(gray, np.arange(len(gray)))
    limits = Limits(SETTINGS.chain_min, 10, tuple(different))
    trust = pairs["trust"].to_numpy()
    close = (ink_of(gray, pairs) >= SETTINGS.remove_min) | (trust == IDENTICAL)
    return join_within_limits(
        pairs, trust, blurred, NAMES, limits, close
    ).group.tolist()


def search_and_group(
    table: pd.DataFrame, gray: np.ndarray, overrides=None, **changes
):
    copies = find_copies(table, gray, SETTINGS.model_copy(update=changes))
    options = [] if overrides is None else [overrides]
    settings = SETTINGS.model_copy(update=changes)
    train = table[table["split"] == "train"]
    inside = copies.pairs[copies.pairs["b"] < len(train)]
    return copies, group_copies(train, inside, copies.blurred, settings, *options)


@pytest.mark.parametrize("seed", range(12))
def test_groups_are_those_of_all_pairs(seed: int) -> None:
    rng, sheets = np.random.default_rng(seed), pool()
    chosen = [sheets[place] for place in rng.integers(0, len(sheets), 24)]
    table, gray = table_of(chosen, rng.integers(0, 3, 24).tolist())
    assert search_and_group(table, gray)[1].table["group"].tolist() == by_all_pairs(
        table, gray
    )


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_those_of_all_pairs_with_a_persons_word(seed: int) -> None:
    rng, sheets = np.random.default_rng(seed), pool()[:5]
    chosen = [sheets[place] for place in rng.integers(0, len(sheets), 12)]
    table, gray = table_of(chosen, [0] * 12)
    ends = [sorted(rng.choice(12, 2, replace=False).tolist()) for _ in range(4)]
    different = tuple(sorted({(a, b) for a, b in ends}))
    groups = search_and_group(table, gray, Overrides(different=different))[1]
    assert groups.table["group"].tolist() == by_all_pairs(table, gray, different)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_listed_connects_every_group_and_nothing_else(seed: int) -> None:
    rng, sheets = np.random.default_rng(seed), pool()
    chosen = [sheets[place] for place in rng.integers(0, len(sheets), 30)]
    table, gray = table_of(chosen, rng.integers(0, 3, 30).tolist())
    groups = search_and_group(table, gray)[1]
    pairs = groups.pairs[groups.pairs["grouped"]]
    proven = components(30, pairs["a"].to_numpy(), pairs["b"].to_numpy())
    assert proven.tolist() == groups.table["group"].tolist()


@pytest.mark.parametrize("policy", ["drop_all", "drop_minority", "soft", "keep"])
@pytest.mark.parametrize("seed", range(3))
def test_what_goes_is_what_all_pairs_would_drop(seed: int, policy: str) -> None:
    rng, sheets = np.random.default_rng(seed), pool()[:5]
    chosen = [sheets[place] for place in rng.integers(0, len(sheets), 14)]
    table, gray = table_of(chosen, rng.integers(0, 2, 14).tolist())
    table["width"] = rng.integers(
        10, 13, 14
    )  # others than the first of its equals may stay
    changes = {"policy": "prune", "conflicts": policy}
    overrides = Overrides(drop=(0, 5))
    ours = search_and_group(table, gray, overrides, **changes)[1].table
    copies = find_copies(table, gray, SETTINGS)
    every = all_pairs(table, gray).assign(score=1.0, symmetry=0, ink=0.98)
    sure = every["trust"] == IDENTICAL
    tiers = np.where(sure, "pixels", "copy")
    every["tier"] = pd.Categorical(
        tiers, categories=copies.pairs["tier"].cat.categories
    )
    strict = ink_of(gray, every) >= SETTINGS.remove_min
    every["ink"] = np.where(sure, 1.0, np.where(strict, 0.98, 0.96))
    settings = SETTINGS.model_copy(update=changes)
    theirs = group_copies(table, every, copies.blurred, settings, overrides).table
    columns = ["group", "keep", "weight", "conflict", "targets"]
    pd.testing.assert_frame_equal(ours[columns], theirs[columns])


def ink_of(gray: np.ndarray, pairs: pd.DataFrame) -> np.ndarray:
    vectors, _ = ink_vectors(gray, np.arange(len(gray)))
    orders = [cell_order(name, side=64, depth=1) for name in NAMES]
    return np.array(
        [
            max(float(vectors[a] @ vectors[b][order]) for order in orders)
            for a, b in zip(pairs["a"], pairs["b"], strict=True)
        ]
    )


def test_k_equal_files_are_k_minus_1_pairs_of_the_first() -> None:
    table, gray = table_of([drawing(0)] * 50 + [drawing(1)], [0] * 51)
    pairs = search_and_group(table, gray)[0].pairs
    assert pairs[["a", "b"]].to_numpy().tolist() == [
        [0, place] for place in range(1, 50)
    ]
    assert set(pairs["tier"]) == {"bytes"}


def test_turned_copies_in_numbers_need_one_look_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, look = [], exact.best_symmetry
    monkeypatch.setattr(
        "croquis.dedup.identity.best_symmetry",
        lambda x, y: asked.append(1) or look(x, y),
    )
    ways = [np.ascontiguousarray(turn(drawing(0), name)) for name in NAMES]
    table, gray = table_of([ways[place % 8] for place in range(80)], [0] * 80)
    pairs = search_and_group(table, gray)[0].pairs
    assert len(pairs) == 79 and len(asked) == 7  # one of each other way
    assert set(search_and_group(table, gray)[1].table["group"]) == {0}


def test_a_copy_of_many_equal_images_is_one_pair() -> None:
    table, gray = table_of(
        [drawing(0)] * 40 + [faded(drawing(0), 9)] * 40, [0, 1] * 40
    )
    copies, groups = search_and_group(table, gray, chain_share=1.0)
    assert len(copies.pairs) == 39 + 39 + 1
    assert copies.tally.candidates["copy bound"] <= 8  # of one pair of sheets
    assert set(groups.table["group"]) == {0}


def test_equal_gray_sheets_of_other_pixels_are_one_image() -> None:
    table, gray = table_of([drawing(0)] * 30, [0] * 30)
    table["sha256"], table["digest"] = (
        table["id"],
        table["id"],
    )  # colours, or a larger file
    copies, groups = search_and_group(table, gray)
    assert len(copies.pairs) == 29 and set(copies.pairs["tier"]) == {"pixels"}
    assert set(groups.table["group"]) == {0}  # thirty, though chains end at ten


def test_each_test_image_of_equal_ones_is_listed_once() -> None:
    sheets = [drawing(0)] * 6 + [faded(drawing(0), 9)]
    table, gray = table_of(sheets, [0, 0, 0, -1, -1, -1, -1])
    pairs = search_and_group(table, gray)[0].pairs
    ends = pairs.loc[pairs["b"] > 2, ["a", "b", "tier"]].to_numpy().tolist()
    assert ends == [
        [0, 3, "bytes"],
        [0, 4, "bytes"],
        [0, 5, "bytes"],
        [0, 6, "copy"],
    ]


WHITE = np.full((SIDE, SIDE), 255, np.uint8)


def groups_of(
    sheets: list,
    labels: list[int],
    sources: dict[int, str] | None = None,
    **changes,
):
    return search_and_group(*table_of(sheets, labels, sources), **changes)[1]


def test_derived_blank_sheets_join_nobody() -> None:
    # a closing left white files of three originals of two classes
    sheets = [drawing(0), drawing(1), drawing(2), WHITE, WHITE, WHITE]
    sources = {3: "000", 4: "001", 5: "002"}
    groups = groups_of(sheets, [0, 0, 1, 0, 0, 1], sources)
    assert groups.table["group"].nunique() == 6 and groups.pairs.empty
    assert groups.table["keep"].all()


def test_blank_originals_of_one_class_are_one_group_and_join_no_other_class() -> (
    None
):
    sheets = [WHITE, WHITE, WHITE, WHITE // 2, drawing(0)]
    groups = groups_of(sheets, [0, 1, 0, 0, 0]).table
    assert groups["group"].tolist() == [0, 1, 0, 2, 3]
    assert not groups["conflict"].any()


def test_a_blank_derived_sheet_does_not_join_a_blank_original() -> None:
    groups = groups_of([WHITE, drawing(0), WHITE], [0, 0, 0], {2: "001"}).table
    assert groups["group"].tolist() == [0, 1, 2]


def test_blank_sheets_are_not_alike_in_raw_pixels() -> None:
    specks = [WHITE.copy() for _ in range(3)]
    for number, speck in enumerate(specks):
        speck[number, 5] = 250
    groups = groups_of(specks, [0, 0, 0], methods=["cosine"])
    assert groups.table["group"].tolist() == [0, 1, 2]


def test_no_derived_image_welds_the_groups_of_two_originals() -> None:
    # 2 derives from 0 and 3 from 1, and both look the same; 4 derives from 0 and looks like 1
    same = drawing(5)
    sheets = [drawing(0), drawing(1), same, same, faded(drawing(1), 9), drawing(7)]
    groups = groups_of(sheets, [0, 1, 0, 1, 0, 0], {2: "000", 3: "001", 4: "000"})
    assert groups.table["group"].nunique() == 6
    # what looks like another original is listed, and does not train beside it
    rows = groups.pairs[["a", "b", "tier", "grouped"]].to_numpy().tolist()
    assert rows == [[1, 4, "copy", False]]
    assert groups.table["keep"].tolist() == [True] * 4 + [False, True]


def test_a_derived_image_equal_to_another_original_is_listed_and_does_not_train() -> (
    None
):
    sheets = [drawing(0), drawing(1), drawing(1)]
    groups = groups_of(sheets, [0, 1, 0], {2: "000"})
    assert groups.table["group"].tolist() == [0, 1, 2]
    assert groups.pairs[["a", "b", "grouped"]].to_numpy().tolist() == [
        [1, 2, False]
    ]
    assert groups.table["keep"].tolist() == [True, True, False]
    kept = search_and_group(
        *table_of(sheets, [0, 1, 0], {2: "000"}), Overrides(keep=(2,))
    )[1].table
    assert kept["keep"].all()


def test_derived_images_share_the_group_of_the_source_that_they_look_like() -> None:
    sheets = [
        drawing(0),
        drawing(0),
        drawing(0),
        faded(drawing(0), 9),
        faded(drawing(0), 40),
    ]
    # 1 is an original too; 2 and 3 derive from 0, 4 from 3
    groups = groups_of(sheets, [0] * 5, {2: "000", 3: "000", 4: "003"}).table
    assert groups["group"].tolist() == [0] * 5 and groups["keep"].all()


def test_a_person_may_join_what_machines_do_not() -> None:
    table, gray = table_of(
        [drawing(0), drawing(1), drawing(5)], [0, 1, 0], {2: "000"}
    )
    assert search_and_group(table, gray, Overrides(same=((1, 2),)))[1].table[
        "group"
    ].tolist() == [
        0,
        1,
        1,
    ]
