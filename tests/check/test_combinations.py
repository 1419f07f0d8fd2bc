"""Settings of one recipe that contradict each other, at the very border where they begin to."""

import pytest

from croquis.check.combinations import check_regime
from croquis.core.errors import InputError

MIX = {"prob": 1.0, "mixup": 0.2, "cutmix": 1.0, "clip": None, "off_last_epochs": 0}
LORA = {"rank": 2, "alpha": 4.0, "dropout": 0.0, "targets": "qkv"}


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 3, "average_epochs": 3},
        {"epochs": 3, "mix": MIX | {"off_last_epochs": 2}},
        {"mix": MIX | {"mixup": 0.0}},
        {"mix": MIX | {"clip": [0.3, 0.3]}},
        {"lora": LORA},
        {"trainable": ["^blocks"]},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_settings_up_to_the_border_go_together(recipe, changes: dict) -> None:
    check_regime("models.tiny", recipe(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"epochs": 3, "average_epochs": 4},
            r"tiny: expected at most epochs \(3\), received average_epochs: 4",
        ),
        (
            {"epochs": 3, "average_epochs": 2, "ema_decay": 0.9},
            "tiny: expected ema_decay or average_epochs, received both",
        ),
        (
            {"epochs": 3, "mix": MIX | {"off_last_epochs": 3}},
            r"tiny\.mix: .* fewer plain epochs than epochs \(3\), .* off_last_epochs: 3",
        ),
        (
            {"mix": MIX | {"mixup": 0.0, "cutmix": 0.0}},
            r"tiny\.mix: expected mixup or cutmix above 0, received both 0",
        ),
        (
            {"mix": MIX | {"clip": [0.4, 0.3]}},
            r"tiny\.mix: expected clip as \[low, high\], .* \[0\.4, 0\.3\]; swap them",
        ),
        (
            {"mix": MIX, "group_weights": True},
            "tiny: expected mix or group_weights, received both",
        ),
        (
            {"lora": LORA, "trainable": ["^blocks"]},
            "tiny: expected lora or trainable, received both",
        ),
        (
            {"lora": LORA | {"targets": "(qkv"}},
            r"tiny: expected a regular expression, received '\(qkv'",
        ),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, dict) else "",
)
def test_settings_beyond_it_are_refused(
    recipe, changes: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check_regime("models.tiny", recipe(**changes))


@pytest.mark.parametrize(
    ("backbone", "received"),
    [
        ("nobody", "one with 0"),
        ("vit_base_patch16_clip_224.openai", "one with 512"),
        (["test_efficientnet", "test_vit"], "2 stacked backbones"),
    ],
    ids=["unknown to timm", "of other classes", "stacked"],
)
def test_the_head_of_imagenet_needs_a_backbone_that_has_one(
    recipe, backbone: str | list[str], received: str
) -> None:
    settings = recipe(head_start="imagenet", backbone=backbone, pretrained=True)
    with pytest.raises(InputError, match=f"1000 classes .*, received {received}"):
        check_regime("models.tiny", settings)
