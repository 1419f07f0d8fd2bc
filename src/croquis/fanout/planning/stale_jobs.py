"""The jobs of a run: trainings, embeddings and probes that nobody has run yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from croquis.core import params
from croquis.fanout.jobs import Job
from croquis.staleness.durations import estimate, last_durations
from croquis.staleness.stale import Stale, stale_stages

GPUS = {"train": 1.0, "embed": 1.0, "probe": 0.25}  # a head fills no card
# How much longer an image takes than in a base network of that size, by words of names.
SIZE_WORDS = {"giant": 10.0, "huge": 10.0, "so400": 10.0, "large": 3.3}


def find_jobs() -> list[Job]:
    """The jobs of the project in the working folder, in DVC's order; nothing is run.

    Raises:
        InputError: if DVC cannot read the pipeline.
    """
    tree = params.read()
    stale, _ = stale_stages()
    source = params.required(params.required(tree, "data"), "source")
    return jobs_of(stale, tree, last_durations(str(source)))


def jobs_of(
    stale: Iterable[Stale], tree: Mapping[str, Any], durations: Mapping[str, float]
) -> list[Job]:
    """The jobs among stages that would run.

    Args:
        stale: the stages, in DVC's order.
        tree: of params.yaml.
        durations: seconds that stages took when they ran last.
    """
    stages = [
        each.name
        for each in stale
        if not each.cached and each.name.partition("@")[0] in GPUS
    ]
    seconds = estimate_seconds(stages, tree, durations)
    return [
        Job(stage, _needs(stage, stages), GPUS[_kind(stage)], seconds.get(stage))
        for stage in stages
    ]


def estimate_seconds(
    stages: Sequence[str], tree: Mapping[str, Any], durations: Mapping[str, float]
) -> dict[str, float]:
    """How long stages are thought to take; nothing of those that nothing is known of.

    As long as they took last; a fold that never ran as the mean of its member's others. Of other
    members only a rule of thumb is known, pixels x epochs x the size word of the backbone's name:
    it is scaled by what is known of this machine, if anything is.

    Args:
        stages: `train@<model>-<fold>`, `embed@<probe>`, `probe@<probe>-<fold>`.
        tree: of params.yaml.
        durations: seconds by stage.
    """
    known = {}
    for stage in stages:
        total, unknown = estimate([stage], durations)
        if not unknown:
            known[stage] = total
    thumbs = {
        stage: thumb
        for stage in (*stages, *durations)
        if (thumb := rule_of_thumb(stage, tree))
    }
    seen = [stage for stage in durations if stage in thumbs]
    pace = sum(durations[stage] for stage in seen) / max(
        sum(thumbs[stage] for stage in seen), 1e-12
    )
    guessed = {stage: pace * thumbs[stage] for stage in stages if stage in thumbs}
    return (guessed if seen else {}) | known


def rule_of_thumb(stage: str, tree: Mapping[str, Any]) -> float:
    """A training's length in units of one epoch of a base network at 224 px; 0: nothing is known.

    Args:
        stage: its name.
        tree: of params.yaml.
    """
    if _kind(stage) != "train":
        return 0.0
    entries = tree.get("models") or {}
    entry = entries.get(_member(stage))
    if not isinstance(entry, Mapping):
        return 0.0
    family = (tree.get("families") or {}).get(entry.get("like")) or {}
    settings = {**(tree.get("train") or {}), **family, **entry}
    name = str(settings.get("backbone", "")).lower()
    factor = next((f for word, f in SIZE_WORDS.items() if word in name), 1.0)
    try:
        side, epochs = float(settings["image_size"]), float(settings["epochs"])
    except (KeyError, TypeError, ValueError):
        return 0.0
    return (side / 224) ** 2 * epochs * factor


def _needs(stage: str, stages: Sequence[str]) -> frozenset[str]:
    """A probe reads the features that its embedding writes."""
    embed = f"embed@{_member(stage)}"
    if _kind(stage) == "probe" and embed in stages:
        return frozenset({embed})
    return frozenset()


def _kind(stage: str) -> str:
    return stage.partition("@")[0]


def _member(stage: str) -> str:
    """The model or probe of a stage with a fold."""
    return stage.partition("@")[2].rpartition("-")[0]
