"""Layouts in docs/data.md: each example is made, and read with just the lines that stand there.

An example is a block `text` with files, and a block `console` with what is printed. A file may be
several (`{0,1}.png`); indented lines are its content; a line `-S key=value` is a setting.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from PIL import Image

from croquis.dataset.data_params import DataParams
from croquis.dataset.image_files import SUFFIXES
from croquis.download.sources import fetch
from croquis.prepare.folders.folder_labels import labels_of_folders
from croquis.prepare.layout import read_layout
from croquis.prepare.solution import read_solution
from support.empty_files import each_of

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
BLOCKS = r"```text\n(.*?)```\n\n```console\n(.*?)```"


class Example(NamedTuple):
    files: dict[str, str]  # their content; that of an image is nothing
    settings: dict[str, object]
    lines: list[str]


def parsed(tree: str, console: str) -> Example:
    files: dict[str, str] = {}
    for line in tree.splitlines():
        if line.startswith("  "):
            files[list(files)[-1]] += line[2:] + "\n"
        else:
            files |= dict.fromkeys(each_of(line), "")
    settings: dict[str, object] = {}
    lines = []
    for line in console.splitlines():
        if setting := re.fullmatch(r"-S data\.([\w.]+)=(.*)", line):
            *outer, key = setting[1].split(".")
            into = settings.setdefault(outer[0], {}) if outer else settings
            assert isinstance(into, dict)
            into[key] = yaml.safe_load(setting[2]) if outer else setting[2]
        else:
            lines.append(line)
    return Example(files, settings, lines)


def examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("\n## Layouts\n") :]
    section = section[: section.index("\n## ", 5)]
    return [parsed(*blocks) for blocks in re.findall(BLOCKS, section, re.DOTALL)]


def made(folder: Path, files: dict[str, str]) -> Path:
    for place, (name, content) in enumerate(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in SUFFIXES:
            Image.new("L", (8, 8), place).save(path)
        else:
            path.write_text(content, encoding="utf-8")
    return folder


def printed(source: Path, settings: dict[str, object]) -> list[str]:
    """What download and prepare say of a data set before its images are opened."""
    data = DataParams.model_validate({"source": str(source), **settings})
    raw = Path("data/raw")
    solution = Path("data/solution.csv")
    notes = [f"download: {note}" for note in fetch(data, raw, solution)]
    layout = read_layout(raw, data)
    _, of_solution = read_solution(solution, layout)
    _, of_folders = labels_of_folders(layout)
    lines = [f"read as: {layout.read_as}", *layout.notes, *of_solution, *of_folders]
    return notes + [f"prepare: {line}" for line in lines]


@pytest.mark.parametrize(
    "example", examples(), ids=lambda example: list(example.files)[-1]
)
def test_an_example_of_the_page_is_read_with_the_lines_that_it_says(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    source = made(tmp_path / "set", example.files)
    assert printed(source, example.settings) == example.lines


def test_the_page_has_examples() -> None:
    assert len(examples()) >= 13
