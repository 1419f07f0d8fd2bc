"""The parts of a run side by side, replaced by ones that note what they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from croquis.fanout.jobs import Ending, Job, Result
from croquis.fanout.recording import Recorded
from croquis.fanout.running.steps import Tools

JOBS = [Job("train@a-0"), Job("embed@p"), Job("probe@p-0", frozenset({"embed@p"}))]


@dataclass
class FakeRun:
    """What a run is made of, which notes what it is asked for.

    Attributes:
        endings: of jobs that do not end well, by stage; None: it never began.
        missing: what cannot be recorded.
        jobs: what is to run.
        edit: a file that is edited while jobs run.
    """

    endings: dict[str, Ending | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    jobs: Sequence[Job] = tuple(JOBS)
    edit: Path | None = None
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def tools(self) -> Tools:
        return Tools(
            run_upstream=lambda folder: self.asked.append(
                f"upstream {folder.name}"
            ),
            find_jobs=self._find,
            open_parent_run=lambda folder: self.asked.append(
                f"parent {folder.name}"
            ),
            pack=self._pack,
            drive=self._drive,
            record=self._record,
            say=self.said.append,
        )

    def _find(self, folder: Path) -> Sequence[Job]:
        self.asked.append(f"find {folder.name}")
        return self.jobs

    def _pack(self, folder: Path) -> bytes:
        self.asked.append(f"pack {folder.name}")
        return b"parcel"

    def _drive(self, jobs: Sequence[Job], parcel: Path) -> list[Result]:
        assert parcel.read_bytes() == b"parcel"
        self.asked.append(f"drive {parcel.with_suffix('.stages').read_text()}")
        if self.edit is not None:
            with self.edit.open("a") as file:
                file.write("# edited\n")
        ends = {job.stage: self.endings.get(job.stage, Ending.DONE) for job in jobs}
        return [
            Result(stage, end, 1.0, "gpu 0", "here", "first\nit broke", Path("log"))
            for stage, end in ends.items()
            if end is not None
        ]

    def _record(self, folder: Path, stages: Sequence[str]) -> Recorded:
        self.asked.append(f"record {folder.name} {' '.join(stages)}")
        return Recorded((), self.missing)
