"""The images in a request to the scoring server, in each of MLflow's JSON forms or as csv."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from croquis.serving.bodies import Refusal

FORMS = ("inputs", "instances", "dataframe_split", "dataframe_records")
COLUMN = "image"
MAX_IMAGES = 256
CHARSETS = ("", "charset=utf-8", 'charset="utf-8"', "charset=utf8")
EXAMPLE = 'send {"inputs": {"image": ["<base64>"]}}'


def images_of(body: bytes, content_type: str) -> list[str]:
    """The base64 of each image; what else a request holds is not looked at.

    Args:
        body: of the request, of bounded size.
        content_type: as the header says it.

    Raises:
        Refusal: if the request has another form.
    """
    kind, _, options = content_type.lower().partition(";")
    if kind.strip() not in KINDS or options.strip() not in CHARSETS:
        received = repr(content_type[:60]) if content_type else "none"
        expected = f"the content type {' or '.join(KINDS)}, in UTF-8"
        raise _refusal(expected, received, status=415)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal("text in UTF-8", "other bytes") from error
    cells = KINDS[kind.strip()](text)
    if len(cells) > MAX_IMAGES:
        received = f"{len(cells):,}"
        raise _refusal(f"at most {MAX_IMAGES} images", received, status=413)
    for place, cell in enumerate(cells, start=1):
        if not isinstance(cell, str):
            raise _refusal("base64", _kind(cell), where=f"image {place}")
    return cells


def _json_cells(text: str) -> list[Any]:
    tree = _parse(text)
    if not isinstance(tree, dict):
        raise _refusal("a JSON object", _kind(tree))
    forms = [form for form in FORMS if form in tree]
    if len(forms) != 1:
        received = " and ".join(forms) or "none of them"
        raise _refusal(f"one of {', '.join(FORMS)}", received)
    if tree.get("params"):
        raise _refusal("no params, as the model takes none", "some")
    return READERS[forms[0]](tree[forms[0]])


def _csv_cells(text: str) -> list[Any]:
    """Of a table with a header; rows past the last that may come are not read."""
    csv.field_size_limit(len(text) + 1)  # 128 kB by default, for the whole process
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = next(rows, [])
        if columns.count(COLUMN) != 1:
            received = f"{columns.count(COLUMN)} of that name"
            raise _refusal(f"a column {COLUMN!r}", received)
        return [*_cells_of_rows(rows, len(columns), columns.index(COLUMN))]
    except csv.Error as error:
        raise _refusal("csv", f"something else ({error})") from error


def _cells_of_rows(
    rows: Iterator[list[str]], length: int, column: int
) -> Iterator[str]:
    for place, row in enumerate(filter(None, rows), start=1):
        if place > MAX_IMAGES + 1:
            return
        if len(row) != length:
            received = f"{len(row)}"
            raise _refusal(f"{length} cells", received, where=f"row {place}")
        yield row[column]


KINDS = {"application/json": _json_cells, "text/csv": _csv_cells}


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _refusal("JSON", "brackets within brackets") from error
    except json.JSONDecodeError as error:
        received = (
            f"something else at character {error.pos:,}" if text else "nothing"
        )
        raise _refusal("JSON", received) from error
    except ValueError as error:  # a number of thousands of digits
        raise _refusal("JSON", "a number that is too long") from error


def _read_columns(form: Any) -> list[Any]:
    """Of `inputs`: a column by its name, or rows."""
    if isinstance(form, list):
        return _read_rows(form)
    if not isinstance(form, dict):
        raise _refusal("a column of images", _kind(form))
    if COLUMN not in form:
        raise _refusal(f"a column {COLUMN!r}", "none of that name")
    column = form[COLUMN]
    return column if isinstance(column, list) else [column]


def _read_rows(form: Any) -> list[Any]:
    """Of `instances` and `dataframe_records`."""
    if not isinstance(form, list):
        raise _refusal("a list of rows", _kind(form))
    cells = []
    for place, row in enumerate(form, start=1):
        if isinstance(row, dict) and COLUMN not in row:
            where = f"row {place}"
            raise _refusal(f"a column {COLUMN!r}", "none of that name", where=where)
        cells.append(row[COLUMN] if isinstance(row, dict) else row)
    return cells


def _read_split(form: Any) -> list[Any]:
    """Of `dataframe_split`: names of columns, and a list of cells a row."""
    columns = form.get("columns") if isinstance(form, dict) else None
    rows = form.get("data") if isinstance(form, dict) else None
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise _refusal("columns and data, two lists", _kind(form))
    if columns.count(COLUMN) != 1:
        raise _refusal(
            f"a column {COLUMN!r}", f"{columns.count(COLUMN)} of that name"
        )
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(columns):
            expected = f"a list of {len(columns)} cells"
            raise _refusal(expected, _kind(row), where=f"row {place}")
    column = columns.index(COLUMN)
    return [row[column] for row in rows]


READERS = {
    "inputs": _read_columns,
    "instances": _read_rows,
    "dataframe_split": _read_split,
    "dataframe_records": _read_rows,
}


def _kind(value: Any) -> str:
    """What a value of JSON is, without saying it."""
    if value is None:
        return "null"
    kinds = {bool: "a truth value", int: "a number", float: "a number"}
    kinds |= {str: "text", list: f"a list of {_length(value)}"}
    return kinds.get(type(value), "an object")


def _length(value: Any) -> str:
    return f"{len(value):,}" if isinstance(value, list) else ""


def _refusal(
    expected: str, received: str, *, where: str = "request", status: int = 400
) -> Refusal:
    text = f"{where}: expected {expected}, received {received}; {EXAMPLE}"
    return Refusal(status, text)
