"""Scores on whole sets of predictions, with the interval that belongs to them.

numpy alone: scikit-learn and SciPy would take the cheap stages three seconds to import.
"""

import numpy as np

# The 2.5 % tail then rests on 50 draws: its end moves by some 5 % of the interval's width.
RESAMPLES = 2000
TAILS = (0.025, 0.975)
Estimate = tuple[float, float, float]  # a number, and the ends of its 95 % interval


def scores(labels: np.ndarray, probs: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1 and log-loss (nats) of (N, C) probabilities against (N,) labels.

    Ties go to the lowest class. Macro-F1 is over the classes that are true or predicted somewhere:
    a subset of folds may lack the others. Probabilities are clipped at 1e-7 for the log-loss, as
    hard votes hold zeros.
    """
    preds = probs.argmax(axis=1)
    clipped = np.clip(probs.astype(np.float64), 1e-7, 1)
    of_label = clipped[np.arange(len(labels)), labels] / clipped.sum(axis=1)
    return {
        "accuracy": float((preds == labels).mean()),
        "macro_f1": macro_f1(labels, preds),
        "log_loss": float(-np.log(of_label).mean()),
    }


def accuracy_interval(
    correct: np.ndarray, groups: np.ndarray, *, seed: int
) -> tuple[float, float]:
    """The 95 % percentile-bootstrap interval of an accuracy, drawing groups, not images.

    Copies are right or wrong together, so single images would make the interval too narrow.
    Method: cluster bootstrap, Field and Welsh 2007; where all are right, or none, no draw differs
    from another, and it is Wilson's interval of as many groups.

    Args:
        correct: (N,) bool.
        groups: (N,) any labels of the groups of copies, or of domains.
        seed: of the draws.

    Returns:
        Lower and upper end; both are the accuracy itself where there is only one group.
    """
    return accuracy_intervals(correct[None], groups, seed=seed)[0]


def accuracy_intervals(
    rights: np.ndarray, groups: np.ndarray, *, seed: int
) -> list[tuple[float, float]]:
    """`accuracy_interval` of several, (P, N), on the same draws."""
    count = len(np.unique(groups))
    if count < 2:
        return [(float(right.mean()),) * 2 for right in rights]
    ends = np.quantile(resampled_means(rights.T, groups, seed=seed), TAILS, axis=0)
    return [
        wilson(count if right.all() else 0, count)
        if right.all() or not right.any()
        else (float(low), float(high))
        for right, (low, high) in zip(rights, ends.T, strict=True)
    ]


def resampled_means(
    values: np.ndarray, groups: np.ndarray, *, seed: int
) -> np.ndarray:
    """Means of columns over redrawn groups, (RESAMPLES, P), from (N, P) numbers.

    All columns see the same draws, so that what makes images hard for all of them cancels out of
    a difference.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, inverse, values)
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, values.shape[1]))
    for number in range(RESAMPLES):  # one at a time: all at once would be gigabytes
        groups_drawn = rng.integers(len(sizes), size=len(sizes))
        times = np.bincount(groups_drawn, minlength=len(sizes))
        drawn[number] = times @ sums / (times @ sizes)
    return drawn


def mean_gain(
    right: np.ndarray, others: np.ndarray, groups: np.ndarray, *, seed: int
) -> tuple[float, float, float]:
    """What one predictor gains on the mean of several: the 95 % interval, and p.

    McNemar's test knows no mean of several, so p is `bootstrap_p`.

    Args:
        right: (N,) bool.
        others: (K, N) bool, of the same images.
        groups: (N,) any labels of the groups.
        seed: of the draws.
    """
    gains = right - others.mean(axis=0)
    drawn = resampled_means(gains[:, None], groups, seed=seed)[:, 0]
    low, high = np.quantile(drawn, TAILS)
    return float(low), float(high), bootstrap_p(drawn)


def bootstrap_p(drawn: np.ndarray) -> float:
    """The two-sided p of a difference, from its redrawn values, (RESAMPLES,).

    Twice the share of draws that have the other sign or none; what was measured counts as one more.
    """
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum()) + 1
    return min(1.0, 2 * float(beyond) / (len(drawn) + 1))


def difference(one: Estimate, other: Estimate) -> Estimate:
    """`other` minus `one`, which were estimated on different images, with its 95 % interval.

    Both err, so it is wider than either one's: the squares of the distances to the ends add up.
    Method: MOVER, Zou and Donner 2008.
    """
    (a, a_low, a_high) = one
    (b, b_low, b_high) = other
    gap = b - a
    return (
        gap,
        gap - float(np.hypot(b - b_low, a_high - a)),
        gap + float(np.hypot(b_high - b, a - a_low)),
    )


def mean_interval(values: np.ndarray, groups: np.ndarray, *, seed: int) -> Estimate:
    """The mean of (N,) numbers with its bootstrap interval, as `accuracy_interval` has it."""
    drawn = resampled_means(values[:, None], groups, seed=seed)[:, 0]
    low, high = np.quantile(drawn, TAILS)
    return float(values.mean()), float(low), float(high)


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of independent trials (Wilson 1927)."""
    share = right / count
    spread = 1.96**2 / count
    middle = share + spread / 2
    half = np.sqrt(spread * (share * (1 - share) + spread / 4))
    low = (middle - half) / (1 + spread)
    high = (middle + half) / (1 + spread)
    return max(0.0, float(low)), min(1.0, float(high))


def report(
    labels: np.ndarray, probs: np.ndarray, groups: np.ndarray, *, seed: int
) -> dict[str, float]:
    """`scores` with the ends of the accuracy's 95 % interval, rounded to 5 digits for reading."""
    low, high = accuracy_interval(probs.argmax(axis=1) == labels, groups, seed=seed)
    numbers = scores(labels, probs) | {"accuracy_low": low, "accuracy_high": high}
    return {name: round(number, 5) for name, number in numbers.items()}


def macro_f1(labels: np.ndarray, preds: np.ndarray) -> float:
    """Mean over classes of 2 tp / (true + predicted), the harmonic mean of precision and recall.

    Args:
        labels: (N,) true classes.
        preds: (N,) predicted ones.
    """
    count = max(labels.max(), preds.max()) + 1
    right = np.bincount(labels[preds == labels], minlength=count)
    both = np.bincount(labels, minlength=count) + np.bincount(
        preds, minlength=count
    )
    return float((2 * right[both > 0] / both[both > 0]).mean())


def resampled_macro_f1(
    labels: np.ndarray, preds: np.ndarray, groups: np.ndarray, *, seed: int
) -> np.ndarray:
    """Macro-F1 of P predictors over redrawn groups, (RESAMPLES, P).

    It is no mean over images, so the classes are counted in each draw. The draws are those of
    `resampled_means`.

    Args:
        labels: (N,) true classes.
        preds: (P, N) predicted ones.
        groups: (N,) any labels of the groups.
        seed: of the draws.
    """
    _, inverse = np.unique(groups, return_inverse=True)
    count = inverse.max() + 1
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, len(preds)))
    for number in range(RESAMPLES):
        groups_drawn = rng.integers(count, size=count)
        times = np.bincount(groups_drawn, minlength=count)[inverse]
        drawn[number] = weighted_macro_f1(labels, preds, times)
    return drawn


def weighted_macro_f1(
    labels: np.ndarray, preds: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """`macro_f1` of P predictors, (P,), where image n counts `times[n]` times.

    Args:
        labels: (N,) true classes.
        preds: (P, N) predicted ones.
        times: (N,) counts, one of them above 0.
    """
    count = max(labels.max(), preds.max()) + 1
    size = count * len(preds)
    # Each predictor's classes are numbered on, so that one count serves all of them.
    columns = preds + count * np.arange(len(preds))[:, None]
    of_all = np.broadcast_to(times, preds.shape).ravel()
    predicted = np.bincount(columns.ravel(), weights=of_all, minlength=size)
    hits = np.where(preds == labels, times, 0).ravel()
    right = np.bincount(columns.ravel(), weights=hits, minlength=size)
    true = np.bincount(labels, weights=times, minlength=count)
    both = predicted.reshape(len(preds), count) + true
    parts = 2 * right.reshape(len(preds), count) / np.maximum(both, 1)
    return parts.sum(axis=1) / (both > 0).sum(axis=1)
