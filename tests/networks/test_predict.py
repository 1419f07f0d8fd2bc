"""Prediction without chance, the same for any batch."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from croquis.backbones.backbones import build_backbone
from croquis.core.symmetries import turn
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.predict import average_probs, predict_logits, softmax
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware
from croquis.tables.samples import Samples

CPU = Hardware(torch.device("cpu"), None, False, 0)


def network(recipe: ModelParams) -> nn.Module:
    torch.manual_seed(0)
    rates = {"drop_rate": recipe.drop_rate, "drop_path_rate": recipe.drop_path_rate}
    return build_backbone(
        recipe.backbone, pretrained=False, num_classes=3, image_size=32, **rates
    )


@pytest.fixture
def held_out(drawn: Path) -> ImageDataset:
    """All fifteen images, not augmented."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    return ImageDataset(
        pixels, Samples.unlabelled(pixels.ids.to_numpy(dtype=str)), image_size=32
    )


@pytest.mark.parametrize(
    "backbone", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]
)
def test_predicting_twice_gives_the_same_bits(
    held_out: ImageDataset, recipe: Callable[..., ModelParams], backbone: str
) -> None:
    model = network(
        recipe(backbone=backbone, drop_rate=0.5, drop_path_rate=0.5)
    ).train()
    once, twice = (
        predict_logits(model, held_out, hardware=CPU, batch_size=4)
        for _ in range(2)
    )
    assert once.shape == (15, 3) and once.dtype == np.float32
    np.testing.assert_array_equal(once, twice)


def test_the_batch_size_does_not_change_predictions(
    held_out: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    model = network(recipe())
    single, all_at_once = (
        predict_logits(model, held_out, hardware=CPU, batch_size=size)
        for size in (1, 64)
    )
    np.testing.assert_allclose(single, all_at_once, atol=1e-5)


def test_a_batch_that_does_not_fit_is_predicted_in_parts(
    held_out: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Out of memory in a val pass used to end a training that had room for its own batches."""
    model = network(recipe())
    expected = predict_logits(model, held_out, hardware=CPU, batch_size=64)
    forward, seen = type(model).forward, []

    def tight(own: nn.Module, images: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        if len(images) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(own, images)

    monkeypatch.setattr(type(model), "forward", tight)
    with pytest.warns(UserWarning, match="out of memory: now 4 images at once"):
        found = predict_logits(model, held_out, hardware=CPU, batch_size=8)
    assert seen == [8, 4, 4, 4, 3]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_nothing_to_predict_gives_no_rows(
    drawn: Path, recipe: Callable[..., ModelParams]
) -> None:
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    empty = ImageDataset(
        pixels, Samples.unlabelled(np.array([], dtype=str)), image_size=32
    )
    found = predict_logits(network(recipe()), empty, hardware=CPU, batch_size=4)
    assert found.shape == (0, 3) and softmax(found).shape == (0, 3)


def test_a_view_is_the_prediction_of_the_turned_images(
    held_out: ImageDataset, recipe: Callable[..., ModelParams], drawn: Path
) -> None:
    model, options = network(recipe()), {"hardware": CPU, "batch_size": 4}
    found = predict_logits(model, held_out, view="rot90", **options)
    assert not np.allclose(
        found, predict_logits(model, held_out, **options), atol=1e-4
    )
    np.save(drawn / "pixels.npy", turn(np.load(drawn / "pixels.npy"), "rot90"))
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    samples = Samples.unlabelled(pixels.ids.to_numpy(dtype=str))
    again = predict_logits(
        model, ImageDataset(pixels, samples, image_size=32), **options
    )
    np.testing.assert_allclose(found, again, atol=1e-6)


def test_probabilities_are_averaged_over_views_and_none_is_predicted_twice() -> (
    None
):
    # Probabilities 1/4 and 3/4 under one view, 3/4 and 1/4 or 1/2 and 1/2 under others.
    odds = {"identity": 3, "flip_lr": 1 / 3, "flip_ud": 1, "rot180": 3}
    asked = []

    def logits_of(view: str) -> np.ndarray:
        asked.append(view)
        return np.array([[0.0, math.log(odds[view])]], np.float32)

    found = average_probs(
        logits_of, ["identity", "flip_lr"], ("identity", "flip_lr", "flip_ud")
    )
    np.testing.assert_allclose(found["identity"], [[0.5, 0.5]], atol=1e-7)
    np.testing.assert_array_equal(found["flip_lr"], found["identity"])
    np.testing.assert_allclose(
        found["flip_ud"], [[(1 / 2 + 1 / 4) / 2, (1 / 2 + 3 / 4) / 2]]
    )
    assert sorted(asked) == sorted(odds)


def test_one_view_costs_no_bit() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    (found,) = average_probs(
        lambda view: logits, ["identity"], ("identity",)
    ).values()
    np.testing.assert_array_equal(found, softmax(logits))


def test_softmax_by_hand() -> None:
    found = softmax(np.array([[0.0, math.log(3)], [1000.0, 0.0]], np.float32))
    np.testing.assert_allclose(found, [[0.25, 0.75], [1, 0]], atol=1e-7)
    assert found.dtype == np.float32
