"""The metric by which a run chooses: its value, its intervals and its differences.

Each metric looks at every image once and keeps a verdict, from which all its numbers are computed.
Copies count together in each of them, as in `metrics`. A new metric is a class here, its name in
METRICS, and its words in `metric_names`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import numpy as np

from croquis.core import params
from croquis.scoring.metric_names import LOWER_IS_BETTER, WORDS, MetricName
from croquis.scoring.metrics import (
    TAILS,
    accuracy_intervals,
    bootstrap_p,
    macro_f1,
    resampled_macro_f1,
    resampled_means,
    wilson,
)
from croquis.scoring.paired import difference_intervals, is_significant, mcnemar

# The bound of competitions, so that a sure mistake costs 34.5 and not infinity.
CLIP = 1e-15


class Difference(NamedTuple):
    """What a second predictor scores beyond a first one, on the same images.

    Attributes:
        value: second minus first, so below zero is a gain where lower is better.
        low: the lower end of its 95 % interval.
        high: the upper end.
        p: two-sided.
    """

    value: float
    low: float
    high: float
    p: float


class Metric(ABC):
    """What a run is chosen by. `verdicts` of P predictors are (P, N) or (P, N, 2)."""

    name: ClassVar[str]

    @property
    def words(self) -> str:
        """What people call it."""
        return WORDS[self.name]

    @property
    def is_accuracy(self) -> bool:
        """Whether it is the default, whose numbers all files hold in any case."""
        return self.name == "accuracy"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return -1 if self.name in LOWER_IS_BETTER else 1

    @abstractmethod
    def judge(self, labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
        """The verdict on each image, (N,) or (N, 2), from labels (N,) and (N, C) probabilities."""

    def value(self, verdicts: np.ndarray) -> float:
        """The metric of one predictor: of most, the mean of its verdicts."""
        return float(verdicts.mean())

    def draws(
        self, verdicts: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> np.ndarray:
        """The metric of P predictors on redrawn groups, (RESAMPLES, P); all see the same draws."""
        return resampled_means(verdicts.T, groups, seed=seed)

    def intervals(
        self, verdicts: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> list[tuple[float, float]]:
        """The 95 % intervals of P predictors; of one group both ends are the value itself."""
        if len(np.unique(groups)) < 2:
            return [(self.value(each),) * 2 for each in verdicts]
        ends = np.quantile(self.draws(verdicts, groups, seed=seed), TAILS, axis=0)
        return [(float(low), float(high)) for low, high in ends.T]

    def differences(
        self,
        verdicts: np.ndarray,
        pairs: list[tuple[int, int]],
        groups: np.ndarray,
        *,
        seed: int,
    ) -> list[Difference]:
        """The second of each pair of predictors minus its first; p is `bootstrap_p`.

        Args:
            verdicts: of P predictors.
            pairs: their numbers.
            groups: (N,) any labels of the groups.
            seed: of the draws.
        """
        firsts, seconds = _sides(pairs)
        values = np.array([self.value(each) for each in verdicts])
        drawn = self.draws(verdicts, groups, seed=seed)
        gained = drawn[:, seconds] - drawn[:, firsts]
        ends = np.quantile(gained, TAILS, axis=0)
        return [
            Difference(
                float(values[second] - values[first]),
                float(ends[0, place]),
                float(ends[1, place]),
                bootstrap_p(gained[:, place]),
            )
            for place, (first, second) in enumerate(pairs)
        ]

    def difference(
        self, one: np.ndarray, other: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> Difference:
        """`differences` of two predictors: the other one minus the first."""
        verdicts = np.stack([one, other])
        return self.differences(verdicts, [(0, 1)], groups, seed=seed)[0]

    def is_better(self, difference: Difference, groups: np.ndarray) -> bool:
        """Whether the second is better by more than chance, as `is_significant` has it."""
        interval = (difference.low, difference.high)
        is_gain = difference.low > 0 if self.sign > 0 else difference.high < 0
        return is_significant(difference.p, interval, groups) and is_gain


class Accuracy(Metric):
    """The share of images that are right; a verdict is whether one is. p is McNemar's."""

    name = "accuracy"

    def judge(self, labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
        """Whether the highest class is the label, (N,) bool; ties go to the lowest."""
        return probs.argmax(axis=1) == labels

    def intervals(
        self, verdicts: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> list[tuple[float, float]]:
        """`metrics.accuracy_intervals`."""
        return accuracy_intervals(verdicts, groups, seed=seed)

    def differences(
        self,
        verdicts: np.ndarray,
        pairs: list[tuple[int, int]],
        groups: np.ndarray,
        *,
        seed: int,
    ) -> list[Difference]:
        """`paired.difference_intervals`, with the p of McNemar's exact test."""
        firsts, seconds = _sides(pairs)
        ends = difference_intervals(
            verdicts[firsts], verdicts[seconds], groups, seed=seed
        )
        return [
            Difference(
                float(verdicts[second].mean() - verdicts[first].mean()),
                low,
                high,
                mcnemar(verdicts[first], verdicts[second]),
            )
            for (first, second), (low, high) in zip(pairs, ends, strict=True)
        ]


class LogLoss(Metric):
    """The mean of -log of the label's probability, in nats; a verdict is one image's loss."""

    name = "log_loss"

    def judge(self, labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
        """The loss of each image, (N,); probabilities are clipped at CLIP."""
        of_label = probs[np.arange(len(labels)), labels].astype(np.float64)
        of_label /= probs.sum(axis=1, dtype=np.float64)
        return -np.log(np.clip(of_label, CLIP, 1))


class MacroF1(Metric):
    """The mean over classes of their F1; a verdict is an image's label and predicted label.

    Over the classes that are true or predicted somewhere, as scikit-learn has it: also on redrawn
    groups, where a rare class may be missing.
    """

    name = "macro_f1"

    def judge(self, labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
        """The label and the highest class of each image, (N, 2); ties go to the lowest."""
        return np.stack([labels, probs.argmax(axis=1)], axis=1)

    def value(self, verdicts: np.ndarray) -> float:
        """`metrics.macro_f1`."""
        return macro_f1(verdicts[:, 0], verdicts[:, 1])

    def draws(
        self, verdicts: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> np.ndarray:
        """The macro-F1 on redrawn groups, moved so that its mean is the value itself.

        A draw has fewer different images of each class, and its macro-F1 is lower for that alone.
        With six images a class the ends as drawn held the truth 33 times in 40, moved ones 38.
        """
        drawn = resampled_macro_f1(
            verdicts[0, :, 0], verdicts[:, :, 1], groups, seed=seed
        )
        values = np.array([self.value(each) for each in verdicts])
        return np.clip(drawn + (values - drawn.mean(axis=0)), 0, 1)

    def intervals(
        self, verdicts: np.ndarray, groups: np.ndarray, *, seed: int
    ) -> list[tuple[float, float]]:
        """As of other metrics; where all are right, or none, Wilson's, as no draw differs."""
        count = len(np.unique(groups))
        ends = super().intervals(verdicts, groups, seed=seed)
        right = verdicts[:, :, 0] == verdicts[:, :, 1]
        return [
            wilson(count if each.all() else 0, count)
            if count > 1 and (each.all() or not each.any())
            else pair
            for each, pair in zip(right, ends, strict=True)
        ]


def _sides(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The first ones of pairs, and the second ones."""
    return [first for first, _ in pairs], [second for _, second in pairs]


ACCURACY = Accuracy()
METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (ACCURACY, LogLoss(), MacroF1())
}


def chosen_metric() -> Metric:
    """The metric of params.yaml."""
    return METRICS[params.value("metric", MetricName)]


def metric_scores(
    metric: Metric,
    labels: np.ndarray,
    probs: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
) -> dict[str, str | float]:
    """What metrics/*.json gain by another metric than accuracy: its name, value and interval.

    Args:
        metric: the chosen one.
        labels: (N,).
        probs: (N, C).
        groups: (N,) any labels of the groups.
        seed: of the draws.

    Returns:
        Nothing for accuracy, which stands there in any case.
    """
    if metric.is_accuracy:
        return {}
    verdicts = metric.judge(labels, probs)
    low, high = metric.intervals(verdicts[None], groups, seed=seed)[0]
    return {
        "metric": metric.name,
        metric.name: round(metric.value(verdicts), 5),
        f"{metric.name}_low": round(low, 5),
        f"{metric.name}_high": round(high, 5),
    }
