"""What an exported model says of itself, in Markdown: data, members, score, licences."""

from collections.abc import Mapping
from typing import Any

from croquis.backbones.backbones import stated_licence
from croquis.core.text import counted, ends, share
from croquis.dataset.icon_licences import licences_of
from croquis.scoring.metric_names import headline
from croquis.serving.trained_ensemble import Trained, TrainedSettings


def describe_model(trained: Trained, source: str, score: Mapping[str, Any]) -> str:
    """The description of a model version.

    Args:
        trained: the ensemble.
        source: data.source, without secrets.
        score: metrics/ensemble.json.
    """
    recipe = trained.recipe
    settings = trained.settings
    lines = [
        f"Images in, probabilities of {len(settings.classes):,} classes out.",
        f"Trained on `{source}`: {counted(len(recipe.members), 'member')} of"
        f" {counted(len(recipe.folds), 'fold')}, {recipe.vote} vote.",
        *_chosen_by(score),
        f"OOF accuracy {share(score['accuracy'])} (95 % interval {ends(score)}),"
        f" log-loss {score['log_loss']:.3f}.",
        "",
        "| member | weight | temperature | backbone |",
        "|---|---|---|---|",
        *(
            f"| {key} | {recipe.weights[key]:.3g} | {recipe.temperatures[key]:.2f}"
            f" | {' + '.join(backbones(settings, key))} |"
            for key in recipe.members
        ),
        "",
        f"Licences of the weights it started from: {'; '.join(weights_licences(settings))}.",
    ]
    families = _icon_families(source)
    if families:
        licences = "; ".join(families)
        lines.append(f"Licences of the drawings it learned from: {licences}.")
    return "\n".join(lines)


def _chosen_by(score: Mapping[str, Any]) -> list[str]:
    """A line where a run was chosen by another metric than accuracy."""
    number = headline(score)
    if number.is_accuracy:
        return []
    value = f"{share(number.value)} (95 % interval {number.ends})"
    return [f"Chosen by {number.words}: {value} on OOF."]


def backbones(settings: TrainedSettings, member: str) -> list[str]:
    """The full timm names of a member's backbones."""
    if member in settings.models:
        named = settings.models[member].backbone
    else:
        named = settings.probes[member].embed.backbone
    return [named] if isinstance(named, str) else list(named)


def weights_licences(settings: TrainedSettings) -> list[str]:
    """Each backbone and what timm states as the licence of its weights."""
    members = [*settings.models, *settings.probes]
    names = sorted(
        {name for member in members for name in backbones(settings, member)}
    )
    return [f"{name} {stated_licence(name)}" for name in names]


def _icon_families(source: str) -> list[str]:
    """Families, authors and licences of the embedded data set; nothing for data of others."""
    return [
        f"{icons.families} by {icons.authors}, {icons.licence}"
        for icons in licences_of(source)
    ]
