"""Tables for people: a spreadsheet would run a cell that begins with = as a formula.

Names of files and classes are a stranger's. Tables that programs read back keep them to the byte:
a submission has to have the names of the competition.
"""

import re

import pandas as pd

# Some spreadsheets cut at these, too: what follows them begins a cell. Those of East Asia take
# the wide = + - @ of their keyboards for the same signs.
_BEGINS = re.compile(r"(^|[;,\t\r\n])(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def neutral_cells(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose texts no spreadsheet takes for formulas: it has ' before = + - @ tab and CR."""
    return table.map(
        lambda cell: neutral_cell(cell) if isinstance(cell, str) else cell
    )


def neutral_cell(text: str) -> str:
    """A text with ' where a spreadsheet would begin a formula."""
    return _BEGINS.sub(r"\1'", text)
