"""The gradients of a batch, whatever the micro-batches."""

from collections.abc import Callable

import pytest
import torch

from croquis.core.errors import InputError
from croquis.images.batches import ImageDataset
from croquis.recipes.recipes import ModelParams
from croquis.train.gradients import Gradients
from support.trainings import CPU, network, trained, weights_after


def test_micro_batches_add_up_to_the_batch(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    settings = {
        "backbone": "test_vit.r160_in1k",
        "batch_size": 6,
        "optimizer": "sgd",
    }
    whole = weights_after(dataset, recipe(**settings), lr=0.1)
    parts = weights_after(dataset, recipe(**settings, micro_batch=4), lr=0.1)
    for name, held in whole.items():
        torch.testing.assert_close(parts[name], held, atol=1e-5, rtol=1e-5)


def test_out_of_memory_halves_the_micro_batch_and_keeps_the_batch(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second part of the batch does not fit: the gradients of the first must not stay."""
    options = {
        "backbone": "test_vit.r160_in1k",
        "batch_size": 6,
        "optimizer": "sgd",
        "epochs": 1,
    }
    roomy = weights_after(dataset, recipe(**options), lr=0.1)
    settings = recipe(**options, micro_batch=3)
    seen, losses = [], Gradients._losses

    def tight(
        own: Gradients, images: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        seen.append(len(images))
        if len(seen) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return losses(own, images, targets)

    monkeypatch.setattr(Gradients, "_losses", tight)
    with pytest.warns(UserWarning, match="out of memory: now"):
        tightly = weights_after(dataset, settings, lr=0.1)
    assert seen == [3, 3, 2, 2, 2]
    for name, held in roomy.items():
        torch.testing.assert_close(tightly[name], held, atol=1e-5, rtol=1e-5)


def test_a_batch_done_again_counts_once_in_batch_norms(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first part was seen, then memory ended: batch norms used to see the batch twice."""
    settings = recipe(batch_size=6, epochs=1, micro_batch=3)
    seen, losses = [], Gradients._losses

    def tight(
        own: Gradients, images: torch.Tensor, targets: torch.Tensor
    ) -> torch.Tensor:
        found = losses(own, images, targets)
        seen.append(len(images))
        if len(seen) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return found

    with (
        monkeypatch.context() as patch,
        pytest.warns(UserWarning, match="out of memory: now"),
    ):
        patch.setattr(Gradients, "_losses", tight)
        tightly = weights_after(dataset, settings)
    assert seen == [3, 3, 2, 2, 2] and tightly["bn1.num_batches_tracked"] == 3
    roomy = weights_after(dataset, settings.model_copy(update={"micro_batch": 2}))
    for name, held in roomy.items():
        assert torch.equal(tightly[name], held), name


def test_no_room_for_one_image_is_an_error(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Gradients, "_losses", full)
    with (
        pytest.warns(UserWarning, match="out of memory"),
        pytest.raises(
            InputError, match=r"room for 1 of a batch's images.*grad_checkpointing"
        ),
    ):
        trained(recipe(), dataset)


def test_a_head_with_batch_norm_never_sees_a_lone_image(
    recipe: Callable[..., ModelParams],
) -> None:
    head = {"hidden": [4], "act": "relu", "norm": "batch", "dropout": 0.0}
    sizes = []
    for changes in ({"head": head}, {}):
        settings = recipe(batch_size=5, micro_batch=2, **changes)
        scaler = torch.amp.GradScaler("cpu", enabled=False)
        parts = Gradients(network(settings), settings, CPU, scaler)._parts(5)
        sizes.append([part.stop - part.start for part in parts])
    assert sizes == [[2, 3], [1, 2, 2]]
