"""prepare: reads every picture once, into a few big arrays and an index."""

import numpy as np

from croquis import cli, params
from croquis.data.layout import read_layout
from croquis.data.packing import PrepareParams, pack
from croquis.files import whole


def main(
    raw: cli.File,
    index: cli.File,
    pixels: cli.File,
    gray224: cli.File,
    quarantine: cli.File,
    columns: cli.File,
    sample: cli.File,
) -> None:
    """Reads the folder <raw>; writes its pictures to <pixels> and, gray and small, to <gray224>.

    Row i of the arrays is row i of <index>. <quarantine> lists the unreadable training pictures,
    <columns> has what train.csv says besides, <sample> is the submission's template.
    """
    prepare = params.load(PrepareParams, "prepare")
    layout = read_layout(raw)
    with (
        whole(index) as index_draft,
        whole(pixels) as pixels_draft,
        whole(gray224) as gray_draft,
        whole(quarantine) as quarantine_draft,
        whole(columns) as columns_draft,
        whole(sample) as sample_draft,
    ):
        packed = pack(layout.pictures, raw, prepare, pixels_draft, gray_draft)
        packed.index.to_csv(index_draft, index=False)
        packed.quarantine.to_csv(quarantine_draft, index=False)
        layout.columns.to_csv(columns_draft, index=False)
        layout.sample.to_csv(sample_draft, index=False)
    for note in layout.notes:
        cli.say(f"prepare: {note}")
    count = packed.index["split"].value_counts()
    classes = packed.index["label"].max() + 1
    colour = "gray" if np.load(pixels, mmap_mode="r").ndim == 3 else "colour"
    cli.say(
        f"prepare: {count['train']:,} train and {count.get('test', 0):,} test pictures of"
        f" {classes:,} classes, {prepare.image_size} px {colour}"
    )
    if len(packed.quarantine):
        cli.say(f"prepare: {packed.left_out(quarantine)}")


if __name__ == "__main__":
    cli.run(main)
