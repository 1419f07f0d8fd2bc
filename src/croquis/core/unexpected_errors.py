"""An error that croquis did not expect: one line for the terminal, the traceback in a file."""

import os
import platform
import shlex
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType

from croquis.core.addresses import hide_secrets
from croquis.core.errors import InputError
from croquis.core.files import root

FOLDER = Path(".resume/errors")
KEPT = 20  # files; older ones go
LONGEST = 300  # characters of an error's words
LIBRARIES = ("torch", "timm", "numpy", "pandas", "mlflow")


def wants_traceback() -> bool:
    """Whether CROQUIS_TRACEBACK asks for the traceback itself, as while debugging."""
    return os.environ.get("CROQUIS_TRACEBACK", "0") not in ("", "0")


def explain_error(error: BaseException) -> InputError:
    """The error in our three parts; its traceback is in a file of .resume/errors afterwards."""
    text = "".join(traceback.format_exception(error))
    try:
        place = f"the traceback is in {_keep(text)}"
    except (
        Exception
    ):  # a full disk may be what this is about, and no line may be lost
        place = "CROQUIS_TRACEBACK=1 shows the traceback"
    return InputError(
        _where(),
        expected="no error of Python's",
        received=f"{type(error).__name__}: {_words(error)}{_line(error)}",
        fix=f"{place}; docs/troubleshooting.md says what to do with it",
    )


def print_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """For sys.excepthook: what fails while modules are imported ends in one line, too."""
    if issubclass(kind, SystemExit | KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    elif wants_traceback():
        text = "".join(traceback.format_exception(kind, error, trace))
        print(hide_secrets(text), file=sys.stderr, end="")
    else:
        print(f"error: {explain_error(error)}", file=sys.stderr)


def _where() -> str:
    """The stage as DVC has it, or the command."""
    script = Path(sys.argv[0]).stem if sys.argv else ""
    command = " ".join([script, *sys.argv[1:2]]) if script == "croquis" else script
    return os.environ.get("DVC_STAGE") or command or "python"


def _words(error: BaseException) -> str:
    """What an error says, in one line."""
    try:
        text = str(error)
    except Exception as second:  # a class of an error may have a fault, too
        text = f"no words, as its own __str__ raises {type(second).__name__}"
    lines = [line for line in text.splitlines() if line.strip()] or ["no words"]
    # A worker process hands over its own traceback, which ends with what it says.
    is_traceback = any(line.startswith("Traceback (") for line in lines[:3])
    line = " ".join((lines[-1] if is_traceback else lines[0]).split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def _line(error: BaseException) -> str:
    """Where in croquis it happened; else where at all."""
    frames = traceback.extract_tb(error.__traceback__)
    homes = (f"{Path(__file__).parents[1]}/", str(Path(sys.argv[0]).absolute()))
    ours = [frame for frame in frames if frame.filename.startswith(homes)]
    if not frames:
        return ""
    last = (ours or frames)[-1]
    return f" ({'/'.join(Path(last.filename).parts[-2:])}, line {last.lineno})"


def _keep(text: str) -> Path:
    """The new file of .resume/errors with a traceback and what ran."""
    folder = root() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = _where().replace("/", "_").replace(" ", "_")
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}-{os.getpid()}.txt"
    words = hide_secrets(_surroundings() + text)
    path.write_text(words, encoding="utf-8", errors="backslashreplace")
    for old in sorted(folder.glob("*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path.relative_to(root())


def _surroundings() -> str:
    """The command, Python and the platform, and the versions of libraries; a line each."""
    versions = {name: _version(name) for name in LIBRARIES}
    loaded = [f"{name} {version}" for name, version in versions.items() if version]
    system = f"Python {platform.python_version()}, {platform.platform()}"
    libraries = ", ".join(loaded) or "no libraries loaded"
    return f"{shlex.join(sys.argv)}\n{system}\n{libraries}\n\n"


def _version(module: str) -> str:
    """The version of a module that is loaded, or nothing."""
    return str(getattr(sys.modules.get(module), "__version__", ""))
