"""Trainings of tiny networks on the drawings of `drawn`, which tests of the engine look into."""

import torch
from torch import nn

from croquis.backbones.backbones import build_backbone
from croquis.images.batches import ImageDataset
from croquis.recipes.recipes import ModelRecipe
from croquis.runtime.hardware import Hardware
from croquis.train.engine import Epoch, Trainer

CPU = Hardware(torch.device("cpu"), None, False, 0)
SCALED = Hardware(torch.device("cpu"), None, True, 0)  # gradients as fp16 has them


def network(recipe: ModelRecipe, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    rates = {"drop_rate": recipe.drop_rate, "drop_path_rate": recipe.drop_path_rate}
    return build_backbone(
        recipe.backbone, pretrained=False, num_classes=3, image_size=32, **rates
    )


def begun(
    recipe: ModelRecipe,
    dataset: ImageDataset,
    *,
    lr: float = 1e-3,
    seed: int = 0,
    **changes: object,
) -> Trainer:
    """A trainer before its first update."""
    recipe = recipe.model_copy(update={"lr": lr})
    options = {"dataset": dataset, "hardware": CPU, "seed": seed} | changes
    return Trainer(network(recipe, seed), recipe, **options)


def trained(
    recipe: ModelRecipe, dataset: ImageDataset, **options: object
) -> tuple[Trainer, list[Epoch]]:
    trainer = begun(recipe, dataset, **options)
    return trainer, list(trainer.epochs())


def weights_after(
    dataset: ImageDataset, recipe: ModelRecipe, **options: object
) -> dict[str, torch.Tensor]:
    trainer, _ = trained(recipe, dataset, **options)
    return {
        name: held.clone() for name, held in trainer.averaged.state_dict().items()
    }
