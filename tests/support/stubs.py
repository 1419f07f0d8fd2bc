"""The project's own dvc.yaml with stages that write a few bytes at once: its DVC without its work.

What a stage writes hangs on its command and on `lr`, as far as it reads that.
"""

import itertools
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from croquis.core import pipeline
from support.tiny import Project

STUB = """import sys
from pathlib import Path

words = sys.argv[1:]
Path(".outside").mkdir(exist_ok=True)
with open(".outside/ran.txt", "a") as ran:
    ran.write(Path(sys.argv[0]).stem + " " + " ".join(words) + chr(10))
options = dict(zip(words[::2], words[1::2]))
rate = [line for line in open("params.yaml") if line.startswith("lr:")]
for option in {options}:
    path = Path(options[option])
    text = " ".join(words + rate * {reads_rate}) + chr(10)
    if path.suffix == ".json":
        text = '{{"a": 1}}' + chr(10)
    elif not path.suffix:
        path = path / "table.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if option == "--predictions":
        (path.parent / "val.csv").write_text(text * 2)
"""


def write_stubs(
    folder: Path, models: Sequence[str], probes: Sequence[str], folds: int
) -> None:
    """The files of such a project, in a folder that has none of them.

    Args:
        folder: which must be there.
        models: their keys.
        probes: their keys.
        folds: how many there are.
    """
    for name in ("data", ".dvc"):
        shutil.copytree(name, folder / name, ignore=_not_copied)
    for room in Path("src/croquis").iterdir():  # one file each: DVC hashes them all
        if (room / "__init__.py").is_file():
            (folder / room).mkdir(parents=True)
            (folder / room / "code.py").write_text(f"{room.name} = 1\n")
    for name in ("dvc.yaml", ".gitignore", ".dvcignore"):
        shutil.copy2(name, folder / name)
    with (folder / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("/.outside/\n/.fanout/\n")
    (folder / ".outside").mkdir()
    _write_params(folder, models, probes, list(range(folds)))
    (folder / "stages").mkdir()
    for name, stage in pipeline.read_stages(Path("dvc.yaml")).items():
        (folder / "stages" / f"{name}.py").write_text(_stub(stage))


def stub_project(
    folder: Path,
    models: Sequence[str] = ("a", "b"),
    probes: Sequence[str] = ("p",),
    folds: int = 2,
) -> Project:
    """Such a project, committed."""
    write_stubs(folder, models, probes, folds)
    project = Project(folder)
    project.env["PYTHONPATH"] = str(Path("src").absolute())
    project.run("git init -q . && git add -A && git commit -qm stubs")
    return project


def _not_copied(folder: str, names: list[str]) -> list[str]:
    """What runs made."""
    kept = {
        "data": ("README.md", "overrides.csv"),
        ".dvc": ("config", "plots", ".gitignore"),
    }
    return [
        name for name in names if name not in kept.get(Path(folder).name, names)
    ]


def _stub(stage: Mapping[str, Any]) -> str:
    """A script that writes what the stage would, under the options of its command."""
    outs = {
        path
        for key in pipeline.WRITTEN
        for path in pipeline.paths_under(stage, key)
    }
    words = str(stage["cmd"]).split()
    options = [option for option, path in itertools.pairwise(words) if path in outs]
    reads_rate = int("lr" in (stage.get("params") or []))
    return STUB.format(options=options, reads_rate=reads_rate)


def _write_params(
    folder: Path, models: Sequence[str], probes: Sequence[str], folds: list[int]
) -> None:
    """The project's params.yaml with other members."""
    tree = YAML().load(Path("params.yaml").read_text(encoding="utf-8"))
    tree["run"] |= {
        "models": list(models),
        "probes": list(probes),
        "folds": folds,
    }
    model = next(iter(tree["models"].values()))
    probe = next(iter(tree["probes"].values()))
    tree["models"] = {name: dict(model) for name in models}
    tree["probes"] = {name: dict(probe) for name in probes}
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)


if __name__ == "__main__":  # for a look: stubs.py FOLDER
    stub_project(Path(sys.argv[1]))
