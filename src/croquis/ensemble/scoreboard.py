"""All ways of voting side by side on the same OOF, and what each member brings."""

import numpy as np
import pandas as pd

from croquis.ensemble.ballots import Alternative, Ballots
from croquis.scoring.metrics import accuracy_intervals, report, scores
from croquis.scoring.paired import difference_intervals, mcnemar
from croquis.votes.calibration import brier, ece, reliability
from croquis.votes.fitting import greedy_curve
from croquis.votes.voting import VOTES, tied


def votes_table(
    given: Ballots, found: dict[str, Alternative], taken: str
) -> pd.DataFrame:
    """One row a vote; `difference` and `p` compare its nested OOF with the soft vote's.

    `accuracy` and `ties` are of the OOF that it was fitted on, all else is nested.
    """
    labels = given.labels
    groups = given.groups
    rows = []
    rights = np.stack([each.nested.argmax(axis=1) == labels for each in found.values()])
    base = found["soft"].nested.argmax(axis=1) == labels
    intervals = accuracy_intervals(rights, groups, seed=given.seed)
    gains = difference_intervals(base, rights, groups, seed=given.seed)
    for (name, each), right, (low, high), gained in zip(
        found.items(), rights, intervals, gains, strict=True
    ):
        own = scores(labels, each.probs)
        unseen = scores(labels, each.nested)
        rows.append(
            {
                "vote": name,
                "accuracy": own["accuracy"],
                "nested_accuracy": unseen["accuracy"],
                "accuracy_low": low,
                "accuracy_high": high,
                "log_loss": unseen["log_loss"],
                "ece": ece(labels, each.nested),
                "brier": brier(labels, each.nested),
                "difference": right.mean() - base.mean(),
                "difference_low": gained[0],
                "difference_high": gained[1],
                "p": mcnemar(base, right),
                "ties": tied(each.probs),
                "chosen": name == taken,
            }
        )
    return pd.DataFrame(rows)


def members_table(given: Ballots, weights: np.ndarray) -> pd.DataFrame:
    """One row a member: its weight and temperature, and what calibration did to it."""
    rows = []
    labels = given.labels
    for number, member in enumerate(given.members):
        raw = given.probs[number]
        warm = given.warm[number]
        rows.append(
            {
                "member": member,
                "weight": weights[number] / weights.sum(),
                "temperature": given.temperatures[number],
                "accuracy": scores(labels, raw)["accuracy"],
                "log_loss": scores(labels, raw)["log_loss"],
                "log_loss_calibrated": scores(labels, warm)["log_loss"],
                "ece": ece(labels, raw),
                "ece_calibrated": ece(labels, warm),
                "brier_calibrated": brier(labels, warm),
            }
        )
    return pd.DataFrame(rows)


def agreement(given: Ballots) -> pd.DataFrame:
    """The share of images on which two members predict the same class, (M, M) beside `member`."""
    preds = given.probs.argmax(axis=2)
    share = (preds[:, None] == preds[None]).mean(axis=2)
    return pd.DataFrame(
        {"member": given.members} | dict(zip(given.members, share, strict=True))
    )


def pairs(given: Ballots) -> pd.DataFrame:
    """One row a pair of members: the difference of their accuracies, its interval, exact p."""
    right = given.probs.argmax(axis=2) == given.labels
    rows = []
    first, second = np.triu_indices(len(right), 1)
    ends = difference_intervals(
        right[first], right[second], given.groups, seed=given.seed
    )
    for a, b, (low, high) in zip(first, second, ends, strict=True):
        rows.append(
            {
                "a": given.members[a],
                "b": given.members[b],
                "difference": right[b].mean() - right[a].mean(),
                "difference_low": low,
                "difference_high": high,
                "p": mcnemar(right[a], right[b]),
            }
        )
    columns = ["a", "b", "difference", "difference_low", "difference_high", "p"]
    return pd.DataFrame(rows, columns=columns)


def vote_gains(given: Ballots) -> pd.DataFrame:
    """The score of the soft vote as members join, each time the one that helps most."""
    rows = []
    order = greedy_curve(given.seen)
    for step in range(1, len(order) + 1):
        found = scores(given.labels, VOTES["soft"](given.warm[order[:step]]))
        kept = {name: found[name] for name in ("accuracy", "log_loss")}
        rows.append({"step": step, "member": given.members[order[step - 1]]} | kept)
    return pd.DataFrame(rows)


def reliabilities(
    given: Ballots, found: dict[str, Alternative], taken: str
) -> pd.DataFrame:
    """The ensemble's confidence against its accuracy, in both binnings: raw, and calibrated.

    Raw is the same vote of the same members without any temperature; shares of argmaxes have none.
    """
    each = found[taken]
    parts = []
    shown = {"raw": VOTES[each.vote](given.probs, each.weights)}
    if each.vote == "soft" and given.how.calibrated:
        shown["calibrated"] = each.nested
    for which, probs in shown.items():
        for binning in ("width", "mass"):
            table = reliability(given.labels, probs, binning=binning)
            parts.append(table.assign(which=which, binning=binning))
    return pd.concat(parts, ignore_index=True)


def tables(
    given: Ballots, found: dict[str, Alternative], taken: str
) -> dict[str, pd.DataFrame]:
    """All of the above by file name."""
    return {
        "votes": votes_table(given, found, taken),
        "members": members_table(given, found[taken].weights),
        "agreement": agreement(given),
        "pairs": pairs(given),
        "gains": vote_gains(given),
        "reliability": reliabilities(given, found, taken),
    }


def ensemble_metrics(
    given: Ballots, found: dict[str, Alternative], taken: str, twins: np.ndarray
) -> dict[str, object]:
    """The few numbers for metrics/ensemble.json, those of the chosen vote nested.

    All but `ties`, which are those of the vote as it was fitted on all of OOF. `twins` is
    `twins.with_twin` of these images.
    """
    labels = given.labels
    probs = found[taken].nested
    right = probs.argmax(axis=1) == labels
    numbers = report(labels, probs, given.groups, seed=given.seed) | {
        "ece": _rounded(ece(labels, probs)),
        "brier": _rounded(brier(labels, probs)),
        "with_twin": int(twins.sum()),
        "members": len(given.members),
        "images": len(labels),
        "ties": tied(found[taken].probs),
        "vote": taken,
        "accuracy_by_vote": {
            name: _rounded(scores(labels, each.nested)["accuracy"])
            for name, each in found.items()
        },
    }
    for name, part in (
        ("accuracy_with_twin", twins),
        ("accuracy_without_twin", ~twins),
    ):
        if part.any():
            numbers[name] = _rounded(right[part].mean())
    return numbers


def _rounded(number: float) -> float:
    return round(float(number), 5)
