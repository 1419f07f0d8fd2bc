"""dedup: finds the copies among the training pictures, and puts them into groups."""

import time

import numpy as np

from croquis import cli, params
from croquis.dedup.groups import grouped, listed, summary
from croquis.dedup.pairs import find_copies
from croquis.dedup.settings import DedupParams
from croquis.errors import InputError
from croquis.files import whole, write_json
from croquis.parts import read_index


def main(
    index: cli.File, gray224: cli.File, groups: cli.File, duplicates: cli.File, metrics: cli.File
) -> None:
    """Reads <index>, <gray224>; writes <groups>, pairs to <duplicates>, counts to <metrics>."""
    settings, started = params.load(DedupParams, "dedup"), time.monotonic()
    everything, gray = read_index(index), np.load(gray224, mmap_mode="r")
    if len(gray) != len(everything):
        received, fix = f"{len(gray):,}", "rerun prepare"
        raise InputError(
            gray224, expected=f"{len(everything):,} pictures", received=received, fix=fix
        )
    # Sorted by id, so that nothing depends on the order of files; test pictures change nothing.
    pictures = everything[everything["split"] == "train"].sort_values("id")
    copies = find_copies(pictures, gray, settings)
    table = grouped(pictures, copies.pairs, settings)
    found = summary(pictures, copies, table)
    for path, content in {groups: table, duplicates: listed(pictures, copies.pairs)}.items():
        with whole(path) as draft:
            content.to_csv(draft, index=False)
    write_json(metrics, found)
    pairs = ", ".join(f"{count:,} by {tier}" for tier, count in found["pairs"].items())
    cli.say(f"dedup: {found['pictures']:,} pictures in {found['groups']:,} groups; pairs: {pairs}")
    cli.say(
        f"dedup: biggest group {found['biggest_group']}, {found['conflicts']} groups with several "
        f"labels, {found['dropped']} dropped, {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    cli.run(main)
