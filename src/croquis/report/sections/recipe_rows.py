"""What ran: the settings of each training, in few words for the page and as they are below them."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from croquis.core.text import share, symmetry
from croquis.recipes.augment_params import AugmentParams
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadParams, ProbeRecipe
from croquis.recipes.recipes import ModelRecipe, TrainParams
from croquis.report.member_settings import MemberSettings
from croquis.tracking import logged_params

STARTS = {
    "random": "random start",
    "probe": "started by a probe",
    "imagenet": "started by rows of ImageNet's",
}


class RecipeRow(NamedTuple):
    """A member's recipe in few words."""

    member: str
    image_size: int
    epochs: int
    lr: str  # the peak
    steps: str  # what takes them, and the schedule of the lr
    batch_size: int
    augment: str
    loss: str
    head: str
    views: str


def recipe_rows(settings: MemberSettings) -> list[RecipeRow]:
    """One row a member, by its key."""
    models = [_model(key, recipe) for key, recipe in settings.models.items()]
    probes = [_probe(key, recipe) for key, recipe in settings.probes.items()]
    return sorted(models + probes)


def all_settings(settings: MemberSettings) -> list[tuple[str, list[str]]]:
    """All settings of all members: dotted keys, each with its value for each of `recipe_rows`."""
    recipes = {**settings.models, **settings.probes}
    flat = [
        logged_params.flat(recipes[key].model_dump()) for key in sorted(recipes)
    ]
    names = dict.fromkeys(name for values in flat for name in values)
    return [
        (name, [_plain(values[name]) if name in values else "" for values in flat])
        for name in names
    ]


def _model(key: str, recipe: ModelRecipe) -> RecipeRow:
    tuned = f", LoRA of rank {recipe.lora.rank} below it" if recipe.lora else ""
    return RecipeRow(
        member=key,
        image_size=recipe.image_size,
        epochs=recipe.epochs,
        lr=f"{recipe.lr:g}",
        steps=f"{recipe.optimizer}, {recipe.schedule}",
        batch_size=recipe.batch_size,
        augment=_augmentation(recipe),
        loss=_loss(recipe)
        + (", groups weigh alike" if recipe.group_weights else ""),
        head=f"{_shape(recipe.head)}, {STARTS[recipe.head_start]}{tuned}",
        views=_views(recipe.tta),
    )


def _probe(key: str, recipe: ProbeRecipe) -> RecipeRow:
    count = recipe.head.num_seeds
    seeds = f", the mean of {count} seeds" if count > 1 else ""
    return RecipeRow(
        member=key,
        image_size=recipe.embed.image_size,
        epochs=recipe.head.epochs,
        lr=f"{recipe.head.lr:g}",
        steps=f"{recipe.head.optimizer}, {recipe.head.schedule}",
        batch_size=recipe.head.batch_size,
        augment="none: frozen features",
        loss=_loss(recipe.head),
        head=f"{_shape(recipe.head.shape)}{seeds}",
        views=_views(recipe.embed.views),
    )


def _augmentation(recipe: TrainParams) -> str:
    """flips with tone, without turn; from epoch 5 strong at .50 of the lr; mixup 1 at .50"""
    parts = [_augment_words(recipe.augment)]
    for phase in recipe.phases:
        sized = f" at {phase.image_size} px" if phase.image_size else ""
        slower = (
            "" if phase.lr_factor == 1 else f" at {phase.lr_factor:g} of the lr"
        )
        parts.append(
            f"from epoch {phase.from_epoch} {_augment_words(phase.augment)}{sized}{slower}"
        )
    if recipe.mix and recipe.mix.prob:
        kinds = {"mixup": recipe.mix.mixup, "cutmix": recipe.mix.cutmix}
        drawn = " or ".join(
            f"{kind} {alpha:g}" for kind, alpha in kinds.items() if alpha
        )
        parts.append(f"{drawn} in {recipe.mix.prob:.0%} of batches")
    return "; ".join(parts)


def _augment_words(augment: str | AugmentParams) -> str:
    if isinstance(augment, str):
        return augment
    used = [name for name, strength in augment.ops.items() if strength is not None]
    unused = [name for name, strength in augment.ops.items() if strength is None]
    changes = {"with": used, "without": unused}
    words = [
        f"{word} {' and '.join(names)}" for word, names in changes.items() if names
    ]
    return " ".join([augment.preset, ", ".join(words)]).strip()


def _loss(recipe: TrainParams | HeadParams) -> str:
    start = f"{recipe.loss}_"  # of its parameters, such as focal_gamma
    parameters = [
        f" of {name.removeprefix(start)} {value:g}"
        for name, value in recipe
        if name.startswith(start)
    ]
    smoothed = (
        f", smoothing {share(recipe.label_smoothing, 2)}"
        if recipe.label_smoothing
        else ""
    )
    return "".join([recipe.loss, *parameters, smoothed])


def _shape(head: HeadShape) -> str:
    return (
        f"{'-'.join(map(str, head.hidden))} {head.act}" if head.hidden else "linear"
    )


def _views(views: Sequence[str]) -> str:
    return ", ".join(symmetry(view).removeprefix("second ") for view in views)


def _plain(value: Any) -> str:
    """As params.yaml would have it."""
    return value if isinstance(value, str) else json.dumps(value)
