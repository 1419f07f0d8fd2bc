"""A parcel: a project as it stands, in one file that a machine unpacks once, to run stages in it.

It is a tar of two: `parcel.json` says what it is, and `objects.pack` holds files and the commit as
git's objects. Git makes the checkout of it, which refuses names that lead out of a folder.
A parcel is code that runs: unpack those alone whose maker you trust.
"""

import hashlib
import io
import json
import os
import re
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.files import file_digest
from croquis.core.pipeline import DVC_LOCK
from croquis.core.workspaces import temporary_folder, workspace
from croquis.fanout.checkout_settings import dvc_settings, write_settings
from croquis.fanout.checkouts import MAKING
from croquis.fanout.named_weights import ignored_weights
from croquis.fanout.snapshot import run_git, take_snapshot

FORMAT = 1
SIDE_BY_SIDE = ("train", "embed", "probe")  # whose results come from the run cache
REQUIREMENTS = Path("requirements.lock")
LARGEST = 2 * 2**30  # bytes of a parcel
LARGEST_TREE = 8 * 2**30  # and of the files that come out of it
MOST_FILES = 200_000
SHA = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
FIX = "make it again with `croquis fanout --pack`"
# Bytes are those of the parcel, whatever a .gitattributes asks for.
AS_THEY_ARE = "* -text -filter -ident -working-tree-encoding\n"


def pack(root: Path) -> bytes:
    """A project's files as they stand: committed, staged, changed and new ones.

    What git ignores stays, but for small files of weights that params.yaml names. dvc.lock is
    without the stages that run side by side. Nothing in the project changes.

    Args:
        root: the project's folder.

    Raises:
        InputError: if it is no repository of git and DVC, or a file is too large to travel.
    """
    if not (root / ".dvc").is_dir():
        raise InputError(
            root, expected="a project of DVC", received="no .dvc", fix="`dvc init`"
        )
    parameters = root / params.PARAMS
    tree = params.read(parameters) if parameters.is_file() else {}
    with temporary_folder("parcel") as desk:
        snapshot = take_snapshot(
            root,
            desk,
            replaced={DVC_LOCK.name: _pruned_lock(root / DVC_LOCK)},
            more=ignored_weights(root, tree),
        )
    requirements = root / REQUIREMENTS
    about = {
        "format": FORMAT,
        "python": _python(),
        "requirements": file_digest(requirements) if requirements.is_file() else "",
        "head": snapshot.head,
        "tree": snapshot.tree,
        "prefix": snapshot.prefix,
        "dvc": dvc_settings(root),
    }
    return _tar(
        {
            "parcel.json": json.dumps(about, sort_keys=True).encode(),
            "objects.pack": snapshot.objects,
        }
    )


def unpack(parcel: bytes, home: Path, *, cache: Path | None) -> Path:
    """The project's folder in a checkout of a parcel, which is made once.

    Args:
        parcel: as `pack` gives it.
        home: where checkouts are; its name there is a hash of what it holds.
        cache: DVC's cache, for hard links to inputs; None: the checkout's own.

    Raises:
        InputError: if it is no parcel, or another Python or other packages are here.
    """
    from filelock import FileLock

    contents = _untar(parcel)
    about = _about(contents["parcel.json"])
    home.mkdir(parents=True, exist_ok=True)
    key = json.dumps([about, str(cache and cache.absolute())], sort_keys=True)
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    place = home.absolute() / name
    with FileLock(home / f"{name}{MAKING}"):
        if not place.is_dir():
            with workspace(home, f".{name}.") as desk:
                draft = desk / name
                _check_out(about, contents["objects.pack"], draft)
                refuse_other_environment(about, draft / about["prefix"])
                write_settings(
                    _project(draft, about),
                    about["dvc"],
                    cache=cache and cache.absolute(),
                    place=place / about["prefix"],
                )
                os.replace(draft, place)
    return place / about["prefix"]


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _pruned_lock(lock: Path) -> bytes | None:
    """dvc.lock without what runs side by side; None if nothing is left.

    Line by line: a value that is written again may become another one, as 1e-5 in YAML 1.1.
    """
    if not lock.is_file():
        return None
    kept, keep, stages = [], True, 0
    for line in lock.read_text(encoding="utf-8").splitlines(keepends=True):
        name = re.match(r"  ([^\s#-].*?):\s*$", line)
        if name is not None:
            stage = name[1].strip("'\"").partition("@")[0]
            keep = stage not in SIDE_BY_SIDE
            stages += keep
        elif not line.startswith(" "):
            keep = True
        if keep:
            kept.append(line)
    return "".join(kept).encode() if stages else None


def _tar(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _no_parcel(received: str) -> InputError:
    return InputError("parcel", expected="a parcel", received=received, fix=FIX)


def _untar(parcel: bytes) -> dict[str, bytes]:
    """The two files of a parcel; nothing is written."""
    if len(parcel) > LARGEST:
        raise _no_parcel(f"{len(parcel) / 2**30:.1f} GiB")
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(parcel), mode="r:") as tar:
            for name in ("parcel.json", "objects.pack"):
                member = tar.next()
                file = (
                    tar.extractfile(member)
                    if member is not None and member.name == name and member.isreg()
                    else None
                )
                if file is None or member is None:
                    raise _no_parcel(f"no {name}")
                contents[name] = file.read()
                if len(contents[name]) != member.size:
                    raise _no_parcel(f"a part of {name}")
    except (tarfile.TarError, OSError, ValueError) as error:
        raise _no_parcel(str(error)) from error
    return contents


def _about(content: bytes) -> dict[str, Any]:
    """What a parcel says of itself, in which nothing leads elsewhere."""
    try:
        about = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_parcel(str(error)) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise _no_parcel("one of another version")
    texts = ("python", "requirements", "head", "tree", "prefix")
    dvc = about.get("dvc")
    if not all(isinstance(about.get(key), str) for key in texts) or not _is_dvc(
        dvc
    ):
        raise _no_parcel("one without what it is")
    prefix = PurePosixPath(about["prefix"])
    inside = not prefix.is_absolute() and ".." not in prefix.parts
    shas = [about["tree"], *filter(None, [about["head"]])]
    if not inside or not all(SHA.fullmatch(sha) for sha in shas):
        raise _no_parcel("names that lead elsewhere")
    return about


def _is_dvc(settings: Any) -> bool:
    if not isinstance(settings, dict):
        return False
    core, remotes = settings.get("core"), settings.get("remote")
    if not isinstance(core, dict) or not isinstance(remotes, dict):
        return False
    values = [core, *remotes.values()]
    return set(core) <= {"remote"} and all(
        isinstance(each, dict) and all(isinstance(v, str) for v in each.values())
        for each in values
    )


def refuse_other_environment(about: Mapping[str, Any], project: Path) -> None:
    """Raises InputError if results would be those of another Python or of other packages.

    The run cache knows of neither.

    Args:
        about: what a parcel says of itself.
        project: its checkout.
    """
    if about["python"] != _python():
        raise InputError(
            "parcel",
            expected=f"Python {about['python']}, as where it was made",
            received=f"Python {_python()}",
            fix=f"`make setup PYTHON=python{about['python']}` here",
        )
    here = Path(__file__).parents[3] / REQUIREMENTS
    if not about["requirements"]:
        return
    if here.is_file() and file_digest(here) == about["requirements"]:
        return
    from croquis.doctor.environment import installed_here, python_findings

    finding = python_findings(project / REQUIREMENTS, installed_here())[0]
    if finding.state != "ok":
        raise InputError(
            "parcel",
            expected="the packages of its requirements.lock",
            received=finding.says,
            fix="install the clone that it comes from here, with `make setup`",
        )


def _check_out(about: Mapping[str, Any], objects: bytes, folder: Path) -> None:
    """Makes the files of a parcel, with HEAD where it was and what was changed as a change."""
    folder.mkdir()
    kind = "sha256" if len(about["tree"]) == 64 else "sha1"
    run_git(folder, "init", "-q", "--template=", f"--object-format={kind}")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text(AS_THEY_ARE)
    if about["head"]:
        (folder / ".git" / "shallow").write_text(about["head"] + "\n")
    # `--strict` looks at names, too: none leads out of the folder or into .git.
    asked = ("index-pack", "--stdin", "--strict", f"--max-input-size={LARGEST}")
    run_git(folder, "-c", "core.symlinks=true", *asked, content=objects)
    _refuse_bomb(folder, about["tree"])
    plain = ("-c", "core.autocrlf=false", "-c", "core.fileMode=true")
    run_git(folder, *plain, "read-tree", about["tree"])
    run_git(folder, *plain, "checkout-index", "--all", "--quiet")
    if about["head"]:
        run_git(folder, "update-ref", "--no-deref", "HEAD", about["head"])
        run_git(folder, "read-tree", about["head"])


def _refuse_bomb(folder: Path, tree: str) -> None:
    listing = run_git(folder, "ls-tree", "-r", "-l", "-z", tree)
    sizes = [each.split(None, 4)[3] for each in listing.split(b"\0") if each]
    total = sum(int(size) for size in sizes if size.isdigit())
    if len(sizes) > MOST_FILES or total > LARGEST_TREE:
        raise _no_parcel(f"{len(sizes)} files of {total / 2**30:.1f} GiB")


def _project(folder: Path, about: Mapping[str, Any]) -> Path:
    """The project in a new checkout; what is written there stays there."""
    project = folder / about["prefix"]
    for path in (project / ".dvc", project / ".dvc" / "config.local"):
        if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
            raise _no_parcel("a link in place of .dvc")
    if not (project / ".dvc").is_dir():
        raise _no_parcel("no .dvc")
    return project
