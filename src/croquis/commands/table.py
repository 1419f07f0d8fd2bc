"""Tables in the terminal."""


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, three spaces apart; empty columns left out."""
    filled = [column for column in zip(*rows, strict=True) if any(column)]
    rows = list(zip(*filled, strict=True))
    widths = [max(map(len, column)) for column in filled]
    padded = [
        [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        for row in rows
    ]
    return ["   ".join(row).rstrip() for row in padded]
