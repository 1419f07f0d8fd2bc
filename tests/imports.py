"""Which modules of croquis a file imports, directly or not, at its top or inside a function."""

import ast
from pathlib import Path

SOURCE = Path("src")


def modules_of(script: Path) -> set[str]:
    """The files of croquis that `script` imports, as paths from the root; no bare __init__.py."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        new = _imported(waiting.pop()) - found
        found |= new
        waiting += new
    return {path.as_posix() for path in found}


def loaded_by(path: Path) -> set[str]:
    """The packages that a file imports at its top."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def _imported(path: Path) -> set[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    files = {
        SOURCE / (name.replace(".", "/") + ".py") for name in names if name.startswith("croquis")
    }
    return {file for file in files if file.is_file()}
