"""Which files of a folder of code changed: dvc.lock has a hash of the folder alone."""

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from croquis.core import pipeline
from croquis.core.files import file_digest
from croquis.core.stage_files.read_notes import read_notes

COMMITS = 30  # that changed the folder; the newest are tried first

# The path of each file that counts, and the md5 of its content.
Digests = Mapping[str, str]


def changed_files(folder: Path, recorded: str) -> dict[str, str] | None:
    """The files that differ, each with DVC's word for how: modified, new or deleted.

    What DVC recorded is found again among the notes of the stages that ran here and among git's
    commits: the hash tells that it is the very state.

    Args:
        folder: of code, from the project's folder.
        recorded: the hash of the folder in dvc.lock, with its suffix .dir.

    Returns:
        None where neither notes nor commits hold that state.
    """
    states = (
        state for state in _states(folder) if hash_of(folder, state) == recorded
    )
    before = next(states, None)
    if before is None:
        return None
    now = _here(folder)
    words = {
        path: "modified"
        for path in before
        if path in now and now[path] != before[path]
    }
    words |= {path: "deleted" for path in before if path not in now}
    words |= {path: "new" for path in now if path not in before}
    return dict(sorted(words.items()))


def hash_of(folder: Path, digests: Digests) -> str:
    """The hash that DVC gives a folder of these files."""
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for path, digest in digests.items():
        tree.add(
            Path(path).relative_to(folder).parts, None, HashInfo("md5", digest)
        )
    tree.digest()
    return str(tree.hash_info.value)


def _states(folder: Path) -> Iterator[Digests]:
    """What the folder held whenever somebody noted it."""
    for note in read_notes():
        state = note["states"].get(folder.as_posix()) or {}
        digests = {
            path: digest
            for path, digest in state.items()
            if isinstance(digest, str)
        }
        if state and len(digests) == len(state):
            yield digests
    # md5 by git's own hash: most files are alike in all commits.
    blobs: dict[str, str] = {}
    listed = _git("log", f"--max-count={COMMITS}", "--format=%H", "--", str(folder))
    for commit in listed.decode().split():
        yield _files_of_commit(commit, folder, blobs)


def _files_of_commit(commit: str, folder: Path, blobs: dict[str, str]) -> Digests:
    lines = (
        _git("ls-tree", "-r", "-z", commit, "--", str(folder)).decode().split("\0")
    )
    pairs = [line.partition("\t") for line in lines if line]
    names = {
        path: head.split()[2]
        for head, _, path in pairs
        if pipeline.is_tracked(Path(path))
    }
    for blob in set(names.values()) - set(blobs):
        blobs[blob] = hashlib.md5(_git("cat-file", "blob", blob)).hexdigest()
    return {path: blobs[blob] for path, blob in names.items()}


def _here(folder: Path) -> Digests:
    paths = [
        path
        for path in folder.rglob("*")
        if path.is_file() and pipeline.is_tracked(path)
    ]
    return {path.as_posix(): file_digest(path, "md5") for path in paths}


def _git(*arguments: str) -> bytes:
    """What git says; nothing where there is no git."""
    try:
        return subprocess.run(
            ["git", *arguments], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""
