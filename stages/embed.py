"""embed: every image's features from a frozen backbone, once for all folds and heads."""

from croquis.core import cli
from croquis.embed.probe_features import embed_probe
from croquis.tables.features import save


def main(
    probe: cli.Name, index: cli.File, pixels: cli.File, features: cli.File
) -> None:
    """Reads all images; writes their <features> under the probe's views, with their ids."""
    embedding = embed_probe(probe, index=index, pixels=pixels)
    save(features, embedding.ids, embedding.features)
    views, count, width = embedding.features.shape
    size = f"{count:,} images x {views} views, {width} features each"
    earlier = embedding.taken
    reused = f"; {earlier:,} taken from an earlier embed" if earlier else ""
    cli.say(f"embed: {size}, by {embedding.backbones}{reused}")


if __name__ == "__main__":
    cli.run(main)
