"""A probe's two blocks: what is embedded, and what is trained on it."""

from pathlib import Path

import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.probe_recipes import probe_recipe, resolve_probe

PARAMS = Path(__file__).parents[2] / "params.yaml"
DEFAULTS = params.read(PARAMS)["probe"]
EMBED = {
    "backbone": "x",
    "pretrained": True,
    "image_size": 64,
    "views": ["identity", "rot90"],
}
SHAPE = {"hidden": [8], "act": "relu", "norm": "none", "dropout": 0}
HEAD = {
    "epochs": 2,
    "batch_size": 8,
    "weight_decay": 0,
    "label_smoothing": 0,
    "lr_mult": 1,
}
HEAD |= {"shape": SHAPE}


def tree_of(probe: dict) -> dict:
    return {"lr": 0.1, "probe": DEFAULTS, "probes": {"p": probe}}


def complaint(embed: dict | None, head: dict | None) -> str:
    with pytest.raises(InputError) as caught:
        resolve_probe(tree_of({"embed": embed, "head": head}), "p")
    return str(caught.value)


def test_a_probe_resolves() -> None:
    found = resolve_probe(tree_of({"embed": EMBED, "head": HEAD}), "p")
    assert found.embed.views == ["identity", "rot90"] and found.head.lr_mult == 1.0


def test_the_learning_rate_is_the_base_rate_times_the_heads_own_factor() -> None:
    head = HEAD | {"lr_mult": 0.5}
    assert (
        resolve_probe(tree_of({"embed": EMBED, "head": head}), "p").head.lr
        == 0.1 * 0.5
    )
    assert "probes.p.head.lr: expected a known key" in complaint(
        EMBED, HEAD | {"lr": 0.1}
    )


def test_a_head_may_say_how_it_trains_and_has_a_default_where_it_does_not() -> None:
    own = {
        "optimizer": "adam",
        "schedule": "step",
        "cycle_epochs": 10,
        "cycle_factor": 0.1,
    }
    plain, winners = (
        resolve_probe(tree_of({"embed": EMBED, "head": HEAD | more}), "p").head
        for more in ({}, own)
    )
    assert (plain.optimizer, plain.schedule, plain.loss) == (
        "adamw",
        "cosine",
        "ce",
    )
    assert (winners.optimizer, winners.schedule, winners.cycle_factor) == (
        "adam",
        "step",
        0.1,
    )
    assert "head.schedule: expected 'cosine'" in complaint(
        EMBED, HEAD | {"schedule": "linear"}
    )


def test_every_probe_of_the_repository_resolves() -> None:
    for key in params.read(PARAMS)["probes"]:
        assert probe_recipe(key, PARAMS).embed.backbone


def test_slips_are_named_with_their_block() -> None:
    assert complaint(EMBED | {"views": []}, HEAD).startswith(
        "probes.p.embed.views: expected "
    )
    assert "probes.p.embed.views: expected each view once, received" in complaint(
        EMBED | {"views": ["rot90", "rot90"]}, HEAD
    )
    assert "probes.p.embed.views.1: expected 'identity'" in complaint(
        EMBED | {"views": ["identity", "rot45"]}, HEAD
    )
    assert "probes.p.head.epoch: expected a known key" in complaint(
        EMBED, HEAD | {"epoch": 3}
    )
    assert "probes.p.head.shape.act: expected 'relu'" in complaint(
        EMBED, HEAD | {"shape": SHAPE | {"act": "selu"}}
    )
    assert "probes.p.embed.backbone: expected " in complaint(
        EMBED | {"backbone": ["x"]}, HEAD
    )
    assert "did you mean 'backbone'?" in complaint(EMBED | {"bakbone": "x"}, HEAD)
    assert complaint(EMBED, None).startswith("probes.p.head: expected ")


@pytest.mark.parametrize("catalogue", [{"lite_probe": {}}, None])
def test_an_unknown_probe_is_named(catalogue: object) -> None:
    with pytest.raises(
        InputError, match=r"run\.probes: expected keys of `probes`, received 'lite"
    ):
        resolve_probe({"probe": DEFAULTS, "probes": catalogue}, "lite0_probe")


def test_a_probe_states_what_differs_from_the_defaults() -> None:
    embed = {"backbone": "x", "image_size": 64}
    plain = resolve_probe(tree_of({"embed": embed}), "p")
    assert plain.head.model_dump() == DEFAULTS["head"] | {"lr": 0.1}
    assert plain.embed.views == DEFAULTS["embed"]["views"]
    deep = tree_of(
        {"embed": embed, "head": {"epochs": 7, "shape": {"hidden": [8]}}}
    )
    head = resolve_probe(deep, "p").head
    assert head.epochs == 7 and head.batch_size == DEFAULTS["head"]["batch_size"]
    assert head.shape.model_dump() == DEFAULTS["head"]["shape"] | {"hidden": [8]}


def test_a_slip_in_the_defaults_is_named_there() -> None:
    tree = tree_of({"embed": EMBED, "head": HEAD})
    head = {key: value for key, value in DEFAULTS["head"].items() if key != "loss"}
    with pytest.raises(
        InputError, match=r"probe\.head\.loss: expected a value, recei"
    ):
        resolve_probe(tree | {"probe": DEFAULTS | {"head": head}}, "p")
