"""embed: every image's features from a frozen backbone, once for all folds and heads."""

from collections.abc import Iterator

import numpy as np

from croquis.core import cli
from croquis.backbones import stacked
from croquis.backbones.backbones import interpolation
from croquis.backbones.lineage import check_all, parents_of
from croquis.embed.cached_features import (
    CachedFeatures,
    embed_fingerprint,
    resume_embedding,
)
from croquis.embed.embeddings import embed_batches
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.recipes.probe_recipes import probe_recipe
from croquis.runtime.hardware import hardware
from croquis.tables.features import save
from croquis.tables.fold_tables import read_index
from croquis.tables.samples import Samples


def main(
    probe: cli.Name, index: cli.File, pixels: cli.File, features: cli.File
) -> None:
    """Reads all images; writes their <features> under the probe's views, with their ids."""
    recipe = probe_recipe(probe).embed
    machine = hardware()
    rows = read_index(index)
    check_all(parents_of(recipe.pretrained), rows)
    ids = rows["id"].to_numpy(dtype=str)
    backbone = recipe.backbone
    size = recipe.image_size
    images = ImageDataset(
        Pixels.open(index, pixels),
        Samples.unlabelled(ids),
        image_size=size,
        interpolation=interpolation(backbone),
    )

    def compute(start: int) -> Iterator[np.ndarray]:
        model = stacked.build_frozen(
            backbone, pretrained=recipe.pretrained, image_size=size
        )
        return embed_batches(
            model, images, views=recipe.views, hardware=machine, start=start
        )

    kept = CachedFeatures(embed_fingerprint(recipe, machine, index, pixels), ids)
    found, taken = resume_embedding(kept, len(ids), compute)
    save(features, ids, found)
    views, count, width = found.shape
    by = backbone if isinstance(backbone, str) else " + ".join(backbone)
    told = f"; {taken:,} taken from an earlier embed" if taken else ""
    cli.say(
        f"embed: {count:,} images x {views} views, {width} features each, by {by}{told}"
    )


if __name__ == "__main__":
    cli.run(main)
