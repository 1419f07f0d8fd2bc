"""Whether the modules that run are those of this checkout: they are the ones that DVC hashes."""

from pathlib import Path

from croquis.core.errors import InputError

CLI = Path("src/croquis/core/cli.py")  # each checkout has this file
# Links to src/croquis. A checkout that was copied with `cp -rL` has folders in their place.
LINKS = (Path("stages/croquis"), Path("benchmarks/croquis"))


def refuse_other_checkout() -> None:
    """Raises InputError if the working folder is a checkout whose modules are not those that run.

    An environment holds the modules of the clone that it was made in. Stages take those beside
    them all the same, as Python looks into the folder of a script first: stages/croquis is a link.
    """
    running = Path(__file__).with_name(CLI.name)
    if not CLI.is_file() or CLI.samefile(running):
        return
    fix = "`make setup` gives it an environment of its own; or begin with PYTHONPATH=src"
    copies = [link for link in LINKS if link.is_dir() and not link.is_symlink()]
    # No environment helps against these: Python looks there first.
    if any(running.resolve().is_relative_to(copy.resolve()) for copy in copies):
        paths = " ".join(map(str, copies))
        fix = f"folders stand in place of links; `rm -r {paths} && git checkout -- {paths}`"
    raise InputError(
        "croquis",
        expected=f"the modules of this checkout ({CLI.parents[1].absolute()})",
        received=f"those in {running.parents[1]}",
        fix=fix,
    )
