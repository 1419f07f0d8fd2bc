"""dedup: finds the copies among the training pictures, and puts them into groups."""

import numpy as np

from croquis import cli, params
from croquis.dedup.groups import grouped, listed, twins
from croquis.dedup.overrides import read_overrides
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.dedup.summary import lines, summary
from croquis.errors import InputError
from croquis.files import whole, write_json
from croquis.parts import read_index


def main(
    index: cli.File,
    gray224: cli.File,
    overrides: cli.File,
    groups: cli.File,
    duplicates: cli.File,
    test_twins: cli.File,
    metrics: cli.File,
) -> None:
    """Reads <index>, <gray224>, <overrides>; writes <groups>, pairs to <duplicates>, <metrics>.

    Test pictures with a copy in train go to <test-twins>, which the report alone reads.
    """
    settings = params.load(DedupParams, "dedup")
    everything, gray = read_index(index), np.load(gray224, mmap_mode="r")
    if len(gray) != len(everything):
        expected, received = f"{len(everything):,} pictures", f"{len(gray):,}"
        raise InputError(gray224, expected=expected, received=received, fix="rerun prepare")
    # Train first, and sorted by id, so that nothing depends on the order of files.
    pictures = everything.sort_values(["split", "id"], ascending=[False, True])
    train = pictures[pictures["split"] == "train"]
    decided = read_overrides(overrides, train["id"].to_numpy())
    copies = find_copies(pictures, gray, settings)
    inside = copies.pairs[copies.pairs["b"] < len(train)]
    with copies.tally.step("groups"):
        found = grouped(train, inside, copies.blurred, settings, decided)
    across = twins(pictures, copies.pairs)
    tables = {
        groups: found.table.sort_index(),
        duplicates: listed(train, found.pairs),
        test_twins: across,
    }
    for path, table in tables.items():
        with whole(path) as draft:
            table.to_csv(draft, index=False)
    counts = summary(train, copies, found, across)
    write_json(metrics, counts)
    for line in lines(counts, tests=len(pictures) - len(train)):
        cli.say(f"dedup: {line}")


if __name__ == "__main__":
    cli.run(main)
