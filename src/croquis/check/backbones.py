"""Whether backbones and their weights exist, told before any network is built."""

import functools
from pathlib import Path

import timm

from croquis.core import params
from croquis.backbones import lineage
from croquis.backbones.weights import BUNDLED, files_of
from croquis.check.outputs import maker_of
from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.tables.fold_tables import read_index


def check_networks(
    where: str, backbone: str | list[str], pretrained: bool | str | list[bool | str]
) -> None:
    """Raises InputError where timm has no such network, or its weights cannot be had so."""
    names = [backbone] if isinstance(backbone, str) else backbone
    weights = (
        pretrained if isinstance(pretrained, list) else [pretrained] * len(names)
    )
    one = isinstance(pretrained, str) and pretrained != "bundled"
    if len(weights) != len(names) or (len(names) > 1 and one):
        several = (
            f"true or false for {len(names)} backbones, or a list of {len(names)}"
        )
        raise InputError(
            f"{where}.pretrained",
            expected=several if len(names) > 1 else "one value for one backbone",
            received=repr(pretrained),
            fix="one file of weights fits one network",
        )
    for name, own in zip(names, weights, strict=True):
        _check_network(where, name, own)


def _check_network(where: str, backbone: str, pretrained: bool | str) -> None:
    name, _, tag = backbone.partition(".")
    tagged = [known for known in _pretrained() if known.startswith(f"{name}.")]
    if not timm.is_model(name) or (tag and backbone not in tagged):
        names = (
            tagged if timm.is_model(name) else timm.list_models() + _pretrained()
        )
        hint = params.nearest(backbone, names)
        raise InputError(
            f"{where}.backbone",
            expected="a timm name",
            received=repr(backbone),
            fix=hint,
        )
    if pretrained == "bundled" and name not in BUNDLED:
        fix = "say true (timm's hub), a path, or false"
        raise InputError(
            f"{where}.pretrained",
            expected=f"a backbone of {list(BUNDLED)}",
            received=backbone,
            fix=fix,
        )


def check_files(
    where: str,
    pretrained: bool | str | list[bool | str],
    run_folds: list[int] | None,
) -> None:
    """Asked of members of `run` alone: a catalogue may serve several machines.

    Args:
        where: the block's key.
        pretrained: of the block.
        run_folds: that start from the weights; None where all do at once.
    """
    for name in files_of(pretrained):
        for fold in run_folds or [0]:
            path = root() / Path(name.replace(lineage.FOLD, str(fold))).expanduser()
            if not path.is_file():
                raise InputError(
                    f"{where}.pretrained",
                    expected='true, false, "bundled" or a file of weights',
                    received=repr(name.replace(lineage.FOLD, str(fold))),
                    fix="correct the path",
                )
            if stage := maker_of(path):
                raise InputError(
                    f"{where}.pretrained",
                    expected="weights that no run writes anew",
                    received=f"{name!r}, which {stage} writes",
                    fix="copy them to a folder of your own, such as weights/, and name that",
                )
    # Of the last run, if there was one: of this checkout, else of the project.
    index = Path("data/images/index.csv")
    if not index.is_file():
        index = root() / index
    parents = lineage.parents_of(pretrained)
    if not parents or not index.is_file():
        return  # the stage itself asks again, when it knows the images
    try:
        if run_folds is None:
            lineage.check_all(parents, read_index(index))
        else:
            lineage.check_early(parents, read_index(index), run_folds)
    except InputError as error:
        raise error.within(where) from None


def check_unbound(where: str, pretrained: bool | str) -> None:
    """Features are computed once, for all folds."""
    if isinstance(pretrained, str) and lineage.FOLD in pretrained:
        fix = "name weights that saw none of the images, or fine-tune a model from them"
        expected = "one file for all folds, as features are computed once"
        raise InputError(
            f"{where}.pretrained",
            expected=expected,
            received=repr(pretrained),
            fix=fix,
        )


@functools.cache
def _pretrained() -> list[str]:
    """All timm names with their tags; timm takes a fifth of a second to list them."""
    return timm.list_pretrained()
