"""Cells of tables for people: no formula runs, and numbers and ordinary names stay."""

import pandas as pd
import pytest

from croquis.dataset.spreadsheets import neutral_cell, neutral_cells


@pytest.mark.parametrize(
    ("text", "neutral"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("a;=1", "a;'=1"),
        ("a,=1", "a,'=1"),
        ("a\n=1", "a\n'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff20A1", "'\uff20A1"),
        ("", ""),
        ("train/=cup/a-b@c+d.png", "train/=cup/a-b@c+d.png"),
        ("a = 1", "a = 1"),
    ],
)
def test_no_text_begins_a_formula(text: str, neutral: str) -> None:
    assert neutral_cell(text) == neutral
    assert neutral_cell(neutral) == neutral


def test_numbers_stay_numbers_and_the_table_as_it_was() -> None:
    table = pd.DataFrame({"name": ["=x", "cup"], "score": [-0.5, 1.0]})
    assert neutral_cells(table).to_csv(index=False) == (
        "name,score\n'=x,-0.5\ncup,1.0\n"
    )
    assert table["name"].tolist() == ["=x", "cup"]


def test_a_table_of_ordinary_names_is_written_to_the_same_bytes() -> None:
    table = pd.DataFrame(
        {"id": ["train/a.png"], "n": [3], "no": [None], "b": [True]}
    )
    assert neutral_cells(table).to_csv() == table.to_csv()
    empty = pd.DataFrame([], columns=["id", "path", "reason"])
    assert neutral_cells(empty).to_csv(index=False) == "id,path,reason\n"
