"""The section on augmentation: a sheet for each one in use, as the trainings draw it."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from croquis.augment.augment import PRESETS, Augment
from croquis.report.sections.augmentations import (
    BETWEEN,
    DRAWS,
    GAP,
    Use,
    augmentation_sheet,
    augmentations,
    presets,
    spread_ids,
    uses,
)
from croquis.report.templates import template
from support.leftovers import data_of, leave, recipe
from support.outline import Outline

FILTER = {"tiny": "bicubic"}
PHASES = [
    {"from_epoch": 2, "augment": "none", "lr_factor": 1.0},
    {"from_epoch": 3, "augment": "none", "lr_factor": 0.1},
    {"from_epoch": 4, "augment": "course", "lr_factor": 1.0},
]


def test_an_augmentation_is_shown_once_for_all_models_that_use_it(
    drawn: Path,
) -> None:
    leave(drawn)
    recipes = {
        "a": recipe(),
        "b": recipe(lr_mult=2.0),
        "c": recipe(augment="course"),
    }
    found = augmentations(
        recipes, dict.fromkeys(recipes, "bilinear"), 42, data_of(drawn)
    )
    named = {one.name: one.models for one in found}
    assert named == {
        "flips": ["a at 32 px", "b at 32 px"],
        "course": ["c at 32 px"],
    }
    assert found[1].words.endswith("tone (limit 0.2, p 0.2)")


def test_models_of_several_sizes_share_the_sheet_of_the_largest(
    drawn: Path,
) -> None:
    """Two sheets of one preset, at 80 and at 64 px, filled two screens with the same."""
    leave(drawn)
    recipes = {"small": recipe(image_size=16), "large": recipe(image_size=32)}
    filters, data = dict.fromkeys(recipes, "bicubic"), data_of(drawn)
    (one,) = augmentations(recipes, filters, 42, data)
    assert one.models == ["small at 16 px", "large at 32 px"]
    assert (
        one.uri
        == augmentations({"large": recipes["large"]}, filters, 42, data)[0].uri
    )


def test_a_curriculum_is_shown_phase_by_phase() -> None:
    found = uses(recipe(epochs=6, phases=PHASES))
    assert found == [Use("flips", 32, 0), Use("none", 32, 2), Use("course", 32, 4)]


def test_a_phases_images_are_shown_in_its_size() -> None:
    small = {
        "from_epoch": 0,
        "augment": "flips",
        "lr_factor": 1.0,
        "image_size": 16,
    }
    whole = {"from_epoch": 3, "augment": "flips", "lr_factor": 1.0}
    assert uses(recipe(epochs=6, phases=[small, whole])) == [
        Use("flips", 16, 0),
        Use("flips", 32, 3),
    ]


def test_the_draws_are_those_of_the_training(drawn: Path) -> None:
    leave(drawn)
    data = data_of(drawn)
    ids = spread_ids(data, 6)
    images = {
        name: data.pixels.array[row]
        for name, row in zip(ids, data.pixels.rows(ids), strict=True)
    }
    made = augmentation_sheet(Use("flips", 32, 2), 42, images)
    side = 32 + GAP
    assert made.shape == (6 * side, (1 + DRAWS) * side)
    np.testing.assert_array_equal(made[:32, :32], images[ids[0]])
    seen = Augment("flips", 42)(np.asarray(images[ids[1]]), epoch=4, name=ids[1])
    np.testing.assert_array_equal(
        made[side : side + 32, 3 * side : 3 * side + 32], seen
    )
    assert (made[32:side] == BETWEEN).all()


def test_images_are_shown_in_the_size_of_the_training_up_to_a_thumbnail() -> None:
    image = {"a": np.full((200, 200, 3), 255, np.uint8)}
    assert augmentation_sheet(Use("none", 24, 0), 0, image).shape == (
        24 + GAP,
        8 * (24 + GAP),
        3,
    )
    assert augmentation_sheet(Use("none", 160, 0), 0, image).shape == (
        96 + GAP,
        8 * (96 + GAP),
        3,
    )


def test_a_sheet_weighs_little_and_can_be_read(drawn: Path) -> None:
    leave(drawn)
    (one,) = augmentations({"tiny": recipe()}, FILTER, 42, data_of(drawn))
    kind, _, content = one.uri.partition(";base64,")
    assert kind == "data:image/webp" and len(content) < 100_000
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (
        8 * 35,
        6 * 35,
    )


def test_the_section_names_models_operations_and_epochs(drawn: Path) -> None:
    leave(drawn)
    found = augmentations(
        {"tiny": recipe(epochs=6, phases=PHASES)}, FILTER, 42, data_of(drawn)
    )
    outline = Outline(
        template("augmentations.html").render(augmentations=found, presets=[])
    )
    assert outline.open == [] and len(outline.addresses) == 3
    assert "flips of tiny at 32 px: hflip (p 0.5), vflip" in outline.text
    assert "none of tiny at 32 px from epoch 2 on: nothing" in outline.text
    assert (
        template("augmentations.html").render(augmentations=[], presets=[]).strip()
        == ""
    )


def test_few_images_make_a_small_sheet(drawn: Path) -> None:
    leave(drawn)
    assert len(spread_ids(data_of(drawn), 40)) == 12


def test_every_named_preset_has_a_sheet_whether_it_is_used_or_not(
    drawn: Path,
) -> None:
    """Whoever chose a preset had to train with it to see it."""
    leave(drawn)
    found = presets(32, 42, data_of(drawn))
    assert [one.name for one in found] == [
        name for name in PRESETS if name != "none"
    ]
    assert len({one.uri for one in found}) == len(found)
    assert sum(len(one.uri) for one in found) < 300_000
    used = augmentations({"tiny": recipe()}, FILTER, 42, data_of(drawn))
    text = template("augmentations.html").render(augmentations=used, presets=found)
    outline = Outline(text)
    assert outline.open == [] and len(outline.addresses) == 1 + len(found)
    assert "strong : crop (least 0.35, p 1.0)" in outline.text
