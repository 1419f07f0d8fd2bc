"""All ways of voting side by side on the same OOF, and what each member brings."""

from itertools import combinations

import numpy as np
import pandas as pd

from croquis.ensemble.alternatives import Alternative
from croquis.ensemble.members_oof import MembersOof
from croquis.ensemble.metric_columns import (
    joined_metric,
    metric_columns,
    metric_of_parts,
)
from croquis.scoring.chosen_metric import metric_scores
from croquis.scoring.metrics import accuracy_intervals, report, scores
from croquis.votes.calibration import Binning, brier, ece, reliability
from croquis.votes.fitting import greedy_order
from croquis.votes.voting import VOTES, has_temperature, tied

BINNINGS: tuple[Binning, ...] = ("width", "mass")
# The order of the columns of votes.csv.
VOTES_COLUMNS = [
    "vote",
    "accuracy",
    "nested_accuracy",
    "accuracy_low",
    "accuracy_high",
    "log_loss",
    "ece",
    "brier",
    "difference",
    "difference_low",
    "difference_high",
    "p",
    "ties",
    "chosen",
]


def votes_table(
    oof: MembersOof, alternatives: dict[str, Alternative], choice: str
) -> pd.DataFrame:
    """One row a vote; `difference` and `p` compare its nested OOF with the soft vote's.

    They are of the metric that all is chosen by, and where that is not accuracy, `metric_columns`
    stand behind the others. `accuracy` and `ties` are of the OOF that it was fitted on, all else is
    nested.
    """
    metric = oof.metric
    nested = [each.nested for each in alternatives.values()]
    right = np.stack([probs.argmax(axis=1) == oof.labels for probs in nested])
    verdicts = np.stack([metric.judge(oof.labels, probs) for probs in nested])
    base = list(alternatives).index("soft")
    intervals = accuracy_intervals(right, oof.groups, seed=oof.seed)
    pairs = [(base, place) for place in range(len(nested))]
    differences = metric.differences(verdicts, pairs, oof.groups, seed=oof.seed)
    rows = []
    for place, (name, each) in enumerate(alternatives.items()):
        low, high = intervals[place]
        rows.append(
            {
                "vote": name,
                **_vote_scores(oof.labels, each),
                "accuracy_low": low,
                "accuracy_high": high,
                "difference": differences[place].value,
                "difference_low": differences[place].low,
                "difference_high": differences[place].high,
                "p": differences[place].p,
                "chosen": name == choice,
            }
        )
    table = pd.DataFrame(rows)[VOTES_COLUMNS]
    return table.assign(**metric_columns(oof, alternatives, verdicts))


def _vote_scores(labels: np.ndarray, each: Alternative) -> dict[str, float]:
    """What a vote scores alone, on the OOF that it was fitted on, and nested."""
    unseen = scores(labels, each.nested)
    return {
        "accuracy": scores(labels, each.probs)["accuracy"],
        "nested_accuracy": unseen["accuracy"],
        "log_loss": unseen["log_loss"],
        "ece": ece(labels, each.nested),
        "brier": brier(labels, each.nested),
        "ties": tied(each.probs),
    }


def members_table(oof: MembersOof, weights: np.ndarray) -> pd.DataFrame:
    """One row a member: its weight and temperature, and what calibration did to it.

    Another metric than accuracy adds `nested_<metric>`: `MembersOof.member_verdicts` says of what.
    """
    rows = []
    labels = oof.labels
    for number, member in enumerate(oof.members):
        raw = oof.probs[number]
        calibrated = oof.calibrated[number]
        rows.append(
            {
                "member": member,
                "weight": weights[number] / weights.sum(),
                "temperature": oof.temperatures[number],
                "accuracy": scores(labels, raw)["accuracy"],
                "log_loss": scores(labels, raw)["log_loss"],
                "log_loss_calibrated": scores(labels, calibrated)["log_loss"],
                "ece": ece(labels, raw),
                "ece_calibrated": ece(labels, calibrated),
                "brier_calibrated": brier(labels, calibrated),
            }
        )
    table = pd.DataFrame(rows)
    metric = oof.metric
    if metric.is_accuracy:
        return table
    values = [metric.value(each) for each in oof.member_verdicts]
    return table.assign(**{f"nested_{metric.name}": values})


def agreement_table(oof: MembersOof) -> pd.DataFrame:
    """The share of images on which two members predict the same class, (M, M) beside `member`."""
    preds = oof.probs.argmax(axis=2)
    share = (preds[:, None] == preds[None]).mean(axis=2)
    columns = dict(zip(oof.members, share, strict=True))
    return pd.DataFrame({"member": oof.members} | columns)


def pairs_table(oof: MembersOof) -> pd.DataFrame:
    """One row a pair of members: the difference of their metrics, its interval, p."""
    pairs = list(combinations(range(len(oof.members)), 2))
    differences = oof.metric.differences(
        oof.member_verdicts, pairs, oof.groups, seed=oof.seed
    )
    rows = [
        {
            "a": oof.members[a],
            "b": oof.members[b],
            "difference": difference.value,
            "difference_low": difference.low,
            "difference_high": difference.high,
            "p": difference.p,
        }
        for (a, b), difference in zip(pairs, differences, strict=True)
    ]
    columns = ["a", "b", "difference", "difference_low", "difference_high", "p"]
    return pd.DataFrame(rows, columns=columns)


def gains_table(oof: MembersOof) -> pd.DataFrame:
    """The score of the soft vote as members join, each time the one that helps most."""
    rows = []
    order = greedy_order(oof.fit_data)
    for step, number in enumerate(order, start=1):
        probs = VOTES["soft"](oof.calibrated[order[:step]])
        joined = scores(oof.labels, probs)
        rows.append(
            {
                "step": step,
                "member": oof.members[number],
                "accuracy": joined["accuracy"],
                "log_loss": joined["log_loss"],
                **joined_metric(oof, probs),
            }
        )
    return pd.DataFrame(rows)


def reliability_table(oof: MembersOof, choice: Alternative) -> pd.DataFrame:
    """The ensemble's confidence against its accuracy, in both binnings: raw, and calibrated.

    Raw is the same vote of the same members without any temperature; shares of argmaxes have none.
    """
    by_kind = {"raw": VOTES[choice.vote](oof.probs, choice.weights)}
    if has_temperature(choice.vote) and oof.fold_vote.calibrated:
        by_kind["calibrated"] = choice.nested
    parts = [
        reliability(oof.labels, probs, binning=binning).assign(
            which=kind, binning=binning
        )
        for kind, probs in by_kind.items()
        for binning in BINNINGS
    ]
    return pd.concat(parts, ignore_index=True)


def all_tables(
    oof: MembersOof, alternatives: dict[str, Alternative], choice: str
) -> dict[str, pd.DataFrame]:
    """All of the above by file name."""
    return {
        "votes": votes_table(oof, alternatives, choice),
        "members": members_table(oof, alternatives[choice].weights),
        "agreement": agreement_table(oof),
        "pairs": pairs_table(oof),
        "gains": gains_table(oof),
        "reliability": reliability_table(oof, alternatives[choice]),
    }


def ensemble_metrics(
    oof: MembersOof,
    alternatives: dict[str, Alternative],
    choice: str,
    has_copy: np.ndarray,
) -> dict[str, object]:
    """The few numbers for metrics/ensemble.json, those of the chosen vote nested.

    All but `ties`, which are those of the vote as it was fitted on all of OOF. `has_copy` is
    `has_copy_in_train` of these images.
    """
    labels = oof.labels
    chosen = alternatives[choice]
    return (
        report(labels, chosen.nested, oof.groups, seed=oof.seed)
        | metric_scores(
            oof.metric, labels, chosen.nested, oof.groups, seed=oof.seed
        )
        | _copy_scores(chosen.nested.argmax(axis=1) == labels, has_copy)
        | {
            "ece": _rounded(ece(labels, chosen.nested)),
            "brier": _rounded(brier(labels, chosen.nested)),
            "members": len(oof.members),
            "images": len(labels),
            "ties": tied(chosen.probs),
            "vote": choice,
            "accuracy_by_vote": {
                name: _rounded(scores(labels, each.nested)["accuracy"])
                for name, each in alternatives.items()
            },
        }
        | metric_of_parts(oof, alternatives, choice, has_copy)
    )


def _copy_scores(right: np.ndarray, has_copy: np.ndarray) -> dict[str, float]:
    """How many images have a copy in training, and the accuracy with and without one."""
    numbers: dict[str, float] = {"with_twin": int(has_copy.sum())}
    if has_copy.any():
        numbers["accuracy_with_twin"] = _rounded(right[has_copy].mean())
    if not has_copy.all():
        numbers["accuracy_without_twin"] = _rounded(right[~has_copy].mean())
    return numbers


def _rounded(number: float) -> float:
    return round(float(number), 5)
