"""explain: what the networks of the run are, and where one of them looked when it was wrong."""

from croquis.core import cli, params
from croquis.explain.explanations import explain, explain_lines
from croquis.images.pixels import Pixels
from croquis.recipes.probe_recipes import probe_recipe
from croquis.recipes.recipes import model_recipe
from croquis.runtime.hardware import hardware
from croquis.tables.fold_tables import read_folds
from croquis.votes.members import RunParams
from croquis.votes.recipe import EnsembleParams, member_keys


def main(
    index: cli.File,
    pixels: cli.File,
    folds: cli.File,
    votes: cli.File,
    ensemble: cli.File,
    checkpoints: cli.File,
    networks: cli.File,
    saliency: cli.File,
) -> None:
    """Writes a row a member to <networks>, and maps of the surest mistakes to <saliency>."""
    run = params.load(RunParams, "run")
    explanation = explain(
        {key: model_recipe(key) for key in run.models},
        {key: probe_recipe(key) for key in run.probes},
        member_keys(run, params.load(EnsembleParams, "ensemble")),
        folds=read_folds(folds),
        votes=votes,
        ensemble=ensemble,
        pixels=Pixels.open(index, pixels),
        checkpoints=checkpoints,
        hardware=hardware(),
    )
    explanation.save(networks, saliency)
    for line in explain_lines(explanation):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
