"""Whether trainings can be tracked: the store of MLflow's runs, and what a kill left of it."""

import os
from pathlib import Path

from croquis.core.addresses import hide_secrets
from croquis.core.text import counted
from croquis.doctor.finding import Finding
from croquis.tracking import store
from croquis.tracking.making import ASIDE, trouble_of_state
from croquis.tracking.running import killed_runs, marks_folder
from croquis.tracking.store_file import State, examine, sqlite_file

TOPIC = "tracking"


def tracking_finding() -> Finding:
    """Whether the store of MLflow's runs answers; one that does not never stops a training."""
    file = sqlite_file(store.uri())
    if file is None:
        return _answers(hide_secrets(store.uri()))
    examined = examine(file, to_write=True)
    if examined.state is State.MISSING:
        return _missing(file)
    if examined.state is not State.WHOLE:
        said = trouble_of_state(examined, file).trouble
        return Finding(TOPIC, "warning", said.says, said.fix)
    if not os.access(file.parent, os.W_OK):
        return _unwritable(file.parent)
    answer = _answers(str(file))
    notes = _notes(file) if answer.state == "ok" else []
    return Finding(
        TOPIC, answer.state, "; ".join([answer.says, *notes]), answer.fix
    )


def _answers(shown: str) -> Finding:
    """Whether MLflow can ask the store anything."""
    try:
        store.open_store().search_experiments(max_results=1)
    except Exception as error:  # whatever MLflow raises, here it is a finding
        said = store.store_trouble(error)
        if said.says.startswith(shown):
            says = said.says
        else:
            says = f"{shown} does not answer: {said.says}"
        fix = said.fix or "start the server or unset MLFLOW_TRACKING_URI"
        return Finding(TOPIC, "warning", says, f"{fix}; trainings run untracked")
    return Finding(TOPIC, "ok", f"{shown} answers")


def _missing(file: Path) -> Finding:
    folder = next(each for each in file.parents if each.exists())
    if not os.access(folder, os.W_OK):
        return _unwritable(folder)
    return Finding(TOPIC, "ok", f"{file}, made by the first training")


def _unwritable(folder: Path) -> Finding:
    fix = "give yourself the right to write there"
    return Finding(TOPIC, "warning", f"{folder} cannot be written", fix)


def _notes(file: Path) -> list[str]:
    """What kills left: runs that seem to be at work, and stores that were set aside."""
    notes = []
    if killed := killed_runs(marks_folder(file)):
        runs = counted(len(killed), "run", "runs")
        notes.append(f"{runs} of killed programs, which the next training ends")
    aside = [
        path.name
        for word in ASIDE.values()
        for path in sorted(file.parent.glob(f"{file.name}.{word}-*"))
    ]
    if aside:
        notes.append(f"set aside beside it: {', '.join(aside[:3])}")
    return notes
