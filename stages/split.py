"""split: gives every training picture its fold."""

from croquis import cli, params
from croquis.files import whole, write_json
from croquis.folds import SplitParams, summary, with_folds
from croquis.parts import read_groups, read_index


def main(index: cli.File, groups: cli.File, folds: cli.File, metrics: cli.File) -> None:
    """Reads <index> and <groups>; writes each picture's fold to <folds>, counts to <metrics>."""
    settings, seed = params.load(SplitParams, "split"), params.value("seed", int)
    pictures = read_index(index).query("split == 'train'")
    table = with_folds(pictures, read_groups(groups), settings, seed=seed)
    found = summary(table, settings.num_folds)
    with whole(folds) as draft:
        table.to_csv(draft, index=False)
    write_json(metrics, found)
    sizes = f"{found['fold_min']:,} to {found['fold_max']:,} scored pictures"
    cli.say(f"split: {settings.num_folds} folds of {sizes}, {found['groups']:,} groups")
    cli.say(f"split: under plain folds {found['plain_twins']:,} would have a copy on both sides")
    if found["rare_classes"]:
        cli.say(f"split: {found['rare_classes']} classes train in every fold and are never scored")


if __name__ == "__main__":
    cli.run(main)
