"""Each form of a request, and what is wrong with the others, in one line."""

import json
from typing import Any

import pytest

from croquis.serving.bodies import Refusal
from croquis.serving.scoring_requests import images_of

JSON = "application/json"


def images(tree: Any, kind: str = JSON) -> list[str]:
    return images_of(json.dumps(tree).encode(), kind)


@pytest.mark.parametrize(
    "tree",
    [
        {"inputs": {"image": ["a", "b"]}},
        {"inputs": [{"image": "a"}, {"image": "b"}]},
        {"inputs": {"image": ["a", "b"], "other": [1, 2]}},
        {"instances": [{"image": "a"}, {"image": "b", "other": 3}]},
        {"instances": ["a", "b"]},
        {"dataframe_records": [{"image": "a"}, {"image": "b"}]},
        {"dataframe_split": {"columns": ["image"], "data": [["a"], ["b"]]}},
        {
            "dataframe_split": {
                "columns": ["x", "image"],
                "data": [[1, "a"], [2, "b"]],
            }
        },
        {"inputs": {"image": ["a", "b"]}, "params": {}},
        {"inputs": {"image": ["a", "b"]}, "params": None},
    ],
)
def test_all_forms_of_mlflow_are_read(tree: Any) -> None:
    assert images(tree) == ["a", "b"]
    assert images(tree, "application/json; charset=UTF-8") == ["a", "b"]


def test_one_image_needs_no_list_and_none_is_no_error() -> None:
    assert images({"inputs": {"image": "a"}}) == ["a"]
    assert images({"inputs": {"image": []}}) == []
    assert images({"dataframe_records": []}) == []


def test_csv_is_read_whatever_else_is_in_it() -> None:
    long = "a" * 200_000  # more than Python's csv takes by default
    text = f'name,image\nx,{long}\n"y ""z""","data:image/png;base64,b"\n\n'
    assert images_of(text.encode(), "text/csv") == [long, "data:image/png;base64,b"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected JSON, received nothing"),
        (b"{{{", "expected JSON, received something else at character 1"),
        (b'{"inputs": "\xff"}', "expected text in UTF-8, received other bytes"),
        (b"[" * 5_000, "expected JSON, received brackets within brackets"),
        (
            b'{"inputs": ' + b"9" * 5_000 + b"}",
            "received a number that is too long",
        ),
        (b"NaN", "expected a JSON object, received a number"),
        (b"null", "expected a JSON object, received null"),
        (b"[1, 2]", "expected a JSON object, received a list of 2"),
        (b'"x"', "expected a JSON object, received text"),
        (b"{}", "dataframe_records, received none of them"),
        (b'{"inputs": [], "instances": []}', "received inputs and instances"),
        (b'{"inputs": [], "params": {"a": 1}}', "expected no params"),
        (b'{"inputs": null}', "expected a column of images, received null"),
        (b'{"inputs": 3}', "expected a column of images, received a number"),
        (b'{"inputs": {"img": []}}', "expected a column 'image', received none"),
        (b'{"instances": {"image": []}}', "a list of rows, received an object"),
        (b'{"instances": ["a", {"img": 1}]}', "row 2: expected a column 'image'"),
        (b'{"dataframe_split": []}', "columns and data, two lists"),
        (
            b'{"dataframe_split": {"columns": ["image"]}}',
            "columns and data, two lists",
        ),
        (
            b'{"dataframe_split": {"columns": ["image"], "data": [["a", 1]]}}',
            "row 1: expected a list of 1 cells, received a list of 2",
        ),
        (
            b'{"dataframe_split": {"columns": ["image", "image"], "data": []}}',
            "expected a column 'image', received 2 of that name",
        ),
        (
            b'{"inputs": {"image": ["a", null]}}',
            "image 2: expected base64, received null",
        ),
        (
            b'{"inputs": {"image": [NaN]}}',
            "image 1: expected base64, received a number",
        ),
        (b'{"inputs": {"image": [["a"]]}}', "received a list of 1"),
        (b'{"inputs": {"image": [{"a": 1}]}}', "received an object"),
        (b'{"inputs": {"image": [true]}}', "received a truth value"),
    ],
)
def test_what_has_another_form_is_refused_in_one_line(
    body: bytes, message: str
) -> None:
    with pytest.raises(Refusal) as refused:
        images_of(body, JSON)
    assert refused.value.status == 400
    assert message in refused.value.text and "\n" not in refused.value.text
    assert len(refused.value.text) < 300


def test_many_images_at_once_are_refused() -> None:
    with pytest.raises(
        Refusal, match="at most 256 images, received 257"
    ) as refused:
        images({"inputs": {"image": ["a"] * 257}})
    assert refused.value.status == 413
    table = "image\n" + "a\n" * 1_000_000
    with pytest.raises(Refusal, match="at most 256 images, received 257"):
        images_of(table.encode(), "text/csv")


@pytest.mark.parametrize(
    "kind",
    [
        'Application/JSON; Charset="UTF-8"',
        "application/json;charset=utf8",
        "application/json",
    ],
)
def test_the_encoding_may_be_said_in_each_way_of_http(kind: str) -> None:
    assert images_of(b'{"inputs": ["a"]}', kind) == ["a"]


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/vnd.apache.parquet",
        "application/json; charset=latin-1",
    ],
)
def test_another_content_type_is_refused(kind: str) -> None:
    with pytest.raises(
        Refusal, match="application/json or text/csv, in UTF-8"
    ) as refused:
        images({"inputs": {"image": ["a"]}}, kind)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("a,b\n1,2", "expected a column 'image', received 0 of that name"),
        ("", "expected a column 'image'"),
        ("image\na,b", "row 1: expected 1 cells, received 2"),
        ('image\n"a', "expected csv, received something else"),
    ],
)
def test_csv_of_another_form_is_refused(table: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        images_of(table.encode(), "text/csv")
    assert refused.value.status == 400 and message in refused.value.text
