"""A project's files as they stand, as objects of git; nothing in the project changes for it."""

import os
import stat
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from croquis.core.errors import InputError

# What tells git of another repository than that of its folder: hooks of git set these.
OF_A_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_REPLACE_REF_BASE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INTERNAL_SUPER_PREFIX",
)
LARGEST_NEW = 10 * 2**20  # bytes of a file that git does not know
ALL_NEW = 50 * 2**20  # and of all of them
SUBMODULE = "160000"  # the mode of git


def git_environment(**more: str) -> dict[str, str]:
    """The environment without what leads git to another repository; `more` is added."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in OF_A_REPOSITORY
    }
    # Paths in messages are for programs here, and nobody answers a question.
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"} | more


def run_git(
    folder: Path,
    *arguments: str,
    content: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What git prints.

    Args:
        folder: in which it is asked.
        arguments: of the command line.
        content: what it reads from its standard input.
        environment: of git; None: without what leads to another repository.

    Raises:
        InputError: if it fails, with its last line, or is not installed.
    """
    command = ["git", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            input=content,
            env=dict(environment or git_environment()),
            capture_output=True,
        )
    except OSError as error:
        raise InputError(
            "git",
            expected="the program git",
            received=error.strerror or str(error),
            fix="install git",
        ) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [""]
        raise InputError(
            folder,
            expected=f"`git {arguments[0]}` to work",
            received=lines[-1],
            fix="look with `git status`; in a new project, `git init` first",
        )
    return done.stdout


@dataclass(frozen=True)
class Snapshot:
    """A project as it stands, and the commit that it rests on.

    Attributes:
        head: the commit; empty where there is none yet.
        tree: of all files as they stand, as git names it.
        prefix: the project's folder within the repository; empty where it is the repository's.
        objects: all of it, as a pack of git's.
    """

    head: str
    tree: str
    prefix: str
    objects: bytes


def take_snapshot(
    root: Path,
    desk: Path,
    *,
    replaced: Mapping[str, bytes | None],
    more: Iterable[str] = (),
) -> Snapshot:
    """All files of the repository around a project as they stand, but for those that git ignores.

    Bytes are those of the disk, whatever git would make of the ends of lines.

    Args:
        root: the project's folder.
        desk: an empty folder for git's objects and index.
        replaced: contents of files of the project, by name, that take the place of those on disk;
            None: there is no such file.
        more: files of the project, by name, that travel although git ignores them.

    Raises:
        InputError: if there is no repository, or a new file is too large to travel.
    """
    text = run_git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    top, _, prefix = os.fsdecode(text).partition("\n")
    prefix = prefix.removesuffix("\n")
    work = _Work(Path(top), desk)
    added = [prefix + name for name in more]
    entries = work.entries(dict.fromkeys([*_files(work.top), *added]))
    for name, content in replaced.items():
        entries.pop(prefix + name, None)
        if content is not None:
            entries[prefix + name] = f"100644 {work.blob(content)}"
    tree = work.tree(entries)
    head = _head(root)
    return Snapshot(head, tree, prefix, work.pack(head, tree))


def _head(root: Path) -> str:
    try:
        return (
            run_git(root, "rev-parse", "--verify", "--quiet", "HEAD")
            .decode()
            .strip()
        )
    except InputError:  # no commit yet
        return ""


def _names(listing: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listing.split(b"\0") if name]


def _files(top: Path) -> list[str]:
    """All that git knows or would add, once each, but for submodules."""
    staged = _names(run_git(top, "ls-files", "--stage", "-z"))
    known = [each.partition("\t")[2] for each in staged]
    modules = {
        each.partition("\t")[2] for each in staged if each.startswith(SUBMODULE)
    }
    new = _names(run_git(top, "ls-files", "--others", "--exclude-standard", "-z"))
    new = [name for name in new if not name.endswith("/")]  # another repository
    _refuse_large(top, new)
    return [name for name in dict.fromkeys([*known, *new]) if name not in modules]


def _refuse_large(top: Path, new: Iterable[str]) -> None:
    sizes = {name: _size(top / name) for name in new}
    if not sizes:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    total = sum(sizes.values())
    if sizes[largest] <= LARGEST_NEW and total <= ALL_NEW:
        return
    raise InputError(
        largest,
        expected=f"new files of at most {LARGEST_NEW >> 20} MB each and"
        f" {ALL_NEW >> 20} MB together, as they travel to each machine",
        received=f"{sizes[largest] / 2**20:.1f} MB, of {total / 2**20:.1f} MB",
        fix="name it in .gitignore; or `git add` it, if stages read it",
    )


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


class _Work:
    """Git's objects of a snapshot, in a folder of their own beside those of the repository."""

    def __init__(self, top: Path, desk: Path) -> None:
        self.top = top
        objects = os.fsdecode(
            run_git(top, "rev-parse", "--git-path", "objects")
        ).removesuffix("\n")
        (desk / "objects").mkdir()
        others = str(top / objects).replace("\\", "\\\\").replace('"', '\\"')
        self._environment = git_environment(
            GIT_INDEX_FILE=str(desk / "index"),
            GIT_OBJECT_DIRECTORY=str(desk / "objects"),
            GIT_ALTERNATE_OBJECT_DIRECTORIES=f'"{others}"',
        )

    def _git(self, *arguments: str, content: bytes = b"") -> bytes:
        return run_git(
            self.top, *arguments, content=content, environment=self._environment
        )

    def blob(self, content: bytes) -> str:
        """The name of a content."""
        return (
            self._git("hash-object", "-w", "--stdin", content=content)
            .decode()
            .strip()
        )

    def entries(self, names: Iterable[str]) -> dict[str, str]:
        """Mode and object of each file that stands, by its name."""
        modes = {
            name: mode for name in names if (mode := _mode(self.top, name)) != ""
        }
        # One process for all but those whose names or kinds git cannot read line by line.
        plain = [
            name
            for name, mode in modes.items()
            if mode != "120000" and "\n" not in name and not name.startswith('"')
        ]
        lines = b"".join(os.fsencode(name) + b"\n" for name in plain)
        listed = self._git(
            "hash-object", "-w", "--no-filters", "--stdin-paths", content=lines
        )
        blobs = dict(zip(plain, listed.decode().split(), strict=True))
        for name in modes.keys() - blobs.keys():
            path = self.top / name
            content = (
                os.fsencode(os.readlink(path))
                if modes[name] == "120000"
                else path.read_bytes()
            )
            blobs[name] = self.blob(content)
        return {name: f"{mode} {blobs[name]}" for name, mode in modes.items()}

    def tree(self, entries: Mapping[str, str]) -> str:
        """The name of the tree of all entries."""
        lines = [os.fsencode(f"{entry}\t{name}") for name, entry in entries.items()]
        self._git("update-index", "-z", "--index-info", content=b"\0".join(lines))
        return self._git("write-tree").decode().strip()

    def pack(self, head: str, tree: str) -> bytes:
        """The tree, and the commit without those before it."""
        asked = ["rev-list", "--objects", "--no-object-names", "--no-walk"]
        names = self._git(*asked, *filter(None, [head, tree]))
        return self._git(
            "-c", "pack.threads=1", "pack-objects", "--stdout", "-q", content=names
        )


def _mode(top: Path, name: str) -> str:
    """As git has it; empty where nothing stands there that git could hold."""
    path = top / name
    for parent in path.parents:
        if parent == top:
            break
        if parent.is_symlink():  # it lies elsewhere, and the link travels
            return ""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return ""
    if stat.S_ISLNK(mode):
        return "120000"
    if not stat.S_ISREG(mode):
        return ""
    return "100755" if mode & stat.S_IXUSR else "100644"
