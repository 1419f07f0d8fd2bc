"""Averages of weights by hand, and the batch norms that belong to them."""

from collections.abc import Callable

import pytest
import torch

from croquis.backbones.backbones import normalise, statistics
from croquis.images.batches import ImageDataset, Shuffled
from croquis.networks.freezing import freeze
from croquis.recipes.recipes import ModelParams
from croquis.train.averaging import Averages
from croquis.train.engine import Trainer
from support.trainings import CPU, network, trained


def test_the_average_is_what_is_scored(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    plain, _ = trained(recipe(), dataset)
    assert plain.averaged is plain.model
    ema, _ = trained(recipe(ema_decay=0.9), dataset)
    latest, averaged = ema.model.state_dict(), ema.averaged.state_dict()
    assert latest.keys() == averaged.keys()
    assert not torch.equal(latest["conv_stem.weight"], averaged["conv_stem.weight"])


def test_the_mean_of_the_last_epochs_by_hand(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    settings = recipe(epochs=3, average_epochs=2)
    trainer = Trainer(
        network(settings), settings, dataset=dataset, hardware=CPU, seed=0
    )
    after = []
    for _ in trainer.epochs():
        after.append(trainer.model.conv_stem.weight.detach().clone())
        if len(after) == 1:
            assert trainer.averaged is trainer.model  # there is no mean yet
    found = trainer.averaged.conv_stem.weight
    torch.testing.assert_close(found, (after[1] + after[2]) / 2)


def test_the_mean_of_weights_takes_counters_as_cuda_would(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torch's default divided whole numbers on CUDA, and failed at the second epoch of the mean."""
    devices = "torch.optim.swa_utils._get_foreach_kernels_supported_devices"
    monkeypatch.setattr(devices, lambda: ["cpu"])
    trainer, _ = trained(recipe(epochs=3, average_epochs=3), dataset)
    assert trainer.averaged is not trainer.model


def test_the_running_average_by_hand(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """timm's warm-up needs the number of the update; without, .9 of the first weights is left."""
    after, update = [], Averages.after_update

    def noted(own: Averages, step: int) -> None:
        after.append(own._model.conv_stem.weight.detach().clone())
        update(own, step)

    monkeypatch.setattr(Averages, "after_update", noted)
    trainer, _ = trained(recipe(ema_decay=0.45), dataset)
    # 1 - (1 + s) ** (-2 / 3), at most .45, with s = step - 1: 0 twice, then .370, and .519 is cut.
    shares = [0.0, 0.0, 1 - 2 ** (-2 / 3), 0.45]
    average = None
    for weight, share in zip(after, shares, strict=True):
        average = (
            weight if average is None else share * average + (1 - share) * weight
        )
    torch.testing.assert_close(trainer.averaged.conv_stem.weight, average)


def test_the_mean_has_batch_norms_of_its_own(
    dataset: ImageDataset, recipe: Callable[..., ModelParams]
) -> None:
    """The mean of others' statistics fits no weights: torch recounts them after averaging, too."""
    trainer, _ = trained(recipe(epochs=3, average_epochs=2, drop_rate=0.5), dataset)
    mean, plain = trainer.averaged, dataset.plain()
    own, batches = (
        statistics(mean),
        Shuffled(plain, batch_size=3, seed=0, workers=0).epoch(3),
    )
    with torch.no_grad():
        seen = [mean.conv_stem(normalise(batch.images, own)) for batch in batches]
    of_means = torch.stack([found.mean(dim=(0, 2, 3)) for found in seen]).mean(
        dim=0
    )
    of_variances = torch.stack([found.var(dim=(0, 2, 3)) for found in seen]).mean(
        dim=0
    )
    assert len(seen) == 2 and mean.bn1.num_batches_tracked == 2
    torch.testing.assert_close(
        mean.bn1.running_mean, of_means, atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(
        mean.bn1.running_var, of_variances, atol=1e-4, rtol=1e-4
    )
    assert mean.bn1.momentum == trainer.model.bn1.momentum and not mean.bn1.training


def test_norms_that_are_frozen_stay_as_they_were(
    recipe: Callable[..., ModelParams],
) -> None:
    settings = recipe(epochs=1, average_epochs=1)
    model = network(settings)
    freeze(model, ["classifier"])
    averages = Averages(model, settings)
    averages.after_epoch(0)
    averages.after_all([torch.ones(4, 3, 32, 32)], CPU)
    before = model.state_dict()
    for name, held in averages.model.state_dict().items():
        assert torch.equal(held, before[name]), name


def test_a_network_without_batch_norms_is_shown_no_image(
    recipe: Callable[..., ModelParams],
) -> None:
    settings = recipe(epochs=1, average_epochs=1, backbone="test_vit.r160_in1k")
    averages = Averages(network(settings), settings)
    averages.after_epoch(0)
    averages.after_all(iter(lambda: pytest.fail("looked at"), None), CPU)
