"""What ran: each training's settings in few words, and all of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from croquis.report.index_page import index_html
from croquis.report.member_settings import MemberSettings
from croquis.report.page_data import PageData
from croquis.report.sections.recipe_rows import (
    RecipeRow,
    all_settings,
    recipe_rows,
)
from support.leftovers import HEAD, data_of, leave, metrics, outcome_of, recipe
from support.outline import Outline

CURRICULUM = {
    "augment": {"preset": "flips", "ops": {"tone": {"p": 0.2}, "turn": None}},
    "phases": [{"from_epoch": 1, "augment": "course", "lr_factor": 0.5}],
    "mix": {
        "prob": 0.5,
        "mixup": 1.0,
        "cutmix": 0.3,
        "clip": None,
        "off_last_epochs": 0,
    },
}


def settings(**changes: object) -> MemberSettings:
    return MemberSettings(42, {"tiny": recipe(**changes)}, {"head": HEAD})


def test_a_member_is_a_row_of_few_words() -> None:
    head, tiny = recipe_rows(settings())
    assert head == RecipeRow(
        member="head",
        image_size=32,
        epochs=3,
        lr="0.01",
        steps="adamw, cosine",
        batch_size=64,
        augment="none: frozen features",
        loss="ce",
        head="8 relu",
        views="as is",
    )
    assert tiny[:6] == ("tiny", 32, 2, "0.001", "adamw, cosine", 16)
    assert tiny[6:] == (
        "flips",
        "ce, smoothing .10",
        "linear, random start",
        "as is",
    )


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        (
            CURRICULUM,
            "augment",
            "flips with tone, without turn; from epoch 1 course at 0.5 of the lr; "
            "mixup 1 or cutmix 0.3 in 50% of batches",
        ),
        (
            {"loss": "focal", "label_smoothing": 0.0, "group_weights": True},
            "loss",
            "focal of gamma 2, groups weigh alike",
        ),
        (
            {
                "phases": [
                    {
                        "from_epoch": 1,
                        "augment": "none",
                        "lr_factor": 1.0,
                        "image_size": 16,
                    },
                ]
            },
            "augment",
            "flips; from epoch 1 none at 16 px",
        ),
        ({"tta": ["identity", "flip_lr"]}, "views", "as is, mirrored"),
        (
            {
                "head_start": "probe",
                "lora": {"rank": 8, "alpha": 16, "dropout": 0.0, "targets": "."},
            },
            "head",
            "linear, started by a probe, LoRA of rank 8 below it",
        ),
        ({"lr_mult": 0.05}, "lr", "5e-05"),
    ],
)
def test_what_differs_is_said(changes: dict, column: str, words: str) -> None:
    assert getattr(recipe_rows(settings(**changes))[1], column) == words


def test_a_probes_own_optimizer_and_loss_are_said() -> None:
    """Whatever trained a head, the page said adamw, cosine and ce."""
    own = {"optimizer": "adam", "schedule": "step", "loss": "focal", "num_seeds": 3}
    probe = HEAD.model_copy(update={"head": HEAD.head.model_copy(update=own)})
    told = recipe_rows(replace(settings(), probes={"head": probe}))[0]
    assert (told.steps, told.loss) == ("adam, step", "focal of gamma 2")
    assert told.head == "8 relu, the mean of 3 seeds"


def test_every_setting_stands_below() -> None:
    table = dict(all_settings(settings(weight_decay=0.123)))
    assert table["weight_decay"] == [
        "",
        "0.123",
    ]  # head has one of its own, tiny's is the other
    assert table["head.weight_decay"] == ["0.01", ""]
    assert table["tta"] == ["", '["identity"]'] and table["lora"] == ["", "null"]
    assert table["backbone"] == ["", "resnet18"] and table["embed.backbone"] == [
        "resnet18",
        "",
    ]


def test_reports_of_two_learning_rates_are_told_apart(drawn: Path) -> None:
    leave(drawn)
    one = outcome_of(drawn)
    other = replace(one, settings=settings(lr_mult=0.1))
    pages = [
        index_html(PageData("icons", data_of(drawn), each, metrics()))
        for each in (one, other)
    ]
    texts = [Outline(html).text for html in pages]
    assert "2 folds, seed 42." in texts[0]
    assert "tiny 32 px 2 0.001 adamw, cosine 16 flips" in texts[0]
    assert "tiny 32 px 2 0.0001 adamw, cosine 16 flips" in texts[1]
