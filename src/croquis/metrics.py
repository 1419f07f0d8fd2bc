"""Scores on whole sets of predictions, with the interval that belongs to them.

numpy alone: scikit-learn and SciPy would take the cheap stages three seconds to import.
"""

import numpy as np

# The 2.5 % tail then rests on 50 draws: its end moves by some 5 % of the interval's width.
RESAMPLES = 2000


def scores(labels: np.ndarray, probs: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1 and log-loss (nats) of (N, C) probabilities against (N,) labels.

    Ties go to the lowest class. Macro-F1 is over the classes that are true or predicted somewhere:
    a subset of folds may lack the others. Probabilities are clipped at 1e-7 for the log-loss, as
    hard votes hold zeros.
    """
    preds = probs.argmax(axis=1)
    clipped = np.clip(probs.astype(np.float64), 1e-7, 1)
    own = clipped[np.arange(len(labels)), labels] / clipped.sum(axis=1)
    return {
        "accuracy": float((preds == labels).mean()),
        "macro_f1": _macro_f1(labels, preds),
        "log_loss": float(-np.log(own).mean()),
    }


def accuracy_interval(
    correct: np.ndarray, groups: np.ndarray, *, seed: int, level: float = 0.95
) -> tuple[float, float]:
    """The percentile-bootstrap interval of an accuracy, drawing groups of copies, not pictures.

    Copies are right or wrong together, so single pictures would make the interval too narrow.
    Method: cluster bootstrap, Field and Welsh 2007.

    Args:
        correct: (N,) bool.
        groups: (N,) any labels of the groups.
        seed: of the draws.
        level: coverage.

    Returns:
        Lower and upper end; both are the accuracy itself where there is only one group.
    """
    _, inverse = np.unique(groups, return_inverse=True)
    hits = np.bincount(inverse, weights=correct)
    sizes = np.bincount(inverse).astype(np.float64)
    if len(hits) < 2:
        return float(correct.mean()), float(correct.mean())
    rng, drawn = np.random.default_rng(seed), np.empty(RESAMPLES)
    for number in range(RESAMPLES):  # one at a time: all at once would be gigabytes
        rows = rng.integers(len(hits), size=len(hits))
        drawn[number] = hits[rows].sum() / sizes[rows].sum()
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def report(
    labels: np.ndarray, probs: np.ndarray, groups: np.ndarray, *, seed: int
) -> dict[str, float]:
    """`scores` with the ends of the accuracy's 95 % interval, rounded to 5 digits for reading."""
    low, high = accuracy_interval(probs.argmax(axis=1) == labels, groups, seed=seed)
    found = scores(labels, probs) | {"accuracy_low": low, "accuracy_high": high}
    return {name: round(number, 5) for name, number in found.items()}


def _macro_f1(labels: np.ndarray, preds: np.ndarray) -> float:
    """Mean over classes of 2 tp / (true + predicted), the harmonic mean of precision and recall."""
    count = max(labels.max(), preds.max()) + 1
    right = np.bincount(labels[preds == labels], minlength=count)
    both = np.bincount(labels, minlength=count) + np.bincount(preds, minlength=count)
    return float((2 * right[both > 0] / both[both > 0]).mean())
