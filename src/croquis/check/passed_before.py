"""Whether these parameters passed `check` before, under the same code and the same libraries."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import croquis
from croquis.core.files import atomic_write, root

# Their versions decide what params.yaml may say.
LIBRARIES = ("pydantic", "timm", "torch")


def check_once(tree: dict[str, Any], parameters: Path) -> None:
    """Raises InputError if `parameters` cannot work, unless they were the last that passed.

    Args:
        tree: what the file holds.
        parameters: params.yaml, or a copy of it.
    """
    state = params_fingerprint(parameters)
    if passed(state):
        return
    # PyTorch and timm take seconds to import.
    from croquis.check.params_check import check

    check(tree)
    remember_passed(state)


def params_fingerprint(parameters: Path) -> str:
    """Of params.yaml and of all that judges it; another one wherever `check` might say otherwise.

    What it does not see are files of weights that params.yaml names.
    """
    digest = hashlib.sha256(parameters.read_bytes())
    digest.update(
        repr([platform.python_version(), *map(version, LIBRARIES)]).encode()
    )
    package = Path(croquis.__file__).parent
    for file in sorted(package.rglob("*.py")):
        digest.update(
            f"\n{file.relative_to(package).as_posix()}\n".encode()
            + file.read_bytes()
        )
    return digest.hexdigest()


def passed(state: str) -> bool:
    """Whether the parameters of this fingerprint were the last that passed."""
    return _place().is_file() and _place().read_bytes() == state.encode()


def remember_passed(state: str) -> None:
    """Notes that the parameters of this fingerprint make sense."""
    with atomic_write(_place()) as draft:
        draft.write_text(state, encoding="utf-8")


def _place() -> Path:
    return root() / ".resume" / "checked"
