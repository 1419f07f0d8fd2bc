"""Members' OOF on disk, as the stage vote leaves it, and read again."""

from pathlib import Path

import numpy as np
import pandas as pd

from croquis.ensemble.members_oof import MembersOof, read_members_oof
from croquis.tables.predictions import Predictions
from croquis.votes.recipe import VoteParams

SOFT = VoteParams(folds="soft", calibrate=True)
CLASSES = ["x", "y", "z"]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def leave_votes(
    folder: Path, noise: tuple[float, ...] = (1.0, 2.0), rows: int = 300
) -> np.ndarray:
    """Votes of members a, b, ... in folder/votes, folds.csv beside them; returns the labels."""
    rng = np.random.default_rng(0)
    labels, ids = (
        rng.integers(3, size=rows),
        np.array([f"p{n}" for n in range(rows)]),
    )
    for number, wild in enumerate(noise):
        probs = softmax(1.5 * np.eye(3)[labels] + wild * rng.normal(size=(rows, 3)))
        order = rng.permutation(rows)  # files agree on ids, not on rows
        Predictions(ids[order], probs[order], CLASSES).save(
            folder / "votes" / "abcd"[number] / "oof.npz"
        )
    table = pd.DataFrame({"id": ids, "label": labels, "group": np.arange(rows)})
    table["unit"] = table["group"] // 2
    table.assign(targets="", sha256="").to_csv(folder / "folds.csv", index=False)
    return labels


def members_oof(
    folder: Path, members: str = "ab", fold_vote: VoteParams = SOFT
) -> MembersOof:
    return read_members_oof(
        list(members), folder / "votes", folder / "folds.csv", fold_vote, seed=0
    )
