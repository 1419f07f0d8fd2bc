"""The README's figures are kept apart from a user's scores, and can be compared with a run."""

import json
import sys
from pathlib import Path

import pytest

from croquis.commands.summary import summary_lines

sys.path.insert(0, "benchmarks")
import default_run

KEPT = json.loads(default_run.KEPT.read_text(encoding="utf-8"))


def test_the_readmes_table_is_that_of_the_default_run() -> None:
    table = summary_lines(KEPT["vote"], KEPT["ensemble"], KEPT["submission"])
    assert "\n".join(table) in Path("README.md").read_text(encoding="utf-8")


def test_each_figure_that_differs_is_a_line() -> None:
    found = json.loads(json.dumps(KEPT))
    assert default_run.differences(KEPT, found) == []
    found["ensemble"]["accuracy"] = 0.5
    del found["split"]["classes"]
    assert sorted(default_run.differences(KEPT, found)) == [
        "ensemble.accuracy: 0.85128 kept, 0.5 here",
        "split.classes: 117 kept, nothing here",
    ]


def test_seconds_are_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in default_run.STAGES:
        content = KEPT[stage] | (
            {"seconds": {"ssim": 1.0}} if stage == "dedup" else {}
        )
        (tmp_path / f"{stage}.json").write_text(json.dumps(content))
    assert default_run.differences(KEPT, default_run.figures(tmp_path)) == []
