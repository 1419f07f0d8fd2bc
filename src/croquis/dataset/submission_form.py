"""The form of the submission: its columns, and what stands for a class; and its filling."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.files import read_json_model

# Significant digits of a probability: a float32 has seven, and rows still sum to one within 1e-6.
DIGITS = 9


class SubmissionForm(params.Section):
    """What the competition wants to have in which column.

    Attributes:
        image: the column of the template with each row's test image.
        columns: those that go out, in this order; none stands for those of the template.
        kind: numbers or names of classes in the column `label`, or probabilities.
        label: the column of the class; empty where there are probabilities.
        answers: by number of the class: its name as it is written, or the column of its
            probability, empty where none is wanted. Empty for `kind: numbers`.
    """

    image: str = Field(default="image_path", min_length=1)
    columns: tuple[str, ...] = ()
    kind: Literal["numbers", "names", "probabilities"] = "numbers"
    label: str = "target"
    answers: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "SubmissionForm":
        """What the stage prepare wrote.

        Raises:
            InputError: if there is no such file, or it is something else.
        """
        return read_json_model(cls, path, "the form of a submission")

    def fill(self, template: pd.DataFrame, probs: np.ndarray) -> pd.DataFrame:
        """The rows of the template with the columns that go out; ties go to the lowest class.

        Args:
            template: has `columns`, but for the answers.
            probs: (N, C) in the order of its rows.

        Raises:
            InputError: if there are other classes than the form knows.
        """
        if self.answers and len(self.answers) != probs.shape[1]:
            raise InputError(
                "submission",
                expected=f"the {len(self.answers):,} classes of the template",
                received=f"{probs.shape[1]:,}",
                fix="rerun the stages from prepare on: `make repro`",
            )
        if self.kind != "probabilities":
            return self.fill_labels(template, probs.argmax(axis=1))
        shares = probs.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)
        cells = {
            name: written_shares(shares[:, label])
            for label, name in enumerate(self.answers)
            if name
        }
        return self._filled(template, cells)

    def fill_labels(
        self, template: pd.DataFrame, labels: np.ndarray
    ) -> pd.DataFrame:
        """The same for labels (N,), where the form wants numbers or names of classes."""
        cells = labels.astype(int)
        if self.kind == "names":
            cells = np.array(self.answers, dtype=object)[cells]
        return self._filled(template, {self.label: cells})

    def _filled(
        self, template: pd.DataFrame, cells: Mapping[str, np.ndarray]
    ) -> pd.DataFrame:
        """A filled column replaces the template's, others stay as they come."""
        columns = self.columns or dict.fromkeys([*map(str, template), *cells])
        filled = {
            name: cells[name] if name in cells else template[name].to_numpy()
            for name in columns
        }
        return pd.DataFrame(filled, index=template.index)


def written_shares(shares: np.ndarray) -> np.ndarray:
    """Probabilities as text of nine digits, (N,) to (N,): a small one keeps its digits."""
    return np.array([f"{share:.{DIGITS}g}" for share in shares], dtype=object)


# ID,image_path,target, where there is no sample that says otherwise.
USUAL_FORM = SubmissionForm()
