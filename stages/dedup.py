"""dedup: finds the copies among the training images, and puts them into groups."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.dataset import train_only
from croquis.dataset.overrides import read_overrides
from croquis.dedup.derived_files import complaints
from croquis.dedup.groups import copies_of_test, copy_pairs
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.dedup.summary import dedup_lines, dedup_metrics
from croquis.dedup.train_only_copies import group_beside, without_test_copies
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
    settings = params.load(DedupParams, "dedup")
    gray = Pixels.open(index, gray224).array
    # Train first, and sorted by id, so that nothing depends on the order of files.
    images = read_index(index).sort_values(["split", "id"], ascending=[False, True])
    train = images[images["split"] == "train"]
    decided = read_overrides(overrides, train["id"].to_numpy())
    copies = find_copies(images, gray, settings)
    inside = copies.pairs[copies.pairs["b"] < len(train)]
    only = train_only.train_only(train, read_columns(columns))
    decided = without_test_copies(images, copies.pairs, only, settings, decided)
    with copies.tally.step("groups"):
        found = group_beside(train, inside, copies.blurred, settings, decided, only)
    said = complaints(train, gray, found.table["group"].to_numpy(), settings.derived)
    across = copies_of_test(images, copies.pairs)
    tables = {
        groups: found.table.sort_index(),
        duplicates: copy_pairs(train, found.pairs),
    }
    for path, table in (tables | {test_twins: across}).items():
        with atomic_write(path) as draft:
            table.to_csv(draft, index=False)
    beside = train_only.train_only_counts(found.table, only)
    counts = dedup_metrics(train, copies, found, across) | beside
    write_json(metrics, counts)
    said = (
        dedup_lines(counts, tests=len(images) - len(train))
        + train_only.train_only_lines(beside)
        + said
    )
    for line in said:
        cli.say(f"dedup: {line}")


if __name__ == "__main__":
    cli.run(main)
