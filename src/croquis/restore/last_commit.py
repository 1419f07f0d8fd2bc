"""What differs from the last commit: parameters, lock, scores, outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from croquis.core import params, pipeline
from croquis.check.existing_files import files_at, foreign_files, link_on_the_way
from croquis.check.outputs import Output
from croquis.core.errors import InputError
from croquis.restore.disk import Disk
from croquis.restore.git import git
from croquis.restore.killed_experiment import killed_experiment_lines
from croquis.scoring import dvc_records


@dataclass
class Plan:
    """What is not as the last commit has it.

    Attributes:
        commit: the first digits of the last commit.
        files: what each file that differs will hold; None: it goes, as the commit has none.
        keys: the parameters that change, in words.
        back: outputs that come from DVC's cache.
        away: outputs that no stage of the commit has; DVC's cache keeps them.
        unfinished: what killed runs left in places of outputs, of the commit's or of others; it
            goes, and no cache has it.
        left: what stays though it differs, and why.
    """

    commit: str
    files: dict[str, bytes | None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def head_commit() -> str:
    """The last commit's first digits.

    Raises:
        InputError: outside of a git repository, or before its first commit.
    """
    done = git("rev-parse", "--short", "HEAD")
    if done is None or not Path("dvc.yaml").is_file():
        received = "none" if done is None else "no dvc.yaml in this folder"
        fix = "give the command in the project's folder, after `git commit`"
        raise InputError(
            "git", expected="a commit to go back to", received=received, fix=fix
        )
    return done.decode().strip()


def off_branch() -> list[str]:
    """On no branch later commits are easily lost, whoever left it; a killed experiment does."""
    if lines := killed_experiment_lines():
        return lines
    if git("symbolic-ref", "--quiet", "HEAD") is not None:
        return []
    here = git("branch", "--points-at", "HEAD", "--format=%(refname:short)") or b""
    names = [
        name for name in here.decode().splitlines() if not name.startswith("(")
    ]
    fix = (
        f"`git switch {names[0]}`"
        if len(names) == 1
        else "`git switch` and the branch's name"
    )
    return [
        f"git is on no branch, as a killed experiment leaves it: {fix} goes back to one"
    ]


def _read_commit(path: str) -> bytes | None:
    # As git would write it here, should it change the ends of lines.
    return git("cat-file", "--filters", f"HEAD:./{path}")


def plan_undo(commit: str) -> Plan:
    """What differs from the last commit, and what can be put back of it.

    Raises:
        InputError: if the commit has no params.yaml.
    """
    pipeline.read_stages()  # undo rests on dvc.yaml, and leaves it alone
    plan = Plan(commit)
    then = _read_commit("params.yaml")
    if then is None:
        fix = "commit it: git add params.yaml && git commit"
        raise InputError(
            "params.yaml",
            expected="it in the last commit",
            received="none",
            fix=fix,
        )
    _compare(plan, "params.yaml", then)
    now = _read("params.yaml") or b""
    plan.keys = _changes(now, then) if "params.yaml" in plan.files else []
    lock = _read_commit("dvc.lock")
    if lock is None and Path("dvc.lock").is_file():
        pipeline.read_lock()  # a damaged one cannot stay
        plan.left["dvc.lock"] = (
            "no commit has one, so it stays, with the outputs and scores it has"
        )
    elif lock is not None:
        _compare(plan, "dvc.lock", lock)
    _plan_outputs(
        plan, _outputs(_read("dvc.lock")), _outputs(lock or _read("dvc.lock"))
    )
    return plan


def _compare(plan: Plan, path: str, then: bytes | None) -> None:
    """By content: git's look at size and time misses an edit of equal length."""
    if _read(path) != then:
        plan.files[path] = then


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if Path(path).is_file() else None


def _changes(now: bytes, then: bytes) -> list[str]:
    """`lr: abc -> 0.001` for each parameter that goes back."""
    new = dvc_records.parse_yaml(now)
    old = dvc_records.parse_yaml(then)
    if not new:
        return ["all of it, as it cannot be read"]
    keys = params.differences(new, old)
    lines = [
        f"{key}: {params.format_value(a)} -> {params.format_value(b)}"
        for key, a, b in keys
    ]
    return lines or ["comments and layout alone; no value"]


def _outputs(lock: bytes | None) -> dict[str, str]:
    """The hash of each output of a dvc.lock, by its path."""
    stages = dvc_records.stages_of(lock or b"")
    outs = [out for entry in stages.values() for out in entry.get("outs") or []]
    return {
        out["path"]: str(out.get("md5"))
        for out in outs
        if isinstance(out, dict) and isinstance(out.get("path"), str)
    }


def _plan_outputs(
    plan: Plan, made: Mapping[str, str], wanted: Mapping[str, str]
) -> None:
    """Compares what lies here with what the commit has.

    Args:
        plan: gets the differences.
        made: the outputs of the dvc.lock that is here: what runs made.
        wanted: those of the commit's, or the same where it has none.
    """
    uncached = dvc_records.uncached(_read("dvc.yaml") or b"")
    disk = Disk()
    for path in dict.fromkeys([*wanted, *made]):
        if path in uncached:
            _plan_scores(plan, path, wanted.get(path))
        elif disk.hash(path) == wanted.get(path):
            continue
        elif reason := _foreign(path, made) or _only_here(path, made, wanted, disk):
            plan.left[path] = reason
        else:
            is_lost = disk.hash(path) is not None and not disk.saved(path)
            plan.unfinished += [path] if is_lost else []
            plan.back += [path] if path in wanted else []
            plan.away += [path] if path not in wanted and not is_lost else []


def _plan_scores(plan: Plan, path: str, wanted: str | None) -> None:
    """A file of scores is in git or nowhere; one that the commit's dvc.lock knows stays."""
    then = _read_commit(path)
    now = _read(path)
    if "dvc.lock" in plan.left and now is not None:
        return
    if then is None and now is not None and dvc_records.md5(now) == wanted:
        return
    _compare(plan, path, then)


def _foreign(path: str, made: Mapping[str, str]) -> str:
    """Why what lies at `path` is not a run's to take; empty where it is, or where nothing lies."""
    output = Output(path, "", True, made.get(path, ""))
    if link_on_the_way(output) is not None:
        return "it is a link, or lies behind one; what it points to is yours"
    lost = foreign_files({output: files_at(output)}).get(output, [])
    if not lost:
        return ""
    first = (
        "it"
        if lost[0] == path
        else lost[0].encode(errors="backslashreplace").decode()
    )
    return f"no run wrote {first}; move it away, and `dvc checkout {path}` brings the run's"


def _only_here(
    path: str, made: Mapping[str, str], wanted: Mapping[str, str], disk: Disk
) -> str:
    """Why a result cannot go: the cache was emptied, or never had it (`dvc repro --no-commit`)."""
    digest = disk.hash(path)
    if digest is None or digest != made.get(path) or disk.saved(path):
        return ""
    then = f", and dvc checkout {path}" if path in wanted else ""
    return f"DVC's cache does not have it; to do without it, rm -r {path}{then}"
