"""A copy of the project with a dozen tiny images and tiny networks: all stages in a minute."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from ruamel.yaml import YAML

from support.loaded_python import loaded_python

CLASSES = ("cup", "star", "tree")
TINY = {
    "backbone": "test_efficientnet.r160_in1k",
    "pretrained": False,
    "image_size": 32,
}


def drawing(class_number: int, variant: int) -> np.ndarray:
    """A 40 px drawing: class 0 a frame, 1 a cross, 2 a bar, each somewhere else in each variant."""
    sheet = np.full((40, 40), 255, dtype=np.uint8)
    rng = np.random.default_rng([class_number, variant])
    top, left = rng.integers(2, 12, size=2)
    side = int(rng.integers(12, 24))
    box = sheet[top : top + side, left : left + side]
    if class_number == 0:
        box[[0, -1], :], box[:, [0, -1]] = 0, 0
    elif class_number == 1:
        box[side // 2, :], box[:, side // 3] = 0, 0
    else:
        box[:, : 2 + variant % 5] = 0
    return sheet


def competition(folder: Path) -> Path:
    """A source in the competition's layout: 15 train images of 3 classes with copies, 6 test."""
    rows, answers = [], []
    for number, name in enumerate(CLASSES):
        (folder / "train" / name).mkdir(parents=True)
        images = [drawing(number, variant) for variant in range(4)]
        # An exact copy for one class, a mirrored one for the others.
        images.append(images[0] if number == 0 else images[0][:, ::-1])
        for k, image in enumerate(images):
            path = f"{name}/{name}_{k}.png"
            Image.fromarray(np.ascontiguousarray(image)).save(
                folder / "train" / path
            )
            rows.append((name, path, number))
        (folder / "test").mkdir(exist_ok=True)
        for k in range(2):
            Image.fromarray(drawing(number, 10 + k)).save(
                folder / "test" / f"{2 * number + k}.png"
            )
            answers.append((f"{2 * number + k}.png", number))
    table = pd.DataFrame(rows, columns=["class_name", "image_path", "target"])
    table.to_csv(folder / "train.csv", index=False)
    solution = pd.DataFrame(answers, columns=["image_path", "target"])
    solution[["image_path"]].to_csv(folder / "test.csv", index=False)
    solution.to_csv(folder / "solution.csv", index=False)
    return folder


# As the README has it: it must leave nothing that is not committed.
BASELINE = "git add dvc.lock params.yaml metrics && git commit -qm baseline"


def set_params(params: Path, changes: dict[str, object]) -> None:
    """Sets dotted keys of a params.yaml; comments stay."""
    yaml = YAML()
    tree = yaml.load(params.read_text(encoding="utf-8"))
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        block = tree
        for section in sections:
            block = block[section]
        block[key] = value
    with params.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def shrink(params: Path, source: str) -> None:
    """The same keys with tiny networks, one epoch, two folds: documented commands work on it."""
    tree = YAML().load(params.read_text(encoding="utf-8"))
    changes: dict[str, object] = {
        "data.source": source,
        "prepare.image_size": 32,
        "split.num_folds": 2,
        "run.folds": [0, 1],
        "train.epochs": 1,
        "train.batch_size": 4,
    }
    for key in tree["run"]["models"]:
        changes |= {f"models.{key}.{name}": value for name, value in TINY.items()}
        changes[f"models.{key}.epochs"] = 1
        changes[f"models.{key}.batch_size"] = 4
    for key in tree["run"]["probes"]:
        changes |= {
            f"probes.{key}.embed.{name}": value for name, value in TINY.items()
        }
        changes[f"probes.{key}.head.epochs"] = 2
    set_params(params, changes)


class Project:
    """A git repository of its own, with everything a run could touch inside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = {
            name: str(folder / ".outside" / name.lower()) for name in _DVC_FOLDERS
        }
        self.env = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("DVC_", "MLFLOW_"))
            },
            **own,
            "CI": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "DVC_NO_ANALYTICS": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.com",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "src"),
            "VENV": str(Path(sys.executable).parent.parent),
        }

    def reproduced(self) -> "Project":
        """The same after `make repro`, committed; `summary` is what it printed."""
        self.summary = self.run("make -s repro")
        self.run(BASELINE)
        return self

    @classmethod
    def made(cls, folder: Path) -> "Project":
        """The project's files as they are in the working tree, shrunk, committed."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            listed_here = Path(name).is_file() or Path(name).is_symlink()
            if listed_here and name != "dvc.lock" and not _is_score(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(name, folder / name, follow_symlinks=False)
        with tarfile.open(folder / "competition.tar.gz", "w:gz") as archive:
            archive.add(competition(folder / ".outside" / "source"), "data")
        shrink(folder / "params.yaml", "competition.tar.gz")
        with (folder / ".gitignore").open("a", encoding="utf-8") as file:
            file.write("/.outside/\n/competition.tar.gz\n")
        project = cls(folder)
        project.run("git init -q . && git add -A && git commit -qm tiny")
        return project

    def run(self, command: str, *, fails: bool = False) -> str:
        """What a shell command in the project printed; it must fail if `fails`, else succeed."""
        with tempfile.TemporaryFile(
            "w+"
        ) as printed:  # a pipe would wait for DVC's workers, too
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.env,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
            printed.seek(0)
            text = printed.read()
        assert (done.returncode != 0) == fails, (
            f"{command}: status {done.returncode}\n{text[-6000:]}"
        )
        return text

    @contextmanager
    def loaded(self) -> Iterator["Project"]:
        """The same with stages that need not import the libraries, while the block lasts.

        Commands that `make` runs have the environment's own Python first (without `RUN=`).
        """
        before = self.env["PATH"]
        with tempfile.TemporaryDirectory(prefix="loaded-") as folder:
            with loaded_python(Path(folder)) as commands:
                self.env["PATH"] = f"{commands}{os.pathsep}{before}"
                try:
                    yield self
                finally:
                    self.env["PATH"] = before

    @contextmanager
    def params_as(self, changes: dict[str, object]) -> Iterator[None]:
        """params.yaml with these dotted keys changed, for as long as the block lasts."""
        path = self.folder / "params.yaml"
        with self.with_text(path, path.read_text(encoding="utf-8")):
            set_params(path, changes)
            yield

    @contextmanager
    def with_text(self, path: Path, text: str) -> Iterator[None]:
        """A file that holds `text` for as long as the block lasts."""
        before = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")


def _is_score(name: str) -> bool:
    """Whether a file is one of a run in the working tree: the copy begins as a clone does."""
    return name.startswith("metrics/") and name.endswith(".json")


_DVC_FOLDERS = (
    "DVC_GLOBAL_CONFIG_DIR",
    "DVC_SYSTEM_CONFIG_DIR",
    "DVC_SITE_CACHE_DIR",
)
