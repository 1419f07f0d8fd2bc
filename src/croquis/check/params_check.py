"""All of params.yaml, checked before any work: each section alone, then all of them together."""

import re
from typing import Any

from dvc_data.hashfile.meta import Meta

from croquis.core import params
from croquis.augment.phases import Curriculum
from croquis.check.backbones import check_files, check_networks, check_unbound
from croquis.check.combinations import check_regime, check_schedule
from croquis.check.dry_run import check_optimizer, dry_run, dry_run_optimizer
from croquis.check.sections import ENTRIES, SECTIONS, TopLevel
from croquis.core.errors import InputError, brief
from croquis.recipes import probe_recipes, recipes
from croquis.recipes.settings_layers import checked_family
from croquis.votes.members import RunParams
from croquis.votes.recipe import (
    EnsembleParams,
    VoteParams,
    member_keys,
    weights_of,
)
from croquis.votes.voting import has_temperature


def check(tree: dict[str, Any]) -> None:
    """Raises InputError at the first thing in `tree` (all of params.yaml) that cannot work."""
    numbers = list(TopLevel.model_fields)
    known = [*numbers, *SECTIONS, *ENTRIES]
    for key in tree:
        if key not in known:
            hint = params.nearest(str(key), known)
            raise InputError(
                key, expected="a known section", received=brief(key), fix=hint
            )
    _check_unseen(tree)
    given = {key: params.required(tree, key) for key in numbers}
    params.validated(TopLevel, given, where="params.yaml")
    sections: dict[str, Any] = {
        name: params.validated(kind, params.required(tree, name), where=name)
        for name, kind in SECTIONS.items()
    }
    _check_keys(tree)
    _check_families(tree)
    _check_run(sections["run"], sections["split"].num_folds, tree)
    _check_members(sections["run"], sections["ensemble"])
    _check_metric(tree["metric"], sections["vote"], sections["ensemble"])
    _check_snapshots(sections["ensemble"], tree)
    _check_recipes(tree, sections["prepare"].image_size)


def _check_unseen(tree: dict[str, Any], inside: str = "params.yaml") -> None:
    """DVC's run cache looks at no key of these names, and would restore what another value made."""
    for key, value in tree.items():
        if key in (Meta.PARAM_SIZE, Meta.PARAM_NFILES):
            expected = "keys that DVC's run cache looks at"
            fix = "give it another name"
            raise InputError(
                inside, expected=expected, received=brief(key), fix=fix
            )
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                _check_unseen(
                    each, key if inside == "params.yaml" else f"{inside}.{key}"
                )


def _check_keys(tree: dict[str, Any]) -> None:
    """DVC makes stage names and paths of these keys; a dot would end one."""
    for section in ENTRIES:
        catalogue = params.required(tree, section)
        if not isinstance(catalogue, dict):
            fix = "write `key: {...}` under it"
            raise InputError(
                section,
                expected="named entries",
                received=brief(catalogue),
                fix=fix,
            )
        for key in catalogue:
            if not re.fullmatch(r"[a-z0-9_]+", str(key)):
                fix = "a timm name goes to `backbone:`"
                raise InputError(
                    f"{section}.{key}",
                    expected="a key of a-z 0-9 _",
                    received=brief(key),
                    fix=fix,
                )
    if both := sorted(set(tree["models"]) & set(tree["probes"])):
        fix = "rename one of the two"
        raise InputError(
            "probes",
            expected="keys that no model has",
            received=brief(both[0]),
            fix=fix,
        )


def _check_families(tree: dict[str, Any]) -> None:
    """Also those that no model names, as an experiment may."""
    train = params.validated(recipes.TrainParams, tree["train"], where="train")
    for name in tree["families"]:
        family = checked_family(tree["families"], name)
        recipes.check_family(train, family, where=f"families.{name}")


def _check_run(run: RunParams, num_folds: int, tree: dict[str, Any]) -> None:
    for part, chosen in (
        ("models", run.models),
        ("probes", run.probes),
        ("folds", run.folds),
    ):
        if len(set(chosen)) < len(chosen):
            raise InputError(
                f"run.{part}",
                expected="each once",
                received=brief(chosen),
                fix="drop the doubles",
            )
    if not run.members:
        fix = "name a model or a probe"
        raise InputError(
            "run",
            expected="at least one member",
            received="no models, no probes",
            fix=fix,
        )
    for section, chosen in (("models", run.models), ("probes", run.probes)):
        for key in chosen:
            if key not in tree[section]:
                hint = params.nearest(key, list(tree[section]))
                raise InputError(
                    f"run.{section}",
                    expected=f"keys of `{section}`",
                    received=brief(key),
                    fix=hint,
                )
    if max(run.folds) >= num_folds:
        expected = f"folds 0 to {num_folds - 1} (split.num_folds is {num_folds})"
        raise InputError(
            "run.folds",
            expected=expected,
            received=brief(max(run.folds)),
            fix="drop it",
        )


def _check_members(run: RunParams, ensemble: EnsembleParams) -> None:
    for key in member_keys(run, ensemble):
        if key.partition(".")[0] not in run.members:
            hint = (
                params.nearest(key, run.members)
                + "; add it to run, or take it out here"
            )
            raise InputError(
                "ensemble.members",
                expected="members of run",
                received=brief(key),
                fix=hint,
            )
    weights_of(member_keys(run, ensemble), ensemble)


def _check_metric(name: str, vote: VoteParams, ensemble: EnsembleParams) -> None:
    """Shares of labels hold zeros, and the log-loss of one zero outweighs a hundred images."""
    if name != "log_loss":
        return
    for key, kind in (("vote.folds", vote.folds), ("ensemble.vote", ensemble.vote)):
        if not has_temperature(kind):
            raise InputError(
                key,
                expected="soft beside metric: log_loss",
                received=brief(kind),
                fix=f"set {key}: soft, or another metric",
            )


def _check_snapshots(ensemble: EnsembleParams, tree: dict[str, Any]) -> None:
    """A snapshot is named after the cycle of the learning rate that it ends."""
    for name in [] if ensemble.members == "all" else ensemble.members:
        if "." not in name:
            continue
        key = name.partition(".")[0]
        count = (
            recipes.cycles(recipes.resolve_model(tree, key))
            if key in tree["models"]
            else 0
        )
        known = [f"{key}.cycle{number}" for number in range(1, count + 1)]
        if name not in known:
            expected = f"a snapshot of {key} ({', '.join(known) or 'it has none'})"
            fix = "cycles come from schedule: restarts or cyclic, and cycle_epochs below epochs"
            raise InputError(
                "ensemble.members", expected=expected, received=brief(name), fix=fix
            )


def _check_recipes(tree: dict[str, Any], image_size: int) -> None:
    for key in tree["models"]:
        recipe = recipes.resolve_model(tree, key)
        check_networks(f"models.{key}", recipe.backbone, recipe.pretrained)
        check_optimizer(f"models.{key}", recipe.optimizer)
        if (
            key in tree["run"]["models"]
        ):  # a change of `train` need not suit all of the catalogue
            check_regime(f"models.{key}", recipe)
            _check_augment(f"models.{key}", recipe)
            check_files(f"models.{key}", recipe.pretrained, tree["run"]["folds"])
            for size in (
                recipe.image_size,
                *(phase.image_size or 0 for phase in recipe.phases),
            ):
                _check_size(f"models.{key}", size, image_size)
            dry_run_optimizer(f"models.{key}", recipe.optimizer)
    for key in tree["probes"]:
        probe = probe_recipes.resolve_probe(tree, key).embed
        check_networks(f"probes.{key}.embed", probe.backbone, probe.pretrained)
        head = probe_recipes.resolve_probe(tree, key).head
        check_optimizer(f"probes.{key}.head", head.optimizer)
        if key in tree["run"]["probes"]:
            check_schedule(f"probes.{key}.head", head)
            dry_run_optimizer(f"probes.{key}.head", head.optimizer)
            check_unbound(f"probes.{key}.embed", probe.pretrained)
            check_files(f"probes.{key}.embed", probe.pretrained, None)
            _check_size(f"probes.{key}.embed", probe.image_size, image_size)
    dry_run(
        {key: recipes.resolve_model(tree, key) for key in tree["run"]["models"]},
        {
            key: probe_recipes.resolve_probe(tree, key)
            for key in tree["run"]["probes"]
        },
    )  # last, as it takes seconds a member


def _check_augment(where: str, recipe: recipes.ModelParams) -> None:
    try:
        Curriculum(recipe, seed=0)
    except InputError as error:
        raise error.within(where) from None


def _check_size(where: str, size: int, stored: int) -> None:
    if size > stored:
        expected = f"at most prepare.image_size ({stored})"
        fix = f"add -S prepare.image_size={size}"
        raise InputError(
            f"{where}.image_size", expected=expected, received=brief(size), fix=fix
        )
