"""Takes away what killed or failed copies of DVC left in its cache."""

import functools
import re
import time
from collections.abc import Collection
from pathlib import Path

from croquis.check.dvc_cache import Cache

DEAD_AFTER = 600  # seconds in which a copy that lives would have written something
_COPY = re.compile(r"\.[\w-]{22}\.tmp")  # as DVC calls a file until it is whole


def note_copies() -> set[str]:
    """The names of what this process copies from now on, until each is whole; it grows."""
    from dvc_objects.fs import utils

    names: set[str] = set()
    token_urlsafe = utils.token_urlsafe

    @functools.wraps(token_urlsafe)
    def noted_token(length: int | None = None) -> str:
        token = token_urlsafe(length)
        names.add(f".{token}.tmp")
        return token

    utils.token_urlsafe = noted_token  # type: ignore[assignment]  # on purpose
    return names


def sweep_copies(cache: Cache, ours: Collection[str] = ()) -> None:
    """Removes what DVC began to copy into its cache and never ended; it may have filled the disk.

    Args:
        cache: of the project.
        ours: names that this process made, which has ended its work; others must be long dead.
    """
    objects = Path(cache.place(""))
    for copy in [*objects.glob(".*.tmp"), *objects.glob("*/.*.tmp")]:
        try:
            # Not the time of the last write, which a link has from its file.
            age = time.time() - copy.stat().st_ctime
            if _COPY.fullmatch(copy.name) and (
                copy.name in ours or age > DEAD_AFTER
            ):
                copy.unlink()
        except OSError:  # another process was quicker, or it is not ours to remove
            continue
