"""A model's own block over the defaults of `train`, and every slip named."""

from pathlib import Path
from typing import Any

import pydantic
import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.recipes.learning_rates import peak_lr
from croquis.recipes.recipes import ModelParams, cycles, model_recipe, resolve_model

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def tree() -> dict[str, Any]:
    """The repository's defaults and one small model."""
    model = {
        "backbone": "resnet18.a1_in1k",
        "pretrained": False,
        "image_size": 64,
        "lr_mult": 0.5,
        "epochs": 3,
    }
    return {
        "lr": 0.1,
        "train": params.read(PARAMS)["train"] | {"epochs": 8},
        "models": {"small": model},
    }


def test_a_models_own_key_wins_over_the_default(tree: dict) -> None:
    found = resolve_model(tree, "small")
    assert found.epochs == 3 and found.image_size == 64
    assert found.batch_size == tree["train"]["batch_size"]


def test_the_learning_rate_is_the_base_rate_times_the_models_own_factor(
    tree: dict,
) -> None:
    assert resolve_model(tree, "small").lr == 0.1 * 0.5
    with pytest.raises(InputError, match="lr: expected this key"):
        resolve_model({name: tree[name] for name in ("train", "models")}, "small")


def test_nobody_writes_a_learning_rate_in_an_entry(tree: dict) -> None:
    tree["models"]["small"]["lr"] = 0.1
    with pytest.raises(
        InputError, match=r"models\.small\.lr: expected a known key"
    ):
        resolve_model(tree, "small")


def test_every_model_of_the_repository_resolves() -> None:
    for key in params.read(PARAMS)["models"]:
        assert model_recipe(key, PARAMS).backbone


def test_an_unknown_model_hints_at_the_nearest(tree: dict) -> None:
    with pytest.raises(
        InputError, match=r"run\.models: .*received 'smal'; did you mean 'small'\?"
    ):
        resolve_model(tree, "smal")


@pytest.mark.parametrize("catalogue", [None, [], "small"])
def test_a_catalogue_that_is_none_is_named(tree: dict, catalogue: object) -> None:
    with pytest.raises(InputError, match=r"run\.models: expected keys of `models`"):
        resolve_model(tree | {"models": catalogue}, "small")


def test_a_block_that_is_none_is_named(tree: dict) -> None:
    with pytest.raises(
        InputError, match=r"models\.small: expected a block of keys, received None"
    ):
        resolve_model(tree | {"models": {"small": None}}, "small")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"epoch": 3},
            r"models\.small\.epoch: expected a known key.*did you mean 'epochs'",
        ),
        (
            {"epochs": 0},
            r"models\.small\.epochs: expected greater than or equal to 1, received 0",
        ),
        (
            {"batch_size": 1},
            r"models\.small\.batch_size: expected greater than or equal to 2",
        ),
        ({"lr_mult": 0}, r"models\.small\.lr_mult: expected greater than 0"),
        (
            {"layer_decay": 1.5},
            r"models\.small\.layer_decay: expected less than or equal to 1",
        ),
        ({"drop_rate": 1.0}, r"models\.small\.drop_rate: expected less than 1"),
        ({"augment": 3}, r"models\.small\.augment: expected a valid string or"),
        (
            {"tta": []},
            r"models\.small\.tta: expected List should have at least 1 item",
        ),
        (
            {"tta": ["rot45"]},
            r"models\.small\.tta\.0: expected 'identity', 'rot90', ",
        ),
        (
            {"tta": ["rot90", "rot90"]},
            r"models\.small\.tta: expected each view once, received",
        ),
        (
            {"tta": "identity"},
            r"models\.small\.tta: expected a valid list, received 'identity'",
        ),
        (
            {"schedule": "cos"},
            r"models\.small\.schedule: expected 'cosine', 'constant', ",
        ),
        (
            {"pretrained": 1},
            r"models\.small\.pretrained: expected a valid boolean or a valid str",
        ),
        (
            {"image_size": "64"},
            r"models\.small\.image_size: expected a valid integer",
        ),
    ],
)
def test_a_slip_in_a_models_block_is_named(
    tree: dict, change: dict, message: str
) -> None:
    tree["models"]["small"] |= change
    with pytest.raises(InputError, match=message):
        resolve_model(tree, "small")


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"schedule": "cosine"}, 0),
        ({"schedule": "step"}, 0),  # comes to no floor
        ({"schedule": "restarts"}, 3),  # after 4, 7 and 10 epochs
        (
            {"schedule": "restarts", "epochs": 10},
            2,
        ),  # the third end is that of the training
        ({"schedule": "restarts", "cycle_epochs": 20}, 0),
        (
            {"schedule": "cyclic"},
            3,
        ),  # after 3, 6 and 9: it rises by itself, without a warm-up
        ({"schedule": "cyclic", "epochs": 9}, 2),
        (
            {
                "schedule": "restarts",
                "warmup_epochs": 0.4,
                "cycle_epochs": 0.2,
                "epochs": 1,
            },
            2,
        ),
    ],
)
def test_cycles_are_those_that_end_before_the_training(
    tree: dict, change: dict, count: int
) -> None:
    settings = {"epochs": 12, "warmup_epochs": 1, "cycle_epochs": 3} | change
    tree["models"]["small"] |= settings
    assert cycles(resolve_model(tree, "small")) == count


def test_a_slip_in_the_defaults_is_named_there(tree: dict) -> None:
    del tree["train"]["augment"]
    with pytest.raises(
        InputError, match=r"train\.augment: expected a value, received nothing"
    ):
        resolve_model(tree, "small")


def test_a_model_without_a_backbone_is_named(tree: dict) -> None:
    del tree["models"]["small"]["backbone"]
    with pytest.raises(
        InputError, match=r"models\.small\.backbone: expected a value"
    ):
        resolve_model(tree, "small")


def test_null_switches_off_what_may_be_off(tree: dict) -> None:
    tree["models"]["small"] |= {
        "layer_decay": None,
        "clip_grad": None,
        "ema_decay": None,
    }
    assert resolve_model(tree, "small").clip_grad is None
    tree["models"]["small"] |= {"weight_decay": None}
    with pytest.raises(
        InputError, match=r"weight_decay: expected a valid number, received None"
    ):
        resolve_model(tree, "small")


FAMILIES = {"slow": {"lr_mult": 0.03, "epochs": 5, "head": {"hidden": [8]}}}


def test_a_family_wins_over_the_default_and_the_entry_over_both(tree: dict) -> None:
    entry = {"like": "slow", "backbone": "resnet18.a1_in1k", "image_size": 64}
    families = {"families": FAMILIES}
    found = resolve_model(tree | families | {"models": {"m": entry}}, "m")
    assert (
        found.lr_mult == 0.03 and found.epochs == 5
    )  # of the family, not 8 of `train`
    assert (
        found.head.hidden == [8] and found.head.act == tree["train"]["head"]["act"]
    )
    entry |= {"epochs": 2, "head": {"act": "gelu"}}
    found = resolve_model(tree | families | {"models": {"m": entry}}, "m")
    assert found.epochs == 2 and found.lr_mult == 0.03
    assert found.head.hidden == [8] and found.head.act == "gelu"


@pytest.mark.parametrize(
    ("like", "families", "message"),
    [
        (
            "slwo",
            FAMILIES,
            r"models\.small\.like: expected a key of `families`, .*; did you mean 'slow'",
        ),
        ("slow", None, r"models\.small\.like: expected a key of `families`"),
        (
            None,
            FAMILIES,
            r"models\.small\.like: expected a key of `families`, .* None",
        ),
        (
            "a",
            {"a": {"like": "a"}},
            r"families\.a\.like: expected no family of a family, received 'a'; write the keys",
        ),
        (
            "a",
            {"a": {"like": "b"}, "b": {}},
            r"families\.a\.like: .*write the keys of 'b' into 'a'",
        ),
        ("a", {"a": 3}, r"families\.a: expected a block of keys, received 3"),
        (
            "a",
            {"a": {"epoch": 3}},
            r"families\.a\.epoch: expected a known key.* did you mean 'epochs'",
        ),
        (
            "a",
            {"a": {"layer_decay": 2.0}},
            r"families\.a\.layer_decay: expected less than or equal to 1, received 2\.0",
        ),
    ],
)
def test_a_slip_about_a_family_is_named(
    tree: dict, like: object, families: object, message: str
) -> None:
    tree["models"]["small"]["like"] = like
    with pytest.raises(InputError, match=message):
        resolve_model(tree | {"families": families}, "small")


def test_a_block_that_may_be_null_is_one_piece(tree: dict) -> None:
    """Half of another `mix` would be no mix that anybody wrote."""
    mix = {
        "prob": 1.0,
        "mixup": 0.2,
        "cutmix": 0.0,
        "clip": None,
        "off_last_epochs": 1,
    }
    tree["train"]["mix"] = mix
    tree["models"]["small"]["mix"] = {"prob": 0.5}
    with pytest.raises(
        InputError, match=r"models\.small\.mix\.mixup: expected a value"
    ):
        resolve_model(tree, "small")


def test_a_slip_inside_a_block_that_may_be_null_is_named(tree: dict) -> None:
    """It was an error of Python: `LoraParams | None` has no fields."""
    tree["models"]["small"]["lora"] = {"rnk": 2}
    with pytest.raises(
        InputError, match=r"models\.small\.lora\.rnk: .*did you mean 'rank'"
    ):
        resolve_model(tree, "small")
    tree["models"]["small"]["lora"] = None
    tree["models"]["small"]["augment"] = {"preset": "flips", "opps": {}}
    with pytest.raises(InputError, match=r"augment\.opps: .*did you mean 'ops'"):
        resolve_model(tree, "small")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 10**12),
        ("batch_size", 10**12),
        ("micro_batch", 10**12),
        ("average_epochs", 10**12),
        ("warmup_epochs", 1e30),
        ("weight_decay", 1e30),
        ("head_lr_mult", 1e30),
        ("image_size", 10**9),
        ("lr_mult", 1e30),
        (
            "head",
            {"hidden": [10**9], "act": "relu", "norm": "none", "dropout": 0.0},
        ),
        ("lora", {"rank": 10**9, "alpha": 16.0, "dropout": 0.1, "targets": "x"}),
    ],
)
def test_a_setting_that_no_hardware_gets_done_is_refused(
    key: str, value: object
) -> None:
    with pytest.raises(pydantic.ValidationError, match="less than or equal to"):
        ModelParams.model_validate(
            {"backbone": "b", "image_size": 8, "lr_mult": 1.0, key: value}
        )


@pytest.mark.parametrize(("lr", "lr_mult"), [(1e-320, 1e-10), (1000.0, 1e308)])
def test_a_peak_that_is_no_number_is_said(lr: float, lr_mult: float) -> None:
    with pytest.raises(InputError, match="a product with lr_mult that is above 0"):
        peak_lr({"lr": lr}, lr_mult)
