"""A stage of a finished run that has to run again: what it made is nowhere any more."""

import random
import re
import shutil
from pathlib import Path

from croquis.core import pipeline
from faults.tiny_run import MODEL, TinyRun

CACHE = Path(".dvc/cache/files/md5")
RUNS = Path(".dvc/cache/runs")  # what DVC would restore instead of running
ITEMS = {"item.model": MODEL, "item.probe": "lite0_probe", "item.fold": "0"}
DATA = ("data", "metrics")


def make_stale(run: TinyRun, stage: str, rng: random.Random) -> str:
    """Removes all that one entry of a stage made; its name in dvc.lock."""
    lock = pipeline.read_lock(run.folder / "dvc.lock")
    name = rng.choice([n for n in lock if n.partition("@")[0] == stage])
    for out in lock[name]["outs"]:
        _remove(run.folder / out["path"])
        _remove(run.folder / CACHE / out["md5"][:2] / out["md5"][2:])
    _remove(run.folder / RUNS)
    return name


def command_of(run: TinyRun, stage: str) -> str:
    """The command of a stage for the first fold, as DVC would give it."""
    text = pipeline.read_stages(run.folder / "dvc.yaml")[stage]["cmd"]
    return _fill_in(str(text))


def inputs_of(run: TinyRun, stage: str, rng: random.Random) -> list[Path]:
    """A file of each of the data that a stage reads, from the project's folder."""
    deps = pipeline.paths_under(
        pipeline.read_stages(run.folder / "dvc.yaml")[stage], "deps"
    )
    names = [_fill_in(dep) for dep in deps]
    places = [run.folder / n for n in names if n.partition("/")[0] in DATA]
    return [_any_file(place, rng).relative_to(run.folder) for place in places]


def _any_file(place: Path, rng: random.Random) -> Path:
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return rng.choice(files) if files else place


def _fill_in(text: str) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda match: ITEMS[match[1]], text)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
