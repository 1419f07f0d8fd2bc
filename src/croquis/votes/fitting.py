"""What is fitted on OOF: temperatures and weights. Their scores count only when nested."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from croquis.scoring.chosen_metric import ACCURACY, Metric
from croquis.votes.helping import Favourites, Helping, helping

# Wide enough for any network that learned something; a member that is right on every image would
# sharpen without end.
LOWEST = 0.05
HIGHEST = 20.0
TINY = (
    1e-30  # float32 holds it; what a softmax gives below is as good as impossible
)
ROUNDS = 25  # weights then are shares of 25; Caruana's curves are flat by then
BAGS = (
    10  # each on a redraw of the images: steadies what one greedy path owes to luck
)
CLASSES_KEPT = 5  # of each member's favourites an image, and of their mean's


def fit_temperature(labels: np.ndarray, probs: np.ndarray) -> float:
    """The temperature of least log-loss, from (N,) labels and (N, C) probabilities.

    The log-loss is convex in 1 / temperature, so one search finds it.
    """
    logits = np.log(np.maximum(probs, TINY))
    # At a low temperature 500 of them would underflow.
    logits -= logits.max(axis=1, keepdims=True)
    of_label = logits[np.arange(len(labels)), labels]
    powers = np.empty_like(logits)

    def log_loss(log_temperature: float) -> float:
        scale = np.float32(np.exp(-log_temperature))
        np.exp(np.multiply(logits, scale, out=powers), out=powers)
        return float(np.log(powers.sum(axis=1)).mean() - of_label.mean() * scale)

    best = minimize_scalar(
        log_loss,
        bounds=(np.log(LOWEST), np.log(HIGHEST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(best.x))


def favourites(labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """The classes of each image that weights are fitted on, (N, K), rising, -1 for no more.

    They are the true one and the five best of each member and of the uniform mean, K <= 5 M + 6:
    500 classes become some dozen. A class that all of them rank sixth or worse could still be the
    first of a weighted mean, where members share no favourite; that is too rare to look for.
    Temperatures keep the ranks of members, so this is found once.

    Args:
        labels: (N,).
        probs: (M, N, C).
    """
    count = probs.shape[2]
    top = [_highest(each) for each in (*probs, probs.mean(axis=0))]
    columns = np.sort(np.concatenate([*top, labels[:, None]], axis=1), axis=1)
    columns[:, 1:][columns[:, 1:] == columns[:, :-1]] = count  # a class counts once
    columns.sort(axis=1)
    columns = columns[:, (columns < count).any(axis=0)]
    return np.where(columns < count, columns, -1)


def _highest(probs: np.ndarray) -> np.ndarray:
    """The classes of each row's five highest, in any order."""
    kept = min(CLASSES_KEPT, probs.shape[1])
    return np.argpartition(-probs, kept - 1, axis=1)[:, :kept]


@dataclass(frozen=True)
class FitData:
    """What weights are fitted on.

    Attributes:
        votes: (M, N, K) probabilities of the favourites, 0 where an image has fewer than K.
        is_label: (N, K) bool, the true class.
        others: (N,) how many classes of an image are no favourites.
        groups: (N,) any labels of the groups of copies.
        classes: (N, K) the favourites, -1 where an image has fewer than K.
        metric: that `greedy` and `best` choose by; `simplex` always takes the log-loss.
    """

    votes: np.ndarray
    is_label: np.ndarray
    others: np.ndarray
    groups: np.ndarray
    classes: np.ndarray
    metric: Metric = ACCURACY


def fit_data(
    labels: np.ndarray,
    probs: np.ndarray,
    groups: np.ndarray,
    columns: np.ndarray,
    metric: Metric = ACCURACY,
) -> FitData:
    """The favourites' part of calibrated probabilities, (M, N, C); `columns` are `favourites`."""
    is_class = columns >= 0
    votes = np.take_along_axis(probs, np.maximum(columns, 0)[None], axis=2)
    return FitData(
        votes=np.where(is_class, votes, 0),
        is_label=columns == labels[:, None],
        others=probs.shape[2] - is_class.sum(axis=1),
        groups=groups,
        classes=columns,
        metric=metric,
    )


class MixtureLoss:
    """The log-loss of a weighted mean at a temperature, and its slope, for an optimizer.

    Attributes:
        votes: (M, N, K + 1) probabilities of the favourites, and of one of the other classes.
        times: (N, K + 1) how many classes each column stands for.
        labels: (N,) the column of the true class.
    """

    def __init__(self, data: FitData) -> None:
        others = data.others
        # The classes that are nobody's favourites count as equals: this is one of them.
        rest = (1 - data.votes.sum(axis=2)) / np.maximum(others, 1)
        votes = np.concatenate([data.votes, rest[:, :, None]], axis=2)
        self.votes = np.maximum(votes.astype(np.float64), TINY)
        is_used = data.votes.any(axis=0)
        self.times = np.concatenate([is_used, others[:, None]], axis=1)
        self.labels = data.is_label.argmax(axis=1)

    def __call__(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss, and its slope, (M + 1,).

        Args:
            point: (M + 1,), the weights, and the logarithm of 1 / temperature.
        """
        weights = point[:-1]
        power = np.exp(point[-1])
        rows = np.arange(len(self.labels))
        mixed = np.maximum(np.tensordot(weights, self.votes, 1), TINY)
        logs = np.log(mixed)
        powers = self.times * np.exp(power * logs)
        total = powers.sum(axis=1)
        of_label = logs[rows, self.labels]
        loss = np.log(total) - power * of_label
        slope = powers / mixed / total[:, None]
        slope[rows, self.labels] -= 1 / mixed[rows, self.labels]
        by_weight = power * np.tensordot(self.votes, slope, 2) / len(mixed)
        by_power = ((powers * logs).sum(axis=1) / total - of_label).mean() * power
        return loss.mean(), np.append(by_weight, by_power)


def simplex_weights(data: FitData) -> np.ndarray:
    """The weights >= 0 of least log-loss, (M,), summing to one.

    Fitted together with a temperature of the mean: without it each member that joins makes the
    mean more modest, and log-loss would rather have one sharp member than many that agree.
    """
    count = len(data.votes)
    sum_to_one = {
        "type": "eq",
        "fun": lambda point: point[:-1].sum() - 1,
        "jac": lambda point: np.append(np.ones(count), 0.0),
    }
    best = minimize(
        MixtureLoss(data),
        np.append(np.full(count, 1 / count), 0.0),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * count + [(np.log(1 / HIGHEST), np.log(1 / LOWEST))],
        constraints=sum_to_one,
    )
    weights = np.clip(best.x[:-1], 0, None)
    return weights / weights.sum()


def greedy_weights(data: FitData) -> np.ndarray:
    """Weights by forward selection with replacement, bagged, (M,), summing to one.

    Each round adds the member that helps the metric of the mean most, or its log-loss where
    several help as much. Method: Caruana et al. 2004, "Ensemble Selection from Libraries of
    Models"; the bags redraw groups of copies instead of members, as a few members are no library.
    """
    _, inverse = np.unique(data.groups, return_inverse=True)
    groups = inverse.max() + 1
    rng = np.random.default_rng(0)
    counts = np.zeros(len(data.votes))
    for _ in range(BAGS):
        drawn = np.bincount(rng.integers(groups, size=groups), minlength=groups)
        path = _greedy_path(data, drawn[inverse].astype(float), ROUNDS)
        counts += np.bincount(path, minlength=len(counts))
    return counts / counts.sum()


def greedy_order(data: FitData) -> list[int]:
    """The members in the order in which each helps most, each once; for the eye, not for votes."""
    once = np.ones(len(data.is_label))
    return _greedy_path(data, once, len(data.votes), again=False)


def best_member(data: FitData) -> np.ndarray:
    """All weight on the member that is best by the metric, (M,); of equals on the first."""
    votes = data.votes.transpose(0, 2, 1)
    help_of = _helping(data, np.ones(len(data.is_label)))
    weights = np.zeros(len(votes))
    weights[np.argmax([help_of(member.copy(), 1)[0] for member in votes])] = 1
    return weights


FITTED: dict[str, Callable[[FitData], np.ndarray]] = {
    "greedy": greedy_weights,
    "simplex": simplex_weights,
    "best": best_member,
}


def _greedy_path(
    data: FitData, times: np.ndarray, rounds: int, *, again: bool = True
) -> list[int]:
    """The members chosen round by round; image n counts `times[n]` times."""
    counted = times > 0  # a bag leaves out 37 % of the images
    help_of = _helping(data, times)
    # Classes first, (M, K, n): then the best of them is found along whole rows of images.
    votes = np.ascontiguousarray(data.votes[:, counted].transpose(0, 2, 1))
    total = np.zeros_like(votes[0])
    mixed = np.empty_like(votes[0])
    chosen: list[int] = []
    for number in range(1, rounds + 1):
        candidates = []
        for member, added in enumerate(votes):
            if not again and member in chosen:
                continue
            np.add(total, added, out=mixed)
            candidates.append((*help_of(mixed, number), -member))
        best = -int(max(candidates)[-1])
        chosen.append(best)
        total += votes[best]
        help_of.settle(total, number)
    return chosen


def _helping(data: FitData, times: np.ndarray) -> Helping:
    """The help by the metric, of the images that count."""
    counted = times > 0
    favourites = Favourites(
        labels=data.is_label[counted].argmax(axis=1),
        classes=np.ascontiguousarray(data.classes[counted].T),
        others=data.others[counted],
        times=times[counted],
    )
    return helping(data.metric.name, favourites)
