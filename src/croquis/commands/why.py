"""`croquis why`: what would run, because of which change, and what that costs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import typer

from croquis.core import cli, params
from croquis.check import imports
from croquis.check.files_in_the_way import Obstacle, obstacles
from croquis.commands.table import aligned
from croquis.core.text import counted, duration
from croquis.restore import leftovers
from croquis.staleness.durations import estimate, last_durations
from croquis.staleness.stale import Stale, stale_stages

TRAINED = {
    "train": "model",
    "probe": "probe",
}  # stages that are trainings, and of what
NAMED = 5  # kinds of stages that are named beside a change
GONE_NAMED = 3  # outputs that are gone are named one by one up to here
BACK = "`dvc checkout` brings back what is gone, where DVC's cache has it"
PARAMS_FILE = "file params.yaml changed"  # says less than the keys that changed, so alone it stands


def why() -> None:
    """Says what would run and because of which change; runs nothing."""
    with cli.one_line():
        for line in leftovers.said():
            typer.echo(line)
        tree = params.read()
        in_the_way = obstacles(tree)
        source = params.required(params.required(tree, "data"), "source")
        stale, count = stale_stages()
        trained = any(
            _kind(stage) in TRAINED for stage in stale if not stage.cached
        )
        durations = last_durations(str(source)) if trained else {}
        faults = imports.unlisted()
    for line in (
        obstacle_lines(in_the_way)
        + why_lines(stale, count, durations)
        + unlisted_lines(faults)
    ):
        typer.echo(line)


def obstacle_lines(in_the_way: Sequence[Obstacle]) -> list[str]:
    """What `check` would refuse, as a run would touch a person's files; nothing if all is well."""
    if not in_the_way:
        return []
    lines = [f"  {each.where}: {each.says}; {each.fix}" for each in in_the_way]
    return ["check would stop the run, before anything is touched", *lines, ""]


def why_lines(
    stale: Sequence[Stale], count: int, durations: Mapping[str, float]
) -> list[str]:
    """The answer, line by line.

    Args:
        stale: the stages that are not as they were, in their order.
        count: of all stages.
        durations: seconds of each training's last run.
    """
    if not stale:
        return [f"nothing would run: all {count} stages are as dvc.lock has them"]
    running = [stage for stage in stale if not stage.cached]
    restored = [stage for stage in stale if stage.cached]
    lines = ["because of", *_indent(_causes(stale) + _losses(stale))]
    if any(stage.gone for stage in stale):
        lines += ["", BACK]
    if running:
        lines += ["", f"{len(running)} of {counted(count, 'stage')} would run"]
        lines += [
            *_indent(_plan(running, durations)),
            "",
            *_cost(running, durations),
        ]
    if restored:
        lines += ["", "restored from DVC's cache without running"]
        lines += _indent(
            [(kind, _matrix(kind, names)) for kind, names in _by_kind(restored)]
        )
    return lines


def unlisted_lines(faults: Sequence[imports.Fault]) -> list[str]:
    """What the answer cannot know: edits of code that dvc.yaml does not list."""
    if not faults:
        return []
    head = "not seen: edits of code that dvc.yaml does not list; `make repro` would refuse to start"
    return ["", head, *(f"  {fault}" for fault in faults)]


def _causes(stale: Sequence[Stale]) -> list[tuple[str, str]]:
    """Each change with the stages that it touches."""
    touched: dict[str, list[Stale]] = defaultdict(list)
    for stage in stale:
        for change in stage.changes:
            touched[change].append(stage)
    if len(touched) > 1:
        touched.pop(PARAMS_FILE, None)
    return [
        (change, _kinds_of(stages, stale)) for change, stages in touched.items()
    ]


def _losses(stale: Sequence[Stale]) -> list[tuple[str, str]]:
    """The outputs that are gone, each with its stage; counted, where they are many."""
    losers = [stage for stage in stale if stage.gone]
    count = sum(len(stage.gone) for stage in losers)
    if count <= GONE_NAMED:
        return [
            (f"output {path} is gone", each.name)
            for each in losers
            for path in each.gone
        ]
    loss = f"{counted(count, 'output')} of {counted(len(losers), 'stage')} are gone"
    return [(loss, _kinds_of(losers, stale))]


def _kinds_of(stages: Sequence[Stale], stale: Sequence[Stale]) -> str:
    """The kinds of stages, with the members where others of that kind are not meant."""
    everyone = dict(_by_kind(stale))
    parts = []
    for kind, names in _by_kind(stages):
        all_of_them = len(names) == len(everyone[kind])
        parts.append(
            kind if all_of_them else f"{kind} of {', '.join(_members(names))}"
        )
    more = len(parts) - NAMED
    if more < 2:
        return ", ".join(parts)
    return f"{', '.join(parts[:NAMED])} and {more} more"


def _plan(
    running: Sequence[Stale], durations: Mapping[str, float]
) -> list[tuple[str, str, str]]:
    """A row a kind of stage: its name, how many there are of it, and how long they take."""
    follows = {
        _kind(stage) for stage in running if stage.follows and not stage.changes
    }
    rows = []
    for kind, names in _by_kind(running):
        what = _matrix(kind, names) or ("follows" if kind in follows else "")
        seconds, unknown = estimate(names, durations)
        timed = kind in TRAINED and not unknown
        rows.append(
            (kind, what, f"about {duration(seconds / 60)}" if timed else "")
        )
    return rows


def _matrix(kind: str, names: Sequence[str]) -> str:
    """How many trainings there are of which members: 10 trainings (2 models x 5 folds: a, b)."""
    members = ", ".join(_members(names))
    if kind not in TRAINED:
        return members
    who = counted(len(_members(names)), TRAINED[kind])
    folds = counted(len({name.rpartition("-")[2] for name in names}), "fold")
    return f"{counted(len(names), 'training')} ({who} x {folds}: {members})"


def _cost(running: Sequence[Stale], durations: Mapping[str, float]) -> list[str]:
    """What the trainings cost; of other stages no time is kept."""
    trained = [stage.name for stage in running if _kind(stage) in TRAINED]
    seconds, unknown = estimate(trained, durations)
    lines = []
    if not trained:
        lines.append("no training among them")
    elif len(unknown) < len(trained):
        lines.append(
            f"trainings take about {duration(seconds / 60)}, as their last runs in MLflow did"
        )
    if unknown:
        lines.append(
            f"of {counted(len(unknown), 'training')} no run is known to tell how long"
        )
    if any(stage.cached is None for stage in running):
        lines.append(
            "what reads new results is restored, too, if it has met the same ones before"
        )
    return lines


def _by_kind(stages: Sequence[Stale]) -> list[tuple[str, list[str]]]:
    """The names of stages by kind, in their order."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for stage in stages:
        kinds[_kind(stage)].append(stage.name)
    return list(kinds.items())


def _kind(stage: Stale) -> str:
    return stage.name.partition("@")[0]


def _members(names: Sequence[str]) -> list[str]:
    """Models or probes of matrix stages, each once: `train@<model>-<fold>`, `embed@<probe>`."""
    items = [
        name.partition("@")[2].partition("-")[0] for name in names if "@" in name
    ]
    return list(dict.fromkeys(items))


def _indent(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"  {line}" for line in aligned(rows)]
