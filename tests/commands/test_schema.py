"""`croquis schema` compares two files with the code, and writes them if it is asked to."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app


def test_files_that_are_missing_are_an_error_and_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("docs").mkdir()
    runner = CliRunner()
    asked = runner.invoke(app, ["schema"])
    assert asked.exit_code == 1
    assert runner.invoke(app, ["schema", "--write"]).exit_code == 0
    assert runner.invoke(app, ["schema"]).exit_code == 0
    Path("params.schema.json").write_text("{}")
    assert runner.invoke(app, ["schema"]).exit_code == 1
    assert Path("docs/params.md").read_text().startswith("# Parameters\n")
