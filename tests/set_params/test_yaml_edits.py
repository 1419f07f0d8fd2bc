"""Values change in the text of a params.yaml, and nothing else does."""

import copy
from pathlib import Path

import pytest

from croquis.core import params
from croquis.check.sections import SECTIONS
from croquis.set_params.yaml_edits import edit_values

TEXT = """\
# head

# The seed.
seed: 42 # behind
run:
  # Keys of models.
  models:
  - a
  - b
  # Folds.
  folds:
  - 0

# Models.
models:
  # one
  a:
    backbone: x
    head: {hidden: [], act: relu}
  # two

  # three
  b:
    backbone: [x, y]
    lora:

last: {}
"""


def edited(changes: dict[str, object]) -> list[str]:
    """The lines of the text with dotted keys set, or taken out where the value is ..."""
    tree = params.parse(TEXT.encode(), params.PARAMS)
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        block = tree
        for section in sections:
            block = block[section]
        if value is ...:
            del block[key]
        else:
            block[key] = value
    text = edit_values(TEXT, copy.deepcopy(tree))
    assert text is not None and params.parse(text.encode(), params.PARAMS) == tree
    return text.splitlines()


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"seed": 7}, "seed: 42 # behind", "seed: 7  # behind"),
        ({"seed": 123456}, "seed: 42 # behind", "seed: 123456 # behind"),
        ({"seed": 1e-5}, "seed: 42 # behind", "seed: 1e-05 # behind"),
        ({"seed": None}, "seed: 42 # behind", "seed:    # behind"),
        ({"run.models": ["c"]}, "  - a\n  - b", "  - c"),
        ({"run.models": []}, "  models:\n  - a\n  - b", "  models: []"),
        ({"run.folds": [0, 1]}, "  - 0", "  - 0\n  - 1"),
        (
            {"models.a.head.hidden": [8]},
            "head: {hidden: [], act",
            "head: {hidden: [8], act",
        ),
        ({"models.a.head.act": ...}, "{hidden: [], act: relu}", "{hidden: []}"),
        ({"models.a.epochs": 5}, "act: relu}\n", "act: relu}\n    epochs: 5\n"),
        (
            {"models.b.lora": {"rank": 2}},
            "    lora:\n",
            "    lora:\n      rank: 2\n",
        ),
        ({"models.b.epochs": 5}, "    lora:\n", "    lora:\n    epochs: 5\n"),
        ({"models.b.lora": ...}, "    lora:\n", ""),
        (
            {"models.c": {"backbone": "z"}},
            "    lora:\n",
            "    lora:\n  c:\n    backbone: z\n",
        ),
        ({"last.one": 1}, "last: {}", "last:\n  one: 1"),
    ],
)
def test_the_lines_of_a_key_change_and_no_others(
    changes: dict, old: str, new: str
) -> None:
    assert TEXT.count(old) == 1
    assert edited(changes) == TEXT.replace(old, new).splitlines()


def test_several_keys_change_at_once() -> None:
    lines = edited({"seed": 7, "run.models": ["c"], "models.a.epochs": 5})
    text = TEXT.replace("42 #", "7  #").replace("  - a\n  - b", "  - c")
    assert lines == text.replace("relu}\n", "relu}\n    epochs: 5\n").splitlines()


def test_what_a_merge_key_brings_is_set_in_the_block_itself_or_not_at_all() -> None:
    text = "base: &base\n  epochs: 3\na:\n  <<: *base\n  lr: 1\n"
    new = {"base": {"epochs": 3}, "a": {"epochs": 5, "lr": 1}}
    assert edit_values(text, new) == text + "  epochs: 5\n"


def test_every_value_of_the_repository_can_be_set_alone() -> None:
    """Each key of the file gets another value in turn, and no comment changes."""
    text = Path("params.yaml").read_text(encoding="utf-8")
    tree = params.read()
    for section in SECTIONS:
        for key, value in tree[section].items():
            if not isinstance(value, dict):
                changed = copy.deepcopy(tree)
                changed[section][key] = "other"
                after = edit_values(text, changed)
                assert after is not None and comments(after) == comments(text)


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("#")]
