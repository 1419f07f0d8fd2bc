"""`croquis experiments`: DVC's experiments, a row each, with what was changed; 100 columns wide.

`dvc exp show` gives each metric, parameter and file a column and cuts what is too wide.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from croquis.core import cli
from croquis.commands.table import aligned
from croquis.core.addresses import hide_secrets
from croquis.core.errors import InputError
from croquis.core.text import share
from croquis.scoring import outdated_scores
from croquis.scoring.metric_names import WORDS, metric_name, numbers_on_test, rank
from croquis.set_params.renamed import renamed
from croquis.tracking.logged_params import flat

WIDTH = 100
SHOWN = 24  # characters of a value
LEAST = 20  # columns for what was changed
INDENT = " " * 6
NOT_RUN = "not run"
NOTES = (
    "images: of run.folds; `croquis compare` compares on those that two experiments share",
    "test: the vote of all folds, where a solution is known",
)
UNMADE = "not run: no score is of the parameters and the data of that row"


def experiments() -> None:
    """Lists DVC's experiments: scores, and what was changed against the commit they began at."""
    with cli.one_line():
        states = _ask_dvc()
    for line in experiment_lines(states):
        typer.echo(line)


def _ask_dvc() -> list[dict[str, Any]]:
    """As `dvc exp show --json` has it: the workspace, HEAD, and every commit with experiments."""
    import logging

    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with Repo() as repo:
            begun = repo.experiments.ls(all_commits=True)
            revisions = list(dict.fromkeys([repo.scm.get_rev(), *begun]))
            return [
                _drop_outdated(state.dumpd())
                for state in repo.experiments.show(revs=revisions)
            ]
    except (DvcException, SCMError) as error:
        reason = " ".join(str(error).split())
        fix = "start from a git repository with a commit"
        raise InputError(
            "dvc", expected="experiments", received=reason, fix=fix
        ) from error


def _drop_outdated(state: dict[str, Any]) -> dict[str, Any]:
    """The state without scores that its dvc.lock does not have; its experiments' likewise."""
    rev = state["rev"]
    kept = (state.get("data") or {}).get("metrics") or {}
    if kept:
        run = (
            outdated_scores.state_of_folder()
            if rev == outdated_scores.HERE
            else outdated_scores.state_of_commit(rev)
        )
        for path in [path for path in kept if run.outdated(path)]:
            del kept[path]
    for each in state.get("experiments") or []:
        each["revs"] = [_drop_outdated(revision) for revision in each["revs"]]
    return state


def experiment_lines(states: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table; below each commit its experiments, the best first.

    By the metric of the workspace, which all rows have; of other runs without an interval.

    Args:
        states: as `dvc exp show --json` has them, the workspace first.
    """
    metric = _metric(states)
    head = next(
        (each for each in states if each["rev"] != outdated_scores.HERE), None
    )
    rows: list[tuple[str, ...]] = [
        ("experiment", f"OOF {WORDS[metric]}", "images", "test", "when", "changed")
    ]
    for state in states:
        # The workspace is compared with the last commit, an experiment with the one it began at.
        against = head if state["rev"] == outdated_scores.HERE else None
        row = _row(_label(state), state, against, metric)
        rows += [row, *_rows_below(state, metric)]
    unmade = [UNMADE] if any(NOT_RUN in row for row in rows) else []
    return [*_narrow(rows), "", *NOTES, *unmade]


def _label(state: Mapping[str, Any]) -> str:
    """A commit's first digits with the name of its branch or tag; or the workspace."""
    label = (
        outdated_scores.HERE
        if state["rev"] == outdated_scores.HERE
        else state["rev"][:7]
    )
    if state.get("name") not in (None, state["rev"]):
        label += f" [{state['name']}]"
    return label


def _metric(states: Sequence[Mapping[str, Any]]) -> str:
    """The metric of the workspace's params.yaml; accuracy where it names none."""
    here = (state for state in states if state["rev"] == outdated_scores.HERE)
    name = metric_name(_parameters(next(here, {})))
    return name if name in WORDS else "accuracy"


def _rows_below(state: Mapping[str, Any], metric: str) -> list[tuple[str, ...]]:
    """The experiments that began at a commit, the best first."""
    begun = [(each, each["revs"][0]) for each in state.get("experiments") or []]
    rows = []
    for each, revision in sorted(begun, key=lambda pair: _place(pair[1], metric)):
        name = f"  {each.get('name') or revision['rev'][:7]}"
        doing = (each.get("executor") or {}).get("state")
        rows.append(_row(name, revision, state, metric, doing))
    return rows


def _row(
    name: str,
    state: Mapping[str, Any],
    baseline: Mapping[str, Any] | None,
    metric: str,
    doing: str | None = None,
) -> tuple[str, ...]:
    """A row of the table; `doing` is DVC's word for an experiment that has not ended."""
    when = str((state.get("data") or {}).get("timestamp") or "")[5:16].replace(
        "T", " "
    )
    changes = "" if baseline is None else _changes(state, baseline)
    if state.get("error"):
        doing = "failed"
    if doing is not None and doing.lower() != "success":
        return name, doing.lower(), "", "", when, changes
    return name, *_scores(state, metric), when, changes


def _scores(state: Mapping[str, Any], metric: str) -> tuple[str, str, str]:
    """The metric with its interval, on how many images, and on the test set, if known."""
    scores = _metrics(state, "ensemble")
    number = NOT_RUN
    if metric in scores:
        number = share(scores[metric])
        if f"{metric}_low" in scores:
            low = share(scores[f"{metric}_low"])
            high = share(scores[f"{metric}_high"])
            number += f" ({low} .. {high})"
    images = f"{scores['images']:,}" if "images" in scores else ""
    return number, images, _on_test(_metrics(state, "submission"), metric)


def _on_test(submission: dict[str, Any], metric: str) -> str:
    """The submission's number, if a run has it by that metric; all have the accuracy."""
    test = submission.get("test_accuracy")
    if metric != "accuracy":
        is_same = metric_name(submission) == metric
        test = numbers_on_test(submission).get("test") if is_same else None
    return "" if test is None else share(test)


def _place(state: Mapping[str, Any], metric: str) -> float:
    """A key that sorts experiments, the best first; those without a score come last."""
    number = _metrics(state, "ensemble").get(metric)
    return math.inf if number is None else rank(metric, number)


def _metrics(state: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """The metrics of a stage, by the names of today."""
    metrics = (state.get("data") or {}).get("metrics") or {}
    content = (metrics.get(f"metrics/{stage}.json") or {}).get("data") or {}
    names = renamed("metrics")
    return {names.get(name, name): value for name, value in content.items()}


def _changes(state: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """`lr=0.0001, run.folds=[0]`: the parameters that are not as at the baseline."""
    new = _parameters(state)
    old = _parameters(baseline)
    if not new or not old:
        return ""
    keys = [key for key in {**old, **new} if new.get(key, ...) != old.get(key, ...)]
    return ", ".join(f"{key}={_value(new.get(key, 'gone'))}" for key in keys)


def _value(value: Any) -> str:
    text = (
        f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)
    )
    text = hide_secrets(text)  # before it is cut, as half a password is one, too
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _parameters(state: Mapping[str, Any]) -> dict[str, Any]:
    files = (state.get("data") or {}).get("params") or {}
    return flat((files.get("params.yaml") or {}).get("data") or {})


def _narrow(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The table with its last column wrapped where it would pass the width."""
    starts = [line[:-1] for line in aligned([(*row[:-1], "|") for row in rows])]
    longest = max(len(word) for row in rows for word in row[-1].split() or [""])
    if WIDTH - len(starts[0]) < max(LEAST, longest):
        return _with_changes_below(rows)
    lines = []
    for start, row in zip(starts, rows, strict=True):
        wrapped = _wrap(row[-1], " " * len(start)) or [start]
        lines += [(start + wrapped[0][len(start) :]).rstrip(), *wrapped[1:]]
    return lines


def _with_changes_below(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The table of long names: what was changed stands on lines of its own."""
    head, *starts = aligned([row[:-1] for row in rows])
    lines = [head]
    for start, row in zip(starts, rows[1:], strict=True):
        lines += [start, *_wrap(row[-1], INDENT)]
    return lines


def _wrap(text: str, indent: str) -> list[str]:
    """Lines that end between words, where a word is not longer than a line."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
