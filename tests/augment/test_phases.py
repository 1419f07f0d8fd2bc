"""A curriculum: what holds in which epoch."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from croquis.augment.augment import Augment
from croquis.augment.phases import Curriculum
from croquis.core.errors import InputError
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.recipes.recipes import ModelParams
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData

NOISE = np.random.default_rng(0).integers(0, 255, (16, 16), np.uint8)
PHASES = [
    {"from_epoch": 2, "augment": "flips", "lr_factor": 0.5},
    {
        "from_epoch": 4,
        "augment": {"preset": "flips", "ops": {"turn": None}},
        "lr_factor": 0.25,
    },
]


def test_each_phase_holds_until_the_next(
    recipe: Callable[..., ModelParams],
) -> None:
    settings = recipe(epochs=6, augment="none", phases=PHASES)
    curriculum = pickle.loads(
        pickle.dumps(Curriculum(settings, 0))
    )  # as a worker gets it
    assert [curriculum.lr_factor(epoch) for epoch in range(6)] == [
        1,
        1,
        0.5,
        0.5,
        0.25,
        0.25,
    ]
    alone = [
        Augment("none", 0),
        Augment("flips", 0),
        Augment(settings.phases[1].augment, 0),
    ]
    for epoch in range(6):
        for name in "abcd":
            image = curriculum(NOISE, epoch=epoch, name=name)
            expected = alone[epoch // 2](NOISE, epoch=epoch, name=name)
            np.testing.assert_array_equal(image, expected)


def test_a_phase_has_images_of_its_own_size(
    recipe: Callable[..., ModelParams], drawn: Path
) -> None:
    small = {"from_epoch": 1, "augment": "none", "lr_factor": 1.0, "image_size": 16}
    back = {"from_epoch": 3, "augment": "none", "lr_factor": 1.0}
    curriculum = Curriculum(
        recipe(epochs=4, image_size=32, phases=[small, back]), 0
    )
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    options = {"augment": curriculum, "size_at": curriculum.image_size}
    dataset = ImageDataset(pixels, data.train, image_size=32, **options)
    sides = [dataset[epoch, np.arange(2)].images.shape[1] for epoch in range(4)]
    assert sides == [32, 16, 16, 32]
    assert curriculum.image_sizes == {16, 32}
    assert (
        dataset.plain()[1, np.arange(2)].images.shape[1] == 32
    )  # batch norms of averages


@pytest.mark.parametrize("starts", [[3, 2], [2, 2], [6]])
def test_phases_out_of_order_are_refused(
    recipe: Callable[..., ModelParams], starts: list[int]
) -> None:
    phases = [
        {"from_epoch": start, "augment": "none", "lr_factor": 1.0}
        for start in starts
    ]
    with pytest.raises(
        InputError, match=r"phases: expected rising from_epoch below epochs \(6\)"
    ):
        Curriculum(recipe(epochs=6, phases=phases), 0)


def test_a_phases_slip_is_found_before_work(
    recipe: Callable[..., ModelParams],
) -> None:
    phases = [{"from_epoch": 1, "augment": "flip", "lr_factor": 1.0}]
    with pytest.raises(InputError, match="did you mean 'flips'"):
        Curriculum(recipe(phases=phases), 0)
