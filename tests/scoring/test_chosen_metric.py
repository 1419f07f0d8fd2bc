"""The three metrics: values by hand and by scikit-learn, intervals, differences and directions."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from croquis.core.errors import InputError
from croquis.scoring.chosen_metric import (
    ACCURACY,
    METRICS,
    chosen_metric,
    metric_scores,
)
from croquis.scoring.metric_names import (
    WORDS,
    headline,
    metric_name,
    numbers_on_test,
    rank,
)
from croquis.scoring.metrics import (
    accuracy_intervals,
    macro_f1,
    resampled_macro_f1,
    resampled_means,
    weighted_macro_f1,
    wilson,
)
from croquis.scoring.paired import difference_intervals, mcnemar

LOG_LOSS = METRICS["log_loss"]
MACRO_F1 = METRICS["macro_f1"]
LABELS = np.array([0, 0, 1, 1])
# Right, wrong, right, right.
PROBS = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.3, 0.7]])


def drawn(seed: int, images: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) of five classes, and what three predictors say of them, (3, N, C)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, images)
    return labels, rng.dirichlet(np.ones(5), (3, images)) + 0.3 * np.eye(5)[labels]


def test_each_metric_has_a_name_and_words() -> None:
    assert list(METRICS) == list(WORDS) and [m.sign for m in METRICS.values()] == [
        1,
        -1,
        1,
    ]


def test_values_by_hand() -> None:
    values = {
        name: metric.value(metric.judge(LABELS, PROBS))
        for name, metric in METRICS.items()
    }
    by_hand = -(math.log(0.8) + math.log(0.4) + math.log(0.9) + math.log(0.7)) / 4
    assert values["accuracy"] == 0.75
    assert values["log_loss"] == pytest.approx(by_hand)
    # class 0: tp 1, fp 0, fn 1: 2/3. class 1: tp 2, fp 1, fn 0: 4/5.
    assert values["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scikit_learn(seed: int) -> None:
    labels, (probs, *_) = drawn(seed)
    probs = probs / probs.sum(axis=1, keepdims=True)
    assert LOG_LOSS.value(LOG_LOSS.judge(labels, probs)) == pytest.approx(
        log_loss(labels, probs, labels=range(5))
    )
    assert MACRO_F1.value(MACRO_F1.judge(labels, probs)) == pytest.approx(
        f1_score(labels, probs.argmax(axis=1), average="macro")
    )


def test_a_sure_mistake_costs_what_competitions_take_for_it() -> None:
    losses = LOG_LOSS.judge(np.array([0, 1]), np.eye(2, dtype=np.float32)[[1, 1]])
    assert losses.tolist() == [pytest.approx(-math.log(1e-15)), 0]


def test_a_probability_below_what_accuracy_runs_clip_counts_in_full() -> None:
    probs = np.array([[1e-12, 1 - 1e-12]], np.float32)
    assert LOG_LOSS.judge(np.array([0]), probs)[0] == pytest.approx(
        12 * math.log(10)
    )


def test_rows_that_do_not_quite_sum_to_one_are_scaled() -> None:
    probs = np.array([[0.5, 0.4999]], np.float32)
    assert LOG_LOSS.judge(np.array([0]), probs)[0] == pytest.approx(
        -math.log(0.5 / 0.9999)
    )


def test_accuracy_is_what_it_was_to_the_bit() -> None:
    labels, probs = drawn(0)
    groups = np.arange(len(labels)) // 3
    verdicts = np.stack([ACCURACY.judge(labels, each) for each in probs])
    assert ACCURACY.intervals(verdicts, groups, seed=1) == accuracy_intervals(
        verdicts, groups, seed=1
    )
    pairs = [(0, 0), (0, 1), (0, 2)]
    ends = difference_intervals(verdicts[0], verdicts, groups, seed=1)
    differences = ACCURACY.differences(verdicts, pairs, groups, seed=1)
    assert [(each.low, each.high) for each in differences] == ends
    assert [each.p for each in differences] == [
        mcnemar(verdicts[0], each) for each in verdicts
    ]
    assert metric_scores(ACCURACY, labels, probs[0], groups, seed=1) == {}


def test_the_macro_f1_of_a_draw_is_that_of_its_images_written_out() -> None:
    """Of images that were drawn twice, once and never scikit-learn sees as many rows."""
    labels, probs = drawn(1, images=40)
    preds = probs.argmax(axis=2)
    times = np.random.default_rng(0).integers(0, 3, 40)
    rows = np.repeat(np.arange(40), times)
    expected = [f1_score(labels[rows], one[rows], average="macro") for one in preds]
    assert weighted_macro_f1(labels, preds, times) == pytest.approx(expected)
    once = weighted_macro_f1(labels, preds, np.ones(40))
    assert once == pytest.approx([macro_f1(labels, one) for one in preds])


def test_a_class_that_a_draw_lacks_leaves_its_macro_f1_alone() -> None:
    labels = np.array([0, 0, 1, 2])
    times = np.array([1, 1, 1, 0])
    preds = np.array([[0, 1, 1, 2]])  # F1 of 2/3 and 2/3 without class 2
    assert weighted_macro_f1(labels, preds, times) == pytest.approx([2 / 3])


def test_macro_f1_is_redrawn_by_the_groups_of_all_other_metrics() -> None:
    """Sure of two classes with as many images each: then macro-F1 is the accuracy if all is 1."""
    groups = np.array([0, 1, 1, 2])
    labels = np.zeros(4, int)
    preds = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]])
    f1 = resampled_macro_f1(labels, preds, groups, seed=3)
    assert (f1[:, 0] == 1).all() and (f1[:, 1] == 0).all()
    right = resampled_means((preds == 0).T.astype(float), groups, seed=3)
    # Class 0 has an F1 of 2 r / (1 + r), class 1 one of 0 if it is predicted anywhere.
    share = right[:, 2]
    expected = np.where(share == 1, 1, 2 * share / (1 + share) / 2)
    assert f1[:, 2] == pytest.approx(expected)


def test_the_draws_of_macro_f1_are_moved_to_its_value() -> None:
    """Of forty images in five classes a draw has fewer different ones, and a lower macro-F1."""
    labels, probs = drawn(1, images=40)
    verdicts = np.stack([MACRO_F1.judge(labels, each) for each in probs])
    values = [MACRO_F1.value(each) for each in verdicts]
    groups = np.arange(40)
    preds = verdicts[:, :, 1]
    plain = resampled_macro_f1(labels, preds, groups, seed=0).mean(axis=0)
    assert (plain < np.array(values) - 0.005).all()
    moved = MACRO_F1.draws(verdicts, groups, seed=0).mean(axis=0)
    assert moved.tolist() == pytest.approx(values, abs=1e-3)


def test_copies_widen_the_interval_of_each_metric() -> None:
    labels, probs = drawn(2, images=200)
    for metric in METRICS.values():
        verdict = metric.judge(labels, probs[0])[None]
        (low, high) = metric.intervals(verdict, np.arange(200), seed=0)[0]
        value = metric.value(verdict[0])
        copied = np.repeat(verdict, 4, axis=1)
        groups = np.repeat(np.arange(200), 4)
        same = metric.intervals(copied, groups, seed=0)[0]
        assert same == pytest.approx((low, high)) and low < value < high
        narrow = metric.intervals(copied, np.arange(800), seed=0)[0]
        assert narrow[1] - narrow[0] == pytest.approx((high - low) / 2, rel=0.15)


def test_one_group_gives_no_interval_and_certainty_gives_wilsons() -> None:
    labels = np.array([0, 1, 2, 0])
    right = np.eye(3)[labels]
    for metric in METRICS.values():
        verdict = metric.judge(labels, right)[None]
        value = metric.value(verdict[0])
        assert metric.intervals(verdict, np.zeros(4), seed=0) == [(value, value)]
    verdict = MACRO_F1.judge(labels, right)[None]
    assert MACRO_F1.intervals(verdict, np.arange(4), seed=0) == [wilson(4, 4)]


@pytest.mark.parametrize("name", WORDS)
def test_the_better_one_is_better_by_each_metric_and_not_the_worse(
    name: str,
) -> None:
    metric = METRICS[name]
    labels = np.arange(200) % 4
    good = 0.1 + 0.6 * np.eye(4)[labels]
    bad = good.copy()
    bad[:60] = np.roll(bad[:60], 1, axis=1)  # 60 of 200 wrong
    groups = np.arange(200)
    one, other = metric.judge(labels, bad), metric.judge(labels, good)
    gain = metric.difference(one, other, groups, seed=0)
    loss = metric.difference(other, one, groups, seed=0)
    assert gain.value == pytest.approx(-loss.value) and gain.p < 0.01
    assert metric.sign * gain.value > 0
    assert metric.is_better(gain, groups) and not metric.is_better(loss, groups)
    assert not metric.is_better(gain, groups // 20)  # ten groups say nothing
    same = metric.difference(one, one, groups, seed=0)
    assert (same.value, same.p) == (0, 1) and not metric.is_better(same, groups)


def test_differences_of_no_pairs_are_none() -> None:
    labels, probs = drawn(0)
    for metric in METRICS.values():
        verdicts = metric.judge(labels, probs[0])[None]
        groups = np.arange(len(labels))
        assert metric.differences(verdicts, [], groups, seed=0) == []


def test_a_difference_of_log_losses_by_hand() -> None:
    one = np.array([math.log(2), math.log(4)])
    other = np.array([math.log(4), math.log(8)])
    difference = LOG_LOSS.difference(one, other, np.arange(2), seed=0)
    # Twice the probability on each image: no draw differs.
    assert difference[:3] == pytest.approx((math.log(2),) * 3)


def test_files_name_the_metric_only_where_it_is_another() -> None:
    scores = {"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75}
    assert headline(scores) == ("accuracy", 0.5, 0.25, 0.75)
    groups = np.arange(4)
    scores |= metric_scores(LOG_LOSS, LABELS, PROBS, groups, seed=0)
    assert list(scores)[3:] == [
        "metric",
        "log_loss",
        "log_loss_low",
        "log_loss_high",
    ]
    number = headline(scores)
    assert (number.words, number.title) == ("log-loss", "Log-loss")
    assert number.lower_is_better and not number.is_accuracy
    assert number.low < number.value == 0.40037 < number.high
    assert metric_name(scores) == "log_loss"


def test_numbers_sort_with_the_best_first() -> None:
    numbers = [0.5, 0.2, 0.9]
    assert sorted(numbers, key=lambda n: rank("macro_f1", n)) == [0.9, 0.5, 0.2]
    assert sorted(numbers, key=lambda n: rank("log_loss", n)) == [0.2, 0.5, 0.9]


def test_the_test_set_is_told_by_the_chosen_metric() -> None:
    assert numbers_on_test({"rows": 3}) == {}
    plain = {"test_accuracy": 0.5, "gap": 0.1}
    assert numbers_on_test(plain) == plain | {"test": 0.5}
    assert numbers_on_test(plain | {"by_metric": {"test": 1.25}}) == {"test": 1.25}


def test_params_yaml_chooses_the_metric(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text, name in (("macro_f1", "macro_f1"), ("log_loss", "log_loss")):
        Path("params.yaml").write_text(f"metric: {text}\n")
        assert chosen_metric().name == name
    Path("params.yaml").write_text("metric: f1\n")
    with pytest.raises(InputError, match="metric: expected 'accuracy', 'log_loss'"):
        chosen_metric()
    Path("params.yaml").write_text("seed: 1\n")
    with pytest.raises(InputError, match="metric: expected this key"):
        chosen_metric()
