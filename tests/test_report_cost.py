"""What a run cost."""

import pandas as pd
import pytest
from leftovers import RUN, TRAININGS

from croquis import tracking
from croquis.report.cost import costs, recorded
from croquis.votes.members import RunParams

NETWORKS = pd.DataFrame(
    {"member": ["tiny", "head"], "kind": ["model", "probe"], "macs": 10**9, "passes": [6, 4]}
)


def test_a_v100_is_estimated_from_multiply_adds() -> None:
    tiny, head = costs(RUN, NETWORKS, TRAININGS, pictures=1000, all_folds=2)
    # 2 folds of half of 1,000 pictures, 6 passes, 2 operations each; 35 % of 125 TFLOP/s
    assert tiny.gpu_hours == pytest.approx(1000 * 6 * 2e9 / (0.35 * 125e12) / 3600)
    # All pictures once a view, whatever the folds; 45 %
    assert head.gpu_hours == pytest.approx(1000 * 4 * 2e9 / (0.45 * 125e12) / 3600)


def test_what_is_not_recorded_has_no_time() -> None:
    tiny, head = costs(RUN, NETWORKS, TRAININGS, pictures=1000, all_folds=2)
    assert (tiny.folds, tiny.minutes, tiny.rate, tiny.device) == (1, 30, 20, "cuda float16")
    assert (head.folds, head.minutes, head.rate, head.device) == (0, 0, None, "")


def test_the_newest_finished_training_of_a_fold_counts() -> None:
    for rate in (10.0, 20.0):
        tags = {"member": "tiny", "fold": "0", "device": "cpu float32"}
        with tracking.run("costly", "tiny-fold0", params={}, tags=tags) as run:
            run.metrics({"images_per_second": rate}, 0)
    with pytest.raises(RuntimeError), tracking.run("costly", "x", params={}, tags=tags) as run:
        run.metrics({"images_per_second": 99.0}, 0)
        raise RuntimeError("a training that failed")
    table = recorded("costly", RUN)
    assert table[["member", "fold", "images_per_second"]].to_numpy().tolist() == [["tiny", 0, 20.0]]
    assert recorded("costly", RunParams(models=["other"], probes=[], folds=[0])).empty


def test_without_records_the_table_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded("never heard of", RUN).empty
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="no cost in the report"):
        assert recorded("costly", RUN).empty
