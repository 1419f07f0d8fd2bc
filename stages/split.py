"""split: gives every training image its fold."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.dataset import train_only
from croquis.split.folds import SplitParams, split_metrics, with_folds
from croquis.tables.fold_tables import read_columns, read_groups, read_index


def main(
    index: cli.File,
    groups: cli.File,
    columns: cli.File,
    folds: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <index>, <groups>, <columns>; writes all images' <folds>, and counts to <metrics>."""
    settings = params.load(SplitParams, "split")
    seed = params.value("seed", int)
    images = read_index(index).query("split == 'train'")
    known = read_columns(columns)
    table = with_folds(images, read_groups(groups), known, settings, seed=seed)
    only = train_only.train_only_counts(table, train_only.train_only(images, known))
    found = split_metrics(table, settings) | only
    with atomic_write(folds) as draft:
        table.to_csv(draft, index=False)
    write_json(metrics, found)
    sizes = f"{found['fold_min']:,} to {found['fold_max']:,} scored images"
    cli.say(f"split: {settings.num_folds} folds of {sizes}, {found['groups']:,} groups")
    for line in train_only.train_only_lines(only):
        cli.say(f"split: {line}")
    if settings.domain is not None:
        domains = table["unit"].value_counts()
        sizes = f"{domains.min():,} to {domains.max():,} images"
        cli.say(f"split: {len(domains):,} domains of {sizes}, held apart by folds")
        if settings.group and found["copies_across_folds"]:
            count = f"{found['copies_across_folds']:,} images"
            cli.say(
                f"split: {count} have a copy in another fold: they train, and are not scored"
            )
    cli.say(
        f"split: under plain folds {found['plain_twins']:,} would have a copy on both sides"
    )
    if found["unscored_classes"]:
        cli.say(
            f"split: {found['unscored_classes']} classes train and are never scored"
        )


if __name__ == "__main__":
    cli.run(main)
