"""check: what stands where this run would write, and all of params.yaml, before any work."""

from croquis import checked_before, cli, params
from croquis.files import whole
from croquis.imports import refuse_unlisted
from croquis.obstacles import refuse


def main(parameters: cli.File, checked: cli.File) -> None:
    """Reads <parameters>; writes the same words to <checked> whenever they make sense.

    DVC runs this each time, as a person's file may have come since: what takes seconds is left out
    where the same parameters passed.
    """
    tree = params.read(parameters)
    refuse(tree)
    refuse_unlisted(tree)
    state = checked_before.fingerprint(parameters)
    if not checked_before.passed(state):
        from croquis.checking import check  # PyTorch and timm take seconds to import

        check(tree)
        checked_before.remember(state)
    with whole(checked) as draft:
        draft.write_text("params.yaml makes sense\n")
    cli.say(f"check: {parameters} makes sense")


if __name__ == "__main__":
    cli.run(main)
