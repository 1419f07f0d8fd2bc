"""The made-up run of the report's benchmark has all that the page asks for."""

import sys
from pathlib import Path

import pytest

from croquis.report.page_data import PageData
from croquis.report.pages import write_pages


def test_the_report_of_a_made_up_run_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lacked what the page had come to ask of networks, and nobody heard of it."""
    monkeypatch.syspath_prepend("benchmarks")
    monkeypatch.delitem(sys.modules, "report", raising=False)
    import report

    data = report.data_of(tmp_path, 120, 10, 32)
    content = PageData(
        "made-up.zip", data, report.outcome_of(data), report.metrics(120)
    )
    write_pages(tmp_path / "out", content)
    assert "made-up.zip" in (tmp_path / "out/index.html").read_text(
        encoding="utf-8"
    )
