"""Copies of train-only images: they go with what they are copies of, and join nothing.

The groups of all other images are those that there are without them. A train-only image is in the
group of its copies; where these are in several groups it would teach one fold what another is
scored on, so it is left out.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.overrides import Overrides
from croquis.dedup import conflicts
from croquis.dedup.groups import Grouped, group_copies, is_removable, with_overrides
from croquis.dedup.pairs import SURE
from croquis.dedup.settings import DedupParams
from croquis.tables.components import components

NAMED = 3  # train-only images that an error names


def without_test_copies(
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
        int(place): min(tests[place])
        for place in np.flatnonzero(external)
        if tests[place] and place not in overrides.keep
    }
    if not shared or settings.external_in_test == "keep":
        return overrides
    if settings.external_in_test == "drop":
        return replace(overrides, drop=tuple(sorted({*overrides.drop, *shared})))
    ids = images["id"].to_numpy()
    named = [
        f"{ids[place]} is {ids[other]}" for place, other in list(shared.items())[:NAMED]
    ]
    received = f"{len(shared):,} with a copy there ({', '.join(named)})"
    fix = "-S dedup.external_in_test=drop leaves them out; with keep the test score says nothing"
    expected = "train-only images that are not in the test set"
    raise InputError("train.csv: use", expected=expected, received=received, fix=fix)


def grouped_beside(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    blurred: np.ndarray,
    settings: DedupParams,
    overrides: Overrides,
    external: np.ndarray,
) -> Grouped:
    """As `groups.grouped`, of all images but the train-only ones, which are put beside them.

    Args:
        images: as in `groups.grouped`.
        pairs: as in `groups.grouped`.
        blurred: as in `groups.grouped`.
        settings: as in `groups.grouped`.
        overrides: as in `groups.grouped`.
        external: which of the images only train, (N,) bool.
    """
    if not external.any():
        return group_copies(images, pairs, blurred, settings, overrides)
    pairs = with_overrides(pairs, overrides)
    rest = np.flatnonzero(~external)
    place = np.full(len(images), -1)
    place[rest] = np.arange(len(rest))
    inside = _without(pairs, external)
    inside = inside.assign(a=place[inside["a"]], b=place[inside["b"]])
    found = group_copies(
        images.iloc[rest],
        inside,
        blurred[rest],
        settings,
        _renumbered(overrides, place),
    )
    table = _beside(found.table, images, pairs, external, settings, overrides)
    group = table["group"].to_numpy()
    pairs = pairs.assign(grouped=group[pairs["a"]] == group[pairs["b"]])
    return Grouped(table, pairs, found.grouping)


def _near(pairs: pd.DataFrame, marks: pd.Series) -> list[set[int]]:
    """The marks of each image, of its copies, and of theirs that are identical to them, (N,).

    Not every two identical images need to be a pair.

    Args:
        pairs: of `pairs.Copies`.
        marks: (N,) numbers, nan where an image has none.
    """
    sure = pairs[pairs["tier"].isin(SURE)]
    same = components(len(marks), sure["a"].to_numpy(), sure["b"].to_numpy())
    inside = marks.groupby(same).agg(lambda values: set(values.dropna().astype(int)))
    near = [set(found) for found in inside]
    for one, other in zip(
        same[pairs["a"]].tolist(), same[pairs["b"]].tolist(), strict=True
    ):
        near[one] |= inside[other]
        near[other] |= inside[one]
    return [near[number] for number in same]


def _without(pairs: pd.DataFrame, external: np.ndarray) -> pd.DataFrame:
    """The pairs of the other images: those of a train-only image are those of its identical ones.

    Else two images that are known to be equal by way of a train-only one would fall apart.
    """
    sure = pairs[pairs["tier"].isin(SURE)]
    same = pd.Series(
        components(len(external), sure["a"].to_numpy(), sure["b"].to_numpy())
    )
    places = pd.Series(np.arange(len(external)))
    first = (
        places.where(~external).groupby(same).transform("min").where(external, places)
    )
    one, other = (first[pairs[side]].to_numpy() for side in ("a", "b"))
    moved = pairs.assign(a=np.fmin(one, other), b=np.fmax(one, other))
    moved = moved[np.isfinite(one) & np.isfinite(other) & (one != other)]
    moved = moved.astype({"a": np.int64, "b": np.int64}).sort_values(["a", "b", "tier"])
    return moved.drop_duplicates(["a", "b"], ignore_index=True)


def _renumbered(overrides: Overrides, place: np.ndarray) -> Overrides:
    """The decisions on the images that have a `place`, at these places."""
    ones = {
        name: tuple(int(place[at]) for at in getattr(overrides, name) if place[at] >= 0)
        for name in ("keep", "drop")
    }
    twos = {
        name: tuple(
            (int(place[a]), int(place[b]))
            for a, b in getattr(overrides, name)
            if min(place[a], place[b]) >= 0
        )
        for name in ("same", "different")
    }
    return Overrides(**ones, **twos)


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
    near = _near(pairs, pd.Series(group).where(~external))
    for place in np.flatnonzero(external):
        if near[place]:
            group[place] = min(near[place])
            keep[place] &= len(near[place]) == 1
    alone = group < 0  # copies of each other at most
    both = pairs[alone[pairs["a"]] & alone[pairs["b"]]]
    own = components(len(images), both["a"].to_numpy(), both["b"].to_numpy())
    group[alone] = group.max() + 1 + pd.factorize(own[alone])[0]
    keep[list(overrides.keep)] = True
    table = images[["id"]].assign(group=group, keep=keep, targets="")
    of_group = table.groupby("group")["keep"].transform("sum")
    table["weight"] = table["keep"] / of_group.clip(lower=1)
    table["conflict"] = conflicts.is_disputed(images["label"].to_numpy(), group)
    table.loc[~external, "targets"] = rest["targets"].to_numpy()
    return table[rest.columns]


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
