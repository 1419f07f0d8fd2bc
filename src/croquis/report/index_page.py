"""The page that a person reads first after a run: index.html, whole in itself."""

from typing import Any

import pandas as pd

from croquis.dataset.icon_licences import licences_of
from croquis.report import plots
from croquis.report.decisions import PriorDecisions
from croquis.report.ensemble_tables import EnsembleTables, fitted_column
from croquis.report.page_data import PageData, RunOutcome
from croquis.report.sections import confusions, copies, suspects
from croquis.report.sections.advice import advice
from croquis.report.sections.augmentations import (
    Augmentation,
    augmentations,
    presets,
)
from croquis.report.sections.browser import typical_images
from croquis.report.sections.calibration import calibration
from croquis.report.sections.census import census
from croquis.report.sections.class_counts import class_counts
from croquis.report.sections.copy_pages import copy_page_sets
from croquis.report.sections.cost import costs
from croquis.report.sections.headline_numbers import Facts, facts_of
from croquis.report.sections.metric_rows import metric_rows
from croquis.report.sections.mistakes import surest_mistakes
from croquis.report.sections.recipe_rows import all_settings, recipe_rows
from croquis.report.sections.score_chart import leak, score_chart
from croquis.report.templates import template
from croquis.report.thumbnails import Thumbnails
from croquis.scoring.metric_names import headline, numbers_on_test
from croquis.tracking.experiment_names import competition


def index_html(content: PageData) -> str:
    """The page's HTML. Equal input gives equal text, and no name in it can become markup."""
    return template("page.html").render(**index_context(content)) + "\n"


def index_context(content: PageData) -> dict[str, Any]:
    """What the templates show, by the names that they use."""
    thumbnails = Thumbnails(content.images.pixels, content.images.index)
    facts = facts_of(content)
    settings = content.outcome.settings
    return {
        "name": competition(content.source),
        "facts": facts,
        "metrics": content.metrics,
        "score": headline(content.metrics["ensemble"]),
        "test": numbers_on_test(content.metrics["submission"]),
        "run": content.outcome.run,
        "voters": sorted(content.outcome.members),
        "advice": advice(content),
        "recipes": recipe_rows(settings),
        "settings": all_settings(settings),
        "chart": score_chart(content.images, content.outcome, content.metrics),
        **_members(content),
        **_mistakes(content, thumbnails),
        **_labels(content, thumbnails),
        **_copies(content, thumbnails),
        **_images(content, thumbnails),
        **_cost(content, facts),
    }


def _members(content: PageData) -> dict[str, Any]:
    """Scores, votes, curves, calibration, and how the members add up."""
    outcome = content.outcome
    tables = outcome.tables
    rows = tables.members.to_dict("records")
    enough = len(tables.gains) > 1
    score = headline(content.metrics["ensemble"])
    fitted = fitted_column(score.name)
    return {
        "nested_column": f"nested_{score.name}",
        "fitted_column": fitted,
        "headlines": {
            member: headline(scores)
            for member, scores in content.metrics["vote"].items()
        },
        "leak": leak,
        "tables": tables,
        "member_scores": {row["member"]: row for row in rows},
        "flips": _flips(content),
        "curves": _curves(outcome),
        "fold_marks": plots.marks(outcome.run.folds),
        "calibration": calibration(tables),
        "least_agreement": _least_agreement(tables),
        "gains": plots.gains_plot(tables.gains, fitted, score.words)
        if enough
        else "",
    }


def _flips(content: PageData) -> list[str]:
    """The flips under which a member was scored."""
    keys = {key for score in content.metrics["vote"].values() for key in score}
    return [flip for flip in ("flip_lr", "flip_ud") if f"{flip}_accuracy" in keys]


def _curves(outcome: RunOutcome) -> dict[str, tuple[str, str]]:
    """Each member's two charts."""
    folds = outcome.run.folds
    rows = dict(list(outcome.curves.groupby("member")))
    return {
        member: (
            plots.accuracy_curves(rows[member], folds),
            plots.loss_curves(rows[member], folds),
        )
        for member in outcome.run.members
    }


def _least_agreement(tables: EnsembleTables) -> float:
    """Of two members that differ somewhere; 0 where there are none."""
    least = tables.agreement.where(tables.agreement < 1).min().min()
    return 0.0 if pd.isna(least) else float(least)


def _mistakes(content: PageData, thumbnails: Thumbnails) -> dict[str, Any]:
    """The surest mistakes, the classes taken for each other, and the hardest ones."""
    images = content.images
    outcome = content.outcome
    oof = outcome.oof
    maps = outcome.saliency_maps
    labels = images.labels(oof.ids)
    groups = images.groups_of(oof.ids)
    pairs = confusions.confused_pairs(labels, oof)
    confused = {label for pair in pairs for label in (pair.label, pair.guess)}
    examples = typical_images(labels, oof, images)
    ids = {
        label: oof.ids[examples[label][0]]
        for label in sorted(confused)
        if examples[label]
    }
    return {
        "mistakes": surest_mistakes(
            labels,
            oof,
            groups,
            outcome.members,
            thumbnails,
            lambda name: maps.uri(name, images.pixels),
        ),
        "map_member": maps.member if maps.maps else "",
        "map_failure": maps.failed,
        "errors": int((oof.probs.argmax(axis=1) != labels).sum()),
        "confused": pairs,
        "typical": dict(zip(ids, thumbnails.of(list(ids.values())), strict=True)),
        "hardest": confusions.hardest_classes(labels, oof),
        "class_names": oof.classes.tolist(),
    }


def _labels(content: PageData, thumbnails: Thumbnails) -> dict[str, Any]:
    """The labels in doubt."""
    images = content.images
    oof = content.outcome.oof
    labels = images.labels(oof.ids)
    groups = images.groups_of(oof.ids)
    decisions = PriorDecisions(images.overrides, images.groups["id"].tolist())
    rows = suspects.label_suspects(labels, oof)
    return {
        "doubted": len(rows),
        "single_image_classes": suspects.single_image_classes(labels),
        "suspects": suspects.page_suspects(
            rows, labels, oof, groups, thumbnails, decisions
        ),
    }


def _copies(content: PageData, thumbnails: Thumbnails) -> dict[str, Any]:
    """Groups and pairs of copies, and the numbers of dedup and split."""
    images = content.images
    return {
        "in_groups": copies.in_groups(images.groups),
        "groups": copies.biggest_groups(images.groups, thumbnails),
        "copy_page_sets": copy_page_sets(images),
        "pairs": copies.narrowest_pairs(
            images.duplicates, images.groups, thumbnails
        ),
        "dedup_rows": metric_rows(content.metrics["dedup"]),
        "split_rows": metric_rows(content.metrics["split"]),
    }


def _images(content: PageData, thumbnails: Thumbnails) -> dict[str, Any]:
    """What the images are like, and what trainings saw of them."""
    images = content.images
    networks = content.outcome.networks
    settings = content.outcome.settings
    filters = dict(zip(networks["member"], networks["interpolation"], strict=True))
    return {
        "census": census(images, thumbnails),
        "classes": class_counts(images.index),
        "augmentations": augmentations(
            settings.models, filters, settings.seed, images
        ),
        "presets": _presets(content),
    }


def _presets(content: PageData) -> list[Augmentation]:
    """At the size of the largest model; none without models, as nothing else is augmented."""
    settings = content.outcome.settings
    sizes = [recipe.image_size for recipe in settings.models.values()]
    return presets(max(sizes), settings.seed, content.images) if sizes else []


def _cost(content: PageData, facts: Facts) -> dict[str, Any]:
    """The networks, what they cost, and whose drawings they saw."""
    outcome = content.outcome
    return {
        "networks": outcome.networks,
        "costs": costs(
            outcome.run,
            outcome.networks,
            outcome.trainings,
            train=len(content.images.folds),
            test=facts.test,
            all_folds=facts.all_folds,
        ),
        "licences": icon_licences(content.source),
    }


def icon_licences(source: str) -> tuple[tuple[str, str, str], ...]:
    """Families, authors and licences of the embedded data set; nothing for data of others."""
    return licences_of(source)
