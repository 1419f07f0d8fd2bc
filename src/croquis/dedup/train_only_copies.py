"""Copies of train-only images: they go with what they are copies of, and join nothing.

The groups of all other images are those that there are without them. A train-only image is in the
group of its copies; where these are in several groups it would teach one fold what another is
scored on, so it is left out.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.dedup_overrides import Overrides
from croquis.dedup import conflicts
from croquis.dedup.groups import (
    Grouped,
    apply_overrides,
    group_copies,
    is_removable,
)
from croquis.dedup.pairs import SURE
from croquis.dedup.settings import DedupParams
from croquis.tables.components import components

NAMED = 3  # train-only images that an error names


def drop_test_copies(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    external: np.ndarray,
    settings: DedupParams,
    overrides: Overrides,
) -> Overrides:
    """`overrides` that also drop what `dedup.external_in_test` drops.

    Args:
        images: id and split; train images first.
        pairs: of `pairs.Copies`.
        external: which of the train images only train, (T,) bool.
        settings: of the stage.
        overrides: a person's word, which wins.

    Raises:
        InputError: if a train-only image has a copy in the test set, and nobody said what then.
    """
    places = pd.Series(np.arange(len(images)))
    tests = _near(pairs, places.where((images["split"] == "test").to_numpy()))
    shared = {
        place: min(tests[place])
        for place in np.flatnonzero(external).tolist()
        if tests[place] and place not in overrides.keep
    }
    if not shared or settings.external_in_test == "keep":
        return overrides
    if settings.external_in_test == "drop":
        return replace(overrides, drop=tuple(sorted({*overrides.drop, *shared})))
    raise _shared_with_test(shared, images["id"].to_numpy())


def _shared_with_test(shared: dict[int, int], ids: np.ndarray) -> InputError:
    """The error for train-only images with a copy in the test set: by image its first copy."""
    examples = [
        f"{ids[place]} is {ids[copy]}"
        for place, copy in list(shared.items())[:NAMED]
    ]
    return InputError(
        "train.csv: use",
        expected="train-only images that are not in the test set",
        received=f"{len(shared):,} with a copy there ({', '.join(examples)})",
        fix=(
            "-S dedup.external_in_test=drop leaves them out; "
            "with keep the test score says nothing"
        ),
    )


def group_beside(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    blurred: np.ndarray,
    settings: DedupParams,
    overrides: Overrides,
    external: np.ndarray,
) -> Grouped:
    """As `group_copies`, of all images but the train-only ones, which are put beside them.

    Args:
        images: as in `group_copies`.
        pairs: as in `group_copies`.
        blurred: as in `group_copies`.
        settings: as in `group_copies`.
        overrides: as in `group_copies`.
        external: which of the images only train, (N,) bool.
    """
    if not external.any():
        return group_copies(images, pairs, blurred, settings, overrides)
    pairs = apply_overrides(pairs, overrides)
    rest = np.flatnonzero(~external)
    place = np.full(len(images), -1)
    place[rest] = np.arange(len(rest))
    inside = _replace_external(pairs, external)
    inside = inside.assign(a=place[inside["a"]], b=place[inside["b"]])
    decided = _renumber(overrides, place)
    others = group_copies(
        images.iloc[rest], inside, blurred[rest], settings, decided
    )
    table = _beside(others.table, images, pairs, external, settings, overrides)
    group = table["group"].to_numpy()
    pairs = pairs.assign(grouped=group[pairs["a"]] == group[pairs["b"]])
    return Grouped(table, pairs, others.grouping)


def _near(pairs: pd.DataFrame, marks: pd.Series) -> list[set[int]]:
    """The marks of each image, of its copies, and of theirs that are identical to them, (N,).

    Not every two identical images need to be a pair.

    Args:
        pairs: of `pairs.Copies`.
        marks: (N,) numbers, nan where an image has none.
    """
    sure = pairs[pairs["tier"].isin(SURE)]
    same = components(len(marks), sure["a"].to_numpy(), sure["b"].to_numpy())
    inside: list[set[int]] = [set() for _ in range(int(same.max(initial=-1)) + 1)]
    for number, mark in zip(same.tolist(), marks.tolist(), strict=True):
        if not np.isnan(mark):
            inside[number].add(int(mark))
    near = [set(there) for there in inside]
    ends = zip(same[pairs["a"]].tolist(), same[pairs["b"]].tolist(), strict=True)
    for one, other in ends:
        near[one] |= inside[other]
        near[other] |= inside[one]
    return [near[number] for number in same]


def _replace_external(pairs: pd.DataFrame, external: np.ndarray) -> pd.DataFrame:
    """The pairs of the other images: those of a train-only image are those of its identical ones.

    Else two images that are known to be equal by way of a train-only one would fall apart.
    """
    sure = pairs[pairs["tier"].isin(SURE)]
    same = components(len(external), sure["a"].to_numpy(), sure["b"].to_numpy())
    places = pd.Series(np.arange(len(external)))
    # The first other image that is identical to it; nan where there is none.
    first = places.where(~external).groupby(same).transform("min")
    stand_in = first.where(external, places).to_numpy()
    one = stand_in[pairs["a"]]
    other = stand_in[pairs["b"]]
    moved = pairs.assign(a=np.fmin(one, other), b=np.fmax(one, other))
    moved = moved[np.isfinite(one) & np.isfinite(other) & (one != other)]
    moved = moved.astype({"a": np.int64, "b": np.int64}).sort_values(
        ["a", "b", "tier"]
    )
    return moved.drop_duplicates(["a", "b"], ignore_index=True)


def _renumber(overrides: Overrides, place: np.ndarray) -> Overrides:
    """The decisions on the images that have a `place`, at these places."""
    return Overrides(
        keep=_renumber_images(overrides.keep, place),
        drop=_renumber_images(overrides.drop, place),
        same=_renumber_pairs(overrides.same, place),
        different=_renumber_pairs(overrides.different, place),
    )


def _renumber_images(images: Sequence[int], place: np.ndarray) -> tuple[int, ...]:
    return tuple(int(place[at]) for at in images if place[at] >= 0)


def _renumber_pairs(
    pairs: Sequence[tuple[int, int]], place: np.ndarray
) -> tuple[tuple[int, int], ...]:
    return tuple(
        (int(place[a]), int(place[b]))
        for a, b in pairs
        if min(place[a], place[b]) >= 0
    )


def _beside(
    rest: pd.DataFrame,
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    external: np.ndarray,
    settings: DedupParams,
    overrides: Overrides,
) -> pd.DataFrame:
    """groups.csv of all images, from that of the `rest`."""
    group = np.full(len(images), -1)
    keep = np.ones(len(images), bool)
    group[~external] = rest["group"]
    keep[~external] = rest["keep"]
    keep[list(overrides.drop)] = False
    keep[_outdone(images, pairs, external, keep, settings)] = False
    _join_near(group, keep, pairs, external)
    _number_alone(group, pairs)
    keep[list(overrides.keep)] = True
    table = images[["id"]].assign(group=group, keep=keep, targets="")
    kept_of_group = table.groupby("group")["keep"].transform("sum")
    table["weight"] = table["keep"] / kept_of_group.clip(lower=1)
    table["conflict"] = conflicts.is_disputed(images["label"].to_numpy(), group)
    table.loc[~external, "targets"] = rest["targets"].to_numpy()
    return table[rest.columns]


def _join_near(
    group: np.ndarray, keep: np.ndarray, pairs: pd.DataFrame, external: np.ndarray
) -> None:
    """Puts each train-only image into the group of its copies, if they are of one; changes both.

    Of copies in several groups it goes with the first, and does not train.
    """
    near = _near(pairs, pd.Series(group).where(~external))
    for place in np.flatnonzero(external).tolist():
        if near[place]:
            group[place] = min(near[place])
            keep[place] &= len(near[place]) == 1


def _number_alone(group: np.ndarray, pairs: pd.DataFrame) -> None:
    """Numbers the groups of images that are still in none (below 0): copies of each other at most.

    Args:
        group: (N,), which is changed.
        pairs: of copies.
    """
    alone = group < 0
    both = pairs[alone[pairs["a"]] & alone[pairs["b"]]]
    connected = components(len(group), both["a"].to_numpy(), both["b"].to_numpy())
    group[alone] = group.max() + 1 + pd.factorize(connected[alone])[0]


def _outdone(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    external: np.ndarray,
    keep: np.ndarray,
    settings: DedupParams,
) -> np.ndarray:
    """The train-only images that the policies drop for another image, which is a strict copy.

    Of one class, that is what `prune` does; of two, the train-only label is the one to go.
    """
    strict = pairs[is_removable(pairs, settings)]
    a = strict["a"].to_numpy()
    b = strict["b"].to_numpy()
    one = np.where(external[a], a, b)
    other = np.where(external[a], b, a)
    labels = images["label"].to_numpy()
    equal = labels[one] == labels[other]
    drops = settings.conflicts in ("drop_minority", "drop_all")
    goes = np.where(equal, settings.policy == "prune", drops)
    return one[goes.astype(bool) & external[one] & ~external[other] & keep[other]]
