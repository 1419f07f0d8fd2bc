"""Has DVC believe whole entries of its run cache alone.

DVC writes an entry under a temporary name into the folder that it reads, and then takes the newest
file there, whatever its name. What a kill or a full disk left of one would end every later run of
its stage in "'outs'", or bring back a part of the outputs beside those of another run.
"""

import contextlib
import functools
import os
import re
import time
from pathlib import Path
from typing import Any

ENTRY = re.compile("[0-9a-f]{64}")  # the sha256 that an entry is called after
OLD = 86400  # seconds, after which nobody writes a draft any more


def believe_whole_entries() -> None:
    """From now on, in this process.

    The method is DVC's, and no promise of it: test_dvc_contract.py holds what is used of it.
    """
    from dvc.stage.cache import StageCache

    load = StageCache._load

    @functools.wraps(load)
    def load_whole(cache: Any, stage: Any) -> dict[str, Any] | None:
        return _newest_whole(cache, stage)

    StageCache._load = load_whole


def _newest_whole(cache: Any, stage: Any) -> dict[str, Any] | None:
    """The newest entry that names all outputs of a stage; None where there is none.

    Args:
        cache: DVC's `StageCache`.
        stage: one of DVC's.
    """
    from dvc.stage.cache import _get_stage_hash

    key = _get_stage_hash(stage)
    if not key:
        return None
    outputs = {out.def_path for out in stage.outs}
    for path in _newest_first(Path(cache._get_cache_dir(key))):
        if not ENTRY.fullmatch(path.name):
            _remove_old_draft(path)
            continue
        entry: dict[str, Any] | None = cache._load_cache(key, path.name)
        if entry and {out["path"] for out in entry.get("outs", ())} == outputs:
            return entry
        path.unlink(
            missing_ok=True
        )  # cut off; DVC would take it for what it is to write
    return None


def _newest_first(folder: Path) -> list[Path]:
    times = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # another DVC has just renamed it
                times.append((entry.stat().st_mtime_ns, Path(entry.path)))
    return [path for _, path in sorted(times, reverse=True)]


def _remove_old_draft(path: Path) -> None:
    """One that is new may be another DVC's, which shares the cache and writes it now."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > OLD:
            path.unlink()
