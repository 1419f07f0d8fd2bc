"""How long the report of a large run takes to build and to open: 500 classes, 15,000 images.

    python benchmarks/report.py [--images 15000] [--classes 500] [--side 224] [--keep FOLDER]

Images are random strokes, predictions are made up so that four members are right on 65 to 75 %;
what the report makes of them is the real thing, and Chromium opens the real pages. Goals: under
60 s, index.html under 5 MB, no page longer than 3 s to open. Results: benchmarks/RESULTS.md.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from croquis.core import params
from croquis.images.pixels import Pixels
from croquis.recipes import probe_recipes, recipes
from croquis.report.ensemble_tables import EnsembleTables
from croquis.report.member_settings import MemberSettings
from croquis.report.page_data import ImageData, PageData, RunOutcome
from croquis.report.pages import write_pages
from croquis.report.saliency_maps import SaliencyMaps
from croquis.tables.predictions import Predictions
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams
from croquis.votes.voting import soft_vote

MEMBERS = {
    "first": 0.75,
    "second": 0.72,
    "third": 0.7,
    "fourth": 0.65,
}  # how often each is right
MODELS = ["first", "second"]
PROBES = ["third", "fourth"]
FOLDS = 5
EPOCHS = 20
SCORE = {
    "accuracy": 0.78,
    "accuracy_low": 0.77,
    "accuracy_high": 0.79,
    "macro_f1": 0.77,
}
SCORE |= {"log_loss": 0.9}


def images(folder: Path, count: int, side: int) -> np.ndarray:
    """(count, side, side) uint8 on disk: eight strokes each."""
    path = folder / "pixels.npy"
    rng = np.random.default_rng(0)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (count, side, side))
    for image in array:
        image[:] = 255
        for line in rng.integers(side, size=(8, 4)).tolist():
            cv2.line(image, line[:2], line[2:], 0, max(1, side // 48))
    array.flush()
    return np.load(path, mmap_mode="r")


def predictions(
    labels: np.ndarray, classes: list[str], right: float, seed: int
) -> Predictions:
    """Probabilities whose argmax is right so often; what is hard is hard for all members alike."""
    shared = np.random.default_rng(9)
    private = np.random.default_rng(seed)
    count = len(labels)
    hard = shared.random(count)
    near = (labels + shared.integers(1, 4, count)) % len(classes)
    trouble = 0.8 * hard + 0.2 * private.random(count)
    guesses = np.where(trouble < np.quantile(trouble, right), labels, near)
    probs = private.random((count, len(classes)), dtype=np.float32) / len(classes)
    probs[np.arange(count), guesses] += private.uniform(0.2, 3, count)
    probs /= probs.sum(axis=1, keepdims=True)
    return Predictions(
        [f"train/{row:05d}.png" for row in range(count)], probs, classes
    )


def data_of(folder: Path, count: int, num_classes: int, side: int) -> ImageData:
    """The tables of prepare, dedup and split; a fifth of the images have a copy."""
    ids = np.array([f"train/{row:05d}.png" for row in range(count)])
    rng = np.random.default_rng(1)
    index = _index(ids, num_classes, rng)
    # The copy of an image is the next one of the same class.
    group = np.arange(count)
    copies = group[: count // 5]
    group[num_classes : num_classes + len(copies)] = copies
    folds = index[["id", "label"]].assign(
        group=group, fold=group % FOLDS, scored=True, keep=True, unit=group
    )
    return ImageData(
        index=index,
        pixels=Pixels(pd.Index(ids.tolist()), images(folder, count, side)),
        folds=folds,
        groups=folds[["id", "group", "keep"]].assign(conflict=False),
        duplicates=_pairs(ids, len(copies), num_classes, rng),
        twins=pd.DataFrame(
            columns=["id", "train_id", "tier", "score", "ink", "symmetry"]
        ),
    )


def _index(
    ids: np.ndarray, num_classes: int, rng: np.random.Generator
) -> pd.DataFrame:
    labels = np.arange(len(ids)) % num_classes
    names = np.array([f"class {label:03d} of many" for label in range(num_classes)])
    index = pd.DataFrame(
        {"id": ids, "split": "train", "label": labels, "class_name": names[labels]}
    )
    index["width"], index["height"] = rng.integers(200, 900, (2, len(ids)))
    return index.assign(status="ok")


def _pairs(
    ids: np.ndarray, count: int, distance: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Each of the first `count` images with the one `distance` further."""
    pairs = pd.DataFrame({"id_a": ids[:count], "id_b": ids[distance:][:count]})
    pairs["ink"], pairs["score"] = rng.uniform(0.9, 1, (2, count))
    return pairs.assign(
        tier="copy", symmetry="identity", same_class=True, grouped=True
    )


WORK = {
    "once": 0,
    "train": EPOCHS * 10**10,
    "back": 2 * EPOCHS * 10**10,
    "val": 0,
    "test": 0,
}


def outcome_of(data: ImageData) -> RunOutcome:
    """Four members, their soft vote, curves and tables."""
    labels = data.index["label"].to_numpy()
    classes = data.index.drop_duplicates("label")["class_name"].tolist()
    members = {
        key: predictions(labels, classes, right, seed)
        for seed, (key, right) in enumerate(MEMBERS.items())
    }
    ids = members["first"].ids
    oof = Predictions(
        ids,
        soft_vote(np.stack([member.probs for member in members.values()])),
        classes,
    )
    tree = params.read()
    models = {key: recipes.resolve_model(tree, "lite0_96") for key in MODELS}
    probes = {
        key: probe_recipes.resolve_probe(tree, "lite0_probe") for key in PROBES
    }
    return RunOutcome(
        run=RunParams(models=MODELS, probes=PROBES, folds=list(range(FOLDS))),
        ensemble=EnsembleParams(members="all", vote="soft", weights="uniform"),
        oof=oof,
        members=members,
        curves=curves(),
        settings=MemberSettings(42, models, probes),
        tables=ensemble_tables(),
        networks=pd.DataFrame(
            {
                "member": list(MEMBERS),
                "kind": "model",
                "backbone": "made up",
                "licence": "none",
            }
        ).assign(
            parameters=10**8,
            macs=10**10,
            interpolation="bicubic",
            failed="",
            **WORK,
        ),
        saliency_maps=SaliencyMaps(
            "first", {name: np.zeros((96, 96), np.int8) for name in ids.tolist()}
        ),
        trainings=pd.DataFrame(
            columns=["member", "fold", "device", "seconds", "images_per_second"]
        ),
    )


def curves() -> pd.DataFrame:
    """EPOCHS rows a member and fold."""
    keys = pd.MultiIndex.from_product([MEMBERS, range(FOLDS), range(EPOCHS)])
    table = keys.to_frame(index=False, name=["member", "fold", "epoch"])
    table["val_accuracy"] = 0.7 - 0.6 / (table["epoch"] + 1)
    table["val_loss"], table["train_loss"] = (
        4 / (table["epoch"] + 1),
        3 / (table["epoch"] + 1),
    )
    return table


def ensemble_tables() -> EnsembleTables:
    """Tables of an ensemble, of the shape that the stage writes."""
    keys = list(MEMBERS)
    votes = pd.DataFrame(
        {"vote": ["soft", "hard"], "chosen": [True, False], "ties": 0, "p": 1.0}
    )
    numbers = ["nested_accuracy", "brier", "ece"]
    numbers += ["difference", "difference_low", "difference_high"]
    votes = votes.assign(**SCORE, **dict.fromkeys(numbers, 0.1))
    members = pd.DataFrame(
        {"member": keys, "accuracy": list(MEMBERS.values()), "weight": 0.25}
    )
    numbers = [
        "temperature",
        "log_loss",
        "log_loss_calibrated",
        "ece",
        "ece_calibrated",
    ]
    members = members.assign(**dict.fromkeys([*numbers, "brier_calibrated"], 0.5))
    bins = pd.MultiIndex.from_product(
        [["width", "mass"], ["raw", "calibrated"], range(15)]
    )
    reliability = bins.to_frame(
        index=False, name=["binning", "which", "bin"]
    ).assign(count=1000)
    reliability["confidence"] = reliability["accuracy"] = (
        reliability["bin"] + 0.5
    ) / 15
    pairs = ["a", "b", "difference", "difference_low", "difference_high", "p"]
    gains = {
        "step": range(1, 5),
        "member": keys,
        "accuracy": [0.75, 0.77, 0.78, 0.78],
    }
    return EnsembleTables(
        votes=votes,
        members=members,
        agreement=pd.DataFrame(0.7, keys, keys),
        pairs=pd.DataFrame(columns=pairs),
        gains=pd.DataFrame(gains).assign(log_loss=0.9),
        reliability=reliability,
    )


def metrics(count: int) -> dict[str, dict]:
    """The JSON of all stages."""
    ensemble = SCORE | {
        "folds": FOLDS,
        "members": len(MEMBERS),
        "images": count,
        "vote": "soft",
    }
    ensemble |= {"ece": 0.05}
    vote = dict.fromkeys(MEMBERS, SCORE)
    return {
        "dedup": {},
        "split": {},
        "vote": vote,
        "ensemble": ensemble,
        "submission": {"rows": 0},
    }


def open_times(folder: Path) -> dict[str, float]:
    """Milliseconds until Chromium has loaded a page from disk, and has filtered one."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    times: dict[str, float] = {}
    if chromium is None:
        return {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page()
        for name in ("index", "errors", "duplicates-1"):
            page.goto((folder / f"{name}.html").as_uri())
            page.wait_for_function("performance.timing.loadEventEnd > 0")
            timing = "performance.timing.loadEventEnd - performance.timing.navigationStart"
            times[f"{name}.html"] = page.evaluate(timing)
        page.goto((folder / "errors.html").as_uri())
        choose = """() => {
            const start = performance.now(), field = document.querySelector("select");
            field.value = "7";
            field.dispatchEvent(new Event("input", {bubbles: true}));
            return performance.now() - start;
        }"""
        times["errors.html, another class"] = page.evaluate(choose)
        browser.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=15_000)
    parser.add_argument("--classes", type=int, default=500)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--keep", type=Path, help="a new folder for the report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = data_of(Path(scratch), options.images, options.classes, options.side)
        content = PageData(
            "made-up.zip", data, outcome_of(data), metrics(options.images)
        )
        report = options.keep or Path(scratch) / "report"
        start = time.perf_counter()
        write_pages(report, content)
        seconds = time.perf_counter() - start
        sizes = {
            path: path.stat().st_size / 1e6
            for path in report.rglob("*")
            if path.is_file()
        }
        index = sizes[report / "index.html"]
        print(
            f"{options.images:,} images of {options.classes} classes at {options.side} px"
        )
        print(
            f"built in {seconds:.1f} s; {len(sizes)} files, {sum(sizes.values()):.1f} MB"
        )
        print(
            f"index.html {index:.2f} MB, errors.js {sizes[report / 'errors/errors.js']:.2f} MB"
        )
        opened = open_times(report)
        for name, milliseconds in opened.items():
            print(f"opened {name}: {milliseconds:.0f} ms")
        if not opened:
            print("opened nothing: Chromium is not installed")
    if seconds >= 60 or index >= 5 or max(opened.values(), default=0) > 3_000:
        sys.exit("slower or larger than it should be")


if __name__ == "__main__":
    main()
