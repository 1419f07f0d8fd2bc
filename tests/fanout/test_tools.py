"""After a run on machines without this disk, its results come here from DVC's remote."""

from pathlib import Path
from typing import Any

import pytest

from croquis.fanout import recording
from croquis.fanout.jobs import Ending, Job
from croquis.fanout.running import tools
from croquis.fanout.running.slots import Slots
from support.fake_engine import FakeEngine


@pytest.mark.parametrize("uses_remote", [True, False])
def test_results_of_machines_without_this_disk_are_brought_here(
    uses_remote: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brought: list[tuple[Path, list[str], bool]] = []

    def record(root: Path, stages: list[str], *, pulls: bool) -> None:
        brought.append((root, stages, pulls))

    engine: Any = FakeEngine(
        lambda a, _: Ending.FAILED if a.job.stage == "b" else Ending.DONE
    )
    engine.uses_remote = uses_remote
    monkeypatch.setattr(tools, "_engine", lambda *_: engine)
    monkeypatch.setattr(recording, "record", record)
    monkeypatch.chdir(tmp_path)
    jobs = [Job("train@a-0"), Job("b")]
    tools.tools_on(Slots(), Path("project")).drive(jobs, Path("run.parcel"))
    assert brought == ([(tmp_path, ["train@a-0"], True)] if uses_remote else [])
