"""Start-up counts: what needs no network never loads the libraries that take seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from croquis.core import files

CHEAP = (
    "core.cli",
    "core.files",
    "core.params",
    "recipes.probe_recipes",
    "recipes.recipes",
    "runtime.fingerprint",
    "scoring.metrics",
    "submit.submission",
    "tables.fold_tables",
    "tables.predictions",
    "tables.samples",
    "tracking.tracking",
    "votes.recipe",
    "votes.members",
    "votes.voting",
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """All modules in a process that imports the cheap ones."""
    code = f"import sys, {', '.join(f'croquis.{name}' for name in CHEAP)}; print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(files.__file__).parents[2])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "heavy",
    ["torch", "mlflow", "timm", "albumentations", "matplotlib", "scipy", "sklearn"],
)
def test_cheap_modules_import_nothing_heavy(heavy: str, loaded: set[str]) -> None:
    assert "croquis.votes.voting" in loaded and heavy not in loaded
