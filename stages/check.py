"""check: all of params.yaml, before any work."""

from croquis import cli, params
from croquis.checking import check
from croquis.files import whole


def main(parameters: cli.File, checked: cli.File) -> None:
    """Reads <parameters>; writes the same words to <checked> whenever they make sense."""
    check(params.read(parameters))
    with whole(checked) as draft:
        draft.write_text("params.yaml makes sense\n")
    cli.say(f"check: {parameters} makes sense")


if __name__ == "__main__":
    cli.run(main)
