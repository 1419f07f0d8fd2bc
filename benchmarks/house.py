"""How the code is built, in numbers: of this working tree, or beside that of an earlier commit.

`python benchmarks/house.py` prints the table; `--beside 8117eab` adds a column for that commit,
and `--types` counts what the type checker says, in a minute. tests/project/test_house.py holds
those numbers that have a bound.
"""

import ast
import io
import re
import subprocess
import tarfile
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

LAYOUT_TOKENS = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
PACKAGE = Path("src/croquis")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A file of code.

    Attributes:
        path: from the root of the repository.
        text: of the file.
    """

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    @cached_property
    def functions(self) -> list[Function]:
        """All functions and methods, inner ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def token_lines(self) -> list[tuple[int, int]]:
        """The first and the last line of each token of code; docstrings are prose."""
        docstrings = set(self._docstring_lines())
        readline = io.StringIO(self.text).readline
        return [
            (token.start[0], token.end[0])
            for token in tokenize.generate_tokens(readline)
            if token.type not in LAYOUT_TOKENS
            and not (token.type == tokenize.STRING and token.start[0] in docstrings)
        ]

    @property
    def code_lines(self) -> int:
        """The lines that hold code."""
        lines = (range(first, last + 1) for first, last in self.token_lines)
        return len({line for each in lines for line in each})

    @property
    def tuple_assignments(self) -> int:
        """Assignments such as `a, b = 1, x`, of values that have nothing to do with each other."""
        return sum(
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Tuple)
            and isinstance(node.value, ast.Tuple)
            for node in ast.walk(self.tree)
        )

    @property
    def folder(self) -> str:
        """The folder of the package that the file lies in; empty for its root and for others."""
        if not self.path.is_relative_to(PACKAGE):
            return ""
        parts = self.path.relative_to(PACKAGE).parts
        return parts[0] if len(parts) > 1 else ""

    @property
    def imported_folders(self) -> set[str]:
        """The folders of the package that the file imports from."""
        names = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "croquis"
            ):
                parts = (node.module or "").split(".")
                names |= (
                    {parts[1]}
                    if len(parts) > 1
                    else {each.name for each in node.names}
                )
        return names

    def tokens_of(self, function: Function) -> int:
        """The tokens of a function, without its docstring."""
        last = function.end_lineno or function.lineno
        return sum(
            function.lineno <= first <= last for first, _ in self.token_lines
        )

    def _docstring_lines(self) -> Iterator[int]:
        holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        for node in ast.walk(self.tree):
            if isinstance(node, holders) and ast.get_docstring(node, clean=False):
                docstring = node.body[0]
                yield from range(docstring.lineno, (docstring.end_lineno or 0) + 1)


def modules(root: Path) -> list[Module]:
    """The files of src and stages that hold code."""
    places = [*(root / PACKAGE).rglob("*.py"), *(root / "stages").glob("*.py")]
    texts = {
        path.relative_to(root): path.read_text(encoding="utf-8") for path in places
    }
    return [Module(path, text) for path, text in sorted(texts.items()) if text]


def measured(root: Path) -> dict[str, str]:
    """Each measure of a checkout by its name, as people read it."""
    files = modules(root)
    numbers = [
        (module, function) for module in files for function in module.functions
    ]
    lengths = [(f.end_lineno or 0) - f.lineno + 1 for _, f in numbers]
    tokens = [module.tokens_of(function) for module, function in numbers]
    code_lines = sum(module.code_lines for module in files)
    per_line = sum(len(module.token_lines) for module in files) / code_lines
    tuples = 1000 * sum(module.tuple_assignments for module in files) / code_lines
    ignores = 1000 * _count(files, r"# (type: ignore|noqa)") / code_lines
    return {
        "modules": f"{len(files)}",
        "lines of code": f"{code_lines:,}",
        "module lines, median/p90/max": _spread([module.lines for module in files]),
        "function lines, median/p90/max": _spread(lengths),
        "tokens a function, median/p90/max": _spread(tokens),
        "tokens a line of code": f"{per_line:.1f}",
        "documented": _share([_documented(function) for _, function in numbers]),
        "annotated": _share([_annotated(function) for _, function in numbers]),
        "ignores per 1,000 lines": f"{ignores:.1f}",
        "tuple assignments per 1,000 lines": f"{tuples:.1f}",
        "lines of dvc.yaml": f"{len(dvc_yaml_lines(root))}",
        "code deps of dvc.yaml": f"{len(code_deps(root))}",
        "modules in the package's root": f"{len(root_modules(files))}",
        "folders with more than 20 modules": f"{len(crowded_folders(files))}",
        "pairs of folders that import each other": f"{len(mutual_imports(files))}",
        "'found'": str(_count(files, r"\bfound\b")),
        "'picture'": str(_count(files, r"(?i)picture")),
        "private names of other modules in tests": f"{len(private_names(root))}",
    }


def dvc_yaml_lines(root: Path) -> list[str]:
    """The lines of dvc.yaml."""
    return (root / "dvc.yaml").read_text(encoding="utf-8").splitlines()


def code_deps(root: Path) -> list[str]:
    """The lines of dvc.yaml that list code."""
    return [
        line
        for line in dvc_yaml_lines(root)
        if re.match(r" +- (src|stages)/", line)
    ]


def root_modules(files: list[Module]) -> list[str]:
    """The modules that lie in no folder of the package."""
    return [module.path.name for module in files if module.path.parent == PACKAGE]


def crowded_folders(files: list[Module], limit: int = 20) -> list[str]:
    """The folders with more modules than `limit`."""
    counts = Counter(module.path.parent.as_posix() for module in files)
    return [folder for folder, count in counts.items() if count > limit]


def mutual_imports(files: list[Module]) -> set[tuple[str, str]]:
    """The pairs of folders of which each imports from the other."""
    folders = {module.folder for module in files} - {""}
    edges = {
        (module.folder, other)
        for module in files
        if module.folder
        for other in module.imported_folders & folders - {module.folder}
    }
    return {
        (one, other)
        for one, other in edges
        if one < other and (other, one) in edges
    }


def private_names(root: Path) -> list[str]:
    """The uses of a private name of a croquis module in tests, such as `inputs._state`."""
    uses = []
    for path in sorted((root / "tests").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases = set(_module_names(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "croquis"
            ):
                private = [
                    each.name for each in node.names if _is_private(each.name)
                ]
                uses += [f"{path.relative_to(root)}: {name}" for name in private]
            elif (
                isinstance(node, ast.Attribute)
                and _is_private(node.attr)
                and isinstance(node.value, ast.Name)
                and node.value.id in aliases
            ):
                uses.append(
                    f"{path.relative_to(root)}: {node.value.id}.{node.attr}"
                )
    return uses


def type_errors(root: Path) -> int:
    """What the type checker counts, with the settings of pyproject.toml."""
    done = subprocess.run(["mypy"], cwd=root, capture_output=True, text=True)
    return sum(": error:" in line for line in done.stdout.splitlines())


def _module_names(tree: ast.Module) -> Iterator[str]:
    """The names under which a file imports modules of croquis."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "croquis"
        ):
            yield from (each.asname or each.name for each in node.names)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _count(files: list[Module], pattern: str) -> int:
    return sum(len(re.findall(pattern, module.text)) for module in files)


def _documented(function: Function) -> bool:
    """Whether a public function has a docstring; private ones need none."""
    return function.name.startswith("_") or bool(ast.get_docstring(function))


def _annotated(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return all(each.annotation or each.arg in ("self", "cls") for each in named)


def _spread(values: list[int]) -> str:
    ordered = sorted(values)
    return f"{median(ordered):.0f}/{ordered[int(0.9 * len(ordered))]}/{ordered[-1]}"


def _share(values: list[bool]) -> str:
    return f"{sum(values) / len(values):.0%}"


def main(
    beside: Annotated[str, typer.Option(help="a commit to compare with")] = "",
    types: Annotated[bool, typer.Option(help="count type errors, too")] = False,
) -> None:
    """Prints the table, for the working tree last."""
    here = Path()
    columns = {}
    if beside:
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(
                ["git", "archive", beside], capture_output=True, check=True
            )
            with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
                tar.extractall(folder, filter="data")
            columns[beside] = measured(Path(folder))
    columns["here"] = measured(here)
    if types:
        columns["here"]["type errors"] = str(type_errors(here))
    print(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name in columns["here"]:
        print(
            f"| {name} | {' | '.join(each.get(name, '') for each in columns.values())} |"
        )


if __name__ == "__main__":
    typer.run(main)
