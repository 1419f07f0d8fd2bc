"""The class of each row, from the columns that somebody has for it: as target, or class_name."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.csv_tables import refuse_rows
from croquis.prepare.labelling.one_hot import is_one_hot, one_hot_marks
from croquis.prepare.labels import IN_SOURCE, without_fraction

OF_CLASS = ("target", "class_name")
UNLABELLED = f"label these images, or take their rows out, {IN_SOURCE}"


def with_usual_names(
    table: pd.DataFrame, csv: Path, labels: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """`table` with target or class_name or both, and how its columns were read.

    Args:
        table: of labels.
        csv: where it is from.
        labels: its columns that tell the class, as `label_columns` gives them.

    Raises:
        InputError: if a row has no class, or the classes are quantities.
    """
    if set(labels) <= set(OF_CLASS):
        others = [name for name in OF_CLASS if name not in labels]
        # data.columns.label may name one of two.
        return table.drop(columns=others, errors="ignore"), []
    rest = table.drop(columns=[*labels, *OF_CLASS], errors="ignore")
    for label in labels:
        empty = table[label].str.strip() == ""
        refuse_rows(
            table, empty, csv, f"a value in each row of {label}", UNLABELLED
        )
    if len(labels) > 1 and is_one_hot(table[labels]):
        names = (one_hot_marks(table[labels]) == "1").idxmax(axis=1)
        words = f"{len(labels)} columns of 0 and 1 are read as classes"
        return rest.assign(class_name=names), [words]
    parts = []
    readings = [_as_usual(table, csv, label) for label in labels]
    for reading in sorted(readings, key=_by_use):
        if reading.column in rest:
            parts.append(
                f"{reading.label} says the same as the class, and is not read"
            )
        else:
            rest = rest.assign(**{reading.column: reading.texts})
            parts.append(reading.words)
    return rest, parts


class Reading(NamedTuple):
    """How a column of classes is read.

    Attributes:
        label: the column.
        column: what it is called from now on, target or class_name.
        texts: of its rows.
        words: what people should know of it.
    """

    label: str
    column: str
    texts: pd.Series
    words: str


def _by_use(reading: Reading) -> bool:
    """A sort key: words before numbers, as one of two columns of names is left out."""
    return bool(reading.texts.str.strip().str.isdecimal().all())


def _as_usual(table: pd.DataFrame, csv: Path, label: str) -> Reading:
    """A column of classes as numbers or as names.

    Numbers from 0 without a gap count the classes. Any others are names: a submission hands them
    back as they came.
    """
    texts = table[label]
    whole = texts.map(without_fraction).str.strip()
    if whole.str.fullmatch(r"\d{1,9}").all():
        numbers = sorted(set(whole.astype(int)))
        if set(whole) == {str(number) for number in range(len(numbers))}:
            words = f"{label} is read as the number of the class"
            return Reading(label, "target", whole, words)
        words = f"{label} ({numbers[0]} to {numbers[-1]}) is read as the name of the class"
        return Reading(label, "class_name", whole, words)
    numeric = pd.to_numeric(texts, errors="coerce").notna() & texts.str.match(
        r"\s*[-+.\d]"
    )
    if numeric.all():
        _refuse_quantities(csv, label, texts.str.strip())
    words = f"{label} is read as the name of the class"
    if numeric.any():
        words += f" (in {int(numeric.sum()):,} rows a number)"
    return Reading(label, "class_name", texts, words)


def _refuse_quantities(csv: Path, label: str, texts: pd.Series) -> None:
    """Refuses fractions, and negative numbers, which often mean that there is no label."""
    odd = ~texts.str.fullmatch(r"\+?\d+(\.0*)?").astype(bool)
    if not odd.any() or set(texts) in ({"-1", "1"}, {"-1", "+1"}):
        return
    first = ", ".join(sorted(set(texts[odd]))[:3])
    raise InputError(
        csv,
        expected=f"classes in {label}: names, or whole numbers from 0",
        received=f"{int(odd.sum()):,} rows with other numbers ({first})",
        fix="take these rows out if they have no label; call the column class_name if"
        f" each number is a class, {IN_SOURCE}",
    )
