"""What DVC's cache and git hold: a file whose content is there is not lost when it is deleted."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from croquis.core.files import file_digest

_OBJECT = re.compile(r"[0-9a-f]{32}(\.dir)?")
BIG = 64 * 2**20  # bytes above which DVC is asked for the hash that it may remember


class Cache:
    """DVC's cache of this folder, as its settings have it."""

    def __init__(self) -> None:
        # A fifth of a second, which most runs do not need.
        from dvc.config import Config

        home = Path(".dvc")
        folder = Config(str(home) if home.is_dir() else None)["cache"].get("dir")
        self.folder = Path(folder) if folder else (home / "cache").absolute()
        self._objects = self.folder / "files" / "md5"

    def listing(self, md5: str) -> dict[str, str] | None:
        """The md5 of each file of a folder that was kept as `md5`; None if the cache has it not."""
        try:
            entries = json.loads(self.place(md5).read_text(encoding="utf-8"))
            return {entry["relpath"]: entry["md5"] for entry in entries}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def holds(self, file: Path, expected: str = "") -> bool:
        """Whether the content of `file` is `expected`, in the cache, or nothing at all.

        A link that DVC made points into the cache (`cache.type` symlink).
        """
        if file.is_symlink():
            return file.resolve().is_relative_to(self._objects.resolve())
        # Not by the inode of a hard link: root writes through one, and changes the cache with it.
        return file.stat().st_size == 0 or (
            (digest := md5_of(file)) == expected or self.place(digest).is_file()
        )

    def place(self, md5: str) -> Path:
        """Where the object of this name is, or would be."""
        return self._objects / md5[:2] / md5[2:]

    def names(self) -> list[str]:
        """The names of all objects: md5s, those of folders with the suffix .dir."""
        objects = self._objects.glob("[0-9a-f][0-9a-f]/*")
        names = sorted(each.parent.name + each.name for each in objects)
        return [name for name in names if _OBJECT.fullmatch(name)]


def is_name(text: object) -> bool:
    """Whether a text of dvc.lock names an object, and no other file of the disk."""
    return isinstance(text, str) and _OBJECT.fullmatch(text) is not None


def is_inside(path: object) -> bool:
    """Whether a path of dvc.lock, or of a listing, leads to nothing outside of its folder."""
    if not isinstance(path, str) or "\0" in path:
        return False
    return not os.path.isabs(path) and ".." not in Path(path).parts


def md5_of(file: Path) -> str:
    """The md5 of a file's bytes; of a big one as DVC remembers it, if it is as DVC left it."""
    if file.stat().st_size >= BIG and (digest := _recall(file)):
        return digest
    return file_digest(file, "md5")


def md5_of_folder(files: Mapping[str, Path]) -> str:
    """What DVC calls a folder of these files, by their paths in it: `<md5>.dir`."""
    entries = [
        {"md5": md5_of(files[name]), "relpath": name} for name in sorted(files)
    ]
    text = json.dumps(entries, sort_keys=True).encode()
    return f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir"


def in_git(files: Iterable[Path]) -> set[Path]:
    """Those whose content is in git's database, committed or not."""
    names = [str(file) for file in files if "\n" not in str(file)]
    hashes = _git(["hash-object", "--stdin-paths"], names) if names else []
    kinds = (
        _git(["cat-file", "--batch-check=%(objecttype)"], hashes) if hashes else []
    )
    pairs = zip(names, kinds, strict=False)
    return {Path(name) for name, kind in pairs if kind == "blob"}


def _git(arguments: list[str], lines: list[str]) -> list[str]:
    """What git answers to `lines`; nothing where there is no git or no repository."""
    try:
        text = "".join(f"{line}\n" for line in lines)
        done = subprocess.run(
            ["git", *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="surrogateescape",
        )
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def _recall(file: Path) -> str | None:
    """The hash that DVC's state has of a file that was not touched since."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            _, hash_info = repo.state.get(os.path.abspath(file), repo.fs)
    except DvcException:
        return None
    return hash_info.value if hash_info and hash_info.name == "md5" else None
