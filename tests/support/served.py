"""A finished run of tiny networks, trained on the drawings of `drawn`: what is served and shown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import timm
import torch
from ruamel.yaml import YAML

from croquis.backbones.backbones import interpolation
from croquis.embed.embeddings import embed_images
from croquis.heads.probe_training import train_probe
from croquis.heads.training_records import TrainingOutcome, write_weights
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.recipes.probe_recipes import EmbedParams, ProbeDefaults, resolve_probe
from croquis.recipes.recipes import TrainParams, resolve_model
from croquis.runtime.hardware import Hardware
from croquis.serving.trained_ensemble import Trained
from croquis.tables.features import Features, save
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.predictions import Predictions
from croquis.tables.samples import FoldData, Samples
from croquis.train.fine_tuning import fine_tune
from croquis.votes.recipe import Recipe
from support.plain import PLAIN

CPU = Hardware(torch.device("cpu"), None, False, 0)
OWN = ("backbone", "image_size", "lr_mult")  # keys of a model, never of `train`
SHAPE = {"hidden": [], "act": "relu", "norm": "none", "dropout": 0.0}
HEAD = {"epochs": 2, "batch_size": 4, "weight_decay": 0.0, "label_smoothing": 0.0}
HEAD |= {"lr_mult": 1.0, "shape": SHAPE}
PLACES = {"parameters": "params.yaml", "index": "index.csv", "pixels": "pixels.npy"}
PLACES |= {"ensemble": "ensemble", "checkpoints": "checkpoints"}
# A head with a hidden layer, at half the stored size; a member that is surer than it should be.
MODELS: dict[str, dict[str, Any]] = {
    "small": {"image_size": 16, "head": SHAPE | {"hidden": [4]}, "epochs": 1},
}


def leave_run(
    folder: Path,
    models: dict[str, dict[str, Any]] = MODELS,
    views: dict[str, list[str]] | None = None,
    **changes: Any,
) -> Trained:
    """Trains tiny members on two folds and leaves all that a run does beside index and pixels.

    Args:
        folder: of `drawn`.
        models: what differs from PLAIN, by key.
        views: of each probe; they share one backbone.
        changes: of the recipe; temperatures are 2.0 by default, and weights 1.
    """
    views = {"head": ["identity"]} if views is None else views
    blocks = {
        key: {name: PLAIN[name] for name in OWN} | block
        for key, block in models.items()
    }
    probes = {
        key: {"embed": _embed(folder, own), "head": HEAD}
        for key, own in views.items()
    }
    train = {name: PLAIN[name] for name in TrainParams.model_fields}
    tree = {
        "lr": 1e-2,
        "train": train,
        "models": blocks,
        "probe": ProbeDefaults().model_dump(),
        "probes": probes,
        "data": {"source": "drawn.zip"},
    }
    tree["prepare"] = {"image_size": 32, "fit": "pad", "bad_test": "error"}
    with (folder / "params.yaml").open("w") as file:
        YAML(typ="safe").dump(tree, file)
    members = sorted([*models, *views])
    recipe = {
        "members": members,
        "folds": [0, 1],
        "fold_vote": "soft",
        "vote": "soft",
    }
    recipe |= {"weights": dict.fromkeys(members, 1.0), "temperature": 1.5}
    recipe |= {"temperatures": dict.fromkeys(members, 2.0)}
    (folder / "ensemble").mkdir(exist_ok=True)
    Recipe(**recipe | changes).save(folder / "ensemble" / "recipe.json")
    score = {
        "accuracy": 0.75,
        "accuracy_low": 0.7,
        "accuracy_high": 0.8,
        "log_loss": 1.2345,
    }
    (folder / "ensemble.json").write_text(json.dumps(score))
    _train(folder, tree)
    return trained(folder)


def trained(folder: Path) -> Trained:
    """The run of `leave_run`."""
    return Trained.of_run(
        **{name: folder / place for name, place in PLACES.items()}
    )


def sheets_of_test(folder: Path) -> np.ndarray:
    """The prepared test images of `drawn`, (3, 32, 32)."""
    return np.load(folder / "pixels.npy")[-3:]


def _embed(folder: Path, views: list[str]) -> dict[str, Any]:
    weights = folder / "backbone.safetensors"
    if not weights.exists():  # random, but the same again
        torch.manual_seed(1)
        network = timm.create_model(PLAIN["backbone"], num_classes=0)
        safetensors.torch.save_file(network.state_dict(), weights)
    own = {"backbone": PLAIN["backbone"], "pretrained": str(weights)}
    return own | {"image_size": 32, "views": views}


def _train(folder: Path, tree: dict[str, Any]) -> None:
    index, table = (
        read_index(folder / "index.csv"),
        read_folds(folder / "folds.csv"),
    )
    pixels = Pixels.open(folder / "index.csv", folder / "pixels.npy")
    found: dict[str, list[np.ndarray]] = {
        key: [] for key in [*tree["models"], *tree["probes"]]
    }

    def keep(key: str, fold: int, outcome: TrainingOutcome) -> None:
        write_weights(
            folder / "checkpoints" / key / f"fold{fold}.safetensors",
            outcome.weights,
        )
        found[key].append(outcome.test.probs)

    for fold in (0, 1):
        data = FoldData.of(fold, table, index)
        for key in tree["models"]:
            outcome = fine_tune(
                data,
                pixels,
                resolve_model(tree, key),
                seed=fold,
                hardware=CPU,
                log=lambda row, epoch: None,
            )
            keep(key, fold, outcome)
        for key in tree["probes"]:
            probe = resolve_probe(tree, key)
            stored = _features(folder, probe.embed, pixels)
            keep(key, fold, train_probe(data, stored, probe.head, seed=fold))
    recipe = Recipe.load(folder / "ensemble" / "recipe.json")
    ids, classes = data.test.ids, data.classes
    Predictions(ids, recipe.combine(found), classes).save(
        folder / "ensemble" / "test.npz"
    )


def _features(folder: Path, embed: EmbedParams, pixels: Pixels) -> Features:
    """As stages/embed.py stores them."""
    from croquis.backbones import stacked

    model = stacked.build_network(
        embed.backbone,
        pretrained=embed.pretrained,
        num_classes=0,
        image_size=embed.image_size,
    )
    ids = pixels.ids.to_numpy(dtype=str)
    size, how = embed.image_size, interpolation(embed.backbone)
    images = ImageDataset(
        pixels, Samples.unlabelled(ids), image_size=size, interpolation=how
    )
    path = folder / "features.npz"
    save(path, ids, embed_images(model, images, views=embed.views, hardware=CPU))
    return Features(path)
