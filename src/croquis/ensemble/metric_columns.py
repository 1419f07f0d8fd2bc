"""What the tables and metrics/ensemble.json gain where another metric than accuracy is chosen."""

import numpy as np

from croquis.ensemble.alternatives import Alternative
from croquis.ensemble.members_oof import MembersOof
from croquis.votes.calibration import apply_temperature
from croquis.votes.fitting import fit_temperature


def metric_columns(
    oof: MembersOof, alternatives: dict[str, Alternative], verdicts: np.ndarray
) -> dict[str, list[float]]:
    """The chosen metric of each vote: nested, the ends of its interval, and where it was fitted."""
    metric = oof.metric
    if metric.is_accuracy:
        return {}
    ends = metric.intervals(verdicts, oof.groups, seed=oof.seed)
    return {
        f"nested_{metric.name}": [metric.value(each) for each in verdicts],
        f"{metric.name}_low": [low for low, _ in ends],
        f"{metric.name}_high": [high for _, high in ends],
        f"fitted_{metric.name}": [
            metric.value(metric.judge(oof.labels, each.probs))
            for each in alternatives.values()
        ],
    }


def joined_metric(oof: MembersOof, probs: np.ndarray) -> dict[str, float]:
    """`fitted_<metric>` of a vote of some members, at a temperature where votes have one."""
    metric = oof.metric
    if metric.is_accuracy:
        return {}
    if metric.name == "log_loss" and oof.fold_vote.calibrated:
        probs = apply_temperature(probs, fit_temperature(oof.labels, probs))
    return {f"fitted_{metric.name}": metric.value(metric.judge(oof.labels, probs))}


def metric_of_parts(
    oof: MembersOof,
    alternatives: dict[str, Alternative],
    choice: str,
    has_copy: np.ndarray,
) -> dict[str, object]:
    """The chosen metric of each vote, and of images that have a copy and that have none."""
    metric = oof.metric
    if metric.is_accuracy:
        return {}
    verdicts = {
        name: metric.judge(oof.labels, each.nested)
        for name, each in alternatives.items()
    }
    numbers: dict[str, object] = {
        f"{metric.name}_by_vote": {
            name: round(metric.value(each), 5) for name, each in verdicts.items()
        }
    }
    chosen = verdicts[choice]
    for words, rows in (("with", has_copy), ("without", ~has_copy)):
        if rows.any():
            value = round(metric.value(chosen[rows]), 5)
            numbers[f"{metric.name}_{words}_twin"] = value
    return numbers
