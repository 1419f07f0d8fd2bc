"""A project as it stands, packed and unpacked byte for byte, without a trace in the project."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.fanout import parcel as parcels
from croquis.fanout.parcel import pack, refuse_other_environment, unpack
from croquis.fanout.snapshot import git_environment

LOCK = """schema: '2.0'
stages:
  split:
    cmd: python stages/split.py
    params:
      params.yaml:
        lr: 1e-05
  train@a-0:
    cmd: python stages/train.py
    outs:
    - path: data/a
  embed@b:
    cmd: x
  vote:
    cmd: y
"""


def git(folder: Path, *arguments: str) -> str:
    who = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=git_environment(**who),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of one commit."""
    folder = tmp_path / "project"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc" / "config").write_text("")
    (folder / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (folder / ".gitignore").write_text("/data/\n/ignored\n")
    for name in ("kept", "changed", "staged", "deleted", "dropped"):
        (folder / name).write_text(name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return folder


def unpacked(project: Path) -> Path:
    return unpack(pack(project), project.parent / "home", cache=None)


def standing(folder: Path) -> dict[str, tuple[int, str]]:
    """Mode and content of each file, but for what git and DVC keep for themselves."""
    files = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if name.startswith((".git/", ".dvc/")) or name == ".git":
            continue
        if path.is_symlink():
            files[name] = (0, os.readlink(path))
        elif path.is_file():
            content = path.read_bytes().decode("latin-1")
            files[name] = (path.stat().st_mode & 0o100, content)
    return files


def traces(folder: Path) -> tuple[str, str, bytes, str]:
    """What a command could have disturbed."""
    index = git(folder, "rev-parse", "--git-path", "index").strip()
    return (
        git(folder, "status", "--porcelain", "--ignored"),
        git(folder, "stash", "list"),
        (folder / index).read_bytes(),
        git(folder, "count-objects", "-v"),
    )


def change_all(project: Path) -> None:
    """Staged, unstaged, new and deleted files; modes, links, and names that are hard to read."""
    (project / "changed").write_bytes(b"changed\r\nhere\0")
    (project / "staged").write_text("staged once")
    git(project, "add", "staged")
    (project / "staged").write_text("and changed again")
    (project / "deleted").unlink()
    git(project, "rm", "-q", "--cached", "dropped")
    (project / "run me").write_text("#!/bin/sh")
    (project / "run me").chmod(0o755)
    (project / "kept").chmod(0o755)
    (project / "link").symlink_to("kept")
    (project / "broken").symlink_to("no\nwhere")
    (project / "a folder").mkdir()
    for name in (
        "with\nnewline",
        '"quoted"',
        " spaces ",
        "자료",
        "tab\t",
        "-dash",
        "back\\slash",
    ):
        (project / "a folder" / name).write_text(name)
    (project / "top\nline").write_text("x")
    (project / os.fsdecode(b"latin-\xe9")).write_text("x")
    (project / "staged only").write_text("x")
    git(project, "add", "staged only")
    (project / "ignored").write_text("stays")


def test_all_files_travel_as_they_stand_and_the_project_is_not_disturbed(
    project: Path,
) -> None:
    change_all(project)
    before = traces(project)
    folder = unpacked(project)
    assert traces(project) == before
    expected = standing(project)
    assert expected.pop("ignored") == (0, "stays")
    assert standing(folder) == expected
    assert git(folder, "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")
    assert git(folder, "log", "--format=%s") == "x\n"
    assert " M changed" in git(folder, "status", "--porcelain")


@pytest.mark.parametrize(
    "kind", ["detached", "worktree", "second", "none", "inner", "sha256"]
)
def test_any_state_of_git_will_do(project: Path, kind: str) -> None:
    """A detached HEAD, a worktree, a commit with parents, no commit, a folder of a repository."""
    if kind in ("detached", "second"):
        git(project, "commit", "-q", "--allow-empty", "-m", "y")
    if kind == "detached":
        git(project, "checkout", "-q", "--detach", "HEAD~1")
    if kind == "worktree":
        git(project, "worktree", "add", "-q", "../tree")
        project = project.parent / "tree"
    if kind == "none":
        git(project, "update-ref", "-d", "HEAD")
    if kind == "sha256":
        shutil.rmtree(project / ".git")
        git(project, "init", "-q", "--object-format=sha256")
        git(project, "add", "kept")
        git(project, "commit", "-qm", "x")
    if kind == "inner":
        (project / "inner" / ".dvc").mkdir(parents=True)
        (project / "inner" / ".dvc" / "config").write_text("")
        (project / "inner" / "file").write_text("x")
        project = project / "inner"
    (project / "new").write_text("new")
    folder = unpacked(project)
    assert standing(folder) == standing(project)
    if kind != "none":
        assert git(folder, "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")


def test_bytes_are_those_of_the_disk_whatever_git_makes_of_ends_of_lines(
    project: Path,
) -> None:
    (project / ".gitattributes").write_text("* text=auto eol=lf\n")
    (project / "changed").write_bytes(b"one\r\ntwo\r\n")
    git(project, "config", "core.autocrlf", "input")
    assert (unpacked(project) / "changed").read_bytes() == b"one\r\ntwo\r\n"


def test_variables_of_a_hook_of_git_lead_nowhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert (unpacked(project) / "kept").is_file()


def test_dvc_lock_is_without_what_runs_side_by_side(project: Path) -> None:
    (project / "dvc.lock").write_text(LOCK)
    start, end = LOCK.index("  train@a-0"), LOCK.index("  vote:")
    folder = unpacked(project)
    assert (folder / "dvc.lock").read_text() == LOCK[:start] + LOCK[end:]
    assert (project / "dvc.lock").read_text() == LOCK
    (project / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  probe@a-0:\n    cmd: x\n"
    )
    assert not (unpacked(project) / "dvc.lock").exists()


def test_a_parcel_is_unpacked_once_and_again_for_another_cache(
    project: Path,
) -> None:
    home, made = project.parent / "home", pack(project)
    folder = unpack(made, home, cache=None)
    (folder / "mark").touch()
    assert unpack(made, home, cache=None) == folder and (folder / "mark").exists()
    assert unpack(pack(project), home, cache=None) == folder
    other = unpack(made, home, cache=project / ".dvc" / "cache")
    assert other != folder
    settings = (other / ".dvc" / "config.local").read_text()
    assert f"dir = {project}/.dvc/cache" in settings
    assert 'type = "reflink,hardlink,copy"' in settings
    (project / "new").touch()
    assert unpack(pack(project), home, cache=None) != folder


def test_remotes_travel_with_whole_paths_and_without_secrets(project: Path) -> None:
    (project / ".dvc" / "config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = ../../store\n"
    )
    (project / ".dvc" / "config.local").write_text(
        "['remote \"far\"']\n    url = ssh://host/x\n    password = hush\n"
        "    keyfile = /k\n"
    )
    made = pack(project)
    assert b"hush" not in made
    text = (
        unpack(made, project.parent / "home", cache=None) / ".dvc/config.local"
    ).read_text()
    assert "remote = store" in text and f"url = {project.parent}/store" in text
    assert "keyfile = /k" in text and "url = ssh://host/x" in text


def test_a_large_new_file_is_refused_with_the_fix(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("croquis.fanout.snapshot.LARGEST_NEW", 2**20)
    large = project / "notes.zip"
    large.write_bytes(bytes(2**20 + 1))
    with pytest.raises(
        InputError, match=r"notes\.zip: .*\.gitignore; or `git add`"
    ):
        pack(project)
    git(project, "add", "notes.zip")
    assert (unpacked(project) / "notes.zip").stat().st_size == 2**20 + 1


def test_weights_that_git_ignores_travel_or_are_refused_before_any_work(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "data").mkdir()
    for name in ("a.pth", "b0.pth", "b1.pth", "b.txt", "c.pth"):
        (project / "data" / name).write_text(name)
    (project / "params.yaml").write_text(
        "run: {models: [m, n, k], probes: []}\n"
        "models:\n  m: {pretrained: data/a.pth}\n"
        "  n: {pretrained: [true, 'data/b{fold}.pth', bundled, data/none.pth]}\n"
        "  k: {pretrained: kept}\n"
        "  o: {pretrained: data/c.pth}\n"
    )
    folder = unpacked(project)
    assert sorted(path.name for path in (folder / "data").iterdir()) == [
        "a.pth",
        "b0.pth",
        "b1.pth",
    ]
    monkeypatch.setattr("croquis.fanout.named_weights.LARGEST_NEW", 3)
    with pytest.raises(InputError, match=r"data/a\.pth: .*its whole path"):
        pack(project)


def test_a_folder_without_git_or_dvc_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`dvc init`"):
        pack(tmp_path)
    (tmp_path / ".dvc").mkdir()
    with pytest.raises(InputError, match="git"):
        pack(tmp_path)


def changed(parcel: bytes, **changes: object) -> bytes:
    """The parcel with something else in what it says of itself."""
    contents = parcels._untar(parcel)
    about = json.loads(contents["parcel.json"]) | changes
    return parcels._tar(contents | {"parcel.json": json.dumps(about).encode()})


def test_another_python_or_other_packages_are_refused_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = project.parent / "home"
    with pytest.raises(InputError, match=r"Python 2\.7, as where it was made"):
        unpack(changed(pack(project), python="2.7"), home, cache=None)
    (project / "requirements.lock").write_text("numpy==0.1\n")
    with pytest.raises(InputError, match=r"numpy .* instead of 0\.1"):
        unpack(pack(project), home, cache=None)
    version = ".".join(map(str, sys.version_info[:2]))
    import numpy

    (project / "requirements.lock").write_text(f"numpy=={numpy.__version__}\n")
    refuse_other_environment({"python": version, "requirements": "x"}, project)
    assert [path for path in home.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"prefix": "../out"},
        {"prefix": "/out"},
        {"tree": "--all"},
        {"head": "HEAD"},
        {"format": 0},
        {"dvc": {"core": {"x": "y"}, "remote": {}}},
        {"dvc": None},
    ],
)
def test_what_leads_elsewhere_is_refused(
    project: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="expected a parcel"):
        unpack(
            changed(pack(project), **changes), project.parent / "home", cache=None
        )


def tree_of(project: Path, *lines: str) -> str:
    """A tree of git's whose names need not be good ones."""
    done = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=project,
        input=b"".join(
            b"100644 "
            + line.encode()
            + b"\0"
            + bytes.fromhex(git(project, "hash-object", "-w", "kept").strip())
            for line in lines
        ),
        env=git_environment(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("name", ["../out", "..", ".git", "/out", "a/../../out"])
def test_names_that_lead_out_of_the_checkout_are_refused(
    project: Path, name: str
) -> None:
    tree = tree_of(project, name)
    packed = subprocess.run(
        ["git", "pack-objects", "--stdout", "-q", "--revs"],
        cwd=project,
        input=f"{tree}\nHEAD\n".encode(),
        env=git_environment(),
        capture_output=True,
        check=True,
    ).stdout
    about = json.loads(parcels._untar(pack(project))["parcel.json"]) | {
        "tree": tree
    }
    evil = parcels._tar(
        {"parcel.json": json.dumps(about).encode(), "objects.pack": packed}
    )
    home = project.parent / "deep" / "home"
    with pytest.raises(InputError):
        unpack(evil, home, cache=None)
    assert not [path for path in project.parent.rglob("out")]
    assert [path for path in home.iterdir() if path.is_dir()] == []


def test_a_link_in_place_of_dvcs_folder_is_refused(project: Path) -> None:
    """Settings would be written where it leads."""
    outside = project.parent / "outside"
    (project / ".dvc").rename(outside)
    (project / ".dvc").symlink_to(outside)
    made = pack(project)
    with pytest.raises(InputError, match=r"\.dvc"):
        unpack(made, project.parent / "home", cache=None)
    assert not (outside / "config.local").exists()


@pytest.mark.parametrize("size", [0, 100, 1024, -1])
def test_what_is_no_parcel_or_half_of_one_is_refused(
    project: Path, size: int
) -> None:
    made = pack(project)
    half = made[:2000] if size < 0 else bytes(size)
    with pytest.raises(InputError):
        unpack(half, project.parent / "home", cache=None)


def test_more_than_two_gigabytes_or_too_many_files_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, home = pack(project), project.parent / "home"
    monkeypatch.setattr(parcels, "MOST_FILES", 3)
    with pytest.raises(InputError, match="8 files"):
        unpack(made, home, cache=None)
    monkeypatch.setattr(parcels, "LARGEST", 100)
    with pytest.raises(InputError, match="GiB"):
        unpack(made, home, cache=None)


def test_a_link_in_the_tar_is_not_followed(project: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("parcel.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(InputError, match=r"no parcel\.json"):
        unpack(buffer.getvalue(), project.parent / "home", cache=None)
