"""An image's embedding depends on the image and the view alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from croquis.core import symmetries
from croquis.backbones import stacked
from croquis.backbones.backbones import build_backbone
from croquis.core.errors import InputError
from croquis.embed.embeddings import embed_images
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.runtime.hardware import Hardware
from croquis.tables.samples import Samples

CPU = Hardware(torch.device("cpu"), None, False, 0)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    backbone = "test_efficientnet.r160_in1k"
    return build_backbone(backbone, pretrained=False, num_classes=0, image_size=32)


def embedded(
    drawn: Path, model: torch.nn.Module, *views: str, **options
) -> np.ndarray:
    """All images of `drawn`, (V, 15, D)."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    samples = Samples.unlabelled(pixels.ids.to_numpy(dtype=str))
    images = ImageDataset(pixels, samples, image_size=32)
    return embed_images(model, images, views=list(views), hardware=CPU, **options)


def test_there_is_a_vector_for_each_image_and_view(drawn: Path, model) -> None:
    found = embedded(drawn, model, "identity", "flip_lr")
    assert found.shape == (2, 15, model.num_features) and found.dtype == np.float32
    assert not np.array_equal(found[0], found[1])


def test_the_batch_size_does_not_change_a_vector(drawn: Path, model) -> None:
    alone, together = (
        embedded(drawn, model, "identity", batch_size=size) for size in (1, 64)
    )
    np.testing.assert_allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3], ids=["gray", "rgb"])
@pytest.mark.parametrize("view", ["rot90", "flip_ud", "antitranspose"])
def test_a_view_is_the_embedding_of_the_turned_image(
    drawn: Path, model, view: str, channels: int
) -> None:
    sheets = np.load(drawn / "pixels.npy")
    if channels == 3:
        sheets = np.stack([sheets, 255 - sheets, sheets // 2], axis=-1)
        np.save(drawn / "pixels.npy", sheets)
    (found,) = embedded(drawn, model, view)
    planes = sheets.reshape(15, 32, 32, channels)
    turned = [
        symmetries.turn(planes[..., channel], view) for channel in range(channels)
    ]
    np.save(drawn / "pixels.npy", np.stack(turned, axis=-1).reshape(sheets.shape))
    np.testing.assert_allclose(
        found, embedded(drawn, model, "identity")[0], atol=1e-5
    )


def test_several_backbones_give_what_each_gives_alone_side_by_side(
    drawn: Path,
) -> None:
    names = [
        "test_convnext.r160_in1k",
        "resnet18.a1_in1k",
    ]  # of different mean and deviation
    torch.manual_seed(0)
    pair = stacked.build_network(
        names, pretrained=False, num_classes=0, image_size=32
    )
    found = embedded(drawn, pair, "identity", "rot90")
    alone = [
        embedded(drawn, branch, "identity", "rot90") for branch in pair.branches
    ]
    np.testing.assert_allclose(found, np.concatenate(alone, axis=2), atol=1e-5)


def test_a_feature_that_is_no_number_stops_and_names_its_image(
    drawn: Path, model
) -> None:
    """One overflow of float16 was stored in silence, and made every head of the probe nan."""

    def overflow(
        _: torch.nn.Module, given: tuple, found: torch.Tensor
    ) -> torch.Tensor:
        dark = given[0].mean(dim=(1, 2, 3)) == given[0].mean(dim=(1, 2, 3)).min()
        return torch.where(dark[:, None], torch.inf, found)

    hook = model.register_forward_hook(overflow)
    darkest = np.load(drawn / "pixels.npy").mean(axis=(1, 2)).argmin()
    name = Pixels.open(drawn / "index.csv", drawn / "pixels.npy").ids[darkest]
    try:
        with pytest.raises(
            InputError, match=f"finite features, received .* 1 of a batch, {name};"
        ):
            embedded(drawn, model, "identity", "rot90")
    finally:
        hook.remove()
