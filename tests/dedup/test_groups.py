"""groups.csv, duplicates.csv and twins.csv from pairs."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.core.errors import InputError
from croquis.dataset.dedup_overrides import NOBODY, Overrides
from croquis.dedup.groups import (
    Grouped,
    apply_overrides,
    copies_of_test,
    group_copies,
    is_removable,
    list_pairs,
)
from croquis.dedup.named_images import things
from croquis.dedup.pairs import TIERS
from support.paired import BLURRED, images, pairs, settings


def decided(overrides: Overrides = NOBODY, **changes: object) -> Grouped:
    return group_copies(images(), pairs(), BLURRED, settings(**changes), overrides)


def decided_of(
    edges: pd.DataFrame, overrides: Overrides, **changes: object
) -> Grouped:
    return group_copies(images(), edges, BLURRED, settings(**changes), overrides)


def test_a_group_of_n_copies_counts_once() -> None:
    table = decided().table.set_index("id")
    assert table["group"].to_dict() == {
        "a": 0,
        "b": 0,
        "c": 0,
        "d": 0,
        "e": 1,
        "f": 2,
    }
    assert table["weight"].tolist() == [0.25] * 4 + [1.0, 1.0]
    assert table["keep"].all()
    assert table["conflict"].tolist() == [True] * 4 + [False] * 2
    assert table["targets"].tolist() == [""] * 6


def test_pruned_copies_weigh_nothing_and_their_group_still_counts_once() -> None:
    # b goes for a; c was a copy of b alone, which is gone, so it stays
    table = decided(policy="prune").table.set_index("id")
    assert table["keep"].tolist() == [True, False, True, True, True, True]
    assert table["weight"].tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3, 1, 1])


def test_what_only_shares_a_group_drops_nothing() -> None:
    loose = pairs().assign(ink=[1.0, 0.96, 0.96])
    groups = group_copies(
        images(), loose.iloc[1:], BLURRED, settings(policy="prune")
    )
    assert groups.table["keep"].all()


def test_a_variant_is_never_strict_and_a_ssim_only_without_the_copy_test() -> None:
    tiers = pd.Categorical(
        ["pixels", "copy", "ssim", "cosine", "variant"], categories=TIERS
    )
    table = pd.DataFrame({"tier": tiers, "ink": [0.0, 0.98, 0.5, 0.5, 0.5]})
    assert is_removable(table, settings()).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]
    teams = settings(methods=["ssim", "cosine"])
    assert is_removable(table, teams).tolist() == [True, False, True, True, False]


def test_conflicts_are_dropped_or_shared_only_where_the_images_are_surely_one() -> (
    None
):
    strict = pairs().assign(
        ink=[1.0, 0.98, 0.98]
    )  # a, b, c of class 0 and d of class 1 are one
    groups = group_copies(
        images(), strict, BLURRED, settings(conflicts="drop_minority")
    ).table
    assert groups.loc[~groups["keep"], "id"].tolist() == ["d"]
    groups = group_copies(
        images(), strict, BLURRED, settings(conflicts="soft")
    ).table
    assert groups["targets"].tolist() == ["0:0.75 1:0.25"] * 4 + [""] * 2
    loose = decided(conflicts="drop_all").table  # c and d are but alike
    assert loose["keep"].all() and loose["conflict"].sum() == 4


def test_no_policy_empties_a_class() -> None:
    strict = pairs().assign(ink=1.0)
    groups = group_copies(
        images(), strict, BLURRED, settings(conflicts="drop_all")
    ).table
    # all of class 0 is disputed; one of it comes back
    assert groups["keep"].tolist() == [True, False, False, False, True, True]


def test_a_person_wins() -> None:
    keeping = decided(Overrides(keep=(1,), drop=(5,)), policy="prune").table
    assert keeping["keep"].tolist() == [True, True, True, True, True, False]
    groups = decided(Overrides(same=((3, 4),), different=((1, 2),)))
    assert groups.table["group"].tolist() == [0, 0, 1, 1, 1, 2]
    assert groups.pairs["tier"].tolist() == ["copy", "copy", "same"]


def test_a_person_cannot_empty_a_class() -> None:
    with pytest.raises(
        InputError, match="a kept image of each class, received none of label 0"
    ):
        decided(Overrides(drop=(0, 1, 2)))


def test_the_copy_of_what_a_person_drops_stays() -> None:
    # prune would drop b for a
    groups = decided_of(
        pairs().iloc[:1], Overrides(drop=(0,)), policy="prune"
    ).table
    assert groups["keep"].tolist() == [False, True, True, True, True, True]


def test_what_a_person_drops_counts_as_gone_where_a_class_needs_its_images() -> (
    None
):
    six = images().assign(label=0)
    chosen = settings(policy="prune", min_per_class=5)
    groups = group_copies(
        six, pairs().iloc[:1], BLURRED, chosen, Overrides(drop=(2,))
    ).table
    assert groups["keep"].tolist() == [True, True, False, True, True, True]


def test_what_a_person_keeps_needs_no_other_image_to_come_back() -> None:
    # a, b and c are one image of class 0; a person wants b beside a
    strict = pairs().iloc[:2].assign(a=0, b=[1, 2], score=[1.0, 0.98], ink=1.0)
    groups = decided_of(
        strict, Overrides(keep=(1,)), policy="prune", min_per_class=2
    ).table
    assert groups["keep"].tolist() == [True, True, False, True, True, True]


@pytest.mark.parametrize("policy", ["soft", "drop_all", "drop_minority"])
def test_a_label_that_a_person_dropped_has_no_vote(policy: str) -> None:
    # b, c and d are one image, and d of class 1; without b and c nothing is disputed
    strict = pairs().iloc[1:].assign(ink=1.0)
    groups = decided_of(strict, Overrides(drop=(1, 2)), conflicts=policy).table
    assert groups["keep"].tolist() == [True, False, False, True, True, True]
    assert groups["targets"].tolist() == [""] * 6


def test_a_copy_that_was_cut_drops_nothing() -> None:
    # a = b and c a copy of a, but a person says that b and c are different
    strict = pairs().iloc[:2].assign(a=0, b=[1, 2], ink=1.0)
    groups = decided_of(strict, Overrides(different=((1, 2),)), policy="prune")
    assert groups.pairs["grouped"].tolist() == [True, False]
    assert groups.table["keep"].tolist() == [True, False, True, True, True, True]


def chained(count: int, **changes: object) -> list[int]:
    """The sizes of the groups of a chain of images that are all alike."""
    table = pd.DataFrame(
        {"id": [f"{place:03d}" for place in range(count)], "label": 0}
    )
    edges = pd.DataFrame(
        {"a": range(count - 1), "b": range(1, count), "score": 0.96, "ink": 0.96}
    )
    edges["tier"] = pd.Categorical(["copy"] * (count - 1), categories=TIERS)
    alike = np.full((count, 4), 0.5, np.float32)
    table, edges = (
        table.assign(source_id="", width=9, height=9),
        edges.assign(symmetry=0),
    )
    groups = group_copies(table, edges, alike, settings(**changes)).table
    return groups["group"].value_counts().tolist()


def test_a_group_is_at_most_a_share_of_all_images_but_ten_are_always_allowed() -> (
    None
):
    assert max(chained(12, chain_share=0.02)) == 10
    assert chained(12, chain_share=1.0) == [12]
    assert max(chained(700, chain_share=0.02)) == 14


def test_what_lost_its_label_comes_back_after_a_mere_copy() -> None:
    # prune drops b for a, and both labels of c = d go; class 0 needs two
    strict = pairs().iloc[[0, 2]].assign(ink=[0.97, 1.0], score=[0.97, 1.0])
    chosen = {"policy": "prune", "conflicts": "drop_all", "min_per_class": 2}
    groups = decided_of(strict, NOBODY, **chosen).table
    assert groups["keep"].tolist() == [True, True, False, False, True, True]


def test_overrides_replace_what_was_found() -> None:
    joined = apply_overrides(
        pairs(), Overrides(same=((0, 1),), different=((2, 3),))
    )
    assert joined[["a", "b", "tier", "score"]].to_numpy().tolist() == [
        [0, 1, "same", 1.0],
        [1, 2, "copy", 0.9712345678],
    ]


def test_listed_pairs_carry_ids_names_whether_classes_agree_and_whether_they_are_grouped() -> (
    None
):
    groups = decided(Overrides(different=((1, 3),)))
    table = list_pairs(images(), groups.pairs)
    assert table.to_numpy().tolist() == [
        ["a", "b", "copy", 0.99, 0.99, "identity", True, True],
        ["b", "c", "copy", 0.971235, 0.971235, "rot90", True, True],
        ["c", "d", "copy", 0.96, 0.96, "flip_lr", False, False],
    ]
    columns = [
        "id_a",
        "id_b",
        "tier",
        "score",
        "ink",
        "symmetry",
        "same_class",
        "grouped",
    ]
    assert list(table.columns) == columns


def test_no_pairs_make_groups_of_one_and_an_empty_list() -> None:
    groups = group_copies(images(), pairs().iloc[:0], BLURRED, settings())
    assert groups.table["group"].tolist() == [0, 1, 2, 3, 4, 5]
    assert list_pairs(images(), groups.pairs).empty


def test_the_copy_of_a_test_image_is_its_strongest_pair() -> None:
    table = images().assign(split=["train"] * 4 + ["test"] * 2)
    across = pairs().assign(a=[1, 0, 4], b=[4, 4, 5], ink=1.0)
    copies = copies_of_test(table, across)
    assert copies[["id", "train_id", "tier"]].to_numpy().tolist() == [
        ["e", "b", "copy"]
    ]
    assert list(copies) == ["id", "train_id", "tier", "score", "ink", "symmetry"]


@pytest.mark.parametrize("policy", ["group", "prune"])
def test_weights_of_every_group_sum_to_one(policy: str) -> None:
    table = decided(policy=policy).table
    np.testing.assert_allclose(table.groupby("group")["weight"].sum(), 1)


@st.composite
def cases(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    count = draw(st.integers(1, 12))
    table = pd.DataFrame(
        {"id": [f"{place:03d}" for place in range(count)], "split": "train"}
    )
    table["label"] = draw(
        st.lists(st.integers(0, 2), min_size=count, max_size=count)
    )
    edge = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    ends = sorted({(a, b) for a, b in draw(st.sets(edge, max_size=30)) if a < b})
    edges = pd.DataFrame(ends, columns=["a", "b"], dtype=np.int64)
    edges["ink"] = [draw(st.sampled_from([0.5, 0.96, 0.98, 1.0])) for _ in ends]
    tiers = [
        draw(st.sampled_from(["bytes", "copy", "ssim", "variant"])) for _ in ends
    ]
    edges["tier"] = pd.Categorical(tiers, categories=TIERS)
    table = table.assign(source_id="", width=10, height=10)
    return table, edges.assign(score=edges["ink"], symmetry=0)


@given(
    cases(),
    st.sampled_from(["keep", "drop_minority", "drop_all", "soft"]),
    st.integers(1, 4),
)
@hypothesis.settings(deadline=None)
def test_no_class_empties_and_the_dropped_have_a_kept_direct_copy(
    case: tuple, policy: str, least: int
) -> None:
    table, edges = case
    chosen = settings(policy="prune", conflicts=policy, min_per_class=least)
    blurred = np.ones((len(table), 4), np.float32) / 2
    groups = group_copies(table, edges, blurred, chosen)
    keep, labels = groups.table["keep"].to_numpy(), table["label"].to_numpy()
    for label in set(labels):
        assert keep[labels == label].sum() >= min(least, (labels == label).sum())
    if policy in ("keep", "soft"):
        strict = groups.pairs[is_removable(groups.pairs, chosen)]
        thing = things(
            len(table), groups.pairs
        )  # a pair of one is a pair of all its equals
        ends = zip(thing[strict["a"]], thing[strict["b"]], strict=True)
        direct = {end for a, b in ends for end in ((a, b), (b, a))} | {
            (t, t) for t in thing
        }
        for place in np.flatnonzero(~keep):
            copies = [
                (thing[place], thing[copy]) in direct for copy in range(len(table))
            ]
            assert (keep & copies & (labels == labels[place])).any()


def test_a_derived_image_like_a_strange_original_stays_if_its_class_has_no_other() -> (
    None
):
    table = images().iloc[[0, 3]].assign(source_id=["", "x"])  # classes 0 and 1
    like = pairs().iloc[:1]
    alone = group_copies(table, like, BLURRED[:2], settings()).table
    assert alone["keep"].tolist() == [True, True]
    table = images().iloc[[0, 3, 4]].assign(source_id=["", "x", ""])
    beside = group_copies(table, like, BLURRED[:3], settings()).table
    assert beside["keep"].tolist() == [True, False, True]


def test_a_group_of_which_nobody_stays_weighs_nothing() -> None:
    table = decided_of(pairs(), Overrides(drop=(4,))).table
    assert table["weight"].tolist() == [0.25] * 4 + [0.0, 1.0]
