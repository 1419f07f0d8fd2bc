"""A tiny project in a clone of the last commit, and what counts of its results as hashes."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from croquis.core.workspaces import OWNER
from support.tiny import Project, competition, set_params, shrink

ROOT = Path(__file__).parents[2]
READY = Path(sys.prefix) / ".ready"
REPRO = f"make -s -o {READY} repro"  # `-o`: the environment is never made anew
STAGES = (
    "check",
    "download",
    "prepare",
    "dedup",
    "split",
    "train",
    "embed",
    "probe",
    "vote",
    "ensemble",
    "submit",
    "explain",
    "report",
)
NOT_RESULTS = ("seconds", "images_per_s", "throughput", "hardware")
MODEL = "lite0_64"  # one model and one probe, on two folds
WITHOUT_RUN = "mlflow.db cannot be read"
LONGEST = 600  # seconds of one command


class TinyRun(Project):
    """A project of its own that a run can be killed in.

    Args:
        folder: the project's.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.temporary = folder / ".outside" / "tmp"
        self.env |= {
            "TMPDIR": str(self.temporary),
            "CROQUIS_SAVE_MINUTES": "0",  # a state after each step
            "OMP_NUM_THREADS": "1",
            "SHELL": "/bin/bash",
        }

    @classmethod
    def cloned(cls, folder: Path) -> "TinyRun":
        """The last commit of this checkout, with tiny data and networks."""
        command = ["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder)]
        subprocess.run(command, check=True)
        with tarfile.open(folder / "competition.tar.gz", "w:gz") as archive:
            archive.add(competition(folder / ".outside" / "source"), "data")
        shrink(folder / "params.yaml", "competition.tar.gz")
        steps = {f"models.{MODEL}.epochs": 3, f"models.{MODEL}.batch_size": 2}
        set_params(folder / "params.yaml", {"run.models": [MODEL]} | steps)
        with (folder / ".gitignore").open("a", encoding="utf-8") as file:
            file.write("/.outside/\n/competition.tar.gz\n")
        tiny = cls(folder)
        tiny.temporary.mkdir(parents=True)
        tiny.run(
            "rm -f dvc.lock metrics/*.json && git add -A && git commit -qm tiny"
        )
        return tiny

    def copied(self, folder: Path) -> "TinyRun":
        """The same in another folder."""
        # With the links between outputs and the cache.
        subprocess.run(["cp", "-a", str(self.folder), str(folder)], check=True)
        return type(self)(folder)

    def begin(self, command: str, printed: Path) -> subprocess.Popen[bytes]:
        """A command in a group of its own, whose words go to a file."""
        with printed.open("wb") as output:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def call(self, command: str) -> tuple[int, str]:
        """The status and the words of a command."""
        printed = self.folder / ".outside" / "printed"
        child = self.begin(command, printed)
        try:
            status = child.wait(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            status = child.wait()
        return status, printed.read_text(errors="replace")

    def results(self, damaged: Path | None = None) -> dict[str, str]:
        """Hashes of all that counts, by file.

        Args:
            damaged: a file that is left out, from the project's folder.
        """
        hashes = {}
        for pattern, hash_of in HASHES.items():
            for path in self.folder.glob(pattern):
                name = path.relative_to(self.folder)
                if name != damaged and "raw" not in name.parts:
                    hashes[name.as_posix()] = hash_of(path)
        return dict(sorted(hashes.items()))

    def leftovers(self) -> list[str]:
        """What no run should leave: drafts, temporary files, a HEAD without a branch."""
        drafts = [path.parent for path in self.folder.rglob(OWNER)]
        drafts += [
            path for path in self.temporary.iterdir() if "croquis" in path.name
        ]
        names = [path.relative_to(self.folder).as_posix() for path in drafts]
        if self.call("git symbolic-ref -q HEAD")[0]:
            names.append("HEAD without a branch")
        return names

    def trainings(self) -> str:
        """The members and folds that have a finished run of MLflow, as one text."""
        query = (
            "select distinct name from runs where status = 'FINISHED' order by 1"
        )
        try:  # a folder in its place cannot even be opened
            with closing(sqlite3.connect(self.folder / "mlflow.db")) as store:
                names = [row[0] for row in store.execute(query)]
        except sqlite3.DatabaseError:
            return WITHOUT_RUN
        return " ".join(name for name in names if "fold" in name)

    def differences(
        self, reference: "Reference", *, tracked: bool = True
    ) -> list[str]:
        """What is not as after a run that nobody disturbed.

        Args:
            reference: that run.
            tracked: whether MLflow has to have all trainings; one says so where it is not tracked.
        """
        results = self.results()
        wrong = [
            f"{name} differs"
            for name in sorted({*results, *reference.results})
            if results.get(name) != reference.results.get(name)
        ]
        if (trainings := self.trainings()) == WITHOUT_RUN:
            wrong.append(WITHOUT_RUN)
        elif tracked and trainings != reference.trainings:
            wrong.append(f"MLflow has other trainings: {trainings or 'none'}")
        return wrong + [f"{name} is left" for name in self.leftovers()]


@dataclass(frozen=True)
class Reference:
    """What a run gives that nobody disturbs.

    Attributes:
        results: hashes by file.
        trainings: the finished ones of MLflow.
        seconds: of each stage's process, at most.
    """

    results: dict[str, str]
    trainings: str
    seconds: dict[str, float]


def _hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _arrays(path: Path) -> str:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return _hash(loaded.tobytes())
    with loaded:
        return _of_arrays({name: loaded[name] for name in loaded.files})


def _tensors(path: Path) -> str:
    return _of_arrays(load_file(path))


def _of_arrays(arrays: dict[str, np.ndarray]) -> str:
    parts = [
        f"{name} {array.dtype} {array.shape}".encode() + array.tobytes()
        for name, array in sorted(arrays.items())
    ]
    return _hash(b"".join(parts))


def _numbers(path: Path) -> str:
    return _hash(json.dumps(_without_times(json.loads(path.read_text()))).encode())


def _without_times(tree: object) -> object:
    if isinstance(tree, dict):
        return {
            key: _without_times(value)
            for key, value in sorted(tree.items())
            if not any(word in key for word in NOT_RESULTS)
        }
    return (
        [_without_times(item) for item in tree] if isinstance(tree, list) else tree
    )


# What counts of a run; other tables and pages hold seconds.
HASHES: dict[str, Callable[[Path], str]] = {
    "data/*.csv": lambda path: _hash(path.read_bytes()),
    "data/images/*.csv": lambda path: _hash(path.read_bytes()),
    "data/**/*.npz": _arrays,
    "data/**/*.npy": _arrays,
    "data/**/*.safetensors": _tensors,
    "data/votes/**/*.json": _numbers,
    "data/ensemble/**/*.json": _numbers,
    "metrics/*.json": _numbers,
}
