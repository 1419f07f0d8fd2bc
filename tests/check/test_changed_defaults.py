"""`check` says whom a changed default reaches: `-S train.epochs=20` reached 2 of 53 models."""

import copy
from pathlib import Path

import pytest

from croquis.core import params
from croquis.check.changed_defaults import changed_default_lines, committed_params
from support.standing_files import commit, environment, run

TREE = {
    "run": {"models": ["small", "large", "plain"], "probes": ["one", "two"]},
    "train": {
        "epochs": 10,
        "lr_decay": 1.0,
        "mix": {"prob": 0.5, "mixup": 1.0},
        "head": {"hidden": [], "act": "relu"},
    },
    "families": {"vit": {"layer_decay": 0.85, "epochs": 5}},
    "models": {
        "small": {"epochs": 3, "mix": None},
        "large": {"like": "vit", "head": {"hidden": [8]}},
        "plain": {},
        "other": {"epochs": 1},
    },
    "probe": {
        "embed": {"views": ["identity"]},
        "head": {"epochs": 30, "shape": {"hidden": []}},
    },
    "probes": {
        "one": {"embed": {"backbone": "x"}, "head": {"epochs": 60}},
        "two": {"embed": {"backbone": "x", "views": ["rot90"]}},
    },
}


def lines(dotted: str, value: object, tree: dict = TREE) -> list[str]:
    """What is said where a key has another value than in the last commit."""
    now = copy.deepcopy(tree)
    *sections, key = dotted.split(".")
    block = now
    for section in sections:
        block = block[section]
    block[key] = value
    return changed_default_lines(tree, now)


def test_nothing_is_said_where_no_default_changed() -> None:
    assert changed_default_lines(TREE, TREE) == []
    assert lines("models.small.epochs", 4) == []
    assert lines("families.vit.epochs", 4) == []


def test_a_default_is_followed_to_each_member_of_the_run() -> None:
    assert lines("train.epochs", 20) == [
        "train.epochs = 20 does not reach large, whose family vit sets 5; small, which sets 3",
        "train.epochs = 20 reaches plain",
    ]


def test_a_member_that_sets_the_same_value_is_not_named() -> None:
    assert lines("train.epochs", 3)[0].endswith(
        "reach large, whose family vit sets 5"
    )


def test_a_block_that_is_merged_is_followed_key_by_key() -> None:
    assert lines("train.head.hidden", [16]) == [
        "train.head.hidden = [16] does not reach large, which sets [8]",
        "train.head.hidden = [16] reaches plain, small",
    ]
    assert lines("train.head.act", "gelu") == [
        "train.head.act = gelu reaches large, plain, small"
    ]


def test_a_block_that_is_one_piece_is_said_as_one() -> None:
    assert lines("train.mix.prob", 1.0) == [
        "train.mix = {'prob': 1.0, 'mixup': 1.0} does not reach small, which sets null",
        "train.mix = {'prob': 1.0, 'mixup': 1.0} reaches large, plain",
    ]


def test_defaults_of_probes_are_followed_to_probes() -> None:
    assert lines("probe.head.epochs", 15) == [
        "probe.head.epochs = 15 does not reach one, which sets 60",
        "probe.head.epochs = 15 reaches two",
    ]
    assert lines("probe.head.shape.hidden", [8]) == [
        "probe.head.shape.hidden = [8] reaches one, two"
    ]


def test_five_members_are_named_and_the_others_counted() -> None:
    keys = [f"m{number}" for number in range(7)]
    many = TREE | {
        "run": {"models": keys, "probes": []},
        "models": {key: {"epochs": 3} for key in keys},
    }
    (line,) = lines("train.epochs", 20, many)
    assert line.endswith("m3, which sets 3; m4, which sets 3; and 2 more")
    many["models"] = {key: {} for key in keys}
    assert lines("train.epochs", 20, many) == [
        "train.epochs = 20 reaches m0, m1, m2, m3, m4, and 2 more"
    ]


def test_a_commit_of_an_older_version_says_nothing_of_new_keys() -> None:
    old = {key: value for key, value in TREE.items() if key != "probe"}
    assert changed_default_lines(old, TREE) == []
    assert changed_default_lines({}, TREE) == []
    without = TREE["train"] | {}
    del without["epochs"]
    assert changed_default_lines(TREE | {"train": without}, TREE) == []


def test_the_last_commit_is_asked_and_none_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("params.yaml").write_text("train: {epochs: 3}\n")
    assert committed_params() == {}
    run(tmp_path, "git", "init", "-q", ".")
    assert committed_params() == {}
    commit(tmp_path)
    Path("params.yaml").write_text("train: {epochs: 4}\n")
    assert committed_params() == {"train": {"epochs": 3}}
    Path("params.yaml").write_text("train: [\n")
    commit(tmp_path)
    assert committed_params() == {}


def test_the_default_run_is_followed_by_its_own_tree() -> None:
    tree = params.read()
    assert lines("train.epochs", 20, tree) == [
        "train.epochs = 20 does not reach lite0_64, which sets 3; lite0_80, which sets 4"
    ]
    assert lines("train.weight_decay", 0.1, tree) == [
        "train.weight_decay = 0.1 reaches lite0_64, lite0_80"
    ]
