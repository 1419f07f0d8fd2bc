"""The schema is the one source: defaults, descriptions, editors' completion, a page, messages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from croquis.core import params
from croquis.check.params_check import check
from croquis.check.schema import BLOCKS, json_schema, params_page, schema_text
from croquis.check.sections import SECTIONS, TopLevel
from croquis.commands.schema import PAGE, SCHEMA, outdated_files
from croquis.core.errors import InputError
from croquis.core.params import Section, section_of
from croquis.recipes.probe_recipes import ProbeParams
from croquis.recipes.recipes import ModelParams

TREE = params.read(Path("params.yaml"))
TEXT = Path("params.yaml").read_text(encoding="utf-8")
KINDS = {
    **{name: kind for name, kind in SECTIONS.items()},
    **{f"{name} inside": kind for name, kind in BLOCKS.items()},
    "": TopLevel,
    "models": ModelParams,
    "probes": ProbeParams,
}


def inner_kinds(kind: type[Section]) -> list[type[Section]]:
    """The section, and those that it holds."""
    inner = [section_of(field.annotation) for field in kind.model_fields.values()]
    return [kind, *(k for each in inner if each for k in inner_kinds(each))]


@pytest.mark.parametrize("name", KINDS)
def test_each_key_has_a_description_that_is_a_sentence(name: str) -> None:
    for kind in inner_kinds(KINDS[name]):
        for key, field in kind.model_fields.items():
            assert field.description and field.description.endswith(
                (".", "...].")
            ), key


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_made_without_arguments_is_that_of_params_yaml(name: str) -> None:
    assert SECTIONS[name]() == params.load(SECTIONS[name], name)
    assert set(TREE[name]) == set(SECTIONS[name].model_fields)


def test_the_numbers_without_arguments_are_those_of_params_yaml() -> None:
    assert TopLevel().model_dump() == {
        key: TREE[key] for key in TopLevel.model_fields
    }


@pytest.mark.parametrize("name", SECTIONS)
def test_a_file_still_needs_each_key(name: str) -> None:
    for key in TREE[name]:
        without = {
            other: value for other, value in TREE[name].items() if other != key
        }
        with pytest.raises(InputError, match=rf"{name}\.{key}: expected a value"):
            params.validated(SECTIONS[name], without, where=name)


def test_an_error_says_what_the_key_is_for() -> None:
    with pytest.raises(InputError) as caught:
        check(TREE | {"train": TREE["train"] | {"epochs": 0}})
    assert str(caught.value) == (
        "train.epochs: expected greater than or equal to 1, received 0; "
        "correct it in params.yaml or with -S (Passes over the training images)"
    )
    head = {
        key: value for key, value in TREE["train"]["head"].items() if key != "act"
    }
    with pytest.raises(
        InputError, match=r"train\.head\.act: .*\(The activation after"
    ):
        check(TREE | {"train": TREE["train"] | {"head": head}})


def test_the_files_taken_from_the_schema_are_current() -> None:
    """If this fails: `croquis schema --write`."""
    assert outdated_files({SCHEMA: schema_text(), PAGE: params_page()}) == []


def test_a_file_that_is_old_or_missing_is_named(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("1")
    missing = tmp_path / "missing"
    assert outdated_files({old: "2", missing: "2"}) == [old, missing]
    assert outdated_files({old: "1"}) == []


def test_params_yaml_names_its_schema_for_editors() -> None:
    first = TEXT.splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA}"


def faults(
    content: Any, schema: dict[str, Any], whole: dict[str, Any]
) -> list[str]:
    """What a validator of JSON schemas would say of keys: those unknown, and those that lack."""
    if "$ref" in schema:
        return faults(content, whole["$defs"][schema["$ref"].split("/")[-1]], whole)
    if not isinstance(content, dict) or "properties" not in schema | {
        "properties": {}
    }:
        return []
    inner = schema.get("properties", {})
    more = schema.get("additionalProperties", True)
    found = [
        f"lacks {key}" for key in schema.get("required", []) if key not in content
    ]
    for key, value in content.items():
        if key in inner:
            found += faults(value, inner[key], whole)
        elif more is False:
            found.append(f"unknown {key}")
        elif isinstance(more, dict):
            found += faults(value, more, whole)
    return found


def test_the_json_schema_knows_all_keys_of_params_yaml_and_no_others() -> None:
    schema = json_schema()
    assert faults(TREE, schema, schema) == []
    models = {"models": {"m": {"backbone": "x", "epoch": 3}}}
    assert faults(TREE | models, schema, schema) == ["unknown epoch"]
    models = {"models": {"m": {"like": "vit"}}}
    assert faults(TREE | models, schema, schema) == ["lacks backbone"]
    families = {"families": {"vit": {"like": "vit"}}}
    assert faults(TREE | families, schema, schema) == ["unknown like"]
    probes = {
        "probes": {"p": {"embed": {"backbone": "x", "image_size": 64, "wiev": 1}}}
    }
    assert faults(TREE | probes, schema, schema) == ["unknown wiev"]
    train = {key: value for key, value in TREE["train"].items() if key != "loss"}
    assert faults(TREE | {"train": train}, schema, schema) == ["lacks loss"]
    assert json.loads(schema_text()) == schema


def test_the_page_has_a_row_for_each_key() -> None:
    rows = set(re.findall(r"^\| `([\w.]+)` \|", params_page(), re.MULTILINE))
    assert {
        "epochs",
        "head.hidden",
        "embed.views",
        "head.shape.act",
        "like",
    } <= rows
    assert {key for kind in SECTIONS.values() for key in leaves(kind)} <= rows


def leaves(kind: type[Section], start: str = "") -> list[str]:
    found = []
    for key, field in kind.model_fields.items():
        inner = section_of(field.annotation)
        found += leaves(inner, f"{start}{key}.") if inner else [f"{start}{key}"]
    return found


def test_no_value_of_params_yaml_has_a_comment_behind_it() -> None:
    """DVC keeps such a comment's column, and a change of equal length can then hide from git."""
    lines = [
        line for line in TEXT.splitlines() if not line.lstrip().startswith("#")
    ]
    assert [line for line in lines if re.search(r"\s#", line)] == []


def test_each_key_of_a_section_has_its_comment_on_the_line_above() -> None:
    lines = TEXT.splitlines()
    for name, kind in SECTIONS.items():
        start = lines.index(f"{name}:")
        for key in kind.model_fields:
            place = next(
                number
                for number in range(start + 1, len(lines))
                if re.match(rf"  {key}:", lines[number])
            )
            assert lines[place - 1].startswith("  # "), f"{name}.{key}"
