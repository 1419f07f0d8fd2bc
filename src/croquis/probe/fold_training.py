"""One probe on one fold, from params.yaml and files: tracked, with the plain fold beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from croquis.core import params
from croquis.backbones import lineage
from croquis.heads.probe_training import train_probe
from croquis.heads.training_records import (
    FoldTraining,
    trace_provenance,
    track_training,
)
from croquis.recipes.probe_recipes import probe_recipe
from croquis.runtime.hardware import hardware
from croquis.tables.features import Features
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData


@contextmanager
def train_probe_fold(
    member: str, fold: int, *, index: Path, features: Path, folds: Path
) -> Iterator[FoldTraining]:
    """Trains a probe of params.yaml without a fold; save what it yields inside the block.

    Its predictions "plain" are those for the plain fold: what folds that ignore copies would have
    claimed, by the same head, trained and scored on those. At the end of the block its MLflow run
    ends.

    Args:
        member: a key of `probes`.
        fold: the fold held out.
        index: index.csv.
        features: the .npz of the `embed` stage.
        folds: folds.csv.

    Raises:
        InputError: if params.yaml or the files do not fit.
    """
    recipe = probe_recipe(member)
    head = recipe.head
    seed = params.value("seed", int)
    rows = read_index(index)
    table = read_folds(folds)
    stored = Features(features)
    machine = hardware()
    # `lr` at the top, where a model has it: MLflow then compares both by one name.
    settings = recipe.model_dump(exclude={"head": {"lr"}})
    settings |= {"seed": seed, "lr": head.lr}
    provenance = trace_provenance(
        member, fold, settings=settings, files=(index, folds), hardware=machine
    )
    # Before the run begins: it costs as much as the training, whose time the run measures.
    plain_data = FoldData.of(fold, table, rows, column="plain_fold")
    plain = train_probe(plain_data, stored, head, seed=seed, device=machine.device)
    data = FoldData.of(fold, table, rows)
    with track_training(provenance, index=index, settings=settings) as run:
        outcome = train_probe(
            data,
            stored,
            head,
            seed=seed,
            views=recipe.embed.views,
            device=machine.device,
            log=run.metrics,
        )
        outcome = replace(outcome, more={**outcome.more, "plain": plain.val})
        parents = lineage.parents_of(recipe.embed.pretrained)
        note = provenance.note(
            settings, data.train.ids, rows, list(parents.values())
        )
        yield FoldTraining(member, fold, outcome, note, len(data.train), machine)
