"""A project of a few files, in git and DVC, for what stands in the places of outputs."""

import os
import subprocess
import sys
from pathlib import Path

import croquis

PIPELINE = """
stages:
  check:
    cmd: mkdir -p data && echo fine > data/checked.txt
    always_changed: true
    deps: [params.yaml]
    outs: [data/checked.txt: {persist: true}]
  download:
    cmd: >-
      mkdir -p data/raw/train && echo 1 > data/raw/train/a && echo 2 > data/raw/b
      && echo 3 > data/solution.csv
    deps: [data/checked.txt]
    params: [data.source]
    outs: [data/raw, data/solution.csv]
  train:
    matrix: {model: "${run.models}", fold: "${run.folds}"}
    cmd: >-
      mkdir -p data/predictions/${item.model}
      && echo ${item.fold} > data/predictions/${item.model}/fold${item.fold}
    deps: [data/raw]
    outs: ["data/predictions/${item.model}/fold${item.fold}"]
  vote:
    cmd: mkdir -p metrics && cat data/raw/b > metrics/vote.json
    deps: [data/raw]
    metrics: [metrics/vote.json: {cache: false}]
"""
PARAMS = "data: {source: icons}\nrun: {models: [one], folds: [0, 1]}\n"
TREE = {"data": {"source": "icons"}, "run": {"models": ["one"], "folds": [0, 1]}}


def make(folder: Path) -> Path:
    """The project's files without a repository, before any run."""
    (folder / "stages").mkdir(parents=True)
    for name, text in {
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "stages/check.py": "",
    }.items():
        (folder / name).write_text(text)
    (folder / ".gitignore").write_text("/data/\n/.resume/\n/.outside/\n")
    return folder


def make_repository(folder: Path) -> Path:
    """The same, committed, in a repository of git and DVC."""
    make(folder)
    run(folder, "git", "init", "-q", ".")
    dvc(folder, "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "x")


def dvc(folder: Path, *arguments: str) -> None:
    run(folder, sys.executable, "-m", "dvc", *arguments)


def run(folder: Path, *command: str, fails: bool = False) -> str:
    """What a command printed; nothing of git's and DVC's outside of the folder is seen."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment(folder),
        capture_output=True,
        text=True,
    )
    printed = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, f"{command}: {printed}"
    return printed


def environment(folder: Path) -> dict[str, str]:
    names = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
    roles = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
    who = {f"GIT_{role}": "a@b" for role in roles}
    places = {name: str(folder / ".outside" / name.lower()) for name in names}
    source = {"PYTHONPATH": str(Path(croquis.__file__).parents[1])}
    return {**places, **who, **source, "DVC_NO_ANALYTICS": "1"}
