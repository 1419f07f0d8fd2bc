"""Rules about what to try next: each from figures that call for it, and not from others."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from croquis.core import params
from croquis.report.member_settings import MemberSettings
from croquis.report.page_data import PageData
from croquis.report.sections import advice as module
from croquis.report.sections.advice import advice
from croquis.scoring import paired
from croquis.votes.members import RunParams
from support.leftovers import data_of, leave, metrics, outcome_of, recipe


@pytest.fixture
def found(drawn: Path) -> PageData:
    """The figures of `leave`, of which only the rising curve of "tiny" calls for anything."""
    leave(drawn)
    data = data_of(drawn)
    alone = data.groups.assign(group=range(12))  # without copies
    return PageData(
        "icons", replace(data, groups=alone), outcome_of(drawn), metrics()
    )


def commands(found: PageData) -> list[str]:
    return [one.command.removeprefix("dvc exp run -S ") for one in advice(found)]


def settings(**changes: object) -> MemberSettings:
    return MemberSettings(42, {"tiny": recipe(**changes)}, {})


def changed(found: PageData, **changes: object) -> PageData:
    return replace(found, outcome=replace(found.outcome, **changes))


def test_a_curve_that_still_rises_asks_for_epochs(found: PageData) -> None:
    assert commands(found) == ["++models.tiny.epochs=4"]
    assert "tiny still gained +.250" in advice(found)[0].why
    flat = found.outcome.curves.assign(val_accuracy=0.5)
    assert commands(changed(found, curves=flat)) == []


def test_a_loss_that_rises_asks_for_augmentation(found: PageData) -> None:
    soured = found.outcome.curves.assign(val_accuracy=0.5)
    soured.loc[soured["epoch"] == 1, "val_loss"] = 1.5
    assert commands(changed(found, curves=soured)) == [
        "++models.tiny.augment=strong"
    ]


@pytest.mark.parametrize(
    "strong",
    [
        {"augment": "strong"},
        {"augment": {"preset": "strong", "ops": {"noise": None}}},
        {"phases": [{"from_epoch": 1, "augment": "strong", "lr_factor": 1.0}]},
    ],
)
def test_what_is_strong_already_is_not_proposed_again(
    found: PageData, strong: dict
) -> None:
    soured = found.outcome.curves.assign(val_accuracy=0.5)
    soured.loc[soured["epoch"] == 1, "val_loss"] = 1.5
    known = changed(found, curves=soured, settings=settings(**strong))
    assert commands(known) == []


def test_missing_folds_are_named(found: PageData) -> None:
    one = RunParams(models=["tiny"], probes=["head"], folds=[0])
    assert commands(changed(found, run=one))[0] == "'run.folds=[0, 1]'"


def test_folds_that_leak_come_first(found: PageData) -> None:
    leaky = replace(found.images, folds=found.images.folds.assign(group=0))
    assert commands(replace(found, images=leaky))[0] == "split.group=true"


@pytest.mark.parametrize(
    ("p", "low", "fewest", "asked"),
    [
        (0.01, 0.001, 12, True),
        (0.2, 0.001, 12, False),
        (0.04, -0.001, 12, False),
        (0.01, 0.001, 13, False),
    ],
)
def test_a_vote_that_the_stage_would_decline_is_not_proposed(
    found: PageData,
    monkeypatch: pytest.MonkeyPatch,
    p: float,
    low: float,
    fewest: int,
    asked: bool,
) -> None:
    """There are twelve groups; by its p or by its interval alone a vote is not surely better."""
    monkeypatch.setattr(paired, "FEWEST", fewest)
    votes = found.outcome.tables.votes.copy()
    votes.loc[1, ["vote", "difference", "p"]] = ["greedy", 0.02, p]
    votes.loc[1, ["difference_low", "difference_high"]] = [low, 0.04]
    better = changed(found, tables=replace(found.outcome.tables, votes=votes))
    assert ("ensemble.weights=greedy" in commands(better)) == asked


def test_a_vote_is_judged_by_domains_where_there_are_any(
    found: PageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage would decline it, as six people are too few."""
    monkeypatch.setattr(paired, "FEWEST", 12)
    votes = found.outcome.tables.votes.copy()
    votes.loc[1, ["vote", "difference", "p"]] = ["greedy", 0.02, 0.01]
    votes.loc[1, ["difference_low", "difference_high"]] = [0.001, 0.04]
    better = changed(found, tables=replace(found.outcome.tables, votes=votes))
    assert "ensemble.weights=greedy" in commands(better)
    folds = found.images.folds.assign(unit=lambda table: table["group"] // 2)
    apart = replace(better, images=replace(found.images, folds=folds))
    assert "ensemble.weights=greedy" not in commands(apart)


def test_a_smaller_image_than_is_stored_asks_for_the_larger(
    found: PageData,
) -> None:
    small = changed(found, settings=settings(image_size=16))
    assert "++models.tiny.image_size=32" in commands(small)


def test_larger_files_than_are_stored_ask_for_more_pixels(found: PageData) -> None:
    large = replace(
        found.images, index=found.images.index.assign(width=448, height=300)
    )
    asked = commands(replace(found, images=large))
    assert "prepare.image_size=48 -S ++models.tiny.image_size=48" in asked


def test_members_that_cost_accuracy_are_left_out(found: PageData) -> None:
    gains = pd.DataFrame(
        {"step": [1, 2], "member": ["tiny", "head"], "accuracy": [0.8, 0.7]}
    )
    worse = changed(
        found,
        tables=replace(found.outcome.tables, gains=gains.assign(log_loss=1.0)),
    )
    assert "'ensemble.members=[tiny]'" in commands(worse)


def test_conflicts_copies_and_a_missing_probe(found: PageData) -> None:
    disputed = replace(found, metrics=metrics(dedup={"conflicts": 2, "dropped": 0}))
    assert "dedup.conflicts=drop_minority" in commands(disputed)
    crowded = replace(
        found.images,
        groups=found.images.groups.assign(group=[0, 0, 0, 0, *range(1, 9)]),
    )
    assert "train.group_weights=true" in commands(replace(found, images=crowded))
    alone = RunParams(models=["tiny"], probes=[], folds=[0, 1])
    assert "'run.probes=[lite0_probe]'" in commands(changed(found, run=alone))


def test_the_settings_of_commands_are_keys_of_params() -> None:
    """Else the command that a reader copies would fail."""
    tree = YAML(typ="safe", pure=True).load(
        params.PARAMS.read_text(encoding="utf-8")
    )
    assert "lite0_probe" in tree["probes"]
    for setting in module.SETTINGS.values():
        section, key = setting.split("=")[0].split(".")
        assert key in tree[section]
    train = ("split.group", "train.group_weights", "train.epochs", "train.augment")
    for dotted in (
        *train,
        "dedup.conflicts",
        "prepare.image_size",
        "ensemble.members",
    ):
        section, key = dotted.split(".")
        assert key in tree[section]


def test_a_vote_that_is_worse_is_not_proposed_however_significant(
    found: PageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "croquis.report.sections.advice.is_significant", lambda *_: True
    )
    votes = found.outcome.tables.votes.copy()
    votes.loc[1, ["vote", "difference", "p"]] = ["greedy", -0.02, 0.01]
    worse = changed(found, tables=replace(found.outcome.tables, votes=votes))
    assert "ensemble.weights=greedy" not in commands(worse)


def test_the_image_size_of_the_best_model_is_the_one_in_question(
    found: PageData,
) -> None:
    small = recipe(image_size=16)
    both = MemberSettings(42, {"tiny": small, "other": small}, {})
    members = pd.DataFrame({"member": ["other", "tiny"], "accuracy": [0.7, 0.75]})
    tables = replace(found.outcome.tables, members=members)
    asked = commands(changed(found, settings=both, tables=tables))
    assert "++models.tiny.image_size=32" in asked
