"""The package as rooms: imports go down only, folder by folder, and the root is empty."""

from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from croquis.core import pipeline
from croquis.check.imports import Imports

PACKAGE = Path("src/croquis")
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"
)
# What nobody below may import: the stages, each with a folder of its own, and what people use.
STAGES = list(pipeline.read_stages())
PEOPLE = "commands serving demo doctor fanout foreign restore staleness set_params verify".split()
# A stage that reads another's folder, and why.
ACROSS = {
    "check": "it judges the settings of all stages",
}


def folder(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imported() -> dict[str, set[str]]:
    """The folders that each folder imports from."""
    imports, found = Imports(), defaultdict(set)
    for module in MODULES:
        for path in imports.direct(module):
            if path.is_relative_to(PACKAGE) and path.parent != PACKAGE:
                found[folder(module)].add(folder(path))
    return {name: others - {name} for name, others in found.items()}


IMPORTED = imported()


def test_no_folder_imports_one_that_imports_it() -> None:
    order = list(
        TopologicalSorter(IMPORTED).static_order()
    )  # an error where there is a circle
    assert order[0] == "core"


@pytest.mark.parametrize(
    "name", sorted({folder(module) for module in MODULES} - set(PEOPLE))
)
def test_a_folder_imports_downwards_only(name: str) -> None:
    stages = set() if name in ACROSS else set(STAGES)
    assert not IMPORTED.get(name, set()) & (stages | set(PEOPLE))


def test_those_that_look_across_are_no_more_than_said() -> None:
    across = {name for name in STAGES if IMPORTED.get(name, set()) & set(STAGES)}
    assert across == set(ACROSS)


def test_nothing_lies_in_the_root_of_the_package() -> None:
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


def test_no_room_is_crowded() -> None:
    counts = Counter(str(module.parent) for module in MODULES)
    assert {room: count for room, count in counts.items() if count > 20} == {}


def test_tests_lie_in_the_folders_of_what_they_test() -> None:
    rooms = {folder(module) for module in MODULES}
    tests = {
        path.relative_to("tests").parts[0]
        for path in Path("tests").rglob("test_*.py")
    }
    assert tests <= rooms | {"benchmarks", "project", "stages"}
