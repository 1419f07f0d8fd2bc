"""check: what stands where this run would write, and all of params.yaml, before any work."""

from croquis.core import cli, params
from croquis.check.changed_defaults import changed_default_lines, committed_params
from croquis.check.files_in_the_way import refuse_obstacles
from croquis.check.imports import refuse_unlisted
from croquis.check.passed_before import check_once
from croquis.check.source_secrets import source_secret_lines
from croquis.check.weight_files import weight_file_lines
from croquis.core.files import atomic_write


def main(parameters: cli.File, checked: cli.File) -> None:
    """Reads <parameters>; writes the same words to <checked> whenever they make sense.

    DVC runs this each time, as a person's file may have come since.
    """
    tree = params.read(parameters)
    refuse_obstacles(tree)
    refuse_unlisted(tree)
    check_once(tree, parameters)
    lines = [
        *changed_default_lines(committed_params(parameters), tree),
        *source_secret_lines(tree),
        *weight_file_lines(tree),
    ]
    with atomic_write(checked) as draft:
        draft.write_text("params.yaml makes sense\n")
    for line in lines:
        cli.say(f"check: {line}")
    cli.say(f"check: {parameters} makes sense")


if __name__ == "__main__":
    cli.run(main)
