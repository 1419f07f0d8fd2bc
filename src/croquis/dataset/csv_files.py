"""Csv files of strangers: what would fill the memory as a table is refused before it is one."""

from pathlib import Path

from croquis.core.errors import InputError

BLOCK = 2**20
MOST_LINE = 2**20  # bytes; 1,000 probabilities take some 20,000
MOST_COLUMNS = 20_000
MOST_LINES = 5_000_000
MOST_CELLS = 200_000_000


def refuse_huge_csv(path: Path) -> None:
    """Raises InputError where a csv has a line, or lines, that no competition has.

    Raises:
        OSError: if it cannot be read.
    """
    lines = 0
    length = 0
    columns = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            first, *others = block.split(b"\n")
            length += len(first)
            if lines == 0:
                columns += first.count(b",")
            if others:
                longest = max(length, *map(len, others))
                length = len(others[-1])
            else:
                longest = length
            lines += len(others)
            _refuse(path, longest, columns + 1, lines)


def _refuse(path: Path, longest: int, columns: int, lines: int) -> None:
    cells = columns * lines
    limits = {
        "bytes in a line": (longest, MOST_LINE),
        "columns": (columns, MOST_COLUMNS),
        "lines": (lines, MOST_LINES),
        "cells": (cells, MOST_CELLS),
    }
    for noun, (number, most) in limits.items():
        if number > most:
            raise InputError(
                path,
                expected=f"at most {most:,} {noun}",
                received="more",
                fix="look inside: it is no table of a competition",
            )
