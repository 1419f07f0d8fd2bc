"""What params.yaml asks of the trainings of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from croquis.core import params
from croquis.recipes import probe_recipes, recipes
from croquis.recipes.probe_recipes import ProbeRecipe
from croquis.recipes.recipes import ModelRecipe
from croquis.votes.members import RunParams


@dataclass(frozen=True)
class MemberSettings:
    """The recipes of all members, and what they share.

    Attributes:
        seed: of all.
        models: recipes of the models of the run.
        probes: of its probes.
    """

    seed: int
    models: Mapping[str, ModelRecipe]
    probes: Mapping[str, ProbeRecipe]

    @classmethod
    def of(cls, run: RunParams) -> "MemberSettings":
        """Those of the members of a run."""
        return cls(
            seed=params.value("seed", int),
            models={key: recipes.model_recipe(key) for key in run.models},
            probes={key: probe_recipes.probe_recipe(key) for key in run.probes},
        )
