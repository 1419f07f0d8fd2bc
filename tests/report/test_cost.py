"""What a run cost."""

import pandas as pd
import pytest

from croquis.report.sections.cost import BACKWARD, FORWARD, costs
from croquis.report.trainings import recorded_trainings
from croquis.tracking import tracking
from croquis.tracking.store import Pipeline
from croquis.votes.members import RunParams
from support.leftovers import RUN, TRAININGS

NETWORKS = pd.DataFrame(
    {
        "member": ["tiny", "head"],
        "once": [0, 4e9],
        "train": [3e9, 1e9],
        "back": [6e9, 0],
        "val": [2e9, 0],
        "test": [5e9, 0],
        "failed": "",
    }
)
SIZES = {"train": 1000, "test": 100, "all_folds": 2}


def test_a_v100_is_estimated_from_multiply_adds() -> None:
    tiny, head = costs(RUN, NETWORKS, TRAININGS, **SIZES)
    # In each of 2 folds 500 images train, 500 are held out and 100 are the test set. Two
    # operations a multiply-add; forward at 45 % of 125 TFLOP/s.
    forward = 2 * (500 * 3e9 + 500 * 2e9 + 100 * 5e9) * 2 / (0.45 * 125e12)
    backward = 2 * (500 * 6e9) * 2 / (BACKWARD * 125e12)
    assert tiny.gpu_hours == pytest.approx((forward + backward) / 3600)
    # The features of all images once, whatever the folds, and two heads.
    forward = (1100 * 4e9 + 2 * 500 * 1e9) * 2 / (0.45 * 125e12)
    assert head.gpu_hours == pytest.approx(forward / 3600)


def test_a_step_of_which_all_trains_reaches_35_percent() -> None:
    assert 3 / (1 / FORWARD + 2 / BACKWARD) == pytest.approx(0.35)


def test_a_network_that_could_not_be_counted_has_no_hours_and_a_reason() -> None:
    broken = NETWORKS.assign(back=[float("nan"), 0], failed=["KeyError: 'x'", ""])
    tiny, head = costs(RUN, broken, TRAININGS, **SIZES)
    assert (tiny.gpu_hours, tiny.failed) == (None, "KeyError: 'x'")
    assert head.gpu_hours > 0 and head.failed == ""


def test_what_is_not_recorded_has_no_time() -> None:
    tiny, head = costs(RUN, NETWORKS, TRAININGS, **SIZES)
    assert (tiny.folds, tiny.minutes, tiny.rate, tiny.device) == (
        1,
        30,
        20,
        "cuda float16",
    )
    assert (head.folds, head.minutes, head.rate, head.device) == (0, 0, None, "")


def test_the_newest_finished_training_of_a_fold_counts() -> None:
    for rate in (10.0, 20.0):
        tags = {"member": "tiny", "fold": "0", "device": "cpu float32"}
        with tracking.tracked_run(
            Pipeline("costly"), "tiny-fold0", params={}, tags=tags
        ) as run:
            run.metrics({"images_per_second": rate}, 0)
    with (
        pytest.raises(RuntimeError),
        tracking.tracked_run(Pipeline("costly"), "x", params={}, tags=tags) as run,
    ):
        run.metrics({"images_per_second": 99.0}, 0)
        raise RuntimeError("a training that failed")
    table = recorded_trainings("costly", RUN)
    assert table[["member", "fold", "images_per_second"]].to_numpy().tolist() == [
        ["tiny", 0, 20.0]
    ]
    assert recorded_trainings(
        "costly", RunParams(models=["other"], probes=[], folds=[0])
    ).empty


def test_without_records_the_table_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert recorded_trainings("never heard of", RUN).empty
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="no cost in the report"):
        assert recorded_trainings("costly", RUN).empty
