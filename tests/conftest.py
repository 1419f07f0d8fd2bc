"""What all tests share: no GPU, no bars, one thread, no tracking into the repository."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

# Before any test module is imported: torch and OpenMP read these once. A GPU has to be asked for.
os.environ.update(CI="1", NO_ALBUMENTATIONS_UPDATE="1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest

from support.plain import PLAIN
from support.tiny import Project

CLASSES = ("bar", "pole", "spot")

# `nohup make test &` ignores these two, and so would all processes of the tests, which send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# All the libraries are a million objects that stay: each search of them for garbage takes .5 s.
gc.set_threshold(50_000)


def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than cores: tests wait for a third of the time."""
    return (
        len(os.sched_getaffinity(0)) + 2 if hasattr(os, "sched_getaffinity") else 2
    )


@pytest.fixture(autouse=True)
def _tracking_away(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    """MLflow writes to a folder of its own, and nothing of an enclosing DVC run is seen."""
    ours = ("DVC_", "CROQUIS_ROOT", "CROQUIS_PROGRESS")
    for name in [name for name in os.environ if name.startswith(ours)]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(
        "MAKELEVEL", raising=False
    )  # `make test` is no `make repro`, as errors say
    store = tmp_path_factory.getbasetemp() / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """A command that is called within a test sets handlers for the rest of its process."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A folder with index.csv, pixels.npy and folds.csv of 15 gray drawings at 32 px.

    Twelve to train on, of three classes in turn and in two folds, and three to predict.
    """
    return _draw(tmp_path)


@pytest.fixture(scope="module")
def drawn_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, shared by the tests of a module, which must leave it as it is."""
    return _draw(tmp_path_factory.mktemp("drawn"))


def _draw(folder: Path) -> Path:
    labels = [row % 3 for row in range(12)] + [-1, -1, -1]
    names = [
        f"train/{CLASSES[label]}/{row}.png" for row, label in enumerate(labels[:12])
    ]
    index = pd.DataFrame(
        {
            "id": [*names, "test/0.png", "test/1.png", "test/2.png"],
            "split": ["train"] * 12 + ["test"] * 3,
            "label": labels,
            "class_name": [
                CLASSES[label] if label >= 0 else "" for label in labels
            ],
            "path": [*names, "test/0.png", "test/1.png", "test/2.png"],
            "sha256": [f"{row:064x}" for row in range(15)],
            "digest": [f"{row:032x}" for row in range(15)],
            "source_id": "",
            "width": 32,
            "height": 32,
            "status": "ok",
        }
    )
    index.to_csv(folder / "index.csv", index=False)
    sheets = np.stack([_sheet(row, row % 3) for row in range(15)])
    np.save(folder / "pixels.npy", sheets)
    folds = index.loc[:11, ["id", "label"]].assign(
        group=range(12),
        unit=range(12),
        fold=[row // 3 % 2 for row in range(12)],
        scored=True,
        keep=True,
    )
    folds = folds.assign(
        plain_fold=folds["fold"], weight=1.0, targets="", sha256=index["sha256"]
    )
    folds.to_csv(folder / "folds.csv", index=False)
    return folder


def _sheet(row: int, label: int) -> np.ndarray:
    """(32, 32) uint8: a bar, a pole or a spot in gray on white, a little elsewhere on each row."""
    sheet, start = np.full((32, 32), 255, np.uint8), 6 + row
    shape = {0: np.s_[start : start + 3, 4:28], 1: np.s_[4:28, start : start + 3]}
    sheet[shape.get(label, np.s_[start : start + 5, 12:17])] = 10 * row
    return sheet


@pytest.fixture
def dataset(drawn: Path):
    """The six training images of fold 0 of `drawn`, flipped at random."""
    from croquis.augment.augment import Augment
    from croquis.images.batches import ImageDataset
    from croquis.images.pixels import Pixels
    from croquis.tables.fold_tables import read_folds, read_index
    from croquis.tables.samples import FoldData

    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    return ImageDataset(
        pixels, data.train, image_size=32, augment=Augment("flips", 0)
    )


@pytest.fixture
def recipe():
    """A function of changes that gives the recipe of a tiny network, all extras off."""
    from croquis.recipes.recipes import ModelRecipe

    return lambda **changes: ModelRecipe(**PLAIN | changes)


@pytest.hookimpl(
    tryfirst=True
)  # before xdist, which reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what takes long to make stay in one process, which makes it once.

    Those of one `project` begin first, as they take longest; then what is slow, and modules.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            if group := _group_of(item):
                item.add_marker(pytest.mark.xdist_group(group))
    # What asks about the run itself before what changes things and runs again.
    items.sort(
        key=lambda item: (
            not _shares_project(item),
            "whole_run" not in item.nodeid,
            item.get_closest_marker("slow") is None,
            item.get_closest_marker("xdist_group") is None,
        )
    )


def _group_of(item: pytest.Item) -> str:
    """The name of what a test shares with others; empty if it stands alone."""
    if _shares_project(item):
        return "project"
    info = getattr(item, "_fixtureinfo", None)
    for definitions in info.name2fixturedefs.values() if info else ():
        if definitions[-1].scope == "module":
            return item.nodeid.partition("::")[0]
    return ""


def _shares_project(item: pytest.Item) -> bool:
    """Whether a test asks for the `project` below, not for one of its module's own."""
    is_own = isinstance(item, pytest.Function) and hasattr(item.module, "project")
    return "project" in getattr(item, "fixturenames", ()) and not is_own


def pytest_collection_finish() -> None:
    """What has been imported is never searched for garbage again."""
    gc.freeze()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny copy of this repository after `make repro`, which all tests of commands share."""
    return Project.made(tmp_path_factory.mktemp("project")).reproduced()


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, for all tests of a module; they are skipped where it is not installed."""
    from support.chromium import chromium  # no other test needs it

    with chromium() as started:
        yield started
