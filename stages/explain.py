"""explain: what the networks of the run are, and where one of them looked when it was wrong."""

from croquis.core import cli, params
from croquis.core.files import atomic_write
from croquis.explain.explanations import error_count, explain, explain_lines
from croquis.explain.profiles import profiles
from croquis.images.pixels import Pixels
from croquis.recipes import probe_recipes
from croquis.recipes.recipes import model_recipe
from croquis.runtime.hardware import hardware
from croquis.tables import predictions
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
    how = params.load(EnsembleParams, "ensemble")
    oof = predictions.load_predictions(ensemble / "oof.npz")
    parts = read_folds(folds)
    models = {key: model_recipe(key) for key in run.models}
    probes = {key: probe_recipes.probe_recipe(key) for key in run.probes}
    table = profiles(models, probes, num_classes=len(oof.classes))
    with atomic_write(networks) as draft:
        table.to_csv(draft, index=False)
    voters = {
        key: predictions.load_predictions(votes / key / "oof.npz")
        for key in member_keys(run, how)
        if key in models
    }
    found = explain(
        parts,
        oof,
        voters,
        models,
        pixels=Pixels.open(index, pixels),
        checkpoints=checkpoints,
        hardware=hardware(),
    )
    found.save(saliency)
    for line in explain_lines(table, found, error_count(parts, oof)):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
