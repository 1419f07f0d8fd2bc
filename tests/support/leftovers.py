"""What the stages before report leave in a folder, made up around the images of `drawn`."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from croquis.core import params
from croquis.recipes.probe_recipes import resolve_probe
from croquis.recipes.recipes import ModelRecipe, resolve_model
from croquis.report.member_settings import MemberSettings
from croquis.report.page_data import (
    ImageData,
    RunOutcome,
    read_image_data,
    read_outcome,
)
from croquis.report.report_files import METRICS, RESULTS, TABLES, ReportFiles
from croquis.tables import fold_tables
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams

# A model of two epochs and small batches; all else is as params.yaml has its defaults.
BLOCK = {
    "backbone": "resnet18",
    "pretrained": False,
    "image_size": 32,
    "lr_mult": 1.0,
    "epochs": 2,
    "batch_size": 16,
    "warmup_epochs": 0.5,
}
RUN = RunParams(models=["tiny"], probes=["head"], folds=[0, 1])
TRAIN = [
    f"train/{name}/{row}.png"
    for row, name in enumerate(["bar", "pole", "spot"] * 4)
]
PARAMS = Path("params.yaml").absolute()  # some tests work in another folder
HOW = EnsembleParams(members="all", vote="soft", weights="uniform")
PROBE = {
    "embed": {
        "backbone": "resnet18",
        "pretrained": False,
        "image_size": 32,
        "views": ["identity"],
    },
    "head": {
        "epochs": 3,
        "batch_size": 64,
        "weight_decay": 0.01,
        "label_smoothing": 0.0,
    }
    | {
        "lr_mult": 10.0,
        "shape": {"hidden": [8], "act": "relu", "norm": "none", "dropout": 0.0},
    },
}
HEAD = resolve_probe(
    params.read(PARAMS) | {"lr": 1e-3, "probes": {"head": PROBE}}, "head"
)
TRAININGS = pd.DataFrame(  # one fold of "tiny" is on record, half an hour
    [("tiny", 0, "cuda float16", 1800.0, 20.0)],
    columns=["member", "fold", "device", "seconds", "images_per_second"],
)
TEST = {
    "rows": 3,
    "test_accuracy": 0.731,
    "test_single_fold": 0.712,
    "gap": -0.038,
    "gap_low": -0.09,
    "gap_high": 0.014,
    "fold_vote_gain": 0.019,
    "oof_accuracy": 0.75,
    "oof_low": 0.7,
    "oof_high": 0.8,
    "inside_interval": True,
}


def leave(folder: Path) -> None:
    """Tables of dedup (no twins), votes, ensemble, curves, metrics beside index, pixels, folds.

    Rows 0 and 3 are copies (class bar), as are 1, 4 and 5 (of two classes). The ensemble is right
    but on rows 2 (.8 for bar) and 7 (.6 for spot); head is right throughout, tiny as the ensemble.
    """
    folds = fold_tables.read_folds(folder / "folds.csv")
    groups = folds[["id"]].assign(
        group=[0, 1, 2, 0, 1, 1, *range(3, 9)], keep=True, weight=1.0
    )
    groups["conflict"], groups["targets"] = groups["group"] == 1, ""
    groups.to_csv(folder / "groups.csv", index=False)
    ids = folds["id"].to_numpy(dtype=str)
    pairs = [
        (0, 3, "bytes", 1.0, 1.0, "identity", True),
        (1, 4, "ssim", 0.96, 0.9, "rot90", True),
    ]
    pairs.append((4, 5, "cosine", 0.95, 0.91, "identity", False))
    names = ["id_a", "id_b", "tier", "score", "ink", "symmetry", "same_class"]
    duplicates = pd.DataFrame(
        [(ids[a], ids[b], *rest) for a, b, *rest in pairs], columns=names
    )
    duplicates.assign(grouped=True).to_csv(folder / "duplicates.csv", index=False)
    twins = pd.DataFrame(columns=["id", "train_id", *names[2:6]])
    twins.to_csv(folder / "twins.csv", index=False)
    (folder / "overrides.csv").write_text("id,decision,other\n")
    right = np.full((12, 3), 0.05) + 0.85 * np.eye(3)[folds["label"]]
    wrong = right.copy()
    wrong[2], wrong[7] = (0.8, 0.1, 0.1), (0.2, 0.2, 0.6)
    classes = fold_tables.class_names(fold_tables.read_index(folder / "index.csv"))
    for place, probs in {
        "ensemble": wrong,
        "votes/tiny": wrong,
        "votes/head": right,
    }.items():
        Predictions(ids, probs, classes).save(folder / place / "oof.npz")
    for member in RUN.members:
        for fold in (0, 1, 2):  # 2 is left of an earlier run
            _curves(folder / "curves" / member, member, fold)
    ensemble_tables(folder / "ensemble")
    explained(folder, ids)
    for name, content in metrics().items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def ensemble_tables(folder: Path) -> None:
    """The tables of ensemble: two members, two votes, two bins of confidence.

    2 of 12 images are in the first bin. Raw, they are .2 and .1 off; calibrated, .1 and nothing.
    """
    shares = {
        "accuracy_low": 0.7,
        "accuracy_high": 0.8,
        "log_loss": 1.2,
        "ece": 0.1,
        "brier": 0.3,
    }
    votes = [
        ("soft", 0.75, 0.75, 0.0, 1.0, 1, True),
        ("hard", 0.7, 0.7, -0.05, 0.25, 0, False),
    ]
    columns = [
        "vote",
        "accuracy",
        "nested_accuracy",
        "difference",
        "p",
        "ties",
        "chosen",
    ]
    votes = pd.DataFrame(votes, columns=columns).assign(**shares)
    votes["difference_low"] = votes["difference_high"] = votes["difference"]
    votes.to_csv(folder / "votes.csv", index=False)
    members = pd.DataFrame(
        {"member": ["head", "tiny"], "weight": 0.5, "temperature": [0.9, 1.4]}
    )
    members["accuracy"], members["log_loss"], members["log_loss_calibrated"] = (
        0.75,
        1.2,
        1.1,
    )
    members["ece"], members["ece_calibrated"], members["brier_calibrated"] = (
        0.2,
        0.05,
        0.3,
    )
    members.to_csv(folder / "members.csv", index=False)
    agreement = {"member": ["head", "tiny"], "head": [1.0, 0.8], "tiny": [0.8, 1.0]}
    pd.DataFrame(agreement).to_csv(folder / "agreement.csv", index=False)
    pair = {
        "a": ["head"],
        "b": ["tiny"],
        "difference": 0.02,
        "difference_low": -0.01,
    }
    pd.DataFrame(pair | {"difference_high": 0.05, "p": 0.3}).to_csv(
        folder / "pairs.csv", index=False
    )
    gains = {
        "step": [1, 2],
        "member": ["tiny", "head"],
        "accuracy": [0.7, 0.75],
        "log_loss": 1.2,
    }
    pd.DataFrame(gains).to_csv(folder / "gains.csv", index=False)
    rows = []
    for binning in ("width", "mass"):
        rows += [
            (binning, "raw", 0, 2, 0.5, 0.3),
            (binning, "raw", 1, 10, 0.7, 0.8),
        ]
        rows += [
            (binning, "calibrated", 0, 2, 0.5, 0.4),
            (binning, "calibrated", 1, 10, 0.8, 0.8),
        ]
    columns = ["binning", "which", "bin", "count", "confidence", "accuracy"]
    pd.DataFrame(rows, columns=columns).to_csv(
        folder / "reliability.csv", index=False
    )


def explained(folder: Path, ids: np.ndarray) -> None:
    """The tables of explain: the two members, and a map of row 2, red at the top and blue below."""
    networks = {
        "member": ["tiny", "head"],
        "kind": ["model", "probe"],
        "backbone": "resnet18",
    }
    networks |= {
        "licence": "apache-2.0",
        "parameters": 11_000_000,
        "macs": 2_000_000_000,
    }
    networks |= {"interpolation": "bicubic", "failed": ""}
    work = {
        "once": [0, 2],
        "train": [4, 0],
        "back": [8, 0],
        "val": [10, 0],
        "test": [2, 0],
    }
    networks |= {
        name: [each * 10**9 for each in both] for name, both in work.items()
    }
    pd.DataFrame(networks).to_csv(folder / "networks.csv", index=False)
    halves = np.full((1, 32, 32), 127, np.int8)
    halves[:, 16:] = -127
    np.savez(
        folder / "saliency.npz", ids=ids[[2]], maps=halves, member="tiny", failed=""
    )


def crowd(count: int) -> pd.DataFrame:
    """duplicates.csv with one pair many times over, each row weaker than the one before."""
    ink = [1 - row / 10_000 for row in range(count)]
    pairs = {
        "id_a": TRAIN[0],
        "id_b": TRAIN[3],
        "tier": "copy",
        "score": 0.97,
        "ink": ink,
    }
    pairs |= {"symmetry": "flip_lr", "same_class": True, "grouped": True}
    return pd.DataFrame(pairs)


def _curves(folder: Path, member: str, fold: int) -> None:
    rows = {"member": member, "fold": fold, "epoch": [0, 1], "lr": [1e-3, 1e-5]}
    rows |= {
        "train_loss": [1.0, 0.5],
        "val_loss": [1.1, 0.9],
        "val_accuracy": [0.5, 0.75],
    }
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / f"fold{fold}.csv", index=False)


def metrics(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The JSON of all stages; `changes` replaces some of them."""
    score = {"accuracy": 0.75, "accuracy_low": 0.7, "accuracy_high": 0.8}
    score |= {"macro_f1": 0.74, "log_loss": 1.2345, "ece": 0.123}
    head = score | {
        "accuracy": 0.481,
        "accuracy_low": 0.456,
        "accuracy_high": 0.505,
    }
    by_vote = {"soft": 0.75, "hard": 0.7}
    counts = {
        "folds": 2,
        "members": 2,
        "images": 12,
        "ties": 1,
        "accuracy_by_vote": by_vote,
    }
    counts["vote"] = "soft"
    return {
        "dedup": {
            "images": 12,
            "groups": 9,
            "pairs": {"bytes": 1, "ssim": 1},
            "novel_key": 0.5,
        },
        "split": {"images": 12, "scored": 12},
        "vote": {"tiny": score, "head": head | {"plain_accuracy": 0.582}},
        "ensemble": score | counts,
        "submission": TEST,
    } | changes


def files_of(folder: Path) -> ReportFiles:
    """The files of `leave`."""
    return ReportFiles.of(**paths_of(folder))


def paths_of(folder: Path) -> dict[str, list[Path]]:
    """The same, as the options of the stage report have them."""
    files = {"networks": "networks.csv", "saliency": "saliency.npz"}
    return {
        "images": [folder / "index.csv", folder / "pixels.npy"],
        "tables": [folder / f"{name}.csv" for name in TABLES],
        "results": [folder / files.get(name, name) for name in RESULTS],
        "metrics": [folder / f"{name}.json" for name in METRICS],
    }


def data_of(folder: Path) -> ImageData:
    """The images of `leave`."""
    return read_image_data(files_of(folder))


def outcome_of(
    folder: Path, run: RunParams = RUN, how: EnsembleParams = HOW
) -> RunOutcome:
    """The run of `leave`."""
    settings = MemberSettings(42, {"tiny": recipe()}, {"head": HEAD})
    return read_outcome(files_of(folder), run, how, settings, TRAININGS)


def recipe(**changes: Any) -> ModelRecipe:
    """The recipe of "tiny"."""
    models = {"tiny": BLOCK | changes}
    return resolve_model(
        params.read(PARAMS) | {"lr": 1e-3, "models": models}, "tiny"
    )


def stage(name: str) -> ModuleType:
    """stages/<name>.py as a module."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, Path("stages", f"{name}.py").absolute())
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
