"""embed: every picture's features from a frozen backbone, once for all folds and heads."""

from croquis import cli, params
from croquis.data.pixels import Pixels
from croquis.models import stacked
from croquis.models.backbones import interpolation
from croquis.parts import read_index
from croquis.training.batches import Pictures
from croquis.training.embedding import embeddings
from croquis.training.features import save
from croquis.training.hardware import hardware
from croquis.training.probe_recipes import EmbedParams
from croquis.training.samples import Samples


def main(probe: cli.Name, index: cli.File, pixels: cli.File, features: cli.File) -> None:
    """Reads all pictures; writes their <features> under the probe's views, with their ids."""
    recipe = params.checked(
        EmbedParams, params.read()["probes"][probe]["embed"], where=f"probes.{probe}.embed"
    )
    model = stacked.build(
        recipe.backbone, pretrained=recipe.pretrained, num_classes=0, image_size=recipe.image_size
    )
    ids = read_index(index)["id"].to_numpy(dtype=str)
    pictures = Pictures(
        Pixels.open(index, pixels),
        Samples.unlabelled(ids),
        image_size=recipe.image_size,
        interpolation=interpolation(recipe.backbone),
    )
    found = embeddings(model, pictures, views=recipe.views, hardware=hardware())
    save(features, ids, found)
    views, count, size = found.shape
    by = recipe.backbone if isinstance(recipe.backbone, str) else " + ".join(recipe.backbone)
    cli.say(f"embed: {count:,} pictures x {views} views, {size} features each, by {by}")


if __name__ == "__main__":
    cli.run(main)
