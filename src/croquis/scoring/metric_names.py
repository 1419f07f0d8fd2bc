"""The metrics that params.yaml may choose, and the chosen one's number in metrics/*.json.

numpy is not needed here, so that commands start at once.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from croquis.core.text import share

# What people call them, by the key of metrics/*.json.
WORDS = {"accuracy": "accuracy", "log_loss": "log-loss", "macro_f1": "macro-F1"}
LOWER_IS_BETTER = ("log_loss",)

# The names that params.yaml may give. A type checker takes no names of a dict.
if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(WORDS)]


class Headline(NamedTuple):
    """The number by which a run chose, of a member or of the ensemble.

    Attributes:
        name: the key of the metric.
        value: on OOF.
        low: the lower end of its 95 % interval.
        high: the upper end.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """What people call the metric."""
        return WORDS[self.name]

    @property
    def title(self) -> str:
        """The same at the start of a sentence."""
        return self.words[0].upper() + self.words[1:]

    @property
    def ends(self) -> str:
        """The two ends of the interval: .703 .. .747."""
        return f"{share(self.low)} .. {share(self.high)}"

    @property
    def is_accuracy(self) -> bool:
        """Whether nothing else was chosen."""
        return self.name == "accuracy"

    @property
    def lower_is_better(self) -> bool:
        """Whether a gain is a smaller number."""
        return self.name in LOWER_IS_BETTER


def metric_name(scores: Mapping[str, Any]) -> str:
    """The metric that some scores were chosen by; files name it only where it is not accuracy."""
    return str(scores.get("metric", "accuracy"))


def headline(scores: Mapping[str, Any]) -> Headline:
    """The number that counts among the scores of a member or of the ensemble."""
    name = metric_name(scores)
    return Headline(
        name, scores[name], scores[f"{name}_low"], scores[f"{name}_high"]
    )


def numbers_on_test(submission: Mapping[str, Any]) -> dict[str, Any]:
    """The scores on the test set by the metric that was chosen; none without a solution.

    `test` is the submission's, and all other keys are those of metrics/submission.json.
    """
    if "test_accuracy" not in submission:
        return {}
    by_accuracy = {**submission, "test": submission["test_accuracy"]}
    return dict(submission.get("by_metric", by_accuracy))


def rank(name: str, number: float) -> float:
    """A key that sorts numbers of a metric, the best first."""
    return number if name in LOWER_IS_BETTER else -number
