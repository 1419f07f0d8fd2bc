"""`croquis undo`: parameters, dvc.lock, scores and outputs as of the last commit."""

import json
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from croquis import cli, lockfile, params
from croquis.commands.table import aligned
from croquis.errors import InputError
from croquis.files import whole
from croquis.outputs import Output
from croquis.report.wording import counted
from croquis.standing import files, foreign, link_on_the_way

KEPT = Path(".undo")  # in .gitignore and .dvcignore
FILES = ("params.yaml", "dvc.lock")
NAMED = 6  # paths that are named one by one


@dataclass
class Plan:
    """What is not as the last commit has it.

    Attributes:
        commit: the first digits of the last commit.
        files: what each file that differs will hold; None: it goes, as the commit has none.
        keys: the parameters that change, in words.
        back: outputs that come from DVC's cache.
        away: outputs that no stage of the commit has; DVC's cache keeps them.
        left: what stays though it differs, and why.
    """

    commit: str
    files: dict[str, bytes | None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def undo(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what it would do")] = False,
) -> None:
    """Takes an experiment back: parameters, dvc.lock, scores, outputs as of the last commit."""
    with cli.one_line():
        commit = _head()
        _check_idle()
        plan = _planned(commit)
        kept = None if dry_run else _kept(plan)
        lost = {} if dry_run else _done(plan)
        for line in lines(plan, kept, lost, dry_run=dry_run) + _off_branch():
            typer.echo(line)


def lines(
    plan: Plan, kept: Path | None, lost: Mapping[str, str], *, dry_run: bool = False
) -> list[str]:
    """What is taken back, what is kept, and what is left alone.

    Args:
        plan: what differed.
        kept: the folder of copies.
        lost: outputs that DVC could not bring, and why.
        dry_run: nothing was done.
    """
    if not (plan.files or plan.back or plan.away):
        same = f"nothing to take back: all is as of the last commit, {plan.commit}"
        return [same, *_rows([("left as it is", f"{p}: {why}") for p, why in plan.left.items()])]
    rows = [("params.yaml", line) for line in plan.keys]
    rows += [(path, _becomes(plan, path)) for path in plan.files if path != "params.yaml"]
    rows += [("outputs", text) for text in _of_outputs(plan)]
    rows += [("left as it is", f"{path}: {why}") for path, why in plan.left.items()]
    rows += [
        ("not there", f"{path}: {why}; `make repro` makes it anew") for path, why in lost.items()
    ]
    rows.append(("not touched", "code, other files that git knows, files that it does not know"))
    if kept is not None:
        back = f"cp -r {kept}/. ." + (" && dvc checkout" if "dvc.lock" in plan.files else "")
        rows.append(("kept", f"{kept}, what the files held; `{back}` takes this back"))
    said = "would be" if dry_run else "is"
    return [f"this {said} as of the last commit, {plan.commit}", *_rows(rows)]


def _becomes(plan: Plan, path: str) -> str:
    return "taken away, as the commit has none" if plan.files[path] is None else "put back"


def _of_outputs(plan: Plan) -> list[str]:
    said = []
    if plan.back:
        said.append(f"{counted(len(plan.back), 'output')} from DVC's cache: {_named(plan.back)}")
    if plan.away:
        what = f"{counted(len(plan.away), 'output')} taken away, in DVC's cache"
        said.append(f"{what}: {_named(plan.away)}")
    return said


def _named(paths: list[str]) -> str:
    more = len(paths) - NAMED
    return ", ".join(paths[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _rows(rows: list[tuple[str, str]]) -> list[str]:
    """Two columns; a name that repeats is written once."""
    names = [name if k == 0 or rows[k - 1][0] != name else "" for k, (name, _) in enumerate(rows)]
    texts = [text for _, text in rows]
    return [f"  {line}" for line in aligned(list(zip(names, texts, strict=True)))] if rows else []


def _head() -> str:
    """The last commit's first digits.

    Raises:
        InputError: outside of a git repository, or before its first commit.
    """
    done = _git("rev-parse", "--short", "HEAD")
    if done is None or not Path("dvc.yaml").is_file():
        received = "none" if done is None else "no dvc.yaml in this folder"
        fix = "give the command in the project's folder, after `git commit`"
        raise InputError("git", expected="a commit to go back to", received=received, fix=fix)
    return done.decode().strip()


def _off_branch() -> list[str]:
    """A killed `dvc exp run` leaves git on no branch, where later commits are easily lost."""
    if _git("symbolic-ref", "--quiet", "HEAD") is not None:
        return []
    here = (_git("branch", "--points-at", "HEAD", "--format=%(refname:short)") or b"").decode()
    names = [name for name in here.splitlines() if not name.startswith("(")]
    fix = f"`git switch {names[0]}`" if len(names) == 1 else "`git switch` and the branch's name"
    return [f"git is on no branch, as a killed experiment leaves it: {fix} goes back to one"]


def _git(*arguments: str) -> bytes | None:
    """What git printed; None where it failed."""
    done = subprocess.run(["git", *arguments], capture_output=True)
    return done.stdout if done.returncode == 0 else None


def _committed(path: str) -> bytes | None:
    # As git would write it here, should it change the ends of lines.
    return _git("cat-file", "--filters", f"HEAD:./{path}")


def _check_idle() -> None:
    """DVC frees its own lock while a stage runs, but notes who reads and writes what."""
    import psutil

    try:
        noted = json.loads(Path(".dvc/tmp/rwlock").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    groups = [noted.get("write", {}).values(), *noted.get("read", {}).values()]
    holders = [each for group in groups for each in group]
    for pid in sorted({each["pid"] for each in holders}):
        if psutil.pid_exists(pid):
            received, fix = f"one that is (process {pid})", "wait for it, or end it"
            raise InputError("dvc", expected="no run at work here", received=received, fix=fix)


def _planned(commit: str) -> Plan:
    plan = Plan(commit)
    then = _committed("params.yaml")
    if then is None:
        fix = "commit it: git add params.yaml && git commit"
        raise InputError("params.yaml", expected="it in the last commit", received="none", fix=fix)
    _compare(plan, "params.yaml", then)
    now = _read("params.yaml") or b""
    plan.keys = _changes(now, then) if "params.yaml" in plan.files else []
    lock = _committed("dvc.lock")
    if lock is None and Path("dvc.lock").is_file():
        plan.left["dvc.lock"] = "no commit has one, so it stays, with the outputs and scores it has"
    elif lock is not None:
        _compare(plan, "dvc.lock", lock)
    _plan_outputs(plan, _outputs(_read("dvc.lock")), _outputs(lock or _read("dvc.lock")))
    return plan


def _compare(plan: Plan, path: str, then: bytes | None) -> None:
    """By content: git's look at size and time misses an edit of equal length."""
    if _read(path) != then:
        plan.files[path] = then


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if Path(path).is_file() else None


def _changes(now: bytes, then: bytes) -> list[str]:
    """`lr: abc -> 0.001` for each parameter that goes back."""
    new, old = lockfile.parsed(now), lockfile.parsed(then)
    if not new:
        return ["all of it, as it cannot be read"]
    keys = params.differences(new, old)
    found = [f"{key}: {params.shown(a)} -> {params.shown(b)}" for key, a, b in keys]
    return found or ["comments and layout alone; no value"]


def _outputs(lock: bytes | None) -> dict[str, str]:
    """The hash of each output of a dvc.lock, by its path."""
    stages = lockfile.parsed(lock or b"").get("stages") or {}
    outs = [out for entry in stages.values() for out in entry.get("outs") or []]
    return {out["path"]: str(out.get("md5")) for out in outs}


def _plan_outputs(plan: Plan, made: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Compares what lies here with what the commit has.

    Args:
        plan: gets the differences.
        made: the outputs of the dvc.lock that is here: what runs made.
        wanted: those of the commit's, or the same where it has none.
    """
    uncached = lockfile.uncached(_read("dvc.yaml") or b"")
    disk = _Disk()
    for path in dict.fromkeys([*wanted, *made]):
        if path in uncached:
            _plan_scores(plan, path, wanted.get(path))
        elif (reason := _foreign(path, made)) is not None:
            if disk.hash(path) != wanted.get(path):
                plan.left[path] = reason
        elif disk.hash(path) != wanted.get(path):
            (plan.back if path in wanted else plan.away).append(path)


def _plan_scores(plan: Plan, path: str, wanted: str | None) -> None:
    """A file of scores is in git or nowhere; one that the commit's dvc.lock knows stays."""
    then, now = _committed(path), _read(path)
    if "dvc.lock" in plan.left and now is not None:
        return
    if then is None and now is not None and lockfile.md5(now) == wanted:
        return
    _compare(plan, path, then)


def _foreign(path: str, made: Mapping[str, str]) -> str | None:
    """Why what lies at `path` is not a run's to take; None where it is, or where nothing lies."""
    output = Output(path, "", True, made.get(path, ""))
    if link_on_the_way(output) is not None:
        return "it is a link, or lies behind one; what it points to is yours"
    if not foreign({output: files(output)}):
        return None
    return f"no run wrote it; move it away, and `dvc checkout {path}` brings the run's"


class _Disk:
    """What lies at the places of outputs, by DVC's hashes."""

    def __init__(self) -> None:
        self._repo: Any = None
        self._found: dict[str, Any] = {}

    def hash(self, path: str) -> str | None:
        """DVC's hash of a file or folder; None where there is none."""
        found = self._object(path)
        return None if found is None else found.hash_info.value

    def saved(self, path: str) -> bool:
        """Whether DVC's cache has every file of it."""
        found, cache = self._object(path), self._opened().cache.local
        parts = [hashed.value for _, _, hashed in found] if found.hash_info.isdir else []
        return all(cache.exists(each) for each in [found.hash_info.value, *parts])

    def _opened(self) -> Any:
        from dvc.repo import Repo  # DVC takes a second to import

        self._repo = self._repo or Repo()
        return self._repo

    def _object(self, path: str) -> Any:
        from dvc_data.hashfile.build import build

        if path not in self._found:
            if not Path(path).exists():
                return None
            repo = self._opened()
            place = str(Path(path).absolute())
            _, _, self._found[path] = build(repo.cache.local, place, repo.fs, "md5", dry_run=True)
        return self._found[path]


def _kept(plan: Plan) -> Path | None:
    """A copy of all files that will change; None where none is there."""
    now = [path for path in plan.files if Path(path).is_file()]
    if not now and not plan.away:
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder, number = KEPT / stamp, 1
    while folder.exists():
        folder, number = KEPT / f"{stamp}-{number}", number + 1
    for path in now:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)
    return folder


def _done(plan: Plan) -> dict[str, str]:
    """Carries it out; the outputs that could not be had, and why."""
    _write(plan)
    return _bring(plan) if plan.back else {}


def _write(plan: Plan) -> None:
    """The files as the commit has them; git's index is told, which `dvc exp run` added them to."""
    for path, content in plan.files.items():
        if content is None:
            Path(path).unlink(missing_ok=True)
        else:
            with whole(Path(path)) as draft:
                draft.write_bytes(content)
    if plan.files:
        _git("reset", "--quiet", "HEAD", "--", *plan.files)
    disk = _Disk()
    # What a run left that did not end is in no cache, and DVC would ask before it replaces that.
    unfinished = [path for path in plan.back if Path(path).exists() and not disk.saved(path)]
    for path in plan.away + unfinished:
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()


def _bring(plan: Plan) -> dict[str, str]:
    """Fetches outputs from DVC's cache; what could not be had, and why."""
    import logging

    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    lost = {}
    with Repo() as repo:
        for path in plan.back:
            try:
                repo.checkout(targets=[path], force=False)
            except DvcException as error:
                lost[path] = next(iter(str(error).splitlines()), type(error).__name__)
    return lost
