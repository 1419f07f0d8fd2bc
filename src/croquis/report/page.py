"""The page that a person reads after a run: index.html, whole in itself."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from croquis.dataset.icon_licences import licences_of
from croquis.report import plots
from croquis.report.decisions import Said
from croquis.report.images import Thumbnails
from croquis.report.inputs import Data, RunOutcome
from croquis.report.score_data import Scorebook
from croquis.report.sections import confusions, contact_sheets, copies, suspects, tables
from croquis.report.sections.advice import Findings, advice
from croquis.report.sections.augmentations import Augmentation, augmentations, presets
from croquis.report.sections.browser import EXAMPLES, typical, write_browser
from croquis.report.sections.census import census
from croquis.report.sections.cost import costs
from croquis.report.sections.mistakes import surest_mistakes
from croquis.report.sections.recipes_table import all_settings, recipe_rows
from croquis.report.templates import template
from croquis.tracking.competitions import competition

NAMED_CLASSES = (
    40  # more would be a wall of bars: then the smallest and the largest are named
)
NAMED_ENDS = 8


Metrics = Mapping[str, Mapping[str, Any]]


def write(
    folder: Path, source: str, data: Data, outcome: RunOutcome, metrics: Metrics
) -> None:
    """Writes index.html, the error browser and the contact sheets into a new folder.

    What cannot be made leaves a warning and its reason in its place: a page is no result of a run.
    Arguments as of `page`.
    """
    folder.mkdir()
    name = competition(source)

    def sheets() -> None:
        for file, html in contact_sheets.pages(name, data):
            (folder / file).write_text(html, encoding="utf-8")

    def index() -> None:
        html = report_page(source, data, outcome, metrics)
        (folder / "index.html").write_text(html, encoding="utf-8")

    _or_warning(folder / "index.html", index)
    browser = partial(write_browser, folder, name, data, outcome.oof, outcome.members)
    _or_warning(folder / "errors.html", browser)
    _or_warning(folder / "contact-sheets.html", sheets)


def _or_warning(path: Path, make: Callable[[], None]) -> None:
    """Calls `make`; where it fails, a page at `path` says why, and how to try again."""
    try:
        make()
    except (
        Exception
    ) as error:  # whatever it is, the scores stand in metrics/ and were voted on
        reason = f"{type(error).__name__}: {error}"
        warnings.warn(f"{path.name} could not be made: {reason}", stacklevel=2)
        text = f"{path.name} could not be made: {escape(reason)}. The run itself is whole: see "
        text += (
            "metrics/ and data/submission.csv. Try again with: dvc repro -f -s report"
        )
        path.write_text(
            f"<!doctype html><title>croquis</title><p>{text}</p>\n", encoding="utf-8"
        )


def report_page(source: str, data: Data, outcome: RunOutcome, metrics: Metrics) -> str:
    """The page's HTML. Equal input gives equal text, and no name in it can become markup.

    Args:
        source: data.source.
        data: the images.
        outcome: what ran.
        metrics: the JSON of dedup, split, vote, ensemble and submission.
    """
    return (
        template("page.html").render(**sections(source, data, outcome, metrics)) + "\n"
    )


def sections(
    source: str, data: Data, outcome: RunOutcome, metrics: Metrics
) -> dict[str, Any]:
    """What the templates show, by the names that they use."""
    thumbnails = Thumbnails(data.pixels, data.index)
    run = outcome.run
    asked = outcome.settings
    facts = _facts(source, data, outcome)
    if "domains" in metrics["split"]:
        facts["domains"] = len(np.unique(data.units_of(outcome.oof.ids)))
    networks = outcome.networks
    filters = dict(zip(networks["member"], networks["interpolation"], strict=True))
    return {
        "name": competition(source),
        "run": run,
        "how": outcome.how,
        "voters": sorted(outcome.members),
        "metrics": metrics,
        "facts": facts,
        "ran": recipe_rows(asked),
        "settings": all_settings(asked),
        "scores": _scores(data, outcome, metrics),
        "leak": tables.leak,
        "advice": advice(Findings(data, outcome, metrics)),
        "book": outcome.book,
        "told": {row["member"]: row for row in outcome.book.members.to_dict("records")},
        "turned": {
            key.removesuffix("_accuracy")
            for score in metrics["vote"].values()
            for key in score
        },
        "odds": _odds(outcome.book),
        "curves": _curves(outcome),
        "fold_marks": plots.marks(run.folds),
        "augmentations": augmentations(asked.models, filters, asked.seed, data),
        "presets": _presets(outcome, data),
        "census": census(data, thumbnails),
        "classes": _classes(data.index),
        "copied": copies.in_groups(data.groups),
        "groups": copies.biggest_groups(data.groups, thumbnails),
        "sheets": contact_sheets.sheets(data),
        "pairs": copies.narrowest_pairs(data.duplicates, data.groups, thumbnails),
        "figures": {part: tables.figures(metrics[part]) for part in ("dedup", "split")},
        "networks": networks,
        "costs": costs(
            run,
            networks,
            outcome.trainings,
            train=len(data.folds),
            test=facts["test"],
            all_folds=facts["all_folds"],
        ),
        "licences": icon_licences(source),
        **_mistakes(data, outcome, thumbnails),
    }


def icon_licences(source: str) -> tuple[tuple[str, str, str], ...]:
    """Families, authors and licences of the embedded data set; nothing for data of others."""
    return licences_of(source)


def _presets(outcome: RunOutcome, data: Data) -> list[Augmentation]:
    """At the size of the largest model; none without models, as nothing else is augmented."""
    asked = outcome.settings
    sizes = [recipe.image_size for recipe in asked.models.values()]
    return presets(max(sizes), asked.seed, data) if sizes else []


def _facts(source: str, data: Data, outcome: RunOutcome) -> dict[str, Any]:
    split = data.index["split"]
    array = data.pixels.array
    return {
        "source": source,
        "seed": outcome.settings.seed,
        "train": int((split == "train").sum()),
        "test": int((split == "test").sum()),
        "classes": len(outcome.oof.classes),
        "side": array.shape[1],
        "colour": "gray" if array.ndim == 3 else "colour",
        "scored": len(outcome.oof),
        "all_folds": int(data.folds["fold"].max()) + 1,
        "domains": 0,  # that are scored, where there are any
        "partly_seen": copies.partly_seen(data.folds),
        "leaking": copies.leaking(data.folds),
        "cut_across": copies.cut_across(data.duplicates, data.folds),
    }


def _scores(data: Data, outcome: RunOutcome, metrics: Metrics) -> dict[str, Any]:
    oof = outcome.oof
    lines = tables.score_lines(
        metrics["vote"], metrics["ensemble"], metrics["submission"]
    )
    seed = outcome.settings.seed
    groups = data.groups_of(oof.ids)
    units = data.units_of(oof.ids)
    parts = tables.by_copies(data.labels(oof.ids), oof, groups, units, seed=seed)
    left, right = tables.axis([*lines, *parts])
    return {"lines": lines, "parts": parts, "left": left, "right": right}


def _odds(book: Scorebook) -> dict[str, Any]:
    """What confidence is worth, and how the members agree and add up."""
    raw, calibrated = (book.bins("width", which) for which in ("raw", "calibrated"))
    others = book.agreement.where(book.agreement < 1).min().min()
    return {
        "reliability": plots.reliability_plot(raw, calibrated),
        "colours": {"raw": plots.RAW, "calibrated": plots.COLOURS[0]},
        "least": 0.0
        if pd.isna(others)
        else float(others),  # agreement; below it nothing is shown
        "gains": plots.gains_plot(book.gains) if len(book.gains) > 1 else "",
        "errors": {
            which: {
                kind: book.calibration_error(kind, which) for kind in ("width", "mass")
            }
            for which in ("raw", "calibrated")
        },
    }


def _mistakes(
    data: Data, outcome: RunOutcome, thumbnails: Thumbnails
) -> dict[str, Any]:
    oof = outcome.oof
    labels = data.labels(outcome.oof.ids)
    groups = data.groups_of(oof.ids)
    said = Said(data.overrides, data.groups["id"].tolist())
    doubted = suspects.label_suspects(labels, oof)
    pairs = confusions.confused_pairs(labels, oof)
    examples = typical(labels, oof, data)
    shown = sorted({label for pair in pairs for label in pair[:2] if examples[label]})
    faces = thumbnails.of(oof.ids[[examples[label][0] for label in shown]].tolist())
    return {
        "mistakes": surest_mistakes(
            labels,
            oof,
            groups,
            outcome.members,
            thumbnails,
            lambda name: outcome.looks.uri(name, data.pixels),
        ),
        "looker": outcome.looks.member if outcome.looks.maps else "",
        "unlooked": outcome.looks.failed,
        "errors": int((oof.probs.argmax(axis=1) != labels).sum()),
        "examples": EXAMPLES - 1,
        "confused": pairs,
        "faces": dict(zip(shown, faces, strict=True)),
        "hardest": confusions.hardest_classes(labels, oof),
        "class_names": oof.classes.tolist(),
        "doubted": len(doubted),
        "alone": suspects.alone(labels),
        "suspects": suspects.shown_suspects(
            doubted, labels, oof, groups, thumbnails, said
        ),
    }


def _curves(outcome: RunOutcome) -> dict[str, tuple[str, str]]:
    """Each member's two charts."""
    run = outcome.run
    rows = dict(list(outcome.curves.groupby("member")))
    return {
        member: (
            plots.accuracy_curves(rows[member], run.folds),
            plots.loss_curves(rows[member], run.folds),
        )
        for member in run.members
    }


def _classes(index: pd.DataFrame) -> dict[str, Any]:
    """Sizes of the classes; all with their names if they are few, else the two ends and a chart."""
    counts = index.loc[index["split"] == "train", "class_name"].value_counts()
    # By size, then by name: value_counts leaves the order of equals open.
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named = [(str(name), int(count)) for name, count in counts.items()]
    few = len(named) <= NAMED_CLASSES
    return {
        "few": few,
        "shown": {"": named}
        if few
        else {"the largest": named[:NAMED_ENDS], "the smallest": named[-NAMED_ENDS:]},
        "chart": "" if few else plots.class_sizes(counts.to_numpy()),
        "largest": named[0][1],
        "smallest": named[-1][1],
    }
