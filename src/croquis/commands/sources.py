"""`croquis sources`: a train.csv that says which images were made from which."""

from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.text import counted

SHOWN = 12  # kinds of names that are counted


def sources(
    out: Annotated[Path, typer.Option(help="the train.csv to write")] = Path(
        "train_sources.csv"
    ),
    index: Annotated[Path, typer.Option(help="of the stage prepare")] = Path(
        "data/images/index.csv"
    ),
    gray224: Annotated[Path, typer.Option(help="of the stage prepare")] = Path(
        "data/images/gray224.npy"
    ),
    columns: Annotated[Path, typer.Option(help="of the stage prepare")] = Path(
        "data/images/columns.csv"
    ),
) -> None:
    """Writes a train.csv with source_id: what names and edges say of offline copies. Look at it."""
    with cli.one_line():
        for line in _written(out, index, gray224, columns):
            typer.echo(line)


def _written(out: Path, index: Path, gray224: Path, columns: Path) -> list[str]:
    import numpy as np  # these take a second to import, the help should not
    import pandas as pd

    from croquis.core.files import atomic_write
    from croquis.dedup.derived_files import find_derived
    from croquis.dedup.original_files import strangeness
    from croquis.tables.fold_tables import read_columns, read_index

    for path in (index, gray224, columns):
        if not path.is_file():
            fix = "say `dvc repro prepare`"
            raise InputError(
                path, expected="what prepare leaves", received="no file", fix=fix
            )
    if out.exists():
        fix = "name another one with --out"
        raise InputError(
            out, expected="a new file", received="one that exists", fix=fix
        )
    table = read_index(index)
    gray = np.load(gray224, mmap_mode="r")
    images = table[table["split"] == "train"].sort_values("id")
    tests = table.index[table["split"] == "test"].to_numpy()
    strange = strangeness(gray, images.index.to_numpy(), tests)
    # Every image a group of its own: what dedup would join is derived, too.
    found = find_derived(images, gray, np.arange(len(images)), strange)
    table = _table(images, found.source, read_columns(columns), pd)
    with atomic_write(out) as draft:
        table.to_csv(draft, index=False)
    made = table[table["source_id"] != ""]
    shown = [
        f"  {row.image_path} from {row.source_id}" for row in made.head(3).itertuples()
    ]
    return [
        f"{counted(len(made), 'file looks', 'files look')} made from others, of {len(table):,}:",
        *shown,
        *_directions(found),
        *_unplaced(table, made),
        f"{out}: look at it, and put it into your data as train.csv",
    ]


def _directions(found: Any) -> list[str]:
    """Which kinds of names were made from which, and how the original was told."""
    from collections import Counter

    from croquis.dedup.original_files import RULES

    children = [place for place, of in enumerate(found.source) if of != place]
    named = [
        (found.affixes[place], found.affixes[found.source[place]]) for place in children
    ]
    lines = [
        f"  {count:,} {made!r} from {of!r}"
        if of
        else f"  {count:,} {made!r} from the name alone"
        for (made, of), count in Counter(named).most_common(SHOWN)
        if made or of
    ]
    rules = Counter(RULES[found.rule[place]] for place in children).most_common()
    by = ", ".join(f"{rule} ({count:,})" for rule, count in rules)
    return (
        [*lines, f"which is the original was decided by {by}: look at it"]
        if rules
        else lines
    )


def _unplaced(table: Any, made: Any) -> list[str]:
    """How many are neither made from others nor what others are made from."""
    alone = table[
        (table["source_id"] == "") & ~table["image_path"].isin(made["source_id"])
    ]
    without = len(table) - len(made)
    if alone.empty:
        return [f"{without:,} without a source: others were made from each of them"]
    sizes = alone["class_name"].value_counts()
    each = (
        f"{sizes.min():,} to {sizes.max():,}"
        if sizes.min() < sizes.max()
        else f"{sizes.max():,}"
    )
    return [
        f"{without:,} without a source; of {len(alone):,} of them nothing was found, {each} a "
        f"class in {counted(len(sizes), 'class', 'classes')}: look at these, they may be made from "
        "others, too, and then they need a source_id by hand"
    ]


def _table(images: Any, source: Any, columns: Any, pd: Any) -> Any:
    """train.csv: what it said, and source_id, which stays where it was given."""
    path = images["id"].str.removeprefix("train/").to_numpy()
    derived = source != range(len(source))
    known = images["source_id"].str.removeprefix("train/").to_numpy()
    table = pd.DataFrame({"image_path": path, "target": images["label"].to_numpy()})
    table["class_name"] = images["class_name"].to_numpy()
    table["source_id"] = [
        given or (path[of] if seen else "")
        for given, of, seen in zip(known, source, derived, strict=True)
    ]
    return table.merge(columns, on="image_path", how="left")
