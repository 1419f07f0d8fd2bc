"""Where a stage is, as one JSON line in a file that is always whole."""

import json
from pathlib import Path

import pytest

from croquis.fanout.supervisor import status_file
from croquis.fanout.supervisor.status_file import StatusFile


def test_what_a_stage_says_is_passed_on_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_file, "EVERY", 0)
    path, progress = tmp_path / "status", tmp_path / "progress"
    status = StatusFile(path, progress)
    status.look()
    assert not path.exists()
    status.say("inputs")
    progress.write_text("{")  # half of a line
    status.look()
    assert json.loads(path.read_text())["text"] == "inputs"
    said = {"desc": "fold 0", "done": 4, "total": 10, "unit": "epoch"}
    progress.write_text(json.dumps(said))
    status.look()
    expected = {"text": "epoch 4 of 10", "done": 4, "total": 10, "unit": "epoch"}
    assert json.loads(path.read_text()) == expected
    assert path.read_text().endswith("}\n") and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            {"desc": "predict", "done": 2, "total": 5, "unit": "batch"},
            "predict 2 of 5",
        ),
        ({"desc": "probe", "done": 3, "unit": "it"}, "probe 3"),
        ({"unit": "epoch"}, "epoch"),
    ],
)
def test_the_words(said: dict[str, object], text: str) -> None:
    assert status_file._text(said) == text


def test_nobody_reads_and_a_folder_that_is_gone_end_nothing(tmp_path: Path) -> None:
    StatusFile(None, tmp_path / "progress").say("inputs")
    StatusFile(tmp_path / "gone" / "status", tmp_path / "progress").say("inputs")
    assert list(tmp_path.iterdir()) == []
