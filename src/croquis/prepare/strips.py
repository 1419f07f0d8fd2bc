"""Rows of an image a few at a time: a copy of all of it would cost as much as the image."""

from collections.abc import Iterator

_PIXELS = 2**18  # of a strip: 1 MB in colour, 2 MB of floats


def strips(height: int, width: int) -> Iterator[slice]:
    """Slices of rows that cover an image from top to bottom."""
    rows = max(1, _PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))
