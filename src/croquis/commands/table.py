"""Tables in the terminal."""

from collections.abc import Sequence


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, three spaces apart; empty columns left out."""
    filled = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in filled]
    padded = [
        [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        for row in zip(*filled, strict=True)
    ]
    return ["   ".join(row).rstrip() for row in padded]
