"""An experiment's parameters in a checkout of its own: nothing of the project changes for it."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.workspaces import sweep, workspace
from croquis.fanout.checkout_settings import cache_folder
from croquis.fanout.parcel import pack, unpack
from croquis.fanout.running.one_at_a_time import FOLDER
from croquis.fanout.work import checkout_environment

PREFIX = "experiment-"


@contextlib.contextmanager
def experiment_checkout(
    root: Path, overrides: Sequence[str], name: str
) -> Iterator[Path]:
    """A checkout of a project as it stands, with parameters set as `dvc exp run -S` would set them.

    In the block it is the working folder, and the environment is that of a stage in it. Its DVC has
    the project's cache.

    Args:
        root: the project's folder.
        overrides: what stands behind each `-S`.
        name: of the experiment.

    Raises:
        InputError: if an override cannot be set.
    """
    parent = root / FOLDER
    parent.mkdir(exist_ok=True)
    sweep(parent, PREFIX)
    with workspace(parent, PREFIX) as home:
        folder = unpack(pack(root), home / "checkout", cache=cache_folder(root))
        set_parameters(folder / params.PARAMS, overrides)
        environment = checkout_environment(folder, root, home / "progress.json")
        environment["DVC_EXP_NAME"] = name  # MLflow's runs bear it
        with _environment_of(environment), contextlib.chdir(folder):
            yield folder


def set_parameters(path: Path, overrides: Sequence[str]) -> None:
    """Sets parameters in a file as `dvc exp run -S` would.

    Args:
        path: params.yaml.
        overrides: what stands behind each `-S`.

    Raises:
        InputError: if one cannot be set.
    """
    from dvc.exceptions import DvcException
    from dvc.utils.cli_parse import to_path_overrides

    from croquis.set_params import quoting, translation

    quoting.refuse_unreadable(overrides)
    tree = params.read(path)
    translated = [translation.translate(each, tree)[0] for each in overrides]
    by_file = to_path_overrides(translated)
    try:
        for file, texts in by_file.items():
            _refuse_sweeps(texts)
            translation.apply_overrides(path.parent / file, texts)
    except DvcException as error:
        raise InputError(
            f"-S {' '.join(overrides)}",
            expected="what DVC can set in params.yaml",
            received=" ".join(str(error).split()),
            fix="correct it; `docs/params.md` lists the keys",
        ) from error


def _refuse_sweeps(overrides: list[str]) -> None:
    from dvc.utils.hydra import to_hydra_overrides

    try:
        parsed = to_hydra_overrides(overrides)
    except Exception:  # DVC says it better, when it sets them
        return
    for override, each in zip(overrides, parsed, strict=True):
        if each.is_sweep_override():
            raise InputError(
                f"-S {override}",
                expected="one value",
                received="several",
                fix="one run side by side for each; or one after the other, with"
                f" `dvc exp run --queue -S {override}`",
            )


def experiment_name(root: Path, name: str | None) -> str:
    """The name of an experiment that is to be: the given one, or one that DVC makes up.

    Raises:
        InputError: if an experiment of this commit has it already.
    """
    from dvc.repo import Repo
    from dvc.repo.experiments.refs import ExpRefInfo
    from dvc.repo.experiments.utils import get_random_exp_name

    with Repo(str(root)) as repo:
        scm: Any = repo.scm
        head = scm.get_rev()
        if name is None:
            return str(get_random_exp_name(scm, head))
        if scm.get_ref(str(ExpRefInfo(baseline_sha=head, name=name))):
            raise InputError(
                f"-n {name}",
                expected="a new name",
                received="that of an experiment of this commit",
                fix=f"another one; or `dvc exp remove {name}` first",
            )
    return name


@contextlib.contextmanager
def _environment_of(environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block this process has an environment; DVC and MLflow ask it."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
