"""What a stage reads, as it was when the stage began: nothing is written for other inputs.

DVC takes the hashes of parameters and code when a stage has ended (treeverse/dvc#11058). An edit
while it ran would be recorded as what made its results.
"""

import functools
import hashlib
import json
import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from croquis.core import files, params, pipeline
from croquis.core.errors import InputError

READ = Path(".resume/read")  # of the folder where a stage runs: what each has read
READ_BYTES = 2**24  # a dep up to this size is compared by its content, in some 20 ms
BYTECODE = "__pycache__"  # Python writes it as it loads; .dvcignore leaves it out, too
NAMED = 3  # changes that an error names
STARTUP_SECONDS = 600  # an older process is no stage that has just begun


@contextmanager
def watch_inputs(script: Path, options: Mapping[str, Any]) -> Iterator[None]:
    """Within the block no output of the stage is written once one of its inputs has changed.

    They are compared before each output takes its place, and when the block ends.

    Args:
        script: of the stage.
        options: of its command line.

    Raises:
        InputError: if an input changed.
    """
    entry = pipeline.entry_of(script, options)
    if entry is None:  # no pipeline here: nothing is recorded
        yield
        return
    inputs = Inputs(entry, script)
    outs = [path.absolute() for path in entry.outs]

    def ask(draft: Path, path: Path) -> None:
        if any(path.absolute().is_relative_to(out) for out in outs):
            inputs.check()

    files.before_writing.append(ask)
    try:
        yield
        inputs.check()
        inputs.note()
    finally:
        files.before_writing.remove(ask)


class Inputs:
    """The inputs of a stage at one moment.

    Args:
        entry: of dvc.yaml.
        script: of the stage.
    """

    def __init__(self, entry: pipeline.StageEntry, script: Path) -> None:
        self._entry = entry
        self._texts = {path: _text(path) for path in entry.params}
        self._states = {dep: _state(dep) for dep in entry.deps}
        self._code = {
            path.resolve(): path for dep in entry.deps for path in _code_of(dep)
        }
        self._written = {path: _written(path) for path in self._code}
        self._script = script.resolve()
        self._loaded = _loaded(self._code) | {self._script}
        self._refuse_unlisted()  # now, as it may be hours to the first output
        begun = _begun()
        now = time.time_ns()
        for path in self._loaded & set(self._code):
            # A time in the future is a clock of another machine.
            if begun is not None and begun < (self._written[path] or 0) <= now:
                self._refuse(
                    [f"{self._code[path]} was written while this was starting"]
                )

    def check(self) -> None:
        """Raises InputError if one of them has changed, or is code that dvc.yaml does not list."""
        self._refuse_unlisted()
        files_now = [*_file_changes(self._states), *self._swapped()]
        if changes := [*_param_changes(self._texts, self._entry.params), *files_now]:
            self._refuse(changes)

    def note(self) -> None:
        """Leaves what was looked at last, for the `dvc` that takes hashes after this process."""
        texts = {
            str(path): text and text.decode("latin-1")
            for path, text in self._texts.items()
        }
        keys = {str(path): names for path, names in self._entry.params.items()}
        states = {str(dep): state for dep, state in self._states.items()}
        path = note_path(self._entry.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"texts": texts, "keys": keys, "states": states}))

    def _swapped(self) -> Iterator[str]:
        # What was edited, loaded and put back looks as before, but another text of it has run.
        for path in sorted(_loaded(self._code) - self._loaded):
            if self._written[path] != _written(path):
                yield f"{self._code[path]} was written before it was loaded"

    def _refuse_unlisted(self) -> None:
        """`check` reads the imports of the code, and cannot see names that are made as it runs."""
        if found := sorted(_unlisted(self._script, self._entry.deps)):
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            stage = self._entry.name.partition("@")[0]
            dep = pipeline.dep_of(Path(found[0]))
            raise InputError(
                f"dvc.yaml, deps of {stage}",
                expected="all code that the stage loads",
                received=f"no {found[0]}{more}, which it has loaded",
                fix=f"add `- {dep}` to the deps of {stage} in dvc.yaml,"
                " or an edit of it makes nothing run again",
            )

    def _refuse(self, changes: list[str]) -> None:
        kept = (files.root() / ".resume" / self._entry.name.partition("@")[0]).is_dir()
        after = "it goes on from its state" if kept else "it begins anew"
        fix = f"nothing is recorded: put it back and give {repeat_command()} again: {after}"
        expected = "what it reads to stay as it was when it began"
        raise InputError(
            self._entry.name, expected=expected, received=_named(changes), fix=fix
        )


def note_path(name: str) -> Path:
    """Where a stage of this name leaves what it has read."""
    return READ / f"{quote(name, safe='@')}.json"


def refuse_changed(name: str) -> None:
    """Raises InputError if what a stage has read differs from its note; if it has one.

    Args:
        name: of the stage, as DVC has it.
    """
    try:
        note = json.loads(note_path(name).read_text())
    except (
        FileNotFoundError
    ):  # it does not end as ours do, or was restored without running
        return
    texts = {
        Path(p): text and text.encode("latin-1") for p, text in note["texts"].items()
    }
    keys = {Path(path): tuple(names) for path, names in note["keys"].items()}
    states = {Path(dep): state for dep, state in note["states"].items()}
    if changes := [*_param_changes(texts, keys), *_file_changes(states)]:
        expected = "what it has read to stay as it was until DVC has noted it"
        fix = "nothing is recorded: give the same command again, and it runs with what is there now"
        raise InputError(name, expected=expected, received=_named(changes), fix=fix)


def _param_changes(
    texts: Mapping[Path, bytes | None], keys: Mapping[Path, tuple[str, ...]]
) -> Iterator[str]:
    """Where files of parameters say something else than before under the keys that count."""
    for path, before in texts.items():
        after = _text(path)
        if after != before:
            yield from _differences(path, before, after, keys[path])


def _file_changes(states: Mapping[Path, Mapping[str, object]]) -> Iterator[str]:
    """Where deps are not as before."""
    for dep, before in states.items():
        after = _state(dep)
        for path in sorted({*before, *after}):
            if before.get(path) != after.get(path):
                how = "is gone" if path not in after else "is new"
                yield f"{path} {'changed' if path in before and path in after else how}"


def _named(changes: list[str]) -> str:
    more = len(changes) - NAMED
    return "; ".join(changes[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def repeat_command() -> str:
    """What a person gives to have this stage run again."""
    if "DVC_STAGE" not in os.environ:
        return f"`{shlex.join(['python', *sys.argv])}`"
    if "DVC_EXP_NAME" in os.environ:
        return "the same `dvc exp run`"
    return "`make repro`" if "MAKELEVEL" in os.environ else "`dvc repro`"


def _text(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _differences(
    path: Path, before: bytes | None, after: bytes | None, keys: tuple[str, ...]
) -> Iterator[str]:
    """What two texts of a file of parameters say differently under some keys; all, if none."""
    if before is None or after is None:
        yield f"{path} {'is gone' if after is None else 'is new'}"
        return
    if path.suffix not in (".yaml", ".yml"):
        yield f"{path} changed"
        return
    try:
        old, new = (params.parse(text, path) for text in (before, after))
    except InputError as error:
        yield str(error).partition("; ")[0]
        return
    for key, was, now in params.differences(old, new):
        if not keys or any(_holds(each, key) or _holds(key, each) for each in keys):
            yield f"{key}: {params.format_value(was)} -> {params.format_value(now)}"


def _holds(outer: str, inner: str) -> bool:
    """Whether a dotted key is, or lies in, another."""
    return f"{inner}.".startswith(f"{outer}.")


def _state(dep: Path) -> dict[str, object]:
    """Each file at or under `dep`, with a hash, or where they are big with size, time and inode.

    Big data is no user's to edit, and reading it takes as long as some stages.
    """
    # Text, not Path: a folder of raw data has ten thousands of files, and is looked at eight times.
    walked = [
        (here, names)
        for here, _, names in os.walk(dep)
        if BYTECODE not in Path(here).parts
    ]
    inside = [os.path.join(here, name) for here, names in walked for name in names]
    if dep.is_relative_to(pipeline.SOURCE):
        inside = [path for path in inside if pipeline.is_tracked(Path(path))]
    stats = {
        path: os.stat(path) for path in inside or [str(dep)] if os.path.isfile(path)
    }
    if sum(stat.st_size for stat in stats.values()) <= READ_BYTES:
        return {path: _digest(path) for path in stats}
    return {path: [s.st_size, s.st_mtime_ns, s.st_ino] for path, s in stats.items()}


def _code_of(dep: Path) -> Iterable[Path]:
    """The Python files that a dep is or holds, where it lists code."""
    if dep.suffix == ".py":
        return [dep]
    return dep.rglob("*.py") if dep.is_relative_to(pipeline.SOURCE) else []


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, hashlib.md5).hexdigest()  # as DVC's


def _written(path: Path) -> int | None:
    """When a file was last written, in ns; None where there is none."""
    return path.stat().st_mtime_ns if path.is_file() else None


def _loaded(code: Mapping[Path, Path]) -> set[Path]:
    """Those of the files that this process has loaded as modules."""
    names = {path.name for path in code}  # torch brings thousands of others
    places = [
        getattr(module, "__file__", None) or "" for module in list(sys.modules.values())
    ]
    alike = [place for place in places if os.path.basename(place) in names]
    return {Path(place).resolve() for place in alike} & set(code)


def _unlisted(script: Path, deps: Iterable[Path]) -> Iterator[str]:
    """The modules of this folder that this process has loaded, and that no dep is or holds.

    An __init__.py that is bare says nothing.
    """
    listed = [script, *(dep.resolve() for dep in deps)]
    for path in set(_modules_here()):
        bare = path.name == "__init__.py" and path.stat().st_size == 0
        if not bare and not any(path.resolve().is_relative_to(dep) for dep in listed):
            yield path.relative_to(Path.cwd()).as_posix()


def _modules_here() -> Iterator[Path]:
    """The files of the loaded modules that lie in this folder, but for Python's and libraries'."""
    here = Path.cwd()
    prefixes = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)}
    python = [prefix for prefix in prefixes if not here.is_relative_to(prefix)]
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if not isinstance(place, str):
            continue
        folder = _real(
            os.path.dirname(os.path.abspath(place))
        )  # stages/croquis is a link
        if not f"{folder}/".startswith(f"{here}/") or "site-packages" in folder:
            continue
        path = Path(folder, os.path.basename(place))
        # torch.ops says that it is in a file of no such place.
        if path.is_file() and not any(path.is_relative_to(prefix) for prefix in python):
            yield path


@functools.cache
def _real(folder: str) -> str:
    """Torch's thousands of modules lie in some hundreds of folders."""
    return os.path.realpath(folder)


def _begun() -> int | None:
    """When this process began, in ns since 1970, at most 10 ms late; None where nobody says."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[19]) + 1  # since the machine started
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, IndexError, ValueError):
        return None
    return time.time_ns() - int(age * 1e9) if age < STARTUP_SECONDS else None
