"""The features of all images for one probe, from params.yaml and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
from croquis.recipes.probe_recipes import embed_recipe
from croquis.runtime.hardware import hardware
from croquis.tables.fold_tables import read_index
from croquis.tables.samples import Samples


@dataclass(frozen=True)
class Embedding:
    """The features of all images for one probe.

    Attributes:
        ids: (N,) of the images.
        features: (V, N, D) float32 under V views.
        backbones: names of the backbones that computed them, joined by " + ".
        taken: how many images an earlier embed had computed.
    """

    ids: np.ndarray
    features: np.ndarray
    backbones: str
    taken: int


def embed_probe(probe: str, *, index: Path, pixels: Path) -> Embedding:
    """Embeds all images, training and test, as a probe of params.yaml says.

    What an earlier call has computed, which was killed or was for another probe, is taken from
    .resume/.

    Args:
        probe: a key of `probes`.
        index: index.csv.
        pixels: pixels.npy.

    Raises:
        InputError: if its weights have seen training images, or a feature is no number.
        SystemExit: when SIGTERM or SIGINT came; what is computed is kept then.
    """
    recipe = embed_recipe(probe)
    machine = hardware()
    rows = read_index(index)
    check_all(parents_of(recipe.pretrained), rows)
    ids = rows["id"].to_numpy(dtype=str)
    dataset = ImageDataset(
        Pixels.open(index, pixels),
        Samples.unlabelled(ids),
        image_size=recipe.image_size,
        interpolation=interpolation(recipe.backbone),
    )

    def compute(start: int) -> Iterator[np.ndarray]:
        model = stacked.build_frozen(
            recipe.backbone,
            pretrained=recipe.pretrained,
            image_size=recipe.image_size,
        )
        return embed_batches(
            model, dataset, views=recipe.views, hardware=machine, start=start
        )

    cache = CachedFeatures(embed_fingerprint(recipe, machine, index, pixels), ids)
    features, taken = resume_embedding(cache, len(ids), compute)
    backbone = recipe.backbone
    backbones = backbone if isinstance(backbone, str) else " + ".join(backbone)
    return Embedding(ids, features, backbones, taken)
