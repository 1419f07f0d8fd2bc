"""groups.csv: which copies belong together, which of them stay, and what each is worth."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from croquis.core.errors import InputError
from croquis.core.symmetries import NAMES
from croquis.dataset.dedup_overrides import NOBODY, Overrides
from croquis.dedup import chains, conflicts
from croquis.dedup.families import kin_of
from croquis.dedup.measures.search import pair_table
from croquis.dedup.named_images import add_pairs_of_named, things
from croquis.dedup.pairs import SURE, TIERS
from croquis.dedup.policy import POLICIES, Dropped, restore_dropped
from croquis.dedup.settings import DedupParams
from croquis.tables.components import components

SMALLEST_LIMIT = (
    10  # images; chain_share of a small set would forbid groups altogether
)
# Above all scores: what lost its label comes back after what is a mere copy.
DISPUTED = 2.0


@dataclass(frozen=True)
class Grouped:
    """What the stage decides.

    Attributes:
        table: groups.csv, by position: id, group, keep, weight, conflict, targets.
        pairs: the pairs, a person's among them, with the column grouped.
        grouping: the groups and what was cut.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    grouping: chains.Grouping


def group_copies(
    images: pd.DataFrame,
    pairs: pd.DataFrame,
    blurred: np.ndarray,
    settings: DedupParams,
    overrides: Overrides = NOBODY,
) -> Grouped:
    """Groups, policies and weights of the training images.

    Args:
        images: id, label, source_id, width, height; sorted by id.
        pairs: of `pairs.Copies`, between positions in `images`.
        blurred: of `pairs.Copies`.
        settings: the policies and limits.
        overrides: a person's word, which wins.

    Raises:
        InputError: if a person dropped all of a class.
    """
    kin = kin_of(images)
    related = kin.may_join(pairs["a"].to_numpy(), pairs["b"].to_numpy())
    thing = things(len(images), pairs[related])
    pairs = apply_overrides(
        _of_everybody(pairs, related, overrides.named), overrides
    )
    joining = kin.may_join(pairs["a"].to_numpy(), pairs["b"].to_numpy())
    joining |= pairs["tier"].eq("same").to_numpy()
    grouping = _join_pairs(pairs[joining], blurred, settings, overrides)
    group = grouping.group
    # What may not join is listed all the same.
    pairs = pairs.assign(grouped=group[pairs["a"]] == group[pairs["b"]])
    strict = _strict(pairs, settings, overrides)
    cluster = components(
        len(images), strict["a"].to_numpy(), strict["b"].to_numpy()
    )
    equal = _equal(thing, group, overrides.drop)
    strange = _strange(pairs[~joining & ~pairs["grouped"]], kin.derived)
    keep = _choose_kept(
        images, strict, equal, cluster, strange, settings, overrides
    )
    table = _groups_table(images, group, keep)
    if settings.conflicts == "soft":
        labels = images["label"].to_numpy()
        table["targets"] = conflicts.label_shares(labels, cluster)
    return Grouped(table, pairs, grouping)


def _join_pairs(
    pairs: pd.DataFrame,
    blurred: np.ndarray,
    settings: DedupParams,
    overrides: Overrides,
) -> chains.Grouping:
    """The groups of images that pairs connect, within the limits of the settings."""
    largest = max(SMALLEST_LIMIT, int(settings.chain_share * len(blurred)))
    return chains.join_within_limits(
        pairs,
        _trust(pairs["tier"]),
        blurred,
        NAMES if settings.symmetries else NAMES[:1],
        chains.Limits(settings.chain_min, largest, overrides.different),
        close=is_removable(pairs, settings),
    )


def _strict(
    pairs: pd.DataFrame, settings: DedupParams, overrides: Overrides
) -> pd.DataFrame:
    """The pairs of one group of which one could be dropped for the other.

    What a person dropped is nobody's kept copy, and its label has no vote.
    """
    there = ~pairs[["a", "b"]].isin(overrides.drop).any(axis=1)
    return pairs[is_removable(pairs, settings) & pairs["grouped"] & there]


def _groups_table(
    images: pd.DataFrame, group: np.ndarray, keep: np.ndarray
) -> pd.DataFrame:
    """groups.csv without targets; a group counts once, however many images it has."""
    table = images[["id"]].assign(group=group, keep=keep)
    kept_of_group = table.groupby("group")["keep"].transform("sum")
    table["weight"] = table["keep"] / kept_of_group.clip(lower=1)
    table["conflict"] = conflicts.is_disputed(images["label"].to_numpy(), group)
    return table.assign(targets="")


def _of_everybody(
    pairs: pd.DataFrame, related: np.ndarray, named: tuple[int, ...]
) -> pd.DataFrame:
    """The pairs, and all of the images that a person named; `related` is which may join, (P,)."""
    if not named:
        return pairs
    count = int(max(pairs[["a", "b"]].max().max(), *named)) + 1 if len(pairs) else 0
    if not count:
        return pairs
    return pd.concat(
        [add_pairs_of_named(pairs[related], count, named), pairs[~related]]
    )


def _strange(pairs: pd.DataFrame, derived: np.ndarray) -> Dropped:
    """The derived images that look like an original of another group, with the highest score.

    They train with their source. Where that is in another fold than the original, they would show
    it to the model that is scored on it; and nothing is lost with them that was drawn.
    """
    place = np.where(derived[pairs["b"]], pairs["b"], pairs["a"])
    highest = pairs["score"].groupby(place).max()
    return dict(zip(highest.index.tolist(), highest.tolist(), strict=True))


def _equal(
    thing: np.ndarray, group: np.ndarray, dropped: tuple[int, ...]
) -> np.ndarray:
    """Which images are one, and in one group, (N,) int; what a person dropped is so with none."""
    places = np.arange(len(thing))
    alone = np.where(np.isin(places, dropped), places, -1)
    return pd.MultiIndex.from_arrays([thing, group, alone]).factorize()[0]


def _trust(tiers: pd.Series) -> np.ndarray:
    by_a_person = tiers.eq("same")
    sure = tiers.isin(SURE)
    trusts = [chains.SAID, chains.IDENTICAL]
    return np.select([by_a_person, sure], trusts, chains.ALIKE)


def is_removable(pairs: pd.DataFrame, settings: DedupParams) -> np.ndarray:
    """Which pairs are close enough to drop one for the other, (P,) bool.

    Without the copy test those of SSIM and raw cosine are: that is the rule of the teams.
    """
    sure = pairs["tier"].isin(SURE)
    if "copy" in settings.methods:
        return (sure | (pairs["ink"] >= settings.remove_min)).to_numpy()
    return (sure | pairs["tier"].isin(("ssim", "cosine"))).to_numpy()


def apply_overrides(pairs: pd.DataFrame, overrides: Overrides) -> pd.DataFrame:
    """The pairs without those that a person calls different, with those called the same."""
    codes = list(zip(pairs["a"], pairs["b"], strict=True))
    decided = {*overrides.same, *overrides.different}
    pairs = pairs[[code not in decided for code in codes]]
    same = np.array(overrides.same, np.int64).reshape(-1, 2)
    tier = pd.Categorical(["same"] * len(same), categories=TIERS)
    added = pair_table(same[:, 0], same[:, 1]).assign(tier=tier, ink=1.0)
    return pd.concat([pairs, added]).sort_values(["a", "b"], ignore_index=True)


def _choose_kept(
    images: pd.DataFrame,
    strict: pd.DataFrame,
    equal: np.ndarray,
    cluster: np.ndarray,
    strange: Dropped,
    settings: DedupParams,
    overrides: Overrides,
) -> np.ndarray:
    """Which images stay, (N,) bool: what the policies and a person leave.

    Args:
        images: as of `group_copies`.
        strict: the pairs of which one could be dropped for the other.
        equal: (N,) int, which images are one.
        cluster: (N,) int, which images strict pairs connect.
        strange: derived images that look like an original of another group.
        settings: the policies.
        overrides: a person's word, which wins.

    Raises:
        InputError: if no image of a class would stay.
    """
    labels = images["label"].to_numpy()
    dropped = POLICIES[settings.policy](images, strict, equal)
    outvoted = conflicts.DROPPED[settings.conflicts](labels, cluster)
    dropped |= dict.fromkeys(np.flatnonzero(outvoted).tolist(), DISPUTED)
    for place in (*overrides.keep, *overrides.drop):  # nobody else decides on these
        dropped.pop(place, None)
        strange.pop(place, None)
    strange = restore_dropped(labels, strange, 1, gone=overrides.drop)
    dropped = {
        place: score for place, score in dropped.items() if place not in strange
    }
    gone = (*overrides.drop, *strange)
    dropped = restore_dropped(labels, dropped, settings.min_per_class, gone=gone)
    keep = np.ones(len(images), bool)
    keep[[*dropped, *gone]] = False
    _check_classes(images, keep)
    return keep


def _check_classes(images: pd.DataFrame, keep: np.ndarray) -> None:
    labels = images["label"].to_numpy()
    if emptied := sorted(set(labels) - set(labels[keep])):
        first = images.loc[images["label"] == emptied[0], "id"].iloc[0]
        raise InputError(
            "overrides",
            expected="a kept image of each class",
            received=f"none of label {emptied[0]}, which {first!r} is of",
            fix="drop fewer",
        )


def list_pairs(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """duplicates.csv: the pairs with ids, the symmetry's name, and whether the classes agree."""
    labels = images["label"].to_numpy()
    a = pairs["a"].to_numpy()
    b = pairs["b"].to_numpy()
    columns = _named(images, pairs).rename(columns={"one": "id_a", "other": "id_b"})
    columns["same_class"] = labels[a] == labels[b]
    columns["grouped"] = pairs["grouped"].to_numpy()
    return columns


def copies_of_test(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """twins.csv: test images with a copy in train, each with its most alike one.

    Args:
        images: train images, then test images.
        pairs: of all of them; a train image comes first in a pair with a test image.
    """
    test = (images["split"] == "test").to_numpy()
    across = pairs[~test[pairs["a"]] & test[pairs["b"]]]
    across = across.sort_values(
        ["tier", "score", "a"], ascending=[True, False, True]
    )
    across = across.drop_duplicates("b").sort_values("b")
    table = _named(images, across).rename(
        columns={"other": "id", "one": "train_id"}
    )
    return table[["id", "train_id", "tier", "score", "ink", "symmetry"]]


def _named(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    ids = images["id"].to_numpy()
    return pd.DataFrame(
        {
            "one": ids[pairs["a"].to_numpy()],
            "other": ids[pairs["b"].to_numpy()],
            "tier": pairs["tier"].to_numpy(),
            "score": pairs["score"].round(6).to_numpy(),
            "ink": pairs["ink"].round(6).to_numpy(),
            "symmetry": np.array(NAMES)[pairs["symmetry"].to_numpy()],
        }
    )
