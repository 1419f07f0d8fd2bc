"""What weights were trained on: a note in their file, and which folds may start from them.

Weights that have seen a fold's images make its score a memory test. The note names what they saw
by content, so that other names, folders or orders hide nothing.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open

from croquis.backbones.weights import files_of
from croquis.core.errors import InputError
from croquis.core.symmetries import symmetric_digest
from croquis.tables.fold_tables import scored_rows, training_rows

KEY = "croquis"  # one entry of the file's metadata: several would come in an order of chance
FOLD = "{fold}"  # in a path of `pretrained`: the number of the fold that starts from it


@dataclass(frozen=True)
class Lineage:
    """Where weights come from.

    Attributes:
        member: whose they are.
        fold: the one that was held out.
        seen: (N,) uint64, sorted: the content of each image that they were trained on, and of
            those that the weights they started from were trained on; see `contents`.
    """

    member: str
    fold: int
    seen: np.ndarray


def lineage_metadata(
    member: str,
    fold: int,
    *,
    settings: Mapping[str, Any],
    data: str,
    train: np.ndarray,
    index: pd.DataFrame,
    parents: Sequence[Lineage],
) -> dict[str, str]:
    """The metadata of a file of weights, which `read_lineage` reads.

    Args:
        member: its key.
        fold: held out.
        settings: all resolved parameters.
        data: fingerprint of the tables and pixels.
        train: ids of the images trained on.
        index: index.csv.
        parents: of the weights that the training started from; what those saw, these have seen.
    """
    rows = index.set_index("id").loc[train]
    names = sorted(set(index["class_name"]) - {""})
    hashes = [content_hashes(rows).ravel(), *(parent.seen for parent in parents)]
    seen = np.unique(np.concatenate(hashes))
    text = {
        "version": version("croquis"),
        "member": member,
        "fold": fold,
        "recipe": dict(settings),
        "data": data,
        "classes": names if len(names) <= 1000 else len(names),
        "parents": [f"{parent.member} fold {parent.fold}" for parent in parents],
        "seen": base64.b64encode(seen.astype("<u8").tobytes()).decode(),
    }
    return {KEY: json.dumps(text, sort_keys=True)}


def content_hashes(rows: pd.DataFrame) -> np.ndarray:
    """Two numbers an image, (N, 2) uint64: of its file, and of its pixels under any turn.

    Eight bytes of each hash: two of a million images agree by chance in one of 30 million runs.
    """
    columns = [
        [int(text[-16:], 16) for text in rows[name]]
        for name in ("sha256", "digest")
    ]
    return np.array(columns, dtype=np.uint64).T.reshape(-1, 2)


def read_lineage(path: Path) -> Lineage | None:
    """Of a file of weights; None of a stranger's, and of files in other formats."""
    text = metadata(path).get(KEY)
    if text is None:
        return None
    try:
        note = json.loads(text)
        seen = np.frombuffer(base64.b64decode(note["seen"], validate=True), "<u8")
        return Lineage(
            str(note["member"]), int(note["fold"]), seen.astype(np.uint64)
        )
    except (ValueError, KeyError, TypeError) as error:
        expected = "a note of what the weights were trained on"
        fix = "take the file as it was made"
        raise InputError(
            path, expected=expected, received=str(error), fix=fix
        ) from error


def metadata(path: Path) -> dict[str, str]:
    """Of a .safetensors file; empty of others, which say by themselves what is wrong with them."""
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError):
        return {}


def parents_of(pretrained: bool | str | list[bool | str]) -> dict[str, Lineage]:
    """The lineage of each file that `pretrained` names and that croquis wrote."""
    paths = files_of(pretrained)
    lineages = {name: read_lineage(path) for name, path in paths.items()}
    return {
        name: lineage for name, lineage in lineages.items() if lineage is not None
    }


def check_lineages(
    pretrained: bool | str | list[bool | str],
    folds: pd.DataFrame,
    index: pd.DataFrame,
    fold: int,
) -> list[Lineage]:
    """The lineages of what a training starts from, none of which may know the fold's images.

    Arguments and errors as of `check_fold`.
    """
    parents = parents_of(pretrained)
    check_fold(parents, folds, index, fold)
    return list(parents.values())


def check_fold(
    parents: Mapping[str, Lineage],
    folds: pd.DataFrame,
    index: pd.DataFrame,
    fold: int,
) -> None:
    """Raises InputError if weights have seen what a fold is scored on, or a copy of it.

    What the fold itself trains on counts for nothing: with `split.group: false` copies of scored
    images are there anyway.

    Args:
        parents: `parents_of` the weights that the training starts from.
        folds: folds.csv.
        index: index.csv.
        fold: held out.
    """
    rows = folds.merge(index[["id", "digest", "width", "height"]], on="id")
    scored = scored_rows(rows, fold)
    trained = np.unique(content_hashes(training_rows(rows, fold)))
    for name, parent in parents.items():
        seen = rows[_seen_rows(rows, np.setdiff1d(parent.seen, trained))]
        leaks = scored["group"].isin(seen["group"]) | scored["unit"].isin(
            seen["unit"]
        )
        if not leaks.any():
            continue
        fix = (
            f"name the weights of each fold, such as {_pattern(name, parent.fold)}"
        )
        if FOLD in name:
            fix = "take weights that were trained on these folds"
        raise InputError(
            f"pretrained: {name}",
            expected=f"weights that never saw the images of fold {fold}",
            received=(
                f"{_described(parent)}, trained on {leaks.sum():,} of its"
                f" {len(scored):,} images or on copies of them"
            ),
            fix=fix,
        )


def check_all(parents: Mapping[str, Lineage], index: pd.DataFrame) -> None:
    """Raises InputError if weights have seen a training image: features serve all folds.

    Args:
        parents: `parents_of` the weights that compute the features.
        index: index.csv.
    """
    rows = index[index["split"] == "train"]
    for name, parent in parents.items():
        count = int(_seen_rows(rows, parent.seen).sum())
        if count == 0:
            continue
        raise InputError(
            f"pretrained: {name}",
            expected="weights that never saw a training image",
            received=f"{_described(parent)}, trained on {count:,} of {len(rows):,}",
            fix=(
                "a probe's features are computed once for all folds, so they cannot be"
                " bound to a fold; take a model with pretrained:"
                f" {_pattern(name, parent.fold)}"
            ),
        )


def check_early(
    parents: Mapping[str, Lineage], index: pd.DataFrame, run_folds: Sequence[int]
) -> None:
    """Raises InputError where one file starts several folds, before folds are known.

    Weights without the images of fold 3 can start fold 3 at best.

    Args:
        parents: `parents_of` the weights that the trainings start from.
        index: index.csv.
        run_folds: that are trained.
    """
    rows = index[index["split"] == "train"]
    for name, parent in parents.items():
        if FOLD in name or list(run_folds) == [parent.fold]:
            continue
        count = int(_seen_rows(rows, parent.seen).sum())
        if count == 0:
            continue
        raise InputError(
            f"pretrained: {name}",
            expected="weights that never saw the images of the fold they start",
            received=(
                f"{_described(parent)}, trained on {count:,} of the {len(rows):,}"
                f" training images, for folds {', '.join(map(str, run_folds))}"
            ),
            fix=f"name the weights of each fold: {_pattern(name, parent.fold)}",
        )


def _described(parent: Lineage) -> str:
    return f"those of {parent.member} without fold {parent.fold}"


def _seen_rows(rows: pd.DataFrame, seen: np.ndarray) -> np.ndarray:
    """Which images were seen, (N,) bool; blank sheets look alike and say nothing."""
    are_seen = np.asarray(np.isin(content_hashes(rows), seen).any(axis=1))
    for place in np.flatnonzero(are_seen):
        are_seen[place] = not _blank(rows.iloc[place])
    return are_seen


def _blank(row: pd.Series) -> bool:
    shape = int(row["height"]), int(row["width"])
    return any(
        row["digest"] == symmetric_digest(np.full(shape, tone, np.uint8))
        for tone in (0, 255)
    )


def _pattern(name: str, fold: int) -> str:
    """The path with {fold} for the fold's number, where the path holds it."""
    return name.replace(f"fold{fold}", f"fold{FOLD}")
