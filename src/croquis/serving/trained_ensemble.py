"""Where a trained ensemble lies, and what it knows of itself: in a run's folders, or exported."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from croquis.core import params
from croquis.backbones.lineage import metadata
from croquis.backbones.weights import files_of
from croquis.core.errors import InputError
from croquis.core.files import atomic_write, read_json, write_json
from croquis.heads.training_records import write_weights
from croquis.networks.restore import restore_backbone
from croquis.prepare.decoding import Fit
from croquis.prepare.packing import PrepareParams
from croquis.recipes import probe_recipes, recipes
from croquis.recipes.probe_recipes import EmbedParams, ProbeParams
from croquis.recipes.recipes import ModelParams
from croquis.tables.arrays import open_images
from croquis.tables.fold_tables import class_names, read_index
from croquis.votes.recipe import Recipe

# An experiment that failed took them away, and DVC's cache still has them.
BACK = "try `dvc checkout`, else run `make repro`"


class TrainedSettings(params.Section):
    """What the weights alone do not tell."""

    classes: list[str]  # in label order
    image_size: int  # pixels a side as stored, before a model's own size
    fit: Fit
    gray: bool  # whether the training images are stored so
    models: dict[str, ModelParams]
    probes: dict[str, ProbeParams]
    # Of each probe, the first one that has the same frozen backbone.
    backbones: dict[str, str]


@dataclass(frozen=True)
class Trained:
    """A trained ensemble on disk.

    Attributes:
        settings: of its images and networks.
        recipe: how its members vote.
        checkpoints: has <member>/fold<k>.safetensors.
        backbones: has <probe>.safetensors of frozen backbones; None: they come whence `embed` had
            them.
    """

    settings: TrainedSettings
    recipe: Recipe
    checkpoints: Path
    backbones: Path | None = None

    @classmethod
    def of_run(
        cls,
        *,
        parameters: Path,
        index: Path,
        pixels: Path,
        ensemble: Path,
        checkpoints: Path,
    ) -> "Trained":
        """What `make repro` left; the arguments are its files and folders.

        Raises:
            InputError: if one of them is missing.
        """
        for path in (parameters, index, pixels, ensemble / "recipe.json"):
            _require(path, "a finished run", BACK)
        recipe = _with_weight(Recipe.load(ensemble / "recipe.json"))
        _check_weights(recipe.members)
        models, probes = _recipes(params.read(parameters), recipe.members)
        prepare = params.load(PrepareParams, "prepare", parameters)
        settings = TrainedSettings(
            classes=class_names(read_index(index)).tolist(),
            image_size=prepare.image_size,
            fit=prepare.fit,
            gray=open_images(pixels).ndim == 3,
            models=models,
            probes=probes,
            backbones=_shared(probes),
        )
        return cls(settings, recipe, checkpoints)

    @classmethod
    def exported(cls, folder: Path) -> "Trained":
        """What `export` wrote to `folder`."""
        path = folder / "settings.json"
        _require(path, "an exported ensemble", "run `make export`")
        settings = params.validated(
            TrainedSettings,
            read_json(path, fix="run `make export`"),
            where=str(path),
        )
        recipe = Recipe.load(folder / "recipe.json")
        return cls(settings, recipe, folder / "checkpoints", folder / "backbones")

    def export(self, folder: Path) -> None:
        """Writes all that `exported` reads to a new `folder`."""
        with atomic_write(folder) as draft:
            draft.mkdir()
            write_json(draft / "settings.json", _without_sources(self.settings))
            self.recipe.save(draft / "recipe.json")
            for member in self.recipe.members:
                for fold in self.recipe.folds:
                    source = self.checkpoint(member, fold)
                    copy = (
                        draft / "checkpoints" / source.relative_to(self.checkpoints)
                    )
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, copy)
            for probe in sorted(set(self.settings.backbones.values())):
                embed = self.settings.probes[probe].embed
                path = draft / "backbones" / f"{probe}.safetensors"
                _export_backbone(embed, path)

    def checkpoint(self, member: str, fold: int) -> Path:
        """The weights of a member's fold; raises InputError if they are not there."""
        path = self.checkpoints / member / f"fold{fold}.safetensors"
        _require(path, f"the weights of {member} without fold {fold}", BACK)
        return path

    def backbone(self, probe: str) -> Path | None:
        """The exported weights of a probe's backbone, if this is an export."""
        return (
            None
            if self.backbones is None
            else self.backbones / f"{probe}.safetensors"
        )


def _export_backbone(embed: EmbedParams, path: Path) -> None:
    """Writes a frozen backbone's weights, with what their first file says of itself."""
    notes = [metadata(file) for file in files_of(embed.pretrained).values()]
    write_weights(
        path, restore_backbone(embed).state_dict(), next(iter(notes), None)
    )


def _recipes(
    tree: dict[str, Any], members: list[str]
) -> tuple[dict[str, ModelParams], dict[str, ProbeParams]]:
    """The recipes of members, models and probes apart; `tree` is params.yaml."""
    keys = tree["probes"] or {}
    probes: dict[str, ProbeParams] = {
        key: probe_recipes.resolve_probe(tree, key)
        for key in members
        if key in keys
    }
    models: dict[str, ModelParams] = {
        key: recipes.resolve_model(tree, key) for key in members if key not in keys
    }
    return models, probes


def _check_weights(members: list[str]) -> None:
    snapshots = [member for member in members if "." in member]
    if snapshots:
        received = (
            f"{snapshots[0]}, a snapshot: of these, predictions alone are kept"
        )
        fix = "take it out of ensemble.members"
        raise InputError(
            "ensemble.members",
            expected="members that have weights",
            received=received,
            fix=fix,
        )


def _with_weight(recipe: Recipe) -> Recipe:
    """The same recipe without the members whose weight is 0: they would cost time for nothing."""
    members = [member for member in recipe.members if recipe.weights[member] > 0]
    return recipe.model_copy(update={"members": members})


def _shared(probes: dict[str, ProbeParams]) -> dict[str, str]:
    """For each probe the first one with the same backbone, weights and size."""
    first: dict[str, str] = {}
    return {
        key: first.setdefault(probe.embed.model_dump_json(exclude={"views"}), key)
        for key, probe in sorted(probes.items())
    }


def _without_sources(settings: TrainedSettings) -> dict[str, Any]:
    """The settings as JSON, with nothing to fetch: an export has all weights beside it."""
    tree = settings.model_dump(mode="json")
    embeds = [probe["embed"] for probe in tree["probes"].values()]
    for block in [*tree["models"].values(), *embeds]:
        block["pretrained"] = False
    return tree


def _require(path: Path, expected: str, fix: str) -> None:
    if not path.is_file():
        raise InputError(path, expected=expected, received="no such file", fix=fix)
