"""The form of the submission: what is filled in, and with which digits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.core.files import write_json
from croquis.dataset.submission_form import USUAL_FORM, SubmissionForm

TEMPLATE = pd.DataFrame(
    {"image_path": ["a.jpg", "b.jpg"], "id": ["a", "b"], "cup": 0, "star": 0}
)
SHARES = SubmissionForm(
    columns=("id", "star", "cup"),
    kind="probabilities",
    label="",
    answers=("cup", "star"),
)


def test_probabilities_go_out_in_the_columns_and_order_of_the_competition() -> None:
    probs = np.array([[0.25, 0.75], [1, 0]], dtype=np.float32)
    assert SHARES.fill(TEMPLATE, probs).to_csv(index=False) == (
        "id,star,cup\na,0.75,0.25\nb,0,1\n"
    )


def test_rows_sum_to_one_and_a_small_probability_keeps_its_digits() -> None:
    probs = np.array([[1e-7, 1], [1, 2]], dtype=np.float32)
    table = SHARES.fill(TEMPLATE, probs)[["cup", "star"]].astype(float)
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-8)
    np.testing.assert_allclose(table["cup"], [1e-7, 1 / 3], rtol=1e-6)


def test_names_go_out_as_they_are_written() -> None:
    form = SubmissionForm(
        columns=("id", "cup"), kind="names", label="cup", answers=("Cup!", "Star!")
    )
    table = form.fill(TEMPLATE, np.array([[0.2, 0.8], [0.5, 0.5]]))
    assert table.to_csv(index=False) == "id,cup\na,Star!\nb,Cup!\n"


def test_predictions_of_other_classes_are_refused() -> None:
    with pytest.raises(
        InputError, match="expected the 2 classes of the template, recei"
    ):
        SHARES.fill(TEMPLATE, np.full((2, 3), 1 / 3))


def test_a_form_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    for form in (SHARES, USUAL_FORM):
        write_json(tmp_path / "form.json", form.model_dump(mode="json"))
        assert SubmissionForm.load(tmp_path / "form.json") == form


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"kind": "boxes"}', '{"colour": 1}']
)
def test_a_damaged_form_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "form.json"
    path.write_text(text)
    with pytest.raises(
        InputError, match=r"form\.json: expected the form of a submission"
    ):
        SubmissionForm.load(path)
