"""download: brings the data set that `data.source` names, verified, unpacked and out of junk."""

from croquis.core import cli, params
from croquis.dataset.data_params import DataParams
from croquis.download.sources import fetch


def main(checked: cli.File, raw: cli.File, solution: cli.File) -> None:
    """Writes the data set to the folder <raw>, the true test labels, if known, to <solution>.

    <checked> is not read: it says that params.yaml made sense.
    """
    wanted = params.load(DataParams, "data")
    for note in fetch(wanted, raw, solution):
        cli.say(f"download: {note}")
    cli.say(f"download: {wanted.source} is in {raw}")


if __name__ == "__main__":
    cli.run(main)
