"""The fast parser reads what DVC writes as DVC's own does."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from croquis.core import yaml_files

PLAIN = [
    "1e-05", "1e5", "1.0e-3", ".5", "5.", "-1.5", "+2", "-3", "0", "007", "12", "1.", "-.inf",
    ".nan", "true", "False", "on", "off", "yes", "no", "y", "n", "null", "~", "Null", "", "1:30",
    "a", "1a", "e5", ".", "0.1.2", "'1'", '"on"', "[1, 1e-4, off]", "{a: 1e-2, b: null}", "1_0a",
    "2.e3", "0.0005",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_plain_values_are_those_of_yaml_1_2(text: str) -> None:
    """PyYAML takes 1e-05 for text and off for false."""
    content = f"key: {text}\nlist:\n- {text or 'null'}\n"
    expected = YAML(typ="safe", pure=True).load(content)
    received = yaml_files.load_yaml(content.encode())
    assert repr(received) == repr(
        expected
    )  # nan is not equal to itself, 1 is to true


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml"])
def test_the_files_of_the_repository_are_read_alike(name: str) -> None:
    content = (Path(__file__).parents[2] / name).read_bytes()
    assert yaml_files.load_yaml(content) == YAML(typ="safe", pure=True).load(
        content.decode()
    )


def test_anchors_and_merges_are_followed() -> None:
    content = b"a: &one {x: 1}\nb:\n  <<: *one\n  y: 2\n"
    assert yaml_files.load_yaml(content)["b"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    "content",
    [
        b"a: [",
        b"a: \xff",
        b"<<<<<<< HEAD\na: 1\n=======\n",
        b"a: " + b"9" * 5000,  # an error of Python's, until it was tried
        b"a: !!int x",
    ],
)
def test_what_is_no_yaml_raises(content: bytes) -> None:
    with pytest.raises(yaml_files.ParseError):
        yaml_files.load_yaml(content)
