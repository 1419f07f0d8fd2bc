"""Progress bars: one look everywhere, silent where nobody watches."""

import os
import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress(
    iterable: Iterable[T],
    desc: str,
    total: int | None = None,
    unit: str = "it",
    initial: int = 0,
) -> Iterable[T]:
    """`iterable` behind a bar with ETA on standard error; none with CI set or no terminal.

    Args:
        iterable: what is left to do.
        desc: the word before the bar.
        total: of all, done before and left.
        unit: of one.
        initial: how many were done before.
    """
    quiet = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    return tqdm(
        iterable,
        desc=desc,
        total=total,
        unit=unit,
        initial=initial,
        disable=quiet,
        leave=False,
    )
