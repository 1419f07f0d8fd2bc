"""Files made from others: names propose and edges confirm; names alone stop nobody."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dedup.derived.derived_files import find_derived
from croquis.dedup.derived.file_names import propose_sources
from croquis.dedup.derived.messages import check_derived
from croquis.dedup.measures.edges import edge_similarity, edge_vectors
from support.derived import (
    CANNY,
    CLASSES,
    EACH,
    MAKES,
    NAMES,
    SIDE,
    derived_set,
    drawing,
)


def alone(table: pd.DataFrame) -> np.ndarray:
    return np.arange(len(table))


@pytest.mark.parametrize("make", list(MAKES))
def test_the_edges_of_what_was_made_from_a_drawing_are_its_own(make: str) -> None:
    gray = np.stack([drawing(0), MAKES[make](drawing(0)), drawing(1)])
    vectors = edge_vectors(gray, np.arange(3))
    scores = edge_similarity(vectors, vectors)
    assert scores[0, 1] > 0.98 and scores[0, 2] < 0.8


def test_an_even_sheet_has_no_edges() -> None:
    assert not edge_vectors(
        np.full((1, SIDE, SIDE), 200, np.uint8), np.array([0])
    ).any()


@pytest.mark.parametrize("style", list(NAMES))
def test_derived_files_are_refused_whatever_their_names(style: str) -> None:
    table, gray = derived_set(style)
    derived = find_derived(table, gray, alone(table))
    assert derived.refused and derived.apart.all()
    with pytest.raises(InputError, match="croquis sources"):
        check_derived(table, gray, alone(table), "refuse")


def test_the_error_shows_an_example_and_the_evidence() -> None:
    table, gray = derived_set("suffix")
    with pytest.raises(InputError) as error:
        check_derived(table, gray, alone(table), "refuse")
    message = str(error.value)
    assert "received 54 of 54 with a sibling in another group" in message
    assert "as train/k0/apple_0_canny.png of train/k0/apple_0.png" in message
    assert (
        "'canny': 27 of 27 nearest to whom they name, by chance 2" in message
    )  # 27 / 17
    assert "-S dedup.derived=ignore" in message


def test_a_person_may_have_it_said_or_not_at_all() -> None:
    table, gray = derived_set("suffix")
    (line,) = check_derived(table, gray, alone(table), "warn")
    assert line.startswith("warning: train.csv: expected a source_id")
    assert check_derived(table, gray, alone(table), "ignore") == []


def test_with_source_id_nothing_is_said() -> None:
    table, gray = derived_set("suffix", MAKES)
    source = table["id"].str.replace(
        "_(canny|negative|outline|mirrored)", "", regex=True
    )
    table["source_id"] = source.where(source != table["id"], "")
    derived = find_derived(table, gray, alone(table))
    assert not derived.refused and not derived.apart.any()


def test_what_is_in_one_group_already_is_no_problem() -> None:
    table, gray = derived_set("suffix")
    group = np.repeat(np.arange(CLASSES * EACH), 2)
    assert not find_derived(table, gray, group).refused


def test_one_class_that_was_filled_up_is_enough() -> None:
    makes = {name: MAKES[name] for name in ("canny", "negative", "outline")}
    table, gray = derived_set("suffix", makes, only=1)
    others = pd.DataFrame({"id": [f"train/z/{number}.png" for number in range(60)]})
    table = pd.concat(
        [table, others.assign(label=9, source_id="")], ignore_index=True
    )
    more = np.stack([drawing(9000 + number) for number in range(60)])
    derived = find_derived(table, np.concatenate([gray, more]), alone(table))
    assert derived.refused and derived.apart.mean() < 0.35


def test_a_handful_of_like_drawings_is_no_derived_set() -> None:
    bars = np.stack([drawing(0)] * 4 + [drawing(1)] * 4)
    table = pd.DataFrame(
        {"id": [f"train/a/{place}.png" for place in range(8)], "label": 0}
    )
    derived = find_derived(table.assign(source_id=""), bars, np.arange(8))
    assert derived.apart.all() and not derived.refused


LEGIT = {
    "numbers": "train/k{label}/bird_{number}.png",
    "numbers of numbers": "train/k{label}/bird_1_{number}.png",
    "wnid": "train/k{label}/n0144076{label}_{number}0026.png",
    "sketch": "train/k{label}/sketch_{number}.png",
    "people": "train/k{label}/person{number}/1.png",
}


@pytest.mark.parametrize("style", list(LEGIT))
def test_names_that_are_merely_alike_stop_nobody(style: str) -> None:
    rows = [
        (LEGIT[style].format(label=label, number=number), label)
        for label in range(3)
        for number in range(20)
    ]
    table = pd.DataFrame(rows, columns=["id", "label"]).assign(source_id="")
    gray = np.stack([drawing(seed) for seed in range(len(table))])
    assert check_derived(table, gray, alone(table), "refuse") == []


def test_named_as_if_derived_yet_drawn_anew_stops_nobody() -> None:
    table, gray = derived_set("suffix")
    gray[1::2] = np.stack([drawing(5000 + number) for number in range(27)])
    derived = find_derived(table, gray, alone(table))
    assert not derived.refused and not derived.kinds["derived"].any()


def test_names_of_one_class_only_propose() -> None:
    ids = ["train/a/1.png", "train/a/1_x.png", "train/b/1_x.png", "train/b/2.png"]
    source, affixes = propose_sources(ids, np.array([0, 0, 1, 1]))
    assert source.tolist() == [0, 0, 2, 3] and affixes == ["", "x", "", ""]


def test_files_that_share_all_but_one_word_are_named_after_the_original() -> None:
    ids = [
        "train/a/1_orig.png",
        "train/a/1_x.png",
        "train/a/2_orig.png",
        "train/a/2_x.png",
    ]
    source, affixes = propose_sources(ids, np.zeros(4, int))
    assert source.tolist() == [0, 0, 2, 2]
    source = propose_sources(ids[::-1], np.zeros(4, int))[0]
    assert source.tolist() == [1, 1, 3, 3] and affixes == ["orig", "x", "orig", "x"]


@pytest.mark.parametrize(
    "names",
    [
        ("orig_{}", "canny_{}"),  # all but the last word are a kind, not an image
        ("orig{}", "canny{}"),
        ("{}_orig", "{}_canny"),
        ("{}_orig", "{}_canny1"),
        ("photo_{:03}", "canny_{}"),
        ("photo_{}", "aug_{}_8506"),
    ],
)
def test_edges_tell_which_end_of_a_name_is_the_kind(names: tuple[str, str]) -> None:
    table, gray = derived_set("suffix")
    numbers = table["id"].str.extract(r"_(\d+)")[0].astype(int)
    styles = [names[place % 2] for place in range(len(table))]
    stems = [
        style.format(number) for style, number in zip(styles, numbers, strict=True)
    ]
    table["id"] = [
        f"train/k{k}/{n}.png" for k, n in zip(table["label"], stems, strict=True)
    ]
    derived = find_derived(table, gray, alone(table))
    assert derived.kinds["right"].sum() == 27 and derived.refused
    source = np.arange(len(table)) // 2
    assert (derived.source // 2 == source).all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3", "canny_0003"),
        ("cat3", "cat3canny"),
        ("cat3", "cat3Aug1"),
        ("Cat3", "cat_003_x"),
    ],
)
def test_words_end_at_digits_and_capitals_and_numbers_have_no_zeros(
    one: str, other: str
) -> None:
    ids = [f"train/a/{one}.png", f"train/a/{other}.png"]
    assert propose_sources(ids, np.zeros(2, int))[0].tolist() == [0, 0]


def test_a_code_is_one_word() -> None:
    codes = [hashlib.md5(bytes([place])).hexdigest() for place in range(4)]
    ids = [
        f"train/a/cat_{place // 2}_png.rf.{code}.png"
        for place, code in enumerate(codes)
    ]
    source, affixes = propose_sources(ids, np.zeros(4, int))
    assert source.tolist() == [0, 0, 2, 2] and affixes == ["#"] * 4


def few_derived(names: str = "{}_canny", *, classes: int = 12):
    """8 originals of each class, what Canny makes of the first three, and a class of 120 more."""
    rows, sheets = [], []
    for label in range(classes):
        for number in range(8):
            rows.append((f"train/k{label}/{number}.png", label))
            sheets.append(drawing(100 * label + number))
            if number < 3:
                rows.append((f"train/k{label}/{names.format(number)}.png", label))
                sheets.append(CANNY["canny"](sheets[-1]))
    rows += [(f"train/z/{number}.png", 99) for number in range(120)]
    sheets += [drawing(9000 + number) for number in range(120)]
    return pd.DataFrame(rows, columns=["id", "label"]).assign(
        source_id=""
    ), np.stack(sheets)


def test_a_kind_of_name_that_edges_confirm_stops_the_run_whatever_its_share() -> (
    None
):
    table, gray = few_derived()
    derived = find_derived(table, gray, alone(table))
    assert derived.apart.mean() < 0.35 and derived.kinds.loc["canny", "apart"] == 36
    with pytest.raises(InputError, match="'canny': 36 of 36"):
        check_derived(table, gray, alone(table), "refuse")


def test_folders_outside_the_classes_are_one_kind() -> None:
    table, gray = few_derived("{}_canny")
    made = table["id"].str.contains("canny")
    folder = np.where(made, "train/edges/", "train/drawings/")
    table["id"] = folder + table["id"].str.removeprefix("train/").str.replace(
        "_canny", ""
    )
    derived = find_derived(table, gray, alone(table))
    assert derived.kinds.loc["edges", "apart"] == 36 and derived.refused


def test_a_handful_of_derived_files_is_said_and_stops_nobody() -> None:
    table, gray = few_derived(classes=6)  # 18 files
    (line,) = check_derived(table, gray, alone(table), "refuse")
    assert line.startswith("warning: 18 files named 'canny' look made from")
    assert check_derived(table, gray, alone(table), "ignore") == []


@pytest.mark.parametrize(("name", "refused"), [("thin", False), ("canny", True)])
def test_strokes_that_people_draw_anew_are_no_derived_files(
    name: str, refused: bool
) -> None:
    table, gray = few_derived(f"{{}}_{name}")
    for place in np.flatnonzero(table["id"].str.contains(name))[::5]:
        gray[place] = drawing(7000 + place)  # 8 of 36 are of nobody
    assert find_derived(table, gray, alone(table)).refused == refused


def test_of_a_kind_with_several_in_a_family_nobody_is_the_original() -> None:
    table, gray = derived_set("suffix", CANNY | {"negative": MAKES["negative"]})
    numbers = table["id"].str.extract(r"_(\d+)")[0]
    stems = [  # the made ones have the shorter names
        f"aug_{number}_{place}" if place % 3 else f"photograph_{number}_0000000"
        for place, number in enumerate(numbers)
    ]
    table["id"] = [
        f"train/k{k}/{n}.png" for k, n in zip(table["label"], stems, strict=True)
    ]
    source = find_derived(table, gray, alone(table)).source
    assert (source == np.arange(len(table)) // 3 * 3).all()


def test_what_edges_cannot_see_goes_by_the_scheme_that_they_confirm() -> None:
    table, gray = derived_set("suffix", CANNY | {"crop": lambda x: x})
    crops = np.flatnonzero(table["id"].str.contains("crop"))
    gray[crops] = np.stack(
        [drawing(6000 + place) for place in crops]
    )  # like nothing
    derived = find_derived(table, gray, alone(table))
    assert not derived.kinds.loc["crop", "derived"]
    assert (derived.source == np.arange(len(table)) // 3 * 3).all()


def test_a_source_id_for_some_kinds_leaves_the_others_to_be_said() -> None:
    table, gray = derived_set("suffix", CANNY | {"crop": lambda x: x})
    gray[2::3] = np.stack(
        [drawing(6000 + place) for place in range(27)]
    )  # like nothing
    table.loc[1::3, "source_id"] = table["id"][::3].to_numpy()  # Canny's
    derived = find_derived(table, gray, alone(table))
    assert (derived.source[2::3] == np.arange(0, 81, 3)).all()
    with pytest.raises(InputError) as error:
        check_derived(table, gray, alone(table), "refuse")
    message = str(error.value)
    assert (
        "received 27 named like those with a source_id, and without one ('crop' 27"
        in message
    )
    assert (
        "as train/k0/apple_0_crop.png beside those of train/k0/apple_0.png"
        in message
    )
    table.loc[2:60:3, "source_id"] = table["id"][:60:3].to_numpy()  # all but 7
    (line,) = check_derived(table, gray, alone(table), "refuse")
    assert line.startswith("warning: 7 named like those with a source_id")
    table.loc[2::3, "source_id"] = table["id"][::3].to_numpy()
    assert check_derived(table, gray, alone(table), "refuse") == []


def test_a_number_after_the_name_of_the_class_is_no_family() -> None:
    ids = [f"train/cat/cat_{number}.png" for number in range(9)]
    assert propose_sources(ids, np.zeros(9, int))[0].tolist() == list(range(9))


@pytest.mark.parametrize(
    ("other", "affix"),
    [
        ("train/a/x/1.png", "x"),
        ("train/a/1.webp", ".webp"),
        ("train/a/01.png", "#"),
    ],
)
def test_the_same_name_elsewhere_is_a_kind(other: str, affix: str) -> None:
    source, affixes = propose_sources(["train/a/1.png", other], np.zeros(2, int))
    child = int(source[0])  # of 01 and 1 the first of the alphabet
    assert source.tolist() in ([0, 0], [1, 1]) and affixes[1 - child] == affix


def test_a_chain_of_names_ends_at_the_bare_one() -> None:
    ids = ["train/a/1.png", "train/a/1_x.png", "train/a/1_x_y.png"]
    assert propose_sources(ids, np.zeros(3, int))[0].tolist() == [0, 0, 0]
