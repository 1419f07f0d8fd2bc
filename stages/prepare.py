"""prepare: reads every image once, into a few big arrays and an index."""

from croquis.core import cli, params
from croquis.core.files import atomic_write, write_json
from croquis.dataset.data_params import DataParams
from croquis.prepare.packing import PrepareParams
from croquis.prepare.preparing import prepare_images


def main(
    raw: cli.File,
    solution: cli.File,
    index: cli.File,
    pixels: cli.File,
    gray224: cli.File,
    quarantine: cli.File,
    columns: cli.File,
    sample: cli.File,
    form: cli.File,
    test_labels: cli.File,
) -> None:
    """Reads the folder <raw>; writes its images to <pixels> and, gray and small, to <gray224>.

    Row i of the arrays is row i of <index>. <quarantine> lists the unreadable training images,
    <columns> has what train.csv says besides, <sample> is the submission's template, and <form>
    says what to fill in. <test-labels> are those of <solution>, checked: none where there is none.
    """
    prepared = prepare_images(
        raw,
        solution,
        params.load(PrepareParams, "prepare"),
        params.load(DataParams, "data"),
        pixels=pixels,
        gray224=gray224,
        quarantine=quarantine,
    )
    tables = {
        index: prepared.rows,
        quarantine: prepared.quarantine,
        columns: prepared.columns,
        sample: prepared.sample,
        test_labels: prepared.test_labels,
    }
    for path, table in tables.items():
        with atomic_write(path) as draft:
            table.to_csv(draft, index=False)
    write_json(form, prepared.form.model_dump(mode="json"))
    for note in prepared.notes:
        cli.say(f"prepare: {note}")


if __name__ == "__main__":
    cli.run(main)
