"""`croquis sources`: a train.csv that says which images were made from which."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.text import counted

if TYPE_CHECKING:  # these take a second to import, the help should not
    import numpy as np
    import pandas as pd

    from croquis.dedup.derived.derived_files import Derived

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
        for line in _write(out, index, gray224, columns):
            typer.echo(line)


def _write(out: Path, index: Path, gray224: Path, columns: Path) -> list[str]:
    """Writes the table; what to say about it."""
    from croquis.core.files import atomic_write
    from croquis.tables.fold_tables import read_columns, read_index

    _check_files(out, (index, gray224, columns))
    images, derived = _find(read_index(index), gray224)
    table = _table(images, derived.source, read_columns(columns))
    with atomic_write(out) as draft:
        table.to_csv(draft, index=False)
    made = table[table["source_id"] != ""]
    return [
        f"{counted(len(made), 'file looks', 'files look')} made from others, of {len(table):,}:",
        *(
            f"  {row.image_path} from {row.source_id}"
            for row in made.head(3).itertuples()
        ),
        *_directions(derived),
        *_unplaced(table, made),
        f"{out}: look at it, and put it into your data as train.csv",
    ]


def _check_files(out: Path, inputs: Iterable[Path]) -> None:
    """Raises InputError where prepare has not run, or `out` would replace a file."""
    for path in inputs:
        if not path.is_file():
            expected = "what prepare leaves"
            fix = "say `dvc repro prepare`"
            raise InputError(path, expected=expected, received="no file", fix=fix)
    if out.exists():
        received = "one that exists"
        fix = "name another one with --out"
        raise InputError(out, expected="a new file", received=received, fix=fix)


def _find(index: "pd.DataFrame", gray224: Path) -> "tuple[pd.DataFrame, Derived]":
    """The training images by id, and which of them look made from which."""
    import numpy as np  # takes a second to import, the help should not

    from croquis.dedup.derived.derived_files import find_derived
    from croquis.dedup.derived.originals import strangeness
    from croquis.tables.arrays import open_images

    gray = open_images(gray224)
    images = index[index["split"] == "train"].sort_values("id")
    tests = index.index[index["split"] == "test"].to_numpy()
    strange = strangeness(gray, images.index.to_numpy(), tests)
    # Every image a group of its own: what dedup would join is derived, too.
    return images, find_derived(images, gray, np.arange(len(images)), strange)


def _directions(derived: "Derived") -> list[str]:
    """Which kinds of names were made from which, and how the original was told."""
    from croquis.dedup.derived.originals import RULES

    children = [place for place, of in enumerate(derived.source) if of != place]
    names = [
        (derived.affixes[place], derived.affixes[derived.source[place]])
        for place in children
    ]
    lines = [
        f"  {count:,} {made!r} from {repr(source) if source else 'the name alone'}"
        for (made, source), count in Counter(names).most_common(SHOWN)
        if made or source
    ]
    rules = Counter(RULES[derived.rule[place]] for place in children).most_common()
    if not rules:
        return lines
    by = ", ".join(f"{rule} ({count:,})" for rule, count in rules)
    return [*lines, f"which is the original was decided by {by}: look at it"]


def _unplaced(table: "pd.DataFrame", made: "pd.DataFrame") -> list[str]:
    """How many are neither made from others nor what others are made from."""
    alone = table[
        (table["source_id"] == "") & ~table["image_path"].isin(made["source_id"])
    ]
    without = len(table) - len(made)
    if alone.empty:
        return [f"{without:,} without a source: others were made from each of them"]
    sizes = alone["class_name"].value_counts()
    fewest = sizes.min()
    most = sizes.max()
    each = f"{fewest:,} to {most:,}" if fewest < most else f"{most:,}"
    return [
        f"{without:,} without a source; of {len(alone):,} of them nothing was found, {each} a "
        f"class in {counted(len(sizes), 'class', 'classes')}: look at these, they may be made from "
        "others, too, and then they need a source_id by hand"
    ]


def _table(
    images: "pd.DataFrame", source: "np.ndarray", columns: "pd.DataFrame"
) -> "pd.DataFrame":
    """train.csv: what it said, and source_id, which stays where there was one.

    Args:
        images: the training images, one a row.
        source: (N,) the row of what each was made from; its own where it was not.
        columns: all of the train.csv that prepare read.
    """
    import pandas as pd  # takes a second to import, the help should not

    paths = images["id"].str.removeprefix("train/").to_numpy()
    derived = source != range(len(source))
    stated = images["source_id"].str.removeprefix("train/").to_numpy()
    table = pd.DataFrame(
        {"image_path": paths, "target": images["label"].to_numpy()}
    )
    table["class_name"] = images["class_name"].to_numpy()
    table["source_id"] = [
        by_hand or (paths[of] if is_derived else "")
        for by_hand, of, is_derived in zip(stated, source, derived, strict=True)
    ]
    return table.merge(columns, on="image_path", how="left")
