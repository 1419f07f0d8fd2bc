"""What dvc.lock says that trainings rest on: folds of several recipes have no common score."""

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from croquis.core import params, pipeline
from croquis.core.errors import InputError
from croquis.core.stage_files import inputs
from croquis.votes.members import folder_of

NAMED = 3  # differences that an error shows


class Training(NamedTuple):
    """A stage of dvc.lock that a member's fold rests on, as dvc.lock has it."""

    member: str
    fold: int
    locked: Mapping[str, Any]


def refuse_mixed_recipes(
    predictions: Path, members: list[str], folds: list[int]
) -> None:
    """Raises InputError if trainings rest on other parameters than now, or on several codes.

    As after an edit of params.yaml between two trainings: each of them is recorded rightly, but
    their vote would be the score of no recipe. Without dvc.lock nothing is said.

    Args:
        predictions: the folder of all members' predictions.
        members: that vote.
        folds: that they were trained on.
    """
    trainings = list(_trainings(pipeline.read_lock(), predictions, members, folds))
    differences = [*_other_params(trainings), *_other_files(trainings)]
    if differences:
        count = len(differences) - NAMED
        more = f"; and {count} more" if count > 0 else ""
        raise InputError(
            "vote",
            expected="trainings of one recipe, that of params.yaml",
            received="; ".join(differences[:NAMED]) + more,
            fix=f"give {inputs.repeat_command()} again: it trains those that differ;"
            " or put back what was edited before that",
        )


def _trainings(
    lock: Mapping[str, Mapping[str, Any]],
    predictions: Path,
    members: list[str],
    folds: list[int],
) -> Iterator[Training]:
    """The stages that left the predictions of each fold, and those of the matrix before them."""
    makers = {
        Path(out["path"]): name
        for name, stage in lock.items()
        for out in _list(stage, "outs")
    }
    for member in members:
        for fold in folds:
            waiting = [makers.get(folder_of(predictions, member, fold))]
            while waiting:
                name = waiting.pop()
                if (
                    name is not None and "@" in name
                ):  # what all members share runs once
                    yield Training(member, fold, lock[name])
                    deps = _list(lock[name], "deps")
                    waiting += {makers.get(Path(dep["path"])) for dep in deps}


def _other_params(trainings: list[Training]) -> Iterator[str]:
    """Each difference between recorded parameters and those of now, with its folds."""
    folds_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    read_once = functools.cache(_read)
    for member, fold, locked in trainings:
        for file, recorded in (locked.get("params") or {}).items():
            now = read_once(Path(file))
            if now is not None:
                for change in _changes(recorded or {}, now):
                    folds_of[member, change].append(fold)
    for (member, change), folds in folds_of.items():
        yield f"{member} of {_folds(folds)} was trained before {change}"


def _changes(recorded: Mapping[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Each parameter that is not as dvc.lock recorded it: "lr: 0.1 -> 0.2"."""
    for key, value in recorded.items():
        for inner, old, new in params.differences(value, params.at(now, key), key):
            yield f"{inner}: {params.format_value(old)} -> {params.format_value(new)}"


def _other_files(trainings: list[Training]) -> Iterator[str]:
    """Each file of code or data of which trainings had several versions."""
    versions: dict[str, dict[str, list[Training]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for training in trainings:
        for dep in _list(training.locked, "deps"):
            versions[dep["path"]][dep.get("md5", "")].append(training)
    for path, by_hash in versions.items():
        if len(by_hash) > 1:
            fewest = min(by_hash.values(), key=len)
            member = fewest[0].member
            folds = [
                training.fold for training in fewest if training.member == member
            ]
            yield f"{member} of {_folds(folds)} was trained with another {path} than others"


def _read(path: Path) -> dict[str, Any] | None:
    """A file of parameters; None where it is none that can be compared key by key."""
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return None
    return params.read(path)


def _folds(folds: list[int]) -> str:
    """`fold 0`, or `folds 0, 1`."""
    numbers = sorted(set(folds))
    return f"fold{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _list(stage: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [item for item in stage.get(key) or [] if "path" in item]
