"""Which clone's modules run: DVC hashes those of the checkout that it works in."""

from pathlib import Path

from croquis.core.errors import InputError

OWN = Path("src/croquis/core/cli.py")
LINKS = (
    Path("stages/croquis"),
    Path("benchmarks/croquis"),
)  # a copy with `cp -rL` has folders


def refuse_other_checkout() -> None:
    """Raises InputError if the working folder is a checkout whose modules are not those that run.

    An environment holds the modules of the clone that it was made in. Stages take those beside
    them all the same, as Python looks into the folder of a script first: stages/croquis is a link.
    """
    running = Path(__file__).with_name(OWN.name)
    if OWN.is_file() and not OWN.samefile(running):
        fix = "`make setup` gives it an environment of its own; or begin with PYTHONPATH=src"
        copied = [link for link in LINKS if link.is_dir() and not link.is_symlink()]
        # No environment helps against these: Python looks there first.
        if any(running.resolve().is_relative_to(link.resolve()) for link in copied):
            fix = " ".join(map(str, copied))
            fix = f"folders stand in place of links; `rm -r {fix} && git checkout -- {fix}`"
        raise InputError(
            "croquis",
            expected=f"the modules of this checkout ({OWN.parents[1].absolute()})",
            received=f"those in {running.parents[1]}",
            fix=fix,
        )
