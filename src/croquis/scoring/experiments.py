"""Files of an experiment, wherever it is: here, in a folder, or in a revision that DVC knows."""

from pathlib import Path
from typing import Any

from croquis.core.errors import InputError
from croquis.scoring import dvc_records, outdated_scores
from croquis.scoring.outdated_scores import HERE


def fetch_files(name: str, files: list[Path], into: Path) -> list[Path]:
    """Where `files` of an experiment can be read; the workspace stays as it is.

    Args:
        name: "workspace", a folder with these files in it, or what DVC calls a revision: an
            experiment, a branch, a tag or a commit.
        files: relative to the project's folder.
        into: an empty folder for what has to be fetched from DVC's cache.

    Raises:
        InputError: if there is no such experiment, it lacks one of the files, or one of them was
            made with other parameters or data than it has.
    """
    if name == HERE or Path(name).is_dir():
        folder = Path() if name == HERE else Path(name)
        _check(name, files, outdated_scores.state_of_folder(folder))
        return [_present(folder / file, name) for file in files]
    return _from_revision(name, files, into)


def _check(name: str, files: list[Path], state: outdated_scores.Revision) -> None:
    for file in files:
        if reason := state.outdated(file.as_posix()):
            raise InputError(
                name,
                expected=f"{file} of its own run",
                received=f"none: {reason}",
                fix="run `dvc repro` with these parameters and data",
            )


def _present(path: Path, name: str) -> Path:
    if not path.is_file():
        raise InputError(
            name,
            expected=f"the results of a run, {path}",
            received="none",
            fix="run `dvc repro` there, or name a folder, an .npz or a revision",
        )
    return path


def _from_revision(name: str, files: list[Path], into: Path) -> list[Path]:
    from dvc.api import DVCFileSystem  # two seconds
    from dvc.exceptions import DvcException
    from dvc_data.index import DataIndexDirError

    targets = [into / file for file in files]
    try:
        revision = DVCFileSystem(rev=name)
        state = outdated_scores.Revision(
            _reader(revision), dvc_records.cache(Path())
        )
        _check(name, files, state)
        for file, target in zip(files, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            revision.get_file(file.as_posix(), str(target))
    except (DvcException, DataIndexDirError, OSError) as error:
        raise _lost(name, error) from error
    return targets


def _lost(name: str, error: Exception) -> InputError:
    """The error of a revision that DVC cannot read."""
    received = next(iter(str(error).splitlines()), "an error")
    fix = "see `dvc exp show`; `dvc fetch` brings what others have pushed"
    if isinstance(error, OSError) and error.filename:
        received = f"none: no {error.filename}"
        fix = f"commit dvc.lock after a run (git add dvc.lock metrics), or {fix}"
    return InputError(
        name,
        expected="a folder, an .npz, or a revision whose results are in DVC's cache",
        received=received,
        fix=fix,
    )


def _reader(revision: Any) -> outdated_scores.Reader:
    """Reads what git has at a revision of DVC's."""

    def read(path: str) -> bytes | None:
        return revision.cat_file(path) if revision.exists(path) else None

    return read
