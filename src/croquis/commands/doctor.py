"""`croquis doctor`: what this machine can do, and the fix for what is wrong."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from croquis.core import params
from croquis.check.files_in_the_way import obstacles
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.doctor import environment, gpus, killed_runs, tracking_store
from croquis.doctor.cache import cache_findings
from croquis.doctor.finding import Finding, finding_lines

if TYPE_CHECKING:
    import pandas as pd


def doctor() -> None:
    """Says in plain words what this machine can do; status 1 if something will fail."""
    findings = examined()
    for line in finding_lines(findings):
        typer.echo(line)
    if any(finding.state == "problem" for finding in findings):
        sys.exit(1)


def examined() -> list[Finding]:
    """All that can be said of this machine and of the run that params.yaml asks for."""
    lock = root() / "requirements.lock"
    findings = environment.python_findings(lock, environment.installed_here())
    findings += _look("PyTorch", _of_the_networks)
    findings.append(environment.cores_finding(os.getloadavg()[0]))
    findings.append(tracking_store.tracking_finding())
    findings.append(environment.privacy_finding(root()))
    findings.append(environment.git_finding(root()))
    findings.append(environment.dvc_finding(shutil.which("dvc")))
    findings.append(killed_runs.killed_runs_finding(root()))
    findings += _look("outputs", _of_the_outputs)
    findings += _look("cache", cache_findings)
    return [*findings, environment.browser_finding()]


def _of_the_outputs() -> list[Finding]:
    """What stands where a run would write and is a person's."""
    findings = [
        Finding("outputs", "problem", f"{each.where}: {each.says}", each.fix)
        for each in obstacles(params.read())
    ]
    return findings or [
        Finding("outputs", "ok", "a run would touch nothing but what runs made")
    ]


def _look(topic: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """What `look` finds; bad input and libraries that do not load are findings as well."""
    try:
        return look()
    except InputError as error:
        return [Finding("settings", "problem", str(error))]
    except (ImportError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        fix = "rm -rf .venv && make setup"
        return [Finding(topic, "problem", f"cannot be loaded: {reason}", fix)]


def _of_the_networks() -> list[Finding]:
    """The GPU and what is asked of it."""
    build = gpus.build_here()
    findings = gpus.gpu_findings(build)
    return findings + _look("PyTorch", lambda: _of_the_run(build))


def _of_the_run(build: gpus.Build) -> list[Finding]:
    """Memory, weights, disk and shared memory for what params.yaml asks for."""
    from croquis.doctor import members
    from croquis.prepare.packing import PrepareParams
    from croquis.recipes import probe_recipes, recipes
    from croquis.runtime.hardware import hardware
    from croquis.votes.members import (
        RunParams,
    )  # brings pandas; hardware brings torch

    tree = params.read()
    run = params.load(RunParams, "run")
    models = {key: recipes.resolve_model(tree, key) for key in run.models}
    probes = {
        key: probe_recipes.resolve_probe(tree, key).embed for key in run.probes
    }
    machine = hardware()
    on_gpu = machine.device.type == "cuda" and bool(build.gpus)
    memory = build.gpus[0].memory if on_gpu else _main_memory()
    where = "the GPU" if on_gpu else "main memory"
    starts = {
        key: (each.backbone, each.pretrained)
        for key, each in (models | probes).items()
    }
    size = params.load(PrepareParams, "prepare").image_size
    batches = [each.batch_size * 3 * each.image_size**2 for each in models.values()]
    return [
        Finding("trains on", "ok", str(machine)),
        *members.memory_findings(models, memory, where, _classes()),
        *members.weights_findings(starts),
        environment.disk_finding(environment.free_disk(), size, _images()),
        environment.shared_memory_finding(
            environment.free_shared_memory(),
            machine.workers,
            max(batches, default=0),
        ),
    ]


def _images() -> int | None:
    """How many images the last `prepare` found; None before the first."""
    index = _index()
    return None if index is None else len(index)


def _classes() -> int | None:
    """How many classes these images have."""
    index = _index()
    if index is None:
        return None
    return int(index.loc[index["split"] == "train", "label"].nunique())


def _index() -> "pd.DataFrame | None":
    from croquis.tables.fold_tables import read_index

    path = root() / "data" / "images" / "index.csv"
    return read_index(path) if path.is_file() else None


def _main_memory() -> int:
    """Bytes of memory; of a container's share where it has less than the machine."""
    import psutil

    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.is_file() else "max"
    return total if text == "max" else min(total, int(text))
