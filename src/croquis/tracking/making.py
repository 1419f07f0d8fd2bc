"""A local store is made, upgraded or set aside so that a kill at any moment loses no run.

MLflow makes its tables in some seventy steps, in place: a program that is stopped in between
leaves a store that no MLflow opens again. So it is made under another name, and renamed.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from croquis.tracking.store_errors import StoreTrouble
from croquis.tracking.store_file import (
    SIDE_FILES,
    Examined,
    State,
    beside,
    examine,
    side_files,
)

LOCKED = (
    300  # seconds to wait for the lock: eight may make a store on a busy machine
)
BUSY = 10  # seconds that another program may hold the store itself
SETTLED = 3  # seconds without a change: nobody is making it
LONGEST = 60  # seconds to wait for somebody who makes it
UPGRADING = 240  # seconds for `mlflow db upgrade`
UPGRADED = 2**30  # bytes; a larger store is upgraded by hand
# What a store is called once it is set aside.
ASIDE = {
    State.HALF_MADE: "half-made",
    State.HALF_UPGRADED: "half-upgraded",
    State.DAMAGED: "damaged",
}
# An upgrade that meets its own former work says so.
REPEATED = (
    "duplicate column name",
    "already exists",
    "no such column",
    "no such table",
)


class HalfUpgraded(Exception):
    """A store on which an upgrade has been stopped: no MLflow can go on with it."""


def store_lock(path: Path) -> FileLock:
    """The lock of a store, beside it: whoever uses the store shares it, from any folder.

    The system lets go of it when its holder ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(beside(path, "lock"), timeout=LOCKED)


def prepare_store(path: Path) -> None:
    """The store of MLflow's runs is whole afterwards; to be called under its lock.

    Raises:
        StoreTrouble: where a person has to decide, or to act.
    """
    _remove_drafts(path)
    examined = _settled(path)
    if examined.state in ASIDE:
        set_aside(path, examined)
    if examined.state in (State.MISSING, *ASIDE):
        _make(path)
    elif examined.state is State.OLDER:
        _upgrade_or_set_aside(path, examined)
    elif examined.state is not State.WHOLE:
        raise trouble_of_state(examined, path)
    elif not os.access(path.parent, os.W_OK):  # SQLite's journal is to lie there
        raise trouble_of_state(Examined(State.READ_ONLY), path.parent)


def trouble_of_state(examined: Examined, path: Path) -> StoreTrouble:
    """The state of a store as an error, with the fix that fits it."""
    other = f"or set MLFLOW_TRACKING_URI to another file (not {path.name})"
    fixes = {
        State.MISSING: "the first training makes it",
        State.HALF_MADE: "the next training sets it aside and begins a new store",
        State.DAMAGED: "the next training sets it aside and begins a new store",
        State.OLDER: "the next training upgrades a copy of it",
        State.NEWER: f"install that MLflow, {other}",
        State.FOREIGN: f"move it away, {other}",
        State.LOCKED: f"end that program; `fuser {path}` names it",
        State.READ_ONLY: f"give yourself the right: chmod u+w {path}, {other}",
        State.UNREADABLE: f"give yourself the right to read and write it, {other}",
        State.NO_FILE: f"move it away: mv {path} {path}.old, {other}",
    }
    return StoreTrouble(examined.says(path), fixes.get(examined.state, other))


def set_aside(path: Path, examined: Examined) -> Path:
    """Renames a store that no MLflow can use, with SQLite's files beside it; its new place."""
    place = _free_name(path, ASIDE[examined.state])
    _move(path, place)
    text = (
        f"{examined.says(path)}; it is now {place.name}, and runs go to a new store"
    )
    if examined.state is State.HALF_UPGRADED:
        text += "; all of its runs are in it, for SQLite to read"
    if examined.state is State.DAMAGED:
        text += (
            "; what can be read of its runs:"
            f" sqlite3 {place.name} .recover | sqlite3 recovered.db"
        )
    warnings.warn(text, stacklevel=3)
    return place


def set_damaged_aside(path: Path) -> None:
    """Looks at all pages of a store that has failed, and sets it aside if it is damaged."""
    with store_lock(path):  # another process may have done so, and made a new one
        examined = examine(path, wait=BUSY, thorough=True)
        if examined.state is State.DAMAGED:
            set_aside(path, examined)


def _settled(path: Path) -> Examined:
    """The state of a store, once nobody is making it any more.

    A server of MLflow's that a person starts makes its store in place, without our lock.
    """
    end = time.monotonic() + LONGEST
    while True:
        examined = examine(path, wait=BUSY, to_write=True)
        if examined.state is not State.HALF_MADE or time.monotonic() > end:
            return examined
        if time.time() - _last_change(path) > SETTLED:
            return examined
        time.sleep(0.2)


def _last_change(path: Path) -> float:
    """When the store or a file of SQLite's beside it changed, in seconds of the clock."""
    times = [0.0]
    for file in (path, *side_files(path)):
        try:
            times.append(file.stat().st_mtime)
        except OSError:  # SQLite has just removed its journal
            times.append(time.time())
    return max(times)


def _make(path: Path) -> None:
    """Makes an empty store under another name, and puts it in place."""
    from mlflow.tracking import MlflowClient

    with _draft_folder(path) as folder:
        draft = folder / "made.db"
        MlflowClient(f"sqlite:///{draft}").search_experiments(max_results=1)
        _put_in_place(draft, path)


def _upgrade_or_set_aside(path: Path, examined: Examined) -> None:
    """Upgrades an older store, unless a former upgrade of it was stopped."""
    try:
        _upgrade(path, examined)
    except HalfUpgraded:
        set_aside(path, Examined(State.HALF_UPGRADED, examined.reason))
        _make(path)


def _upgrade(path: Path, examined: Examined) -> None:
    """Upgrades a copy of an older store, and puts it in place; the older one stays beside it."""
    by_hand = f"upgrade it by hand: cp {path} {path}.old && mlflow db upgrade sqlite:///{path}"
    if path.stat().st_size > UPGRADED:
        raise StoreTrouble(examined.says(path), by_hand)
    with _draft_folder(path) as folder, closing(sqlite3.connect(path)) as opened:
        opened.execute("BEGIN IMMEDIATE")  # nobody writes to it meanwhile
        draft = folder / "upgraded.db"
        _copy(path, draft)
        failure = _run_upgrade(draft)
        if failure and any(sign in failure for sign in REPEATED):
            raise HalfUpgraded
        if failure:
            says = (
                f"{examined.says(path)}, and a copy cannot be upgraded: {failure}"
            )
            raise StoreTrouble(says, by_hand)
        place = _free_name(path, "before-upgrade")
        _keep(path, place)
        _put_in_place(draft, path)
    text = f"{examined.says(path)}; it is upgraded, and as it was it is now {place.name}"
    warnings.warn(text, stacklevel=3)


def _keep(path: Path, place: Path) -> None:
    """A second name for a store, so that at no moment there is none under the first."""
    try:
        os.link(path, place)
    except OSError:  # a disk without links
        _copy(path, place)


def _run_upgrade(draft: Path) -> str:
    """Upgrades a store in place; why it failed, or empty."""
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "db",
        "upgrade",
        f"sqlite:///{draft}",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=UPGRADING
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {UPGRADING} seconds"
    if done.returncode == 0 and examine(draft).state is State.WHOLE:
        return ""
    lines = [line for line in done.stderr.splitlines() if "Error" in line]
    return lines[-1].strip()[:200] if lines else f"status {done.returncode}"


def _copy(source: Path, target: Path) -> None:
    """A copy of a store, also of one that is in use; without its free pages."""
    with closing(sqlite3.connect(source, isolation_level=None)) as opened:
        opened.execute("VACUUM INTO ?", (str(target),))


def _put_in_place(draft: Path, path: Path) -> None:
    """Gives the content of a finished draft the store's name, in one step.

    A copy takes the name, as MLflow holds the draft itself open until the process ends.
    """
    whole = draft.with_name("whole.db")
    _copy(draft, whole)
    with whole.open("rb+") as file:
        os.fsync(file.fileno())
    if not path.exists() and side_files(path):
        # The journal of a store that is gone: SQLite would write it into the new one.
        _move(path, _free_name(path, "left-over"))
    os.replace(whole, path)
    _sync_folder(path.parent)


def _move(path: Path, place: Path) -> None:
    """Renames a store and the files of SQLite's beside it."""
    for suffix in ("", *SIDE_FILES):
        file = path.with_name(path.name + suffix)
        if file.exists():
            os.rename(file, place.with_name(place.name + suffix))


def _free_name(path: Path, word: str) -> Path:
    """A name beside the store that nothing has: `mlflow.db.half-made-20261130-193000`."""
    moment = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"{path.name}.{word}-{moment}"
    number = 1
    place = path.with_name(name)
    while any(place.parent.glob(f"{place.name}*")):
        number += 1
        place = path.with_name(f"{name}-{number}")
    return place


@contextmanager
def _draft_folder(path: Path) -> Iterator[Path]:
    """A folder beside the store for drafts; what a kill leaves of it the next one removes."""
    prefix = f"{beside(path, 'draft').name}-"
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_drafts(path: Path) -> None:
    """Removes the drafts of killed programs: under the lock nobody else makes one."""
    for folder in path.parent.glob(f"{beside(path, 'draft').name}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """The new name reaches the disk before anything is written under it."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
