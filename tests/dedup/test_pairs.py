"""The four tiers together, on drawings with planted copies."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.symmetries import NAMES, turn
from croquis.dedup import identity
from croquis.dedup.groups import group_copies
from croquis.dedup.methods import METHODS
from croquis.dedup.pairs import TIERS, find_copies
from croquis.dedup.settings import DedupParams, Method
from support.planted import SIDE, catalogue, drawing, planted

SETTINGS = params.load(DedupParams, "dedup").model_copy(update={"ssim_min": 0.95})
STEPS = {
    "identical",
    "ink",
    "copy",
    "ssim vectors",
    "ssim",
    "variant",
    "ink of pairs",
}


def as_ids(table: pd.DataFrame, pairs: pd.DataFrame) -> set[tuple]:
    ids = table["id"].to_numpy()
    rows = pairs[["a", "b", "tier", "symmetry"]].itertuples(index=False)
    return {
        (ids[a], ids[b], tier, NAMES[symmetry]) for a, b, tier, symmetry in rows
    }


def test_each_kind_of_copy_is_found_by_its_first_tier() -> None:
    table, gray = catalogue(planted())
    copies = find_copies(table, gray, SETTINGS)
    assert as_ids(table, copies.pairs) == {
        ("original", "same-bytes", "bytes", "identity"),
        (
            "original",
            "turned",
            "pixels",
            "rot270",
        ),  # "turned" needs rot270 to look like "original"
        ("noisy", "original", "copy", "flip_ud"),  # across classes, so not for SSIM
        ("noisy", "turned", "copy", "antitranspose"),
        ("shade", "shape", "copy", "identity"),
    }
    assert copies.flat == 2 and len(copies.blurred) == 9


def test_without_symmetries_only_what_stands_alike_is_a_copy() -> None:
    table, gray = catalogue(planted())
    copies = find_copies(
        table, gray, SETTINGS.model_copy(update={"symmetries": False})
    )
    assert as_ids(table, copies.pairs) == {
        ("original", "same-bytes", "bytes", "identity"),
        ("shade", "shape", "copy", "identity"),
    }


def test_other_bytes_of_the_same_pixels_are_a_copy_without_symmetries_too() -> None:
    table, gray = catalogue({"a": (0, drawing(0)), "b": (1, drawing(0))})
    table["sha256"] = ["one", "two"]
    copies = find_copies(
        table, gray, SETTINGS.model_copy(update={"symmetries": False})
    )
    assert as_ids(table, copies.pairs) == {("a", "b", "pixels", "identity")}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_changes_nothing(seed: int) -> None:
    images = planted()
    names = list(images)
    np.random.default_rng(seed).shuffle(names)
    table, gray = catalogue(images)
    expected = find_copies(table, gray, SETTINGS).pairs
    table, gray = catalogue({name: images[name] for name in names})
    pd.testing.assert_frame_equal(
        find_copies(table, gray, SETTINGS).pairs, expected
    )


def test_copies_of_a_thin_drawing_share_a_group() -> None:
    line = np.full((SIDE, SIDE), 255, np.uint8)
    line[100, 50:90] = 0
    table, gray = catalogue(
        {"a": (0, line), "b": (0, np.where(line, 254, 3).astype(np.uint8))}
    )
    copies = find_copies(table, gray, SETTINGS)
    assert as_ids(table, copies.pairs) == {("a", "b", "copy", "identity")}
    table = table.assign(source_id="", width=SIDE, height=SIDE)
    groups = group_copies(table, copies.pairs, copies.blurred, SETTINGS)
    assert groups.table["group"].tolist() == [0, 0]


def test_what_is_flat_at_64_px_is_like_nothing_once_blurred() -> None:
    speck = np.full((SIDE, SIDE), 255, np.uint8)
    speck[100, 100] = 128
    table, gray = catalogue({"a": (0, speck), "b": (0, drawing(0))})
    copies = find_copies(table, gray, SETTINGS)
    assert copies.flat == 1 and copies.blurred.any(axis=1).tolist() == [False, True]


def test_one_image_has_no_copies() -> None:
    table, gray = catalogue({"alone": (0, drawing(0))})
    assert find_copies(table, gray, SETTINGS).pairs.empty


def test_ssim_and_raw_cosine_find_what_the_copy_test_is_not_asked_for() -> None:
    table, gray = catalogue(planted())
    settings = SETTINGS.model_copy(update={"methods": ["ssim"]})
    ssim = as_ids(table, find_copies(table, gray, settings).pairs)
    assert ("shade", "shape", "ssim", "identity") in ssim
    assert not any("noisy" in pair[:2] for pair in ssim)  # another class
    settings = SETTINGS.model_copy(
        update={"methods": ["cosine"], "symmetries": False}
    )
    cosine = as_ids(table, find_copies(table, gray, settings).pairs)
    assert ("shade", "shape", "cosine", "identity") in cosine


def test_nearly_blank_images_are_no_copies_by_their_structure() -> None:
    specks = np.full((3, SIDE, SIDE), 255, np.uint8)
    specks[[0, 1, 2], [10, 60, 120], [20, 90, 200]] = 200
    table, gray = catalogue(
        {str(number): (0, speck) for number, speck in enumerate(specks)}
    )
    copies = find_copies(table, gray, SETTINGS)
    assert copies.pairs.empty and copies.flat == 3


def test_ssim_over_everything_sees_other_classes() -> None:
    dotted = drawing(0)
    dotted[100, 100] ^= 255
    table, gray = catalogue({"a": (0, drawing(0)), "b": (1, dotted)})
    settings = SETTINGS.model_copy(update={"methods": ["ssim"]})
    assert find_copies(table, gray, settings).pairs.empty
    settings = settings.model_copy(update={"ssim_scope": "global"})
    assert as_ids(table, find_copies(table, gray, settings).pairs) == {
        ("a", "b", "ssim", "identity")
    }


def test_a_shifted_drawing_is_a_variant() -> None:
    images = {"a": (0, drawing(0)), "b": (1, np.roll(drawing(0), 7, axis=1))}
    table, gray = catalogue(images)
    settings = SETTINGS.model_copy(update={"blurred_min": 0.8})
    assert as_ids(table, find_copies(table, gray, settings).pairs) == {
        ("a", "b", "variant", "identity")
    }


def test_test_images_meet_the_tests_that_need_no_label() -> None:
    images = {
        "train": (0, drawing(0)),
        "bytes": (-1, drawing(0)),
        "turned": (-1, turn(drawing(0), "rot90")),
        "shade": (-1, np.maximum(drawing(0), 3)),
        "other": (-1, drawing(1)),
    }
    table, gray = catalogue(images)
    copies = find_copies(table, gray, SETTINGS)
    ids = as_ids(table, copies.pairs)
    assert ("train", "bytes", "bytes", "identity") in ids
    assert ("train", "shade", "copy", "identity") in ids
    assert {pair[1] for pair in ids if pair[0] == "train"} == {
        "bytes",
        "turned",
        "shade",
    }
    assert len(copies.blurred) == 1


def test_two_test_images_make_no_pair() -> None:
    images = {str(number): (-1, drawing(0)) for number in range(3)}
    images["shade"] = (-1, np.maximum(drawing(0), 3))
    table, gray = catalogue(images | {"train": (0, drawing(1))})
    copies = find_copies(table, gray, SETTINGS)
    assert copies.pairs.empty and copies.tally.candidates["copy bound"] == 0


def test_the_symmetry_of_equal_files_is_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    monkeypatch.setattr(
        identity, "best_symmetry", lambda x, y: asked.append(1) or 0
    )
    table, gray = catalogue(
        planted()
    )  # "turned" is equal to two others by its pixels alone
    find_copies(table, gray, SETTINGS)
    assert len(asked) == 1


def test_every_pair_tells_the_cosine_of_its_ink() -> None:
    table, gray = catalogue(planted())
    pairs = find_copies(
        table, gray, SETTINGS.model_copy(update={"methods": ["ssim"]})
    ).pairs
    ink = pairs.set_index("tier")["ink"]
    assert ink["ssim"] > 0.999
    assert ink["bytes"] == 1


def test_the_tally_tells_steps_and_candidates() -> None:
    table, gray = catalogue(planted())
    tally = find_copies(table, gray, SETTINGS).tally
    assert set(tally.seconds) == STEPS
    assert tally.candidates["copy bound"] >= 4


def test_the_number_of_threads_changes_nothing() -> None:
    # 80 images: fewer make products too small for BLAS to share
    faded = [
        np.maximum(drawing(seed), 2 * seed).astype(np.uint8) for seed in range(40)
    ]
    images = {f"{seed:02d}": (seed % 3, drawing(seed)) for seed in range(40)}
    images |= {
        f"{seed:02d}-faded": (seed % 3, gray) for seed, gray in enumerate(faded)
    }
    table, gray = catalogue(images)
    results = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            results.append(find_copies(table, gray, SETTINGS))
    assert len(results[0].pairs) >= 40
    pd.testing.assert_frame_equal(
        results[0].pairs, results[1].pairs, check_exact=True
    )
    np.testing.assert_array_equal(results[0].blurred, results[1].blurred)
    assert results[0].tally.candidates == results[1].tally.candidates


def test_every_method_of_the_settings_has_its_function_and_its_tier() -> None:
    assert set(METHODS) == set(Method.__args__)
    assert [tier for tier in TIERS if tier in METHODS] == list(METHODS)


def test_the_three_lines_of_the_docstring_find_the_copies_of_plain_arrays() -> None:
    lines = (find_copies.__doc__ or "").split("Example:")[1].split("Args:")[0]
    code = [line.split(">>> ")[1] for line in lines.splitlines() if ">>>" in line]
    assert len(code) == 3
    gray = np.stack([drawing(0), drawing(1), np.maximum(drawing(0), 3)])
    names = {
        "gray": gray,
        "describe_images": identity.describe_images,
        "find_copies": find_copies,
        "DedupParams": DedupParams,
    }
    exec("\n".join(code[:2]), names)
    table = eval(code[2], names)
    assert table[["a", "b", "tier"]].to_numpy().tolist() == [[0, 2, "copy"]]
    assert table["score"].iloc[0] > 0.99


def test_images_in_memory_are_described_as_the_pipeline_does() -> None:
    table, gray = catalogue(
        {str(place): (place, drawing(place)) for place in range(3)}
    )
    described = identity.describe_images(gray, np.arange(3))
    columns = ["split", "label", "sha256", "digest"]
    pd.testing.assert_frame_equal(described[columns], table[columns])
    assert described["id"].tolist() == ["000000", "000001", "000002"]
    assert identity.describe_images(gray)["label"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, g: (t.drop(columns="digest"), g), "received none named digest"),
        (lambda t, g: (t, g[..., None]), r"received \(2, 224, 224, 1\) uint8"),
        (lambda t, g: (t, g[:, :200]), r"received \(2, 200, 224\) uint8"),
        (lambda t, g: (t, g / 255), r"received \(2, 224, 224\) float64"),
        (lambda t, g: (t[::-1], g), "a test image before a train image"),
    ],
)
def test_what_it_cannot_search_it_refuses(change, message: str) -> None:
    table, gray = change(*catalogue({"a": (0, drawing(0)), "b": (-1, drawing(0))}))
    with pytest.raises(InputError, match=message):
        find_copies(table, gray, SETTINGS)


def test_white_paper_is_no_copy_by_its_raw_pixels() -> None:
    specks = np.full((2, SIDE, SIDE), 255, np.uint8)
    specks[[0, 1], [10, 60], [20, 90]] = 200
    table, gray = catalogue({str(place): (0, specks[place]) for place in range(2)})
    settings = SETTINGS.model_copy(update={"methods": ["cosine"]})
    assert find_copies(table, gray, settings).pairs.empty


def test_what_an_earlier_test_decided_meets_no_bound_of_a_later_one() -> None:
    table, gray = catalogue(
        {"a": (0, drawing(0)), "b": (0, np.maximum(drawing(0), 3))}
    )
    copies = find_copies(table, gray, SETTINGS)
    assert copies.pairs["tier"].tolist() == ["copy"]
    assert copies.tally.candidates["ssim coarse bound"] == 0


def test_as_many_variants_are_aligned_as_the_settings_allow_an_image() -> None:
    images = {
        str(shift): (0, np.roll(drawing(0), shift, axis=1)) for shift in range(3)
    }
    table, gray = catalogue(images)
    changes = {"methods": ["variant"], "variants_per_image": 1, "blurred_min": 0.5}
    tally = find_copies(table, gray, SETTINGS.model_copy(update=changes)).tally
    assert tally.candidates["variant aligned"] == 3  # three pairs of three images
    assert tally.candidates["variant left out"] == 0
