"""Scores on whole sets of predictions, with the interval that belongs to them."""

import numpy as np
from scipy import stats
from sklearn.metrics import f1_score, log_loss

# The 2.5 % tail then rests on 50 draws: its end moves by some 5 % of the interval's width.
RESAMPLES = 2000


def scores(labels: np.ndarray, probs: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1 and log-loss (nats) of (N, C) probabilities against (N,) labels.

    Ties go to the lowest class. Macro-F1 is over the classes that are true or predicted somewhere:
    a subset of folds may lack the others. Probabilities are clipped at 1e-7 for the log-loss, as
    hard votes hold zeros.
    """
    classes = np.arange(probs.shape[1])
    clipped = np.clip(probs.astype(np.float64), 1e-7, 1)
    clipped /= clipped.sum(axis=1, keepdims=True)
    preds = probs.argmax(axis=1)
    return {
        "accuracy": float((preds == labels).mean()),
        "macro_f1": float(f1_score(labels, preds, average="macro", zero_division=0)),
        "log_loss": float(log_loss(labels, clipped, labels=classes)),
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
    interval = stats.bootstrap(
        (hits, sizes),
        lambda hits, sizes, axis: hits.sum(axis=axis) / sizes.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,  # bounds memory at 100 draws of all groups
        confidence_level=level,
        method="percentile",
        rng=seed,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def report(
    labels: np.ndarray, probs: np.ndarray, groups: np.ndarray, *, seed: int
) -> dict[str, float]:
    """`scores` with the ends of the accuracy's 95 % interval, rounded to 5 digits for reading."""
    low, high = accuracy_interval(probs.argmax(axis=1) == labels, groups, seed=seed)
    found = scores(labels, probs) | {"accuracy_low": low, "accuracy_high": high}
    return {name: round(number, 5) for name, number in found.items()}
