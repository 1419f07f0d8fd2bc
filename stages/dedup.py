"""dedup: finds the copies among the training images, and puts them into groups."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.dataset.dedup_overrides import read_overrides
from croquis.dedup.deduplicate import deduplicate, order_images
from croquis.dedup.settings import DedupParams
from croquis.images.pixels import Pixels
from croquis.tables.fold_tables import read_columns, read_index


def main(
    index: cli.File,
    gray224: cli.File,
    columns: cli.File,
    overrides: cli.File,
    groups: cli.File,
    duplicates: cli.File,
    test_twins: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <index>, <gray224>, <columns>, <overrides>; writes <groups>, <duplicates>, <metrics>.

    Test images with a copy in train go to <test-twins>, which the report alone reads.
    """
    images = order_images(read_index(index))
    train = images.loc[images["split"] == "train", "id"].to_numpy()
    result = deduplicate(
        images,
        Pixels.open(index, gray224).array,
        read_columns(columns),
        read_overrides(overrides, train),
        params.load(DedupParams, "dedup"),
    )
    tables = {
        groups: result.groups,
        duplicates: result.pairs,
        test_twins: result.test_copies,
    }
    for path, table in tables.items():
        with atomic_write(path) as draft:
            table.to_csv(draft, index=False)
    write_json(metrics, result.metrics)
    for line in result.lines:
        cli.say(f"dedup: {line}")


if __name__ == "__main__":
    cli.run(main)
