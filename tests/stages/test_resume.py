"""The train stage, killed at any moment and started again, ends with the same bits."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from croquis.core import params

ROOT = Path(__file__).parents[2]
OUTPUTS = (
    "val.npz",
    "test.npz",
    "weights.safetensors",
    "curves.csv",
    "val_flip_ud.npz",
)
SNAPSHOTS = (
    "cycle1/val.npz",
    "cycle1/test.npz",
    "cycle2/val.npz",
    "cycle2/test.npz",
)
# What happens to a training of six updates at its fourth or fifth, or in the save after it.
HARM = {
    "SIGKILL in mid-epoch": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM in mid-epoch": "os.kill(os.getpid(), signal.SIGTERM)",
    "SIGKILL in a save": "torch.save = lambda state, path: (path.write_bytes(b'half'), die())",
    "a full disk, then SIGKILL": "torch.save = full",
}
WAITING = (
    {"GOMP_SPINCOUNT": "0"},
    {"GOMP_SPINCOUNT": "10000"},
    {"OMP_WAIT_POLICY": "PASSIVE"},
)
HARMED = """
from croquis.core import cli  # first, as in every stage
import atexit, errno, os, runpy, signal, sys, torch
from croquis.train.engine import Trainer
update, steps = Trainer._update, []

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def full(state, path):
    if len(steps) > 5:
        die()
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")

def harmed(*args, **options):
    steps.append(1)
    if len(steps) == AT:
        HARM
    return update(*args, **options)

Trainer._update = harmed
atexit.register(lambda: print("updates", len(steps)))
script = sys.argv.pop(1)
sys.argv[0] = script
runpy.run_path(script, run_name="__main__")
"""


@pytest.fixture
def stage(drawn: Path) -> list[str]:
    """The command of the train stage on the drawings of `drawn`, three epochs of two steps.

    Its cycles end after the third and the fifth update, in mid-epoch.
    """
    tree = params.read(ROOT / "params.yaml")
    tree["models"] = {
        "tiny": {
            "backbone": "test_efficientnet.r160_in1k",
            "pretrained": False,
            "image_size": 32,
            "lr_mult": 1.0,
            "epochs": 3,
            "batch_size": 3,
            "drop_rate": 0.2,
            "ema_decay": 0.9,
            "schedule": "restarts",
            "warmup_epochs": 0.5,
            "cycle_epochs": 1,
        }
    }
    YAML().dump(tree, drawn / "params.yaml")
    script = str(ROOT / "stages/train.py")
    inputs = [
        "--model",
        "tiny",
        "--fold",
        "0",
        "--index",
        "index.csv",
        "--pixels",
        "pixels.npy",
    ]
    outputs = ["--predictions", "out", "--weights", "out/weights.safetensors"]
    return [
        script,
        *inputs,
        "--folds",
        "folds.csv",
        *outputs,
        "--curves",
        "out/curves.csv",
    ]


def run(
    stage: list[str], folder: Path, harm: str = "pass", **more: str
) -> subprocess.CompletedProcess:
    """The stage with `harm` in an update and `more` in its environment; it saves after each one."""
    at = "5" if "SIGTERM" in harm else "4"  # the first of its epoch, or the last
    code = HARMED.replace("HARM", harm).replace("AT", at)
    surroundings = os.environ | {
        "DVC_ROOT": str(folder),
        "CROQUIS_SAVE_MINUTES": "0",
        "OMP_NUM_THREADS": "2",
        "PYTHONPATH": str(ROOT / "src"),
        **more,
    }
    command = [sys.executable, "-c", code, *stage]
    return subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True
    )


def outputs(folder: Path) -> dict[str, bytes]:
    return {
        name: (folder / "out" / name).read_bytes() for name in OUTPUTS + SNAPSHOTS
    }


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_with_the_same_bits(
    stage: list[str], drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its threads wait in another way: that is in no fingerprint, and moves no bit."""
    from mlflow.tracking import MlflowClient

    store = f"sqlite:///{drawn / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    done = run(stage, drawn)
    assert done.returncode == 0, done.stderr
    straight = outputs(drawn)
    for number, (name, harm) in enumerate(HARM.items(), start=1):
        shutil.rmtree(drawn / "out")
        killed = run(stage, drawn, harm)
        asked = harm.endswith("SIGTERM)")
        assert killed.returncode == (143 if asked else -signal.SIGKILL), (
            name,
            killed.stderr,
        )
        assert not (drawn / "out").exists() and list(
            drawn.glob(".resume/train/tiny-0/*")
        )
        resumed = run(stage, drawn, **WAITING[number % len(WAITING)])
        assert resumed.returncode == 0, (name, resumed.stderr)
        updates = int(resumed.stdout.split("updates ")[1].split()[0])
        assert updates == (1 if asked else 3), (
            name
        )  # of 6: it went on, and did not begin anew
        assert outputs(drawn) == straight, name
        assert not list(drawn.glob(".resume/train/*"))
        client = MlflowClient(store)
        experiment = client.get_experiment_by_name("icons").experiment_id
        trainings = client.search_runs([experiment], "tags.member = 'tiny'")
        assert (
            len(trainings) == 1 + number
        )  # a training that goes on does so in its run
        assert {training.info.status for training in trainings} == {"FINISHED"}
        for training in trainings:
            points = client.get_metric_history(training.info.run_id, "train_loss")
            assert [point.step for point in points] == [0, 1, 2]
