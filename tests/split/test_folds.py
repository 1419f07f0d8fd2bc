"""Folds: stratified, leak-free, and each class in every training part."""

import doctest

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from croquis.core.errors import InputError
from croquis.split import folds as module
from croquis.split.folds import ALWAYS, cut_folds
from croquis.split.settings import SplitParams
from croquis.split.splitting import split_metrics
from croquis.tables import fold_tables

GROUPED = SplitParams(num_folds=3, group=True, domain=None, rare="error")
PLAIN = GROUPED.model_copy(update={"group": False})
APART = GROUPED.model_copy(update={"domain": "author"})


def tables(
    labels: list[int],
    groups: list[int] | None = None,
    sources: dict[int, int] | None = None,
    dropped: tuple[int, ...] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """index.csv and groups.csv of p000, p001, ...; `sources` maps derived ones to theirs."""
    ids = [f"train/p{place:03d}" for place in range(len(labels))]
    source_ids = [
        f"train/p{(sources or {}).get(place, -1):03d}" for place in range(len(ids))
    ]
    index = pd.DataFrame({"id": ids, "label": labels, "sha256": "0"})
    index["class_name"] = [f"class {label}" for label in labels]
    index["source_id"] = [
        source if place in (sources or {}) else ""
        for place, source in enumerate(source_ids)
    ]
    table = pd.DataFrame(
        {
            "id": ids,
            "group": groups or range(len(ids)),
            "weight": 1.0,
            "targets": "",
        }
    )
    table["keep"] = [place not in dropped for place in range(len(ids))]
    return index, table.assign(conflict=False)


def cut(
    params: SplitParams,
    *args,
    seed: int = 0,
    authors: str | list[str] | None = None,
    **kwargs,
) -> pd.DataFrame:
    """folds.csv of `tables`; `authors` has one letter or name an image."""
    index, groups = tables(*args, **kwargs)
    columns = pd.DataFrame({"image_path": index["id"].str.removeprefix("train/")})
    if authors is not None:
        columns["author"] = list(authors)
    return cut_folds(index, groups, columns, params, seed=seed)


def test_the_example_of_the_docstring_holds() -> None:
    index, groups = tables([0, 1] * 10)
    columns = pd.DataFrame({"image_path": []})
    names = {"index": index, "groups": groups, "columns": columns}
    assert doctest.testmod(module, extraglobs=names) == (0, 3)


def test_plain_folds_are_the_published_ones() -> None:
    # the field's folds: StratifiedKFold(5, shuffle=True, random_state=42) in the order of train.csv
    labels = (
        np.random.default_rng(0).permutation(np.repeat(np.arange(20), 30)).tolist()
    )
    table = cut(PLAIN.model_copy(update={"num_folds": 5}), labels, seed=42)
    splitter = StratifiedKFold(5, shuffle=True, random_state=42)
    for fold, (_, held_out) in enumerate(splitter.split(labels, labels)):
        assert np.flatnonzero(table["fold"] == fold).tolist() == held_out.tolist()
    pd.testing.assert_series_equal(
        table["plain_fold"], table["fold"], check_names=False
    )


def test_the_columns_are_those_of_the_contract_in_index_order() -> None:
    index, groups = tables([0, 1] * 6)
    columns = pd.DataFrame({"image_path": []})
    table = cut_folds(index, groups.iloc[::-1], columns, GROUPED, seed=0)
    assert table["id"].tolist() == index["id"].tolist()
    assert (
        ",".join(table.columns)
        == "id,label,group,unit,fold,plain_fold,scored,keep,weight,targets,sha256"
    )


def test_folds_are_stratified_by_label() -> None:
    table = cut(GROUPED, [0] * 9 + [1] * 6, [0, 0, *range(2, 15)])
    counts = table.groupby(["label", "fold"]).size().to_dict()
    assert counts == {(0, k): 3 for k in range(3)} | {(1, k): 2 for k in range(3)}


def test_plain_folds_ignore_groups_and_grouped_ones_do_not() -> None:
    labels, groups = [0] * 12, [0] * 4 + list(range(4, 12))
    table = cut(GROUPED, labels, groups)
    assert (
        table["fold"][:4].nunique() == 1 and table["plain_fold"][:4].nunique() > 1
    )
    plain = cut(PLAIN, labels, groups)
    assert plain["fold"].tolist() == table["plain_fold"].tolist()
    assert plain["group"].tolist() == table["group"].tolist()


@pytest.mark.parametrize("params", [GROUPED, PLAIN], ids=["grouped", "plain"])
def test_derived_files_are_never_scored_and_train_only_beside_their_source(
    params,
) -> None:
    # images 12 to 17 derive from 0 to 5; 18 derives from 12, so from 0 as well
    sources = {12 + place: place for place in range(6)} | {18: 12}
    table = cut(params, [0, 1] * 6 + [0, 1] * 3 + [0], sources=sources)
    assert not table["scored"][12:].any() and table["scored"][:12].all()
    for column in ("fold", "plain_fold"):
        for fold in range(3):
            trained = set(fold_tables.training_rows(table, fold, column)["id"])
            for derived, source in sources.items():
                assert (table["id"][derived] in trained) == (
                    table["id"][source] in trained
                )
            assert not trained & set(
                fold_tables.scored_rows(table, fold, column)["id"]
            )


def test_derived_files_do_not_move_the_folds_of_originals() -> None:
    labels = np.random.default_rng(1).integers(0, 3, 40).tolist()
    alone = cut(GROUPED, labels)
    with_derived = cut(
        GROUPED, labels + labels[:10], sources={40 + k: k for k in range(10)}
    )
    assert with_derived["fold"][:40].tolist() == alone["fold"].tolist()


def test_a_derived_file_joins_the_groups_it_touches() -> None:
    # 12 derives from 0 and is a copy of 1: all three are one group
    groups = [*range(12), 1]
    table = cut(GROUPED, [0, 1] * 6 + [0], groups, sources={12: 0})
    assert table["group"][12] == table["group"][0] == table["group"][1]
    assert table["fold"][12] == table["fold"][0] == table["fold"][1]


def test_a_derived_file_without_its_source_always_trains() -> None:
    table = cut(GROUPED, [0, 1] * 6 + [0], sources={12: 99})
    last = table.iloc[12]
    assert (last["fold"], last["plain_fold"], last["scored"]) == (
        ALWAYS,
        ALWAYS,
        False,
    )


def test_dropped_copies_are_in_their_groups_fold_and_on_neither_side() -> None:
    table = cut(GROUPED, [0, 1] * 6, [0, 1, 0, *range(3, 12)], dropped=(0,))
    assert table["fold"][0] == table["fold"][2] and not table["scored"][0]
    for fold in range(3):
        assert table["id"][0] not in set(
            fold_tables.training_rows(table, fold)["id"]
        )


def test_a_class_with_one_image_is_an_error_that_names_it() -> None:
    message = r"split: expected .*, received 1 .*: 'class 7' \(images 1, groups 1\); .*rare"
    with pytest.raises(InputError, match=message):
        cut(GROUPED, [0] * 6 + [7])
    with pytest.raises(InputError, match=message):
        cut(PLAIN, [0] * 6 + [7])


def test_a_class_in_one_group_is_an_error_for_grouped_folds_only() -> None:
    labels, groups = [0] * 6 + [1] * 3, [*range(6), 6, 6, 6]
    with pytest.raises(InputError, match=r"'class 1' \(images 3, groups 1\)"):
        cut(GROUPED, labels, groups)
    assert cut(PLAIN, labels, groups)["scored"].all()


def test_rare_classes_can_train_in_every_fold_unscored() -> None:
    params = GROUPED.model_copy(update={"rare": "train"})
    # class 1 is one group; image 5 of class 0 is a copy of it, so it may not be scored either
    table = cut(
        params, [0] * 6 + [1] * 2 + [1], [*range(5), 6, 6, 6, 6], sources={8: 7}
    )
    assert table["fold"].tolist()[5:] == [ALWAYS] * 4
    assert table["plain_fold"].tolist()[5:] == [ALWAYS] * 4
    assert table["scored"].tolist() == [True] * 5 + [False] * 4
    assert set(table["fold"][:5]) == {0, 1, 2}


def test_fewer_members_than_folds_do_not_warn() -> None:
    # warnings are errors here
    table = cut(GROUPED, [0] * 6 + [1] * 2)
    assert table["fold"][6:].nunique() == 2


@pytest.mark.parametrize(
    ("labels", "groups", "most"),
    [
        ([0] * 6, [0, 0, 0, 1, 1, 1], r"at most 2 \(2 groups"),
        ([0, 0, 1, 1], None, "2 images"),
    ],
)
def test_more_folds_than_groups_or_images_is_an_error(
    labels, groups, most: str
) -> None:
    with pytest.raises(
        InputError, match=rf"split.num_folds: expected .*{most}.*received 3; lower"
    ):
        cut(GROUPED, labels, groups)


@pytest.mark.parametrize(
    ("labels", "groups", "fix"),
    [
        ([0] * 6, [0] * 6, "add other images: all are copies of one"),
        ([0, 1, 2, 3], None, "add images"),
    ],
)
def test_where_no_number_of_folds_is_possible_nobody_is_told_to_lower_it(
    labels: list[int], groups: list[int] | None, fix: str
) -> None:
    """It said "at most 1, lower it", and split.num_folds is 2 at least."""
    with pytest.raises(
        InputError, match=rf"split: expected 2 groups or more, .*received .*; {fix}"
    ):
        cut(GROUPED, labels, groups)


def test_groups_of_other_images_are_refused() -> None:
    index, groups = tables([0] * 6)
    with pytest.raises(
        InputError,
        match=r"groups.csv and data/images/index.csv: expected the same .*, received",
    ):
        cut_folds(
            index,
            groups.iloc[:5],
            pd.DataFrame({"image_path": []}),
            GROUPED,
            seed=0,
        )


def test_the_summary_counts_what_plain_folds_would_leak() -> None:
    labels, groups = [0] * 12 + [1] * 6, [0] * 4 + list(range(4, 18))
    table = cut(GROUPED, labels, groups)
    assert split_metrics(table, GROUPED) == {
        "images": 18,
        "scored": 18,
        "classes": 2,
        "groups": 15,
        "fold_min": 6,
        "fold_max": 6,
        "smallest_class_in_training": 4,
        "unscored_classes": 0,
        "plain_twins": 4,  # the group of four is in more than one plain fold
    }


# Six people in the order of the letters, each with one image of both classes.
PEOPLE = "aabbccddeeff"


def test_domains_are_held_apart_and_are_what_intervals_draw() -> None:
    table = cut(APART, [0, 1] * 6, authors=PEOPLE)
    assert table["unit"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert (table.groupby("unit")["fold"].nunique() == 1).all()
    assert (
        table["fold"].value_counts().tolist() == [4, 4, 4] and table["scored"].all()
    )
    assert (
        table["plain_fold"].tolist()
        == cut(PLAIN, [0, 1] * 6)["plain_fold"].tolist()
    )


def test_without_a_domain_groups_are_what_intervals_draw() -> None:
    table = cut(GROUPED, [0, 1] * 6, [0, 0, 0, *range(3, 12)], authors=PEOPLE)
    assert table["unit"].tolist() == table["group"].tolist()


def test_a_copy_in_a_domain_of_another_fold_trains_and_is_not_scored() -> None:
    # The first drawings of all six people are copies; three folds have two people each.
    groups = [0 if place % 2 == 0 else place for place in range(12)]
    table = cut(APART, [0, 1] * 6, groups, authors=PEOPLE)
    assert table["scored"].tolist() == [False, True] * 6
    assert (
        len(fold_tables.training_rows(table, 0)) == 8
        and len(fold_tables.scored_rows(table, 0)) == 2
    )
    metrics = split_metrics(table, APART)
    assert (
        metrics["copies_across_folds"],
        metrics["domains"],
        metrics["unscored_classes"],
    ) == (6, 6, 1)
    assert metrics["plain_twins"] == 6  # which plain folds would part as well
    free = cut(
        APART.model_copy(update={"group": False}),
        [0, 1] * 6,
        groups,
        authors=PEOPLE,
    )
    assert free["scored"].all() and free["fold"].tolist() == table["fold"].tolist()


def test_copies_inside_a_domain_are_scored() -> None:
    table = cut(
        APART, [0, 0] * 6, [place // 2 for place in range(12)], authors=PEOPLE
    )
    assert (
        table["scored"].all()
        and split_metrics(table, APART)["copies_across_folds"] == 0
    )


def test_a_fold_of_nothing_but_copies_across_domains_is_an_error() -> None:
    with pytest.raises(
        InputError, match=r"split.domain: .*none in fold 0; set split.group=false"
    ):
        cut(APART, [0, 1] * 6, [0, 1] * 6, authors=PEOPLE)


@pytest.mark.parametrize("author", ["f", ""])
def test_a_derived_file_is_of_its_sources_domain_whatever_its_row_says(
    author: str,
) -> None:
    """One author `augmented` of all derived files made one domain of all people."""
    table = cut(APART, [0, 1] * 6 + [0], sources={12: 0}, authors=[*PEOPLE, author])
    assert table["unit"][12] == table["unit"][0] != table["unit"][11]
    assert table["fold"][12] == table["fold"][0]


def test_a_derived_file_without_its_source_is_of_no_ones_domain() -> None:
    table = cut(APART, [0, 1] * 6 + [0], sources={12: 99}, authors=PEOPLE + "a")
    assert table["unit"].nunique() == 7 and table["fold"][12] == ALWAYS


def test_plain_folds_are_the_same_with_domains_and_without() -> None:
    """Images that domains part from a copy decided no plain fold, and counted as no twin."""
    labels, groups = [0, 1] * 6, [0, 1, 0, 1, *range(4, 12)]
    apart = cut(APART, labels, groups, authors=PEOPLE)
    grouped = cut(GROUPED, labels, groups)
    assert not apart["scored"].all()
    assert apart["plain_fold"].tolist() == grouped["plain_fold"].tolist()
    twins = [split_metrics(cut_, APART)["plain_twins"] for cut_ in (apart, grouped)]
    assert twins[0] == twins[1] > 0


def test_a_dropped_copy_is_held_out_with_its_domain() -> None:
    table = cut(
        APART, [0, 1] * 6, [0, 1, 0, *range(3, 12)], dropped=(2,), authors=PEOPLE
    )
    assert (
        table["fold"][2] == table["fold"][3]
        and table["scored"][0]
        and not table["scored"][2]
    )


def test_a_class_of_one_domain_trains_always_without_the_rest_of_it() -> None:
    params = APART.model_copy(update={"rare": "train"})
    table = cut(params, [0, 1] * 6 + [2, 2], authors=PEOPLE + "aa")
    assert (
        table["fold"].tolist()[12:] == [ALWAYS] * 2
        and not table["scored"][12:].any()
    )
    assert table["scored"][:12].all() and set(table["fold"][:12]) == {0, 1, 2}
    with pytest.raises(InputError, match=r"'class 2' \(images 2, domains 1\)"):
        cut(APART, [0, 1] * 6 + [2, 2], authors=PEOPLE + "aa")


def test_fewer_domains_than_folds_are_an_error() -> None:
    with pytest.raises(
        InputError, match=r"split.num_folds: expected at most 2 \(2 domains"
    ):
        cut(APART, [0, 1] * 6, authors="aaaaaabbbbbb")


@st.composite
def cases(draw: st.DrawFn) -> dict:
    count = draw(st.integers(4, 40))
    place = st.integers(0, count - 1)
    return {
        "labels": draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)),
        "groups": draw(st.lists(place, min_size=count, max_size=count)),
        "sources": draw(st.dictionaries(place, place, max_size=8)),
        "dropped": draw(st.sets(place, max_size=5)),
        "authors": draw(
            st.lists(st.sampled_from("abcdef"), min_size=count, max_size=count)
        ),
    }


@given(
    cases(),
    st.booleans(),
    st.sampled_from([None, "author"]),
    st.integers(2, 4),
    st.integers(0, 3),
)
@settings(deadline=None, max_examples=200)
def test_folds_hold_their_promises_or_say_why_not(
    case: dict, group: bool, domain: str | None, num_folds: int, seed: int
) -> None:
    params = SplitParams(
        num_folds=num_folds, group=group, domain=domain, rare="train"
    )
    try:
        table = cut(params, seed=seed, **case)
    except InputError:
        return
    kept, scored = table[table["keep"]], table[table["scored"]]
    assert set(scored["fold"]) == set(scored["plain_fold"]) == set(range(num_folds))
    assert set(scored["id"]) <= set(kept["id"])
    for fold in range(num_folds):  # every class in every training part
        assert set(kept.loc[kept["fold"] != fold, "label"]) == set(kept["label"])
    if group and domain is None:
        assert (table.groupby("group")["fold"].nunique() == 1).all()
    for fold in range(
        num_folds
    ):  # nothing of a scored image's group or domain trains
        trained, out = (
            fold_tables.training_rows(table, fold),
            fold_tables.scored_rows(table, fold),
        )
        if group:
            assert not set(trained["group"]) & set(out["group"])
        if domain is not None:
            cut_ones = trained[trained["fold"] != ALWAYS]
            assert not set(cut_ones["unit"]) & set(out["unit"])
    assert not table["scored"].iloc[list(case["sources"])].any()
    again = cut(params, seed=seed, **case)
    pd.testing.assert_frame_equal(again, table)


def beside(
    marked: set[int],
    params: SplitParams,
    labels: list[int],
    groups: list[int],
    **options: object,
) -> pd.DataFrame:
    """folds.csv where the `marked` places only train."""
    index, table = tables(labels, groups, options.get("sources"))
    columns = pd.DataFrame({"image_path": index["id"].str.removeprefix("train/")})
    columns["use"] = [
        "train" if place in marked else "" for place in range(len(labels))
    ]
    if "authors" in options:
        columns["author"] = list(options["authors"])
    return cut_folds(index, table, columns, params, seed=0)


@pytest.mark.parametrize("params", [GROUPED, PLAIN])
def test_train_only_images_change_no_fold_and_go_with_their_copies(
    params: SplitParams,
) -> None:
    labels, groups = [0, 1] * 6, [0, 0, *range(2, 12)]
    without = cut(params, labels, groups)
    # A copy of nobody, then one of nobody and what derives from it: a class of their own.
    table = beside({0, 1, 2}, params, [1, 2, 2, *labels], [14, 15, 16, *(2 + g for g in groups)],
                   sources={2: 1})  # fmt: skip
    assert table["fold"][1:3].tolist() == [ALWAYS] * 2
    first = beside({0}, params, [1, *labels], [11, *groups])
    assert first["fold"][0] == first["fold"][12] and first["keep"].all()
    for folds, count in ((table, 3), (first, 1)):
        assert not folds["scored"][:count].any() and folds["scored"][count:].all()
        for column in ("fold", "plain_fold"):
            assert folds[column].iloc[count:].tolist() == without[column].tolist()


def test_an_offline_copy_of_a_train_only_image_binds_it() -> None:
    """The blurred file is a copy of a scored one, its sharp source is not: both go with it."""
    labels = [0, 1] * 6
    table = beside(
        {12, 13}, GROUPED, [*labels, 0, 0], [*range(12), 20, 5], sources={13: 12}
    )
    assert table["fold"][12] == table["fold"][13] == table["fold"][5]


def test_a_train_only_image_between_a_copy_and_its_domain_is_left_out() -> None:
    table = beside({12, 13, 14}, APART, [0, 1] * 6 + [0, 0, 0], [*range(12), 0, 20, 21],
                   authors=[*PEOPLE, "f", "a", ""])  # fmt: skip
    ends = table["fold"][0], table["fold"][11]
    assert (
        ends[0] != ends[1] and not table["keep"][12]
    )  # a copy of an a, drawn by f
    assert table["fold"][13] == ends[0] and table["keep"][13]
    assert table["fold"][14] == ALWAYS and table["scored"][:12].all()  # of nobody


def test_a_class_in_one_fold_but_for_train_only_images_is_learned_from_them() -> (
    None
):
    labels = [0, 1] * 6 + [2, 2]
    groups = [*range(12), 12, 12]
    with pytest.raises(InputError, match="'class 2'"):
        cut(GROUPED, labels, groups)
    table = beside({14}, GROUPED, [*labels, 2], [*groups, 14])
    assert table["scored"][12:14].all() and table["fold"][14] == ALWAYS


def test_a_label_that_only_a_train_only_copy_has_is_no_rare_class() -> None:
    """It is in one fold, and never scored: there is nothing to stop for, or to go on about."""
    for rare in ("error", "train"):
        params = GROUPED.model_copy(update={"rare": rare})
        table = beside({12}, params, [0, 1] * 6 + [2], [*range(12), 3])
        assert table["fold"][12] == table["fold"][3] and table["scored"][:12].all()
