"""Which modules a script imports, and which of them dvc.yaml does not list for its stage.

DVC runs a stage again if a file of its deps changes. Code that no deps list can be edited without
a stage running again, and its results would be those of another text.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from croquis.core import pipeline
from croquis.core.errors import InputError

# What takes a module's name as text.
LOADERS = {"import_module", "__import__", "run_module"}


class Fault(NamedTuple):
    """A line that dvc.yaml lacks, or has too many.

    Attributes:
        stage: of dvc.yaml.
        module: the file.
        importer: the file that imports it; empty if nothing does.
    """

    stage: str
    module: str
    importer: str

    def __str__(self) -> str:
        if not self.importer:
            return f"{self.stage}: take out `- {self.module}`, which nothing of it imports"
        return f"{self.stage}: add `- {self.dep}`, {self.why}"

    @property
    def dep(self) -> str:
        """What dvc.yaml lists for the file: its folder of the package, or itself."""
        return pipeline.dep_of(Path(self.module)).as_posix()

    @property
    def why(self) -> str:
        """Who needs it."""
        if self.importer == pipeline.DVC_YAML.as_posix():
            return "which its command runs"
        if self.dep == self.module:
            return f"which {self.importer} imports"
        return f"as {self.importer} imports {self.module}"


class Imports:
    """The imports of files, each read once."""

    def __init__(self) -> None:
        self._direct: dict[tuple[Path, Path], set[Path]] = {}

    def of(self, script: Path) -> dict[str, str]:
        """The files that `script` imports, directly or not, each with the file that imports it.

        At its top or inside a function, as paths from the root; without __init__.py that are bare.
        """
        importers: dict[Path, Path] = {}
        waiting = [script]
        while waiting:
            file = waiting.pop()
            new = self.direct(file, script.parent) - {*importers, script}
            importers |= dict.fromkeys(sorted(new), file)
            waiting += sorted(new)
        return {
            path.as_posix(): file.as_posix() for path, file in importers.items()
        }

    def direct(self, file: Path, beside: Path | None = None) -> set[Path]:
        """The files that `file` imports itself; a script's folder is looked into, too."""
        beside = beside or file.parent
        if (file, beside) not in self._direct:
            places = [pipeline.SOURCE, beside]  # where Python would look
            files = {path for names in _names(file, places) for path in names}
            self._direct[file, beside] = files - {file}
        return self._direct[file, beside]


def modules_of(script: Path) -> set[str]:
    """The files that `script` imports, directly or not."""
    return set(Imports().of(script))


def unlisted(tree: Mapping[str, Any] | None = None) -> list[Fault]:
    """The modules that stages import and dvc.yaml does not list for them.

    Args:
        tree: all of params.yaml; with it, only stages of its run are looked at.
    """
    imports = Imports()
    faults = []
    for name, stage in pipeline.read_stages().items():
        if tree is not None and not pipeline.runs_with(stage, tree):
            continue
        deps = [Path(dep) for dep in pipeline.paths_under(stage, "deps")]
        for script in pipeline.scripts(stage):
            needed = {script.as_posix(): pipeline.DVC_YAML.as_posix()} | imports.of(
                script
            )
            faults += [
                Fault(name, module, importer)
                for module, importer in needed.items()
                if not any(Path(module).is_relative_to(dep) for dep in deps)
            ]
    return sorted(set(faults))


def needless() -> list[Fault]:
    """The code of src that dvc.yaml lists for a stage that imports nothing of it."""
    imports = Imports()
    faults = []
    for name, stage in pipeline.read_stages().items():
        used = {
            module
            for script in pipeline.scripts(stage)
            for module in imports.of(script)
        }
        for dep in pipeline.paths_under(stage, "deps"):
            code = Path(dep).is_relative_to(pipeline.SOURCE) and Path(
                dep
            ).suffix in (
                "",
                ".py",
            )
            if code and not any(
                Path(module).is_relative_to(dep) for module in used
            ):
                faults.append(Fault(name, dep, ""))
    return faults


def refuse_unlisted(tree: Mapping[str, Any]) -> None:
    """Raises InputError if a stage of the run imports code that dvc.yaml does not list."""
    if faults := unlisted(tree):
        more = (
            f" ({len(faults) - 1} more: `croquis deps`)" if len(faults) > 1 else ""
        )
        raise InputError(
            f"dvc.yaml, deps of {faults[0].stage}",
            expected="all code that the stage imports",
            received=f"no {faults[0].dep}, {faults[0].why}{more}",
            fix=f"add `- {faults[0].dep}`, or an edit of it makes nothing run again",
        )


def _names(file: Path, places: list[Path]) -> Iterator[list[Path]]:
    """The files behind each import of `file`."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except (SyntaxError, ValueError) as error:
        raise InputError(
            file, expected="Python", received=str(error), fix="correct that line"
        ) from error
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (_files(alias.name, places) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _names_from(node, _start(file, node.level, places))
        elif isinstance(node, ast.Call) and (name := _named_module(node)):
            level = len(name) - len(name.lstrip("."))
            yield _files(name.lstrip("."), _start(file, level, places))


def _names_from(node: ast.ImportFrom, start: list[Path]) -> Iterator[list[Path]]:
    """The files of `from a import b, c`: of a, and of a.b and a.c, which may be modules."""
    module = node.module or ""
    yield _files(module, start)
    for alias in node.names:
        yield _files(f"{module}.{alias.name}".strip("."), start)


def _start(file: Path, level: int, places: list[Path]) -> list[Path]:
    """Where a name begins: in the folder that the dots of a relative import mean, or anywhere."""
    return [[file, *file.parents][level]] if level else places


def _named_module(call: ast.Call) -> str:
    """The module that a call such as importlib.import_module("croquis.x") loads, if it says so."""
    named = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
    first = call.args[0] if call.args else None
    if (
        named in LOADERS
        and isinstance(first, ast.Constant)
        and isinstance(first.value, str)
    ):
        return first.value
    return ""


def _files(name: str, places: list[Path]) -> list[Path]:
    """The files that Python loads for a dotted name: packages on the way that hold code, and it."""
    parts = name.split(".") if name else []
    for place in places:
        path = place.joinpath(*parts)
        packages = [
            place.joinpath(*parts[:count], "__init__.py")
            for count in range(1, len(parts) + 1)
        ]
        loaded = [
            package
            for package in packages
            if package.is_file() and package.stat().st_size
        ]
        if parts and path.with_suffix(".py").is_file():
            return [*loaded, path.with_suffix(".py")]
        if loaded or (parts and path.is_dir()):
            return loaded
    return []
