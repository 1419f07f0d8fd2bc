"""The command line of a stage: its main function's signature, and one line where input was bad."""

import errno
import functools
import gc
import io
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis.core import ending, unexpected_errors
from croquis.core.addresses import hide_secrets
from croquis.core.checkout import refuse_other_checkout
from croquis.core.errors import InputError
from croquis.core.files import refuse_wrong_root, root
from croquis.core.full_disk import is_full_disk
from croquis.core.stage_files import leftovers, written_files
from croquis.core.stage_files.inputs import watch_inputs

# No telemetry: the hub's client, MLflow and gradio read these.
QUIET = {"DO_NOT_TRACK": "true", "GRADIO_ANALYTICS_ENABLED": "False"}
WHOLE = "each file is whole or absent"
USUAL_THRESHOLDS = gc.get_threshold()  # Python's own, for the garbage collector

File = Annotated[Path, typer.Option()]
Files = Annotated[list[Path], typer.Option()]  # the option comes once for each file
Name = Annotated[str, typer.Option()]
Number = Annotated[int, typer.Option()]


def set_environment() -> None:
    """Sets what libraries read when they are imported: no telemetry, and how long threads spin.

    Threads that wait spin 10,000 times, then sleep. libgomp's own 300,000 times are no faster
    alone, and four times slower beside two programs. Beside eight programs any spinning is slower
    (docs/training.md), so where the machine is crowded threads sleep at once.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    # GOMP_SPINCOUNT would outdo OMP_WAIT_POLICY, which the user may have set.
    if os.environ.get("OMP_WAIT_POLICY"):
        return
    # The load is that of all containers, and so is this number of cores.
    crowded = os.getloadavg()[0] > (os.cpu_count() or 1) + 1
    os.environ.setdefault("GOMP_SPINCOUNT", "0" if crowded else "10000")


def explain_import_errors() -> None:
    """An import that fails, as of a library that a machine lacks, ends in one line, too."""
    sys.excepthook = unexpected_errors.print_uncaught


def postpone_garbage_collection() -> None:
    """Python seldom searches for garbage until `start` is called.

    Libraries of networks are half a million objects that stay. Searching them after each 700 new
    ones, as Python does, and once more at the end, was a third of what a stage's start costs.
    """
    gc.set_threshold(50_000)


def end_with_dvc() -> None:
    """A stage ends when its DVC is killed, also while it still loads its libraries."""
    if "DVC_STAGE" in os.environ:
        ending.end_with_parent()


# At import, for the imports that come after this one: libgomp reads the environment once, when
# torch or scikit-learn load it.
set_environment()
explain_import_errors()
postpone_garbage_collection()
end_with_dvc()


def run(main: Callable[..., None]) -> None:
    """Runs `main` with the options of its signature; bad input ends with one line and status 1."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(_watch_inputs_of(main))
    start(app)


class Commands(typer.Typer):
    """Several commands in one program, which ends as stages do."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return start(super().__call__, *arguments, **options)


def start(program: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Runs a program of stages or commands: what goes wrong is one line, and status 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal may lack a letter that a file's or a class's name has.
        sys.stdout.reconfigure(errors="backslashreplace")
    gc.freeze()  # what has been imported is never searched again
    gc.set_threshold(*USUAL_THRESHOLDS)
    with ending.clean_end(), one_line():
        try:
            return program(*arguments, **options)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, a reader that has gone ends it as anywhere else


def _watch_inputs_of(main: Callable[..., None]) -> Callable[..., None]:
    """`main`, which ends as bad input where what it reads is edited meanwhile."""

    @functools.wraps(main)
    def run_and_watch(**options: Any) -> None:
        # The inner one sees a broken pipe first: typer ends any as if it were that of stdout.
        with one_line():
            leftovers.sweep_project()
            script = Path(sys.argv[0])
            with written_files.from_stage(), watch_inputs(script, options):
                main(**options)

    return run_and_watch


@contextmanager
def one_line() -> Iterator[None]:
    """Bad input, a disk that fails, any error at all ends the program with one line and status 1.

    CROQUIS_TRACEBACK=1 lets errors that are not ours through.
    """
    try:
        refuse_wrong_root()
        refuse_other_checkout()
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise  # with the command line's own words
    except (SystemExit, KeyboardInterrupt):  # ends that were asked for
        raise
    except InputError as error:
        sys.exit(f"error: {error}{_way_back()}")
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            sys.exit(128 + signal.SIGPIPE)
        if isinstance(error, OSError) and error.errno is not None:
            where = error.filename or "disk"
            reason = os.strerror(error.errno)
            sys.exit(f"error: {where}: {reason}; {WHOLE}{_way_back()}")
        if unexpected_errors.wants_traceback():
            raise
        if is_full_disk(error):  # in the words of a library
            reason = os.strerror(errno.ENOSPC)
            sys.exit(f"error: disk: {reason}; {WHOLE}{_way_back()}")
        sys.exit(f"error: {unexpected_errors.explain_error(error)}{_way_back()}")


def _nobody_reads() -> bool:
    """Whether stdout is a pipe whose reader has gone, as that of `| head`; then it is closed."""
    try:
        descriptor = sys.stdout.fileno()
    except (
        AttributeError,
        OSError,
        ValueError,
    ):  # no stdout, or one that is no file
        return False
    poll = select.poll()
    poll.register(descriptor, 0)  # asks for nothing but errors
    if not any(
        event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)
    ):
        return False
    # What is left in the buffer goes nowhere: Python would complain of it when it ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return True


def _way_back() -> str:
    """What `dvc exp run` leaves when a stage fails: its change of params.yaml, and outputs gone.

    Only where it works in the project's folder: a queued experiment has a folder of its own.
    """
    if "DVC_EXP_NAME" in os.environ and Path.cwd() == root().resolve():
        return "; `croquis undo` takes this experiment's changes back"
    return ""


def say(text: str) -> None:
    """Prints a line of a stage's summary."""
    typer.echo(hide_secrets(text))
