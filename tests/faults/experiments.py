"""Kills of DVC's experiments and of `croquis export`, and the same command until it is done."""

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from faults.kills import last_words
from faults.moved_head import disturb_moved_head
from faults.outcomes import Outcome
from faults.processes import SIGNALS, VICTIMS, family, strike
from faults.tiny_run import Reference, TinyRun
from support.tiny import BASELINE

CHANGE = "-S ensemble.vote=hard"  # four stages run, some seconds each
HERE = f"dvc exp run {CHANGE}"
ELSEWHERE = f"dvc exp run --temp {CHANGE}"
QUEUE = f"dvc exp run --queue {CHANGE}"
START = "dvc queue start"
EXPORT = "croquis export"
APPLY = "dvc exp apply $(dvc exp list --names-only | head -n 1)"
TRIES = 5  # of one command after a kill
LONGEST = 600.0  # seconds of a queue
GIT = re.compile(r"`(git (?:checkout|stash)[^`]*)`")  # what an error says to give


def disturb_experiments(
    finished: TinyRun,
    reference: Reference,
    folder: Path,
    seed: int,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """Two kills of each command; what it gives must be what it gives undisturbed.

    And signals in the instants in which HEAD moves.
    """
    rng = random.Random(seed)
    folder.mkdir()
    committed = finished.copied(folder / "committed")
    committed.run(BASELINE)
    undisturbed = committed.copied(folder / "undisturbed")
    lengths = {name: _timed(undisturbed, name) for name in (HERE, EXPORT)}
    wanted = undisturbed.results()
    lengths |= dict.fromkeys((ELSEWHERE, START), lengths[HERE])
    outcomes = []
    for number in range(2):
        for command, length in lengths.items():
            # A name of its own: a worker that is slow to end may write to the last one's folder.
            run = committed.copied(folder / f"run{len(outcomes)}")
            moment = rng.uniform(0.05, 1.0) * length
            kind, wrong = _disturb(run, command, moment, rng)
            if not wrong and command != EXPORT:
                wrong = _compare(run, command, wanted)
            left = [name for name in run.leftovers() if "/exps/" not in name]
            wrong = wrong or "; ".join(f"{name} is left" for name in left)
            outcomes.append(
                Outcome(kind, command.replace(CHANGE, "").strip(), wrong)
            )
            tell(str(outcomes[-1]))
            if wrong:
                run.folder.rename(folder / f"failed{number}-{len(outcomes)}")
            else:
                shutil.rmtree(run.folder, ignore_errors=True)
    return outcomes + disturb_moved_head(committed, folder, seed, tell)


def _timed(run: TinyRun, command: str) -> float:
    began = time.monotonic()
    status, words = run.call(command)
    if status:
        raise RuntimeError(f"{command}: {last_words(words)}")
    return time.monotonic() - began


def _disturb(
    run: TinyRun, command: str, moment: float, rng: random.Random
) -> tuple[str, str]:
    """The kind of a kill, and what was wrong after it."""
    name = rng.choice(list(SIGNALS))
    victim = rng.choice(VICTIMS)
    kind = f"{name} to {victim} of an experiment"
    if command == EXPORT:
        victim = "one child"
        kind = f"{name} to an export"
    if command == START:
        return f"{name} to a queue's worker", _disturb_queue(run, moment, name)
    child = run.begin(command, run.folder / ".outside/printed")
    try:
        child.wait(timeout=moment)
    except Exception:  # it is at work still
        strike(child, family(child), SIGNALS[name], victim)
        child.wait(timeout=LONGEST)
    return kind, _repeat(run, command)


def _repeat(run: TinyRun, command: str) -> str:
    """Gives a command until it is done, and those of git that its errors name."""
    words = ""
    for _ in range(TRIES):
        status, words = run.call(command)
        if status == 0:
            return ""
        for fix in GIT.findall(words):
            run.call(fix)
    return f"`{command}` needs a hand: {last_words(words)}"


def _disturb_queue(run: TinyRun, moment: float, name: str) -> str:
    run.run(QUEUE)
    run.run(START)
    time.sleep(moment)
    for process in _of_folder(run.folder):
        try:
            process.send_signal(SIGNALS[name])
        except psutil.Error:
            pass
    time.sleep(3)
    for process in _of_folder(
        run.folder
    ):  # SIGTERM lets a worker end its task first
        process.send_signal(signal.SIGKILL)
    began = time.monotonic()
    status, words = run.call("dvc queue status")
    if status:
        return f"`dvc queue status` needs a hand: {last_words(words)}"
    if "Success" not in words:
        # As DVC has it: what failed, or is said to run, is taken out and queued again.
        for command in ("dvc queue remove --all", QUEUE, START):
            status, words = run.call(command)
            if status:
                return f"`{command}` needs a hand: {last_words(words)}"
    while "Success" not in words and time.monotonic() - began < LONGEST:
        time.sleep(1)
        status, words = run.call("dvc queue status")
    return "" if "Success" in words else f"the queue: {last_words(words)}"


def _of_folder(folder: Path) -> list[psutil.Process]:
    """The processes that work in a project, also those that left its group."""
    own = os.getpid()
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != own and process.environ().get("TMPDIR", "") == str(
                folder / ".outside/tmp"
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _compare(run: TinyRun, command: str, wanted: dict[str, str]) -> str:
    if command != HERE:
        status, words = run.call(APPLY)
        if status:
            return f"`dvc exp apply`: {last_words(words)}"
    results = run.results()
    wrong = [name for name in wanted if results.get(name) != wanted[name]]
    return "; ".join(f"{name} differs" for name in wrong)
