"""Csv files of strangers: what would fill the memory as a table is refused before it is one."""

import re
from pathlib import Path
from typing import NamedTuple

from croquis.core.errors import InputError

BLOCK = 2**20
MOST_LINE = 2**20  # bytes; 1,000 probabilities take some 20,000
MOST_COLUMNS = 20_000
MOST_LINES = 5_000_000
MOST_CELLS = 200_000_000
_STATED = re.compile(rb'(\xef\xbb\xbf)?"?sep=', re.IGNORECASE)


class Scan(NamedTuple):
    """What a look at all bytes of a csv says."""

    lines: int  # line ends
    has_quotes: bool
    has_western: bool  # letters such as é in UTF-8, or signs for lost ones
    is_unusual: bool  # signs that no text has, or a line that states a separator


def refuse_huge_csv(path: Path) -> Scan:
    """Raises InputError where a csv has a line, or lines, that no competition has.

    Raises:
        OSError: if it cannot be read.
    """
    lines = 0
    length = 0
    columns = 0
    has_quotes = False
    has_western = False
    is_unusual = False
    end = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not end:
                is_unusual = bool(_STATED.match(block))
                end = b"\r" if b"\r" in block and b"\n" not in block else b"\n"
            has_quotes = has_quotes or b'"' in block
            has_western = (
                has_western or b"\xc3" in block or b"\xef\xbf\xbd" in block
            )
            # Zeros are of UTF-16; DOS ended a text with the other one.
            is_unusual = is_unusual or b"\0" in block or block.endswith(b"\x1a")
            first, *others = block.split(end)
            length += len(first)
            if lines == 0:
                columns += first.count(b",")
            longest = max(length, *map(len, others)) if others else length
            if longest > MOST_LINE:
                lengths = [length, *map(len, others)]
                line = lines + 1 + lengths.index(longest)
                raise too_much(
                    path, MOST_LINE, "bytes in a line", f"more in line {line:,}"
                )
            lines += len(others)
            length = len(others[-1]) if others else length
            _refuse(path, columns + 1, lines)
    return Scan(lines, has_quotes, has_western, is_unusual)


def _refuse(path: Path, columns: int, lines: int) -> None:
    cells = columns * lines
    limits = {
        "columns": (columns, MOST_COLUMNS),
        "lines": (lines, MOST_LINES),
        "cells": (cells, MOST_CELLS),
    }
    for noun, (number, most) in limits.items():
        if number > most:
            raise too_much(path, most, noun)


def too_much(
    path: Path, most: int, noun: str, received: str = "more"
) -> InputError:
    """The error on a csv beyond a limit."""
    return InputError(
        path,
        expected=f"at most {most:,} {noun}",
        received=received,
        fix="look inside: it is no table of a competition",
    )
