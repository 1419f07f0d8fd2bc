"""explain: what the networks of the run are, and where one of them looked when it was wrong."""

from croquis.core import cli, params
from croquis.core.files import whole
from croquis.explain.explaining import errors, explained, lines
from croquis.explain.profiles import profiles
from croquis.images.pixels import Pixels
from croquis.recipes import probe_recipes
from croquis.recipes.recipes import recipe
from croquis.runtime.hardware import hardware
from croquis.tables import predictions
from croquis.tables.parts import read_folds
from croquis.votes.ensembling import EnsembleParams, member_keys
from croquis.votes.members import RunParams


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
    oof = predictions.load(ensemble / "oof.npz")
    parts = read_folds(folds)
    models = {key: recipe(key) for key in run.models}
    probes = {key: probe_recipes.recipe(key) for key in run.probes}
    table = profiles(models, probes, num_classes=len(oof.classes))
    with whole(networks) as draft:
        table.to_csv(draft, index=False)
    voters = {
        key: predictions.load(votes / key / "oof.npz")
        for key in member_keys(run, how)
        if key in models
    }
    found = explained(
        parts,
        oof,
        voters,
        models,
        pixels=Pixels.open(index, pixels),
        checkpoints=checkpoints,
        hardware=hardware(),
    )
    found.save(saliency)
    for line in lines(table, found, errors(parts, oof)):
        cli.say(line)


if __name__ == "__main__":
    cli.run(main)
