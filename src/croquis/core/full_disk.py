"""Whether an error is about a disk that is full, whatever library says so, and in which words."""

import errno
import re
from collections.abc import Iterator

NUMBERS = (errno.ENOSPC, errno.EDQUOT)
# safetensors and others pass the system's words on; SQLite has its own; numpy counts what it wrote.
WORDS = re.compile(
    r"No space left on device|Disk quota exceeded|database or disk is full"
    r"|^\d+ requested and \d+ written$"
)


def is_full_disk(error: BaseException) -> bool:
    """Whether an error, or one that it came from, is about a full disk."""
    return any(
        getattr(each, "errno", None) in NUMBERS or WORDS.search(_words(each))
        for each in _causes(error)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a class of an error may have a fault, too
        return ""
