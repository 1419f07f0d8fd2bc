"""The examples for a notebook run as they stand, on the tiny project."""

import re
from pathlib import Path

import pytest

from support.tiny import Project

pytestmark = pytest.mark.slow

PAGE = Path("docs/notebook.md").read_text(encoding="utf-8")


def test_the_examples_run_from_the_first_to_the_last(project: Project) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 4
    (project.folder / ".outside" / "notebook.py").write_text(
        "\n".join(blocks), encoding="utf-8"
    )
    printed = project.run("python .outside/notebook.py").splitlines()
    accuracy, ends, name = printed[-3:]
    low, high = map(float, re.findall(r"[\d.]+", ends.replace("np.float64", "")))
    assert low <= float(accuracy) <= high and name in ("cup", "star", "tree")
    assert project.run("git status --porcelain") == ""  # nothing is recorded
