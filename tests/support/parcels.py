"""A tiny pipeline of shell commands whose stages run side by side, in git and DVC."""

import os
import subprocess
import sys
from pathlib import Path

from support.standing_files import commit, dvc, environment, run

# `train` counts to `ticks`, from where `$CROQUIS_ROOT/state` is, and saves there when it is ended.
TRAIN = """
import json, os, signal, sys, time
name, ticks, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
state = os.path.join(os.environ["CROQUIS_ROOT"], f"state-{name}")
at = int(open(state).read()) if os.path.exists(state) else 0
print("start at", at, flush=True)
def save(number, frame):
    open(state, "w").write(str(at))
    print("saved at", at, flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
open(os.path.join(os.environ["CROQUIS_ROOT"], f"pid-{name}"), "w").write(str(os.getpid()))
assert open("data/pixels.npy").read() == "pixels"
while at < ticks:
    at += 1
    said = {"desc": "fold 0", "done": at, "total": ticks, "unit": "epoch"}
    open(os.environ["CROQUIS_PROGRESS"], "w").write(json.dumps(said))
    time.sleep(.05)
if ticks < 0:
    sys.exit("no such class")
if ticks == 0:
    os.kill(os.getpid(), signal.SIGKILL)
os.makedirs(os.path.dirname(out), exist_ok=True)
open(out, "w").write(name)
"""
PIPELINE = """
stages:
  split:
    cmd: mkdir -p data && printf pixels > data/pixels.npy
    deps: [params.yaml]
    outs: [data/pixels.npy]
  train:
    matrix: {model: "${run.models}"}
    cmd: python train.py ${item.model} ${models.${item.model}} data/predictions/${item.model}
    deps: [data/pixels.npy, train.py]
    params: [models]
    outs: ["data/predictions/${item.model}"]
  embed:
    cmd: cp -r data/pixels.npy data/features
    deps: [data/pixels.npy]
    outs: [data/features]
  probe:
    cmd: cat data/features > data/probed
    deps: [data/features]
    outs: [data/probed]
"""
PIPELINE = PIPELINE.replace("${models.${item.model}}", "$(cat ticks/${item.model})")
PARAMS = "run: {models: [short, other, long, bad, dead]}\n"
TICKS = {"short": 2, "other": 2, "long": 2000, "bad": -1, "dead": 0}


def make_pipeline(folder: Path) -> Path:
    """The project, committed, after `dvc repro split`."""
    (folder / "ticks").mkdir(parents=True)
    for name, ticks in TICKS.items():
        (folder / "ticks" / name).write_text(str(ticks))
    (folder / "dvc.yaml").write_text(PIPELINE.replace("    params: [models]\n", ""))
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "train.py").write_text(TRAIN)
    (folder / "stages").mkdir()
    (folder / "stages" / "check.py").touch()  # what our `dvc` knows a project by
    ignored = ["/data/", "/.fanout/", "/.outside/", "/state-*", "/pid-*"]
    (folder / ".gitignore").write_text("\n".join(ignored))
    (folder / ".dvcignore").write_text("\n".join(ignored[1:]))
    run(folder, "git", "init", "-q", ".")
    dvc(folder, "init", "-q")
    dvc(folder, "repro", "-q", "split")
    commit(folder)
    return folder


def begin_work(
    folder: Path, *arguments: str, parent: int | None = None
) -> subprocess.Popen[str]:
    """`croquis work` in the project; its log is its stdout."""
    command = [sys.executable, "-m", "croquis.commands.main", "work"]
    command += [] if parent is None else ["--parent", str(parent)]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        env=os.environ | environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
