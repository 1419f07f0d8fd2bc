"""The steps of a run side by side, with everything that costs time replaced."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.fanout.jobs import Ending, Job, Result
from croquis.fanout.running.one_at_a_time import only_run
from croquis.fanout.running.steps import Tools, pack_run, run, run_experiment
from support.fake_run import FakeRun

PIPELINE = """
stages:
  split: {cmd: x, deps: [src/croquis/core], outs: [data/folds.csv]}
  train:
    matrix: {model: [a], fold: [0]}
    cmd: x
    deps: [data/folds.csv, src/croquis/core, stages/train.py]
    outs: ["data/p/${item.model}"]
  vote: {cmd: x, deps: [data/p], outs: [data/votes]}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    for name in ("src/croquis/core", "stages"):
        (folder / name).mkdir(parents=True)
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "params.yaml").write_text("lr: 0.1\n")
    (folder / "src/croquis/core/files.py").write_text("")
    (folder / "stages/train.py").write_text("")
    (folder / "README.md").write_text("")
    (folder / ".gitignore").write_text("/.fanout/\n")
    monkeypatch.chdir(tmp_path)
    return folder


def commit(root: Path) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def test_the_steps_come_in_their_order(root: Path) -> None:
    fake = FakeRun()
    assert run(root, fake.tools()) == 0
    assert fake.asked == [
        "upstream project",
        "find project",
        "pack project",
        "parent project",
        "drive train@a-0\nembed@p\nprobe@p-0\n",
        "record project train embed probe",
    ]
    assert fake.said == []


def test_nothing_to_do_is_said_and_what_is_cached_recorded(root: Path) -> None:
    fake = FakeRun(jobs=())
    assert run(root, fake.tools()) == 0
    assert (
        fake.asked[-1] == "record project train embed probe"
        and len(fake.asked) == 3
    )
    assert fake.said == ["nothing to run side by side: all of it has run before"]


def test_a_failed_job_is_told_with_its_last_lines_and_all_else_recorded(
    root: Path,
) -> None:
    fake = FakeRun({"train@a-0": Ending.FAILED}, missing=("train@a-0",))
    assert run(root, fake.tools()) == 1
    assert fake.asked[-1] == "record project train embed probe"
    assert fake.said == [
        "train@a-0 failed on gpu 0:",
        "  first",
        "  it broke",
        "  all of it: log",
        "1 of 3 failed: train@a-0; the same command runs only that",
    ]


def test_jobs_that_wait_for_a_failed_one_are_named(root: Path) -> None:
    ends: dict[str, Ending | None] = {"embed@p": Ending.LOST, "probe@p-0": None}
    fake = FakeRun(ends, missing=("embed@p", "probe@p-0"))
    assert run(root, fake.tools()) == 1
    assert fake.said[-1] == (
        "1 of 3 failed: embed@p; 1 that follow never began: probe@p-0;"
        " the same command runs only those"
    )


def test_a_stopped_run_ends_as_ctrl_c_does(root: Path) -> None:
    ends = {"train@a-0": Ending.STOPPED, "embed@p": None, "probe@p-0": None}
    fake = FakeRun(ends, missing=("train@a-0",))
    assert run(root, fake.tools()) == 130
    assert fake.said == [
        "stopped: 0 of 3 jobs are done, and states of the others are saved;"
        " the same command goes on"
    ]


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        ("dvc.yaml", "  dvc.yaml changed"),
        ("stages/train.py", "  stages/train.py changed"),
        ("src/croquis/core/files.py", "  src/croquis/core/files.py changed"),
    ],
)
def test_an_edit_meanwhile_is_said_and_no_dvc_repro_follows(
    root: Path, edited: str, said: str
) -> None:
    commit(root)
    fake = FakeRun(edit=root / edited, missing=("train@a-0",))
    assert run(root, fake.tools()) == 1
    assert fake.said[1] == said
    assert "`git stash && make repro` records the run" in fake.said[2]


def test_an_edit_of_a_parameter_is_named_and_older_edits_are_not_stashed(
    root: Path,
) -> None:
    commit(root)
    (root / "params.yaml").write_text("lr: 0.2\n")
    fake = FakeRun()
    tools = fake.tools()

    def edit(jobs: Sequence[Job], parcel: Path) -> list[Result]:
        (root / "params.yaml").write_text("lr: 0.3\n")
        return [Result(job.stage, Ending.DONE, 1.0) for job in jobs]

    edited = Tools(**{**vars(tools), "drive": edit})
    assert run(root, edited) == 1
    assert fake.said[1] == "  params.yaml: lr: 0.2 -> 0.3"
    assert "put that back, and `make repro` records the run" in fake.said[2]


@pytest.mark.parametrize("edited", ["README.md", "data/folds.csv", "params.yaml"])
def test_what_no_stage_reads_or_a_stage_writes_is_no_edit(
    root: Path, edited: str
) -> None:
    """Nor is a comment in params.yaml."""
    (root / "data").mkdir()
    assert run(root, FakeRun(edit=root / edited).tools()) == 0


def test_a_result_that_is_not_there_keeps_dvc_repro_from_training(
    root: Path,
) -> None:
    fake = FakeRun(missing=("train@a-0",))
    assert run(root, fake.tools()) == 1
    assert fake.said == [
        "1 result not in DVC's cache, or damaged there: train@a-0;"
        " the same command runs them again"
    ]


def test_another_run_here_is_named_and_nothing_touched(root: Path) -> None:
    fake = FakeRun()
    with only_run(root):
        with pytest.raises(InputError, match=r"runs here: process \d+, since 20"):
            run(root, fake.tools())
    assert fake.asked == []
    assert run(root, fake.tools()) == 0


def test_a_stage_before_the_jobs_that_fails_ends_it(root: Path) -> None:
    fake = FakeRun()

    def fail(folder: Path) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit, match="3"):
        run(root, Tools(**{**vars(fake.tools()), "run_upstream": fail}))
    assert fake.asked == []
    with only_run(root):  # the lock is free
        pass


@contextlib.contextmanager
def fake_checkout(
    root: Path, overrides: Sequence[str], name: str
) -> Iterator[Path]:
    folder = root / f"checkout-{name}-{'-'.join(overrides)}"
    folder.mkdir()
    yield folder


def test_an_experiment_runs_in_its_checkout_and_records_nothing(root: Path) -> None:
    fake = FakeRun()
    assert run_experiment(root, ["lr=1"], "low", fake.tools(), fake_checkout) == 0
    assert fake.asked == [
        "upstream checkout-low-lr=1",
        "find checkout-low-lr=1",
        "pack checkout-low-lr=1",
        "parent checkout-low-lr=1",
        "drive train@a-0\nembed@p\nprobe@p-0\n",
    ]
    failing = FakeRun({"train@a-0": Ending.FAILED})
    assert run_experiment(root, ["lr=2"], "x", failing.tools(), fake_checkout) == 1
    assert failing.said[-1].startswith("1 of 3 failed: train@a-0")


def test_a_parcel_for_others_has_its_list_beside_it(
    root: Path, tmp_path: Path
) -> None:
    fake = FakeRun()
    assert pack_run(root, tmp_path / "run.parcel", fake.tools()) == 3
    assert (tmp_path / "run.parcel").read_bytes() == b"parcel"
    stages = (tmp_path / "run.stages").read_text()
    assert stages == "train@a-0\nembed@p\nprobe@p-0\n"
    assert not any(each.startswith(("drive", "record")) for each in fake.asked)
