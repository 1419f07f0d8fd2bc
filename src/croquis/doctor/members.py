"""Whether the chosen models fit this machine's memory, and whether their weights are at hand."""

import os
from collections.abc import Mapping
from pathlib import Path

from croquis.check.dry_run import dry_run
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.core.text import counted
from croquis.doctor.finding import Finding
from croquis.recipes.recipes import ModelParams

# float32 weights, their gradients, and AdamW's two averages.
TRAINED_BYTES = 16
FROZEN_BYTES = 4
EMA_BYTES = 4
# What timm's weights are called on the hub.
HUB_FILES = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
)
LESS = "set grad_checkpointing, a smaller micro_batch or lora, or take a probe of this backbone"


def memory_findings(
    recipes: Mapping[str, ModelParams], memory: int, where: str, classes: int | None
) -> list[Finding]:
    """Weights and optimizer of each model against the memory; activations come on top.

    Args:
        recipes: of the models of `run`.
        memory: bytes there are.
        where: "GPU" or "main memory".
        classes: of the data; None before `prepare`, when a head for one is counted.
    """
    findings = []
    head = f"a head for {counted(classes or 1, 'class', 'classes')}"
    if classes is None:
        head += ", until `prepare` has counted them"
    for key, recipe in recipes.items():
        try:
            dry_run({key: recipe}, {}, classes or 1)
            trained, frozen = parameters(recipe, classes or 1)
        except InputError as error:
            findings.append(Finding(f"model {key}", "problem", str(error)))
            continue
        each = TRAINED_BYTES + (EMA_BYTES if recipe.ema_decay else 0)
        needed = each * trained + FROZEN_BYTES * frozen
        said = (
            f"{(trained + frozen) / 1e6:,.1f} M parameters with {head}; {needed / 2**30:.1f} GB"
            f" with gradients and AdamW's state, of {memory / 2**30:.0f} GB of {where};"
            " activations come on top"
        )
        findings.append(_judge(f"model {key}", said, needed / memory))
    return findings


def parameters(recipe: ModelParams, classes: int) -> tuple[int, int]:
    """Counts of parameters that train and that are frozen; nothing is allocated or loaded.

    Raises:
        InputError: if the network cannot be built as the recipe says.
    """
    from croquis.networks.networks import on_meta

    counts = {True: 0, False: 0}
    for parameter in on_meta(recipe, classes).parameters():
        counts[parameter.requires_grad] += parameter.numel()
    return counts[True], counts[False]


def _judge(topic: str, said: str, share: float) -> Finding:
    """More than nine tenths cannot fit; more than half is tight, as activations are unknown."""
    if share > 0.9:
        return Finding(topic, "problem", said, LESS)
    return Finding(
        topic, "warning" if share > 0.5 else "ok", said, LESS if share > 0.5 else ""
    )


def weights_findings(
    pretrained: Mapping[str, tuple[str | list[str], bool | str | list[bool | str]]],
) -> list[Finding]:
    """Whether each member's first weights are at hand.

    Args:
        pretrained: of each member the backbone, or several, and the setting `pretrained`.
    """
    findings = []
    for key, (backbone, setting) in pretrained.items():
        names = [backbone] if isinstance(backbone, str) else backbone
        each = setting if isinstance(setting, list) else [setting] * len(names)
        findings += [_weights(key, *one) for one in zip(names, each, strict=True)]
    return findings


def _weights(key: str, backbone: str, setting: bool | str) -> Finding:
    topic = f"weights {key}"
    if setting is False:
        return Finding(topic, "ok", "random, none are needed")
    if setting is True:
        return _of_the_hub(topic, backbone)
    if setting == "bundled":
        return _of_the_bundle(topic, backbone)
    # One fold stands for all.
    path = root() / Path(setting.replace("{fold}", "0")).expanduser()
    if path.is_file():
        return Finding(
            topic, "ok", f"{setting}, {path.stat().st_size / 1e6:,.0f} MB"
        )
    return Finding(
        topic, "problem", f"nothing is at {path}", f"correct `pretrained` of {key}"
    )


def _of_the_bundle(topic: str, backbone: str) -> Finding:
    from croquis.backbones import weights

    try:
        count = len(weights.state_dict("bundled", backbone))
    except InputError as error:
        return Finding(topic, "problem", str(error), "make setup")
    return Finding(topic, "ok", f"bundled, {count} tensors")


def _of_the_hub(topic: str, backbone: str) -> Finding:
    import timm
    from huggingface_hub import try_to_load_from_cache

    config = timm.get_pretrained_cfg(backbone)
    address = None if config is None else config.hf_hub_id
    if address and any(
        isinstance(try_to_load_from_cache(address, name), str) for name in HUB_FILES
    ):
        return Finding(topic, "ok", f"{backbone} is in the hub's cache here")
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        said = f"{backbone} is not in the hub's cache, and HF_HUB_OFFLINE is set"
        return Finding(
            topic, "problem", said, "unset it once, or name a file in `pretrained`"
        )
    said = (
        f"{backbone} is not here: its first training downloads it from timm's hub"
    )
    return Finding(
        topic, "warning", said, "go online once, or name a file in `pretrained`"
    )
