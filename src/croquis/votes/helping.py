"""How much a member helps a mean that others began, by each metric: what a greedy path asks."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize_scalar

from croquis.scoring.metrics import weighted_macro_f1

# Of log(1 / temperature), from the path's own on, which moves little by little; and its ends, which
# are those of all temperatures.
REACH = 1.0
LEAST_POWER = 0.05
MOST_POWER = 20.0
TINY = 1e-30  # float32 holds it


@dataclass(frozen=True)
class Favourites:
    """What is known of the favourite classes of n images, `fitting.favourites`.

    Attributes:
        labels: (n,) the row of the true class.
        classes: (K, n) the classes, rising, -1 for no more.
        others: (n,) how many classes are no favourites.
        times: (n,) how often an image counts.
    """

    labels: np.ndarray
    classes: np.ndarray
    others: np.ndarray
    times: np.ndarray


class Helping(Protocol):
    """The help of a sum of some members' probabilities, (K, n), which may be spoiled."""

    def __call__(self, mixed: np.ndarray, members: int) -> tuple[float, ...]:
        """What is compared: the higher, the better."""

    def settle(self, total: np.ndarray, members: int) -> None:
        """Goes on from the sum that was chosen."""


class AccuracyHelp:
    """How often the true class is the highest; among equals, the log of what it has."""

    def __init__(self, favourites: Favourites) -> None:
        self.labels = favourites.labels
        self.times = favourites.times

    def __call__(self, mixed: np.ndarray, members: int) -> tuple[float, ...]:
        """Images that are right, and the log-loss without a temperature."""
        right, of_label = _right(mixed, self.labels)
        score = np.log(np.maximum(of_label, 1e-7)) @ self.times
        return right @ self.times, score

    def settle(self, total: np.ndarray, members: int) -> None:
        """Nothing is carried on."""


class MacroF1Help:
    """The macro-F1; among equals, the log of what the true class has."""

    def __init__(self, favourites: Favourites) -> None:
        self.columns = np.arange(len(favourites.labels))
        self.rows = favourites.labels
        self.classes = favourites.classes
        self.labels = favourites.classes[self.rows, self.columns]
        self.times = favourites.times

    def __call__(self, mixed: np.ndarray, members: int) -> tuple[float, ...]:
        """Macro-F1, and the log-loss without a temperature."""
        of_label = mixed[self.rows, self.columns]
        preds = self.classes[mixed.argmax(axis=0), self.columns]
        score = np.log(np.maximum(of_label, 1e-7)) @ self.times
        return float(
            weighted_macro_f1(self.labels, preds[None], self.times)[0]
        ), score

    def settle(self, total: np.ndarray, members: int) -> None:
        """Nothing is carried on."""


class LogLossHelp:
    """The log-loss of the mean at a temperature, the best one of the path so far.

    Without it log-loss would rather have one sharp member than many that agree.
    """

    def __init__(self, favourites: Favourites) -> None:
        self.labels = favourites.labels
        self.columns = np.arange(len(self.labels))
        self.is_used = favourites.classes >= 0
        self.others = favourites.others
        self.times = favourites.times / favourites.times.sum()
        self.power = 1.0

    def __call__(self, mixed: np.ndarray, members: int) -> tuple[float, ...]:
        """Minus the loss at the path's temperature."""
        return (-self._loss(*self._logs(mixed, members), self.power),)

    def settle(self, total: np.ndarray, members: int) -> None:
        """Finds the temperature of the mean that was chosen."""
        logs, rest = self._logs(total, members)
        start = np.log(self.power)
        best = minimize_scalar(
            lambda power: self._loss(logs, rest, np.exp(power)),
            bounds=(
                max(start - REACH, np.log(LEAST_POWER)),
                min(start + REACH, np.log(MOST_POWER)),
            ),
            method="bounded",
            options={"xatol": 1e-2},
        )
        self.power = float(np.exp(best.x))

    def _logs(
        self, mixed: np.ndarray, members: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The logs of the mean's probabilities, (K, n), and of one of the others, (n,).

        Less each image's highest one: no sum of their powers then underflows.
        """
        rest = (members - mixed.sum(axis=0)) / np.maximum(self.others, 1)
        logs = np.log(np.maximum(mixed / members, TINY))
        highest = logs.max(axis=0)
        logs -= highest
        logs[~self.is_used] = -np.inf  # a power of 0
        return logs, np.log(np.maximum(rest / members, TINY)) - highest

    def _loss(self, logs: np.ndarray, rest: np.ndarray, power: float) -> float:
        scale = np.float32(power)
        total = np.exp(scale * logs).sum(axis=0)
        total += self.others * np.exp(scale * rest)
        of_label = logs[self.labels, self.columns]
        return float((np.log(total) - scale * of_label) @ self.times)


HELPS: dict[str, type[AccuracyHelp] | type[MacroF1Help] | type[LogLossHelp]] = {
    "accuracy": AccuracyHelp,
    "macro_f1": MacroF1Help,
    "log_loss": LogLossHelp,
}


def helping(metric: str, favourites: Favourites) -> Helping:
    """The help by a metric's name."""
    return HELPS[metric](favourites)


def _right(mixed: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the true class is the highest of (K, n), (n,) bool, and what it has; spoils `mixed`.

    Ties go to the lowest class.
    """
    columns = np.arange(len(labels))
    of_label = mixed[labels, columns]
    mixed[labels, columns] = -1
    second = mixed.max(axis=0)
    right = of_label > second
    even = np.flatnonzero(of_label == second)
    right[even] = mixed[:, even].argmax(axis=0) > labels[even]
    return right, of_label
