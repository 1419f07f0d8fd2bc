"""What a stage reads, as it was when the stage began: nothing is written for other inputs.

DVC takes the hashes of parameters and code when a stage has ended (treeverse/dvc#11058). An edit
while it ran would be recorded as what made its results.
"""

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from croquis.core import files, params, pipeline
from croquis.core.errors import InputError
from croquis.core.stage_files import loaded_code
from croquis.core.stage_files.read_notes import (
    Note,
    note_path,
    read_note,
    write_note,
)

READ_BYTES = (
    2**24
)  # a dep up to this size is compared by its content, in some 20 ms
BYTECODE = (
    "__pycache__"  # Python writes it as it loads; .dvcignore leaves it out, too
)
NAMED = 3  # changes that an error names


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

    def check_before_output(draft: Path, path: Path) -> None:
        if any(path.absolute().is_relative_to(out) for out in outs):
            inputs.check()

    files.before_writing.append(check_before_output)
    try:
        yield
        inputs.check()
        inputs.note()
    finally:
        files.before_writing.remove(check_before_output)


class Inputs:
    """The inputs of a stage at one moment.

    Args:
        entry: of dvc.yaml.
        script: of the stage.
    """

    def __init__(self, entry: pipeline.StageEntry, script: Path) -> None:
        self._entry = entry
        self._texts = {path: _bytes_of(path) for path in entry.params}
        self._states = {dep: dep_state(dep) for dep in entry.deps}
        self._code = {
            path.resolve(): path for dep in entry.deps for path in _code_of(dep)
        }
        self._write_times = {path: _write_time(path) for path in self._code}
        self._script = script.resolve()
        self._loaded = loaded_code.loaded_files(self._code) | {self._script}
        self._refuse_unlisted()  # now, as it may be hours to the first output
        self._refuse_edits_at_start()

    def check(self) -> None:
        """Raises InputError if one of them has changed, or is code that dvc.yaml does not list."""
        self._refuse_unlisted()
        files_now = [*_file_changes(self._states), *self._swapped()]
        if changes := [
            *_param_changes(self._texts, self._entry.params),
            *files_now,
        ]:
            self._refuse(changes)

    def note(self) -> None:
        """Leaves what was looked at last, for the `dvc` that takes hashes after this process."""
        note: Note = {
            "texts": {
                str(path): None if text is None else text.decode("latin-1")
                for path, text in self._texts.items()
            },
            "keys": {
                str(path): list(names) for path, names in self._entry.params.items()
            },
            "states": {str(dep): state for dep, state in self._states.items()},
        }
        write_note(self._entry.name, note)

    def _swapped(self) -> Iterator[str]:
        # What was edited, loaded and put back looks as before, but another text of it has run.
        for path in sorted(loaded_code.loaded_files(self._code) - self._loaded):
            if self._write_times[path] != _write_time(path):
                yield f"{self._code[path]} was written before it was loaded"

    def _refuse_edits_at_start(self) -> None:
        began = loaded_code.process_start()
        if began is None:
            return
        now = time.time_ns()
        for path in self._loaded & set(self._code):
            # A time in the future is a clock of another machine.
            if began < (self._write_times[path] or 0) <= now:
                self._refuse(
                    [f"{self._code[path]} was written while this was starting"]
                )

    def _refuse_unlisted(self) -> None:
        """`check` reads the imports of the code, and cannot see names that are made as it runs."""
        modules = sorted(
            loaded_code.unlisted_modules(self._script, self._entry.deps)
        )
        if not modules:
            return
        more = f" and {len(modules) - 1} more" if len(modules) > 1 else ""
        stage = self._entry.name.partition("@")[0]
        dep = pipeline.dep_of(Path(modules[0]))
        raise InputError(
            f"dvc.yaml, deps of {stage}",
            expected="all code that the stage loads",
            received=f"no {modules[0]}{more}, which it has loaded",
            fix=f"add `- {dep}` to the deps of {stage} in dvc.yaml,"
            " or an edit of it makes nothing run again",
        )

    def _refuse(self, changes: list[str]) -> None:
        stage = self._entry.name.partition("@")[0]
        resumes = (files.root() / ".resume" / stage).is_dir()
        after = "it goes on from its state" if resumes else "it begins anew"
        raise InputError(
            self._entry.name,
            expected="what it reads to stay as it was when it began",
            received=_first_changes(changes),
            fix=f"nothing is recorded: put it back and give {repeat_command()} again:"
            f" {after}",
        )


def refuse_changed(name: str) -> None:
    """Raises InputError if what a stage has read differs from its note; if it has one.

    Args:
        name: of the stage, as DVC has it.
    """
    note = read_note(note_path(name))
    if note is None:
        return  # it does not end as ours do, or was restored without running
    texts = {
        Path(path): None if text is None else text.encode("latin-1")
        for path, text in note["texts"].items()
    }
    keys = {Path(path): tuple(names) for path, names in note["keys"].items()}
    states = {Path(dep): state for dep, state in note["states"].items()}
    if changes := [*_param_changes(texts, keys), *_file_changes(states)]:
        raise InputError(
            name,
            expected="what it has read to stay as it was until DVC has noted it",
            received=_first_changes(changes),
            fix="nothing is recorded: give the same command again, and it runs with what is"
            " there now",
        )


def _param_changes(
    texts: Mapping[Path, bytes | None], keys: Mapping[Path, tuple[str, ...]]
) -> Iterator[str]:
    """Where files of parameters say something else than before under the keys that count."""
    for path, before in texts.items():
        after = _bytes_of(path)
        if after != before:
            yield from _differences(path, before, after, keys[path])


def _file_changes(states: Mapping[Path, Mapping[str, object]]) -> Iterator[str]:
    """Where deps are not as before."""
    for dep, before in states.items():
        after = dep_state(dep)
        for path in sorted({*before, *after}):
            if path not in after:
                yield f"{path} is gone"
            elif path not in before:
                yield f"{path} is new"
            elif before[path] != after[path]:
                yield f"{path} changed"


def _first_changes(changes: list[str]) -> str:
    more = len(changes) - NAMED
    return "; ".join(changes[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def repeat_command() -> str:
    """What a person gives to have this stage run again."""
    if "DVC_STAGE" not in os.environ:
        return f"`{shlex.join(['python', *sys.argv])}`"
    if "DVC_EXP_NAME" in os.environ:
        return "the same `dvc exp run`"
    return "`make repro`" if "MAKELEVEL" in os.environ else "`dvc repro`"


def _bytes_of(path: Path) -> bytes | None:
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
        old = params.parse(before, path)
        new = params.parse(after, path)
    except InputError as error:
        yield str(error).partition("; ")[0]
        return
    for key, was, now in params.differences(old, new):
        if not keys or any(_holds(each, key) or _holds(key, each) for each in keys):
            yield f"{key}: {params.format_value(was)} -> {params.format_value(now)}"


def _holds(outer: str, inner: str) -> bool:
    """Whether a dotted key is, or lies in, another."""
    return f"{inner}.".startswith(f"{outer}.")


def dep_state(dep: Path) -> dict[str, object]:
    """Each file at or under `dep`, with a hash, or where they are big with size, time and inode.

    Big data is no user's to edit, and reading it takes as long as some stages.
    """
    # Text, not Path: a folder of raw data has ten thousands of files, and is looked at eight times.
    folders = [
        (here, names)
        for here, _, names in os.walk(dep)
        if BYTECODE not in Path(here).parts
    ]
    inside = [os.path.join(here, name) for here, names in folders for name in names]
    if dep.is_relative_to(pipeline.SOURCE):
        inside = [path for path in inside if pipeline.is_tracked(Path(path))]
    stats = {
        path: os.stat(path) for path in inside or [str(dep)] if os.path.isfile(path)
    }
    if sum(stat.st_size for stat in stats.values()) <= READ_BYTES:
        return {
            path: files.file_digest(Path(path), "md5") for path in stats
        }  # as DVC
    return {path: [s.st_size, s.st_mtime_ns, s.st_ino] for path, s in stats.items()}


def _code_of(dep: Path) -> Iterable[Path]:
    """The Python files that a dep is or holds, where it lists code."""
    if dep.suffix == ".py":
        return [dep]
    return dep.rglob("*.py") if dep.is_relative_to(pipeline.SOURCE) else []


def _write_time(path: Path) -> int | None:
    """When a file was last written, in ns; None where there is none."""
    return path.stat().st_mtime_ns if path.is_file() else None
