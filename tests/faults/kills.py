"""Kills of `make repro` at random moments of each stage, and the same command until it is done."""

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import psutil

from faults.outcomes import Outcome
from faults.processes import SIGNALS, VICTIMS, Stage, family, stage_of, strike
from faults.tiny_run import REPRO, STAGES, Reference, TinyRun

LOOK = 0.03  # seconds between two looks at the processes
# A moment: a share of the stage's length, or the instant in which one of these changes.
FILES = {"its draft": "", "dvc's lock": ".dvc/tmp/rwlock", "dvc.lock": "dvc.lock"}
START = "dvc's start"  # before any stage
AFTER = 1.2  # the share of a stage's length up to which it is hit: DVC hashes and caches then
ORDER = (START, *STAGES)
MOMENTS = ("", "", *FILES)  # two in five by the clock
PER_CHAIN = 25  # kills of one run
LONGEST = 900.0  # seconds of one command
T = TypeVar("T")
PARENTS = ("data", "data/images", "data/explained", "data/plots", "metrics")


@dataclass(frozen=True)
class Kill:
    """A kill that is planned.

    Attributes:
        stage: in which it falls.
        number: the signal's name.
        victim: whom it hits.
        share: of the stage's length when it falls.
        file: one of `FILES` whose change is waited for, or nothing.
    """

    stage: str
    number: str
    victim: str
    share: float
    file: str = ""

    @property
    def kind(self) -> str:
        """As the table has it."""
        return f"{self.number} to {self.victim}"

    @property
    def place(self) -> str:
        """As the table has it."""
        return self.stage


def plan(count: int, seed: int) -> list[list[Kill]]:
    """Kills for some chains: each stage, signal and victim about equally often.

    A chain is one run from the data to the report. Its kills are in the order of the stages.
    """
    rng = random.Random(seed)
    kinds = [(number, victim) for number in SIGNALS for victim in VICTIMS]
    chosen = [
        Kill(stage, number, victim, rng.uniform(0, AFTER), rng.choice(MOMENTS))
        for stage, (number, victim) in zip(
            _evenly(ORDER, count, rng), _evenly(kinds, count, rng), strict=True
        )
    ]
    chains = -(-count // PER_CHAIN)
    rng.shuffle(chosen)
    return [
        sorted(chosen[chain::chains], key=lambda kill: ORDER.index(kill.stage))
        for chain in range(chains)
    ]


def _evenly(values: Sequence[T], count: int, rng: random.Random) -> list[T]:
    """So many of the values, each about equally often, in a random order."""
    order = [
        value
        for _ in range(-(-count // len(values)))
        for value in rng.sample(values, len(values))
    ]
    return order[:count]


def run_chain(
    run: TinyRun,
    kills: list[Kill],
    reference: Reference,
    tell: Callable[[str], None],
) -> list[Outcome]:
    """A whole run with kills; an outcome for each that fell."""
    waiting = list(kills)
    fallen: list[Kill] = []
    wrong = ""
    while not wrong:
        status, killed, words = _run_once(run, waiting, fallen, reference, tell)
        if status == 0:
            break
        if not killed:
            wrong = f"`make repro` needs a hand: {last_words(words)}"
    if not wrong:
        wrong = "; ".join(run.differences(reference))
    outcomes = [Outcome(kill.kind, kill.place) for kill in fallen]
    if (
        wrong
    ):  # of the last one, most likely: the chain's other kills were gone over
        outcomes[-1:] = [replace(outcomes[-1], wrong=f"{wrong} (in {run.folder})")]
    return outcomes


def _run_once(
    run: TinyRun,
    waiting: list[Kill],
    fallen: list[Kill],
    reference: Reference,
    tell: Callable[[str], None],
) -> tuple[int, bool, str]:
    """`make repro` once: its status, whether it was killed, and its words."""
    printed = run.folder / ".outside" / f"printed{len(fallen)}"
    child = run.begin(REPRO, printed)
    watch = Watch(run, reference)
    killed = False
    while child.poll() is None:
        processes = family(child)
        stage = stage_of(processes)
        watch.look(stage)
        if waiting and processes and watch.is_moment(waiting[0]):
            kill = waiting.pop(0)
            strike(child, processes, SIGNALS[kill.number], kill.victim)
            fallen.append(replace(kill, stage=watch.stage))
            tell(f"{kill.kind}, {kill.place}")
            killed = True
        watch.refuse_endless()
        time.sleep(watch.pause)
    return child.returncode, killed, printed.read_text(errors="replace")


class Watch:
    """What is going on in a run, and whether the moment of a kill has come.

    Args:
        run: that is watched.
        reference: how long its stages take.
    """

    pause = LOOK

    def __init__(self, run: TinyRun, reference: Reference) -> None:
        self._run = run
        self._seconds = reference.seconds
        self._began = time.monotonic()
        self._seen: dict[str, float] = {}
        self._stamps: dict[str, object] = {}

    def look(self, stage: Stage | None) -> None:
        """Notes the stage that is at work."""
        if stage is None or stage.name in self._seen:
            return
        try:
            self._seen[stage.name] = time.monotonic() - stage.age
        except psutil.Error:
            return
        self._stamps = {name: self._stamp(name) for name in FILES}

    @property
    def stage(self) -> str:
        """The stage that began last."""
        return list(self._seen)[-1] if self._seen else START

    def is_moment(self, kill: Kill) -> bool:
        """Whether a kill falls now."""
        if kill.stage == START:
            elapsed = time.monotonic() - self._began
            return bool(self._seen) or elapsed > kill.share * self._seconds[START]
        place, now = ORDER.index(kill.stage), ORDER.index(self.stage)
        if place != now:
            return place < now  # the last instant: the next stage has begun
        elapsed = time.monotonic() - self._seen[kill.stage]
        length = self._seconds[kill.stage]
        if kill.file:
            changed = self._stamp(kill.file) != self._stamps[kill.file]
            return changed or elapsed > 3 * length
        return elapsed > kill.share * length

    def refuse_endless(self) -> None:
        """Raises TimeoutError where a run hangs."""
        if time.monotonic() - self._began > LONGEST:
            raise TimeoutError(f"{self._run.folder}: a run hangs")

    def _stamp(self, name: str) -> object:
        """What changes when a file is written."""
        folder = self._run.folder
        if FILES[name]:
            path = folder / FILES[name]
            return path.stat().st_mtime_ns if path.exists() else None
        places = [folder / parent for parent in PARENTS]
        places += [*folder.glob("data/*/*/"), *folder.glob("data/*/*/*/")]
        return [
            entry
            for place in places
            if place.is_dir()
            for entry in _entries(place)
            if entry.startswith(".")
        ]


def _entries(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:  # it has just gone
        return []


def last_words(text: str) -> str:
    """The line of an output that says what is wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return " | ".join((errors or lines)[-3:])[-600:]


def time_stages(run: TinyRun) -> dict[str, float]:
    """Runs `make repro` undisturbed; the seconds of each stage, and until the first begins."""
    printed = run.folder / ".outside" / "printed"
    began = time.monotonic()
    child = run.begin(REPRO, printed)
    seconds: dict[str, float] = {}
    while child.poll() is None:
        stage = stage_of(family(child))
        if stage is not None:
            try:
                seconds.setdefault(START, time.monotonic() - began + 3.0)
                age = max(stage.age, LOOK)
                seconds[stage.name] = max(age, seconds.get(stage.name, 0.0))
            except psutil.Error:
                pass
        time.sleep(LOOK)
    if child.returncode != 0:
        words = last_words(Path(printed).read_text(errors="replace"))
        raise RuntimeError(f"the undisturbed run failed: {words}")
    return seconds
