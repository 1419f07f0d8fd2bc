"""split: gives every training image its fold."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.split.settings import SplitParams
from croquis.split.splitting import split_images
from croquis.tables.fold_tables import read_columns, read_groups, read_index


def main(
    index: cli.File,
    groups: cli.File,
    columns: cli.File,
    folds: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <index>, <groups>, <columns>; writes all images' <folds>, and counts to <metrics>."""
    split = split_images(
        read_index(index),
        read_groups(groups),
        read_columns(columns),
        params.load(SplitParams, "split"),
        seed=params.value("seed", int),
    )
    with atomic_write(folds) as draft:
        split.folds.to_csv(draft, index=False)
    write_json(metrics, split.metrics)
    for note in split.notes:
        cli.say(f"split: {note}")


if __name__ == "__main__":
    cli.run(main)
