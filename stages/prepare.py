"""prepare: reads every image once, into a few big arrays and an index."""

import numpy as np

from croquis.core import cli, params
from croquis.core.files import atomic_write
from croquis.prepare.labels import check_classes
from croquis.prepare.layout import read_layout
from croquis.prepare.packing import PrepareParams, pack
from croquis.prepare.solution import read_solution


def main(
    raw: cli.File,
    solution: cli.File,
    index: cli.File,
    pixels: cli.File,
    gray224: cli.File,
    quarantine: cli.File,
    columns: cli.File,
    sample: cli.File,
    test_labels: cli.File,
) -> None:
    """Reads the folder <raw>; writes its images to <pixels> and, gray and small, to <gray224>.

    Row i of the arrays is row i of <index>. <quarantine> lists the unreadable training images,
    <columns> has what train.csv says besides, <sample> is the submission's template. <test-labels>
    are those of <solution>, checked: none where it is not known.
    """
    prepare = params.load(PrepareParams, "prepare")
    layout = read_layout(raw)
    check_classes(layout.images, layout.columns, raw)
    truth, further = read_solution(solution, layout)
    with atomic_write(pixels) as pixels_draft, atomic_write(gray224) as gray_draft:
        packed = pack(layout.images, raw, prepare, pixels_draft, gray_draft)
    tables = {
        index: packed.index,
        quarantine: packed.quarantine,
        columns: layout.columns,
    }
    for path, table in (tables | {sample: layout.sample, test_labels: truth}).items():
        with atomic_write(path) as draft:
            table.to_csv(draft, index=False)
    for note in layout.notes + further:
        cli.say(f"prepare: {note}")
    count = packed.index["split"].value_counts()
    classes = packed.index["label"].max() + 1
    colour = "gray" if np.load(pixels, mmap_mode="r").ndim == 3 else "colour"
    cli.say(
        f"prepare: {count['train']:,} train and {count.get('test', 0):,} test images of"
        f" {classes:,} classes, {prepare.image_size} px {colour}"
    )
    for note in packed.notes(quarantine):
        cli.say(f"prepare: {note}")


if __name__ == "__main__":
    cli.run(main)
