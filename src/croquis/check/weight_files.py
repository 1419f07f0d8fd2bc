"""Whether files of weights fit the networks that start from them, before anything is trained."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from croquis.core.errors import InputError
from croquis.recipes import probe_recipes, recipes


class Start(NamedTuple):
    """A network that begins with a file of weights."""

    where: str  # the block's key
    backbone: str
    pretrained: str
    image_size: int
    is_branch: bool  # of a stack
    has_imagenet_head: bool


def weight_file_lines(tree: dict[str, Any]) -> list[str]:
    """What is left out of the files of weights that members of the run start from, or chosen.

    Each is tried every time, as a file may be another one under the same name.

    Raises:
        InputError: if one cannot be read, or does not fit.
    """
    starts = list(dict.fromkeys(_starts(tree)))  # folds may share a file
    if not starts:
        return []
    # PyTorch and timm take seconds to import.
    from croquis.backbones.stacked import branch_size
    from croquis.check.file_trial import try_file
    from croquis.networks.imagenet_head import IMAGENET_CLASSES

    lines: dict[str, None] = {}
    for start in starts:
        size = start.image_size
        if start.is_branch:
            size = branch_size(start.backbone, size)
        classes = IMAGENET_CLASSES if start.has_imagenet_head else 2
        try:
            notes = try_file(
                start.backbone,
                start.pretrained,
                num_classes=classes,
                image_size=size,
            )
        except InputError as error:
            raise error.within(start.where) from None
        lines.update({f"{start.pretrained}: {note}": None for note in notes})
    return list(lines)


def _starts(tree: dict[str, Any]) -> Iterator[Start]:
    run = tree["run"]
    for key in run["models"]:
        for fold in run["folds"]:
            recipe = recipes.resolve_model(tree, key)
            recipe = recipes.recipe_of_fold(recipe, fold)
            for start in _of_block(f"models.{key}", recipe):
                is_imagenet = recipe.head_start == "imagenet"
                yield start._replace(has_imagenet_head=is_imagenet)
    for key in run["probes"]:
        embed = probe_recipes.resolve_probe(tree, key).embed
        yield from _of_block(f"probes.{key}.embed", embed)


def _of_block(
    where: str, block: recipes.ModelRecipe | probe_recipes.EmbedParams
) -> Iterator[Start]:
    is_stacked = isinstance(block.backbone, list)
    names = block.backbone if isinstance(block.backbone, list) else [block.backbone]
    files = block.pretrained
    for name, file in zip(
        names, files if isinstance(files, list) else [files], strict=False
    ):
        if isinstance(file, str) and file != "bundled":
            yield Start(where, name, file, block.image_size, is_stacked, False)
