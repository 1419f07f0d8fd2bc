"""Has DVC end whole where it is asked to: SIGTERM, as of a machine that is taken back, and SIGHUP.

DVC puts HEAD and a person's edits back when an experiment ends, whatever ends it, but these signals
end Python at once. And a stage would go on without the DVC that records it. Ctrl-C it knows, but
for the instants in which git moves HEAD or edits, before DVC notes that they have to go back.
"""

import atexit
import functools
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

import psutil

from croquis.core.ending import end_with_parent

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
GRACE = 60  # seconds that a stage has to save its state; its outputs are whole or absent
AGAIN = 0.05  # seconds until the next look
# Between these DVC moves HEAD and edits, and nothing of it would put them back.
EXPERIMENTS = os.path.join("dvc", "repo", "experiments", "")
# Below these it has an experiment at work, and puts all back whatever ends it.
AT_WORK = (
    os.path.join("dvc", "repo", "reproduce.py"),
    os.path.join("dvc", "repo", "checkout.py"),
)
GIT = (os.path.join("scmrepo", "git", ""), f"{os.sep}contextlib.py")
WAITS = os.path.join(
    "queue", "celery.py"
)  # for others' experiments, as long as they last
HELD = 10.0  # seconds for which Ctrl-C waits at most: whoever asks for it wants the prompt back


def end_whole() -> None:
    """From now on these signals end this process as Ctrl-C does, and its stage before it."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP
            signal.signal(number, _end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def end_shells_too() -> None:
    """From now on Linux ends the shell of a stage when this process dies, even of SIGKILL.

    The stage asks for the same of its parent. Where `SHELL` is dash or is not set, as in many
    containers, that is not DVC: this shell waits for its command.
    """
    from dvc.stage import run

    prepare = run.prepare_kwargs
    end_with_this = functools.partial(end_with_parent, os.getpid())

    @functools.wraps(prepare)
    def prepare_with_end(*arguments: Any, **options: Any) -> dict[str, Any]:
        return {**prepare(*arguments, **options), "preexec_fn": end_with_this}

    run.prepare_kwargs = prepare_with_end


def _end(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # it is on its way
    _end_stages()

    def end_soon(_: int, frame: FrameType | None) -> None:
        if _moves_edits(frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        name = signal.Signals(number).name
        print(
            f"dvc: ended by {name}; the same command goes on where it was",
            file=sys.stderr,
        )
        sys.exit(128 + number)

    signal.signal(signal.SIGALRM, end_soon)
    atexit.register(
        signal.setitimer, signal.ITIMER_REAL, 0
    )  # DVC may be done first
    end_soon(number, frame)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C: at once, but not while git moves HEAD or edits; then a moment later."""
    began = time.monotonic()

    def interrupt_soon(_: int, frame: FrameType | None) -> None:
        if _within_git(frame) and time.monotonic() - began < HELD:
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            _end_stages()  # begun since: DVC waits for it, and it was not asked
        signal.default_int_handler(number, frame)

    if _within_git(frame):
        signal.signal(signal.SIGALRM, interrupt_soon)
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    interrupt_soon(number, frame)


def _within_git(frame: FrameType | None) -> bool:
    """Whether an experiment is between two steps of git that belong together."""
    if frame is not None and WAITS not in frame.f_code.co_filename:
        if EXPERIMENTS in frame.f_code.co_filename:
            return True
    names = []
    while frame is not None:
        names.append(frame.f_code.co_filename)
        frame = frame.f_back
    if any(name.endswith(AT_WORK) for name in names):
        return False
    experiment = any(EXPERIMENTS in name for name in names)
    return experiment and any(part in name for part in GIT for name in names)


def _moves_edits(frame: FrameType | None) -> bool:
    """Whether DVC is about to run an experiment, or ends one, but does not run it."""
    in_experiments = False
    while frame is not None:
        name = frame.f_code.co_filename
        if name.endswith(AT_WORK):
            return False
        in_experiments = in_experiments or EXPERIMENTS in name
        frame = frame.f_back
    return in_experiments


def _end_stages() -> None:
    """Ends what this process has started, and waits for it.

    A group has been asked along with this process. A stage takes a second signal that comes at
    once for the first one; a later one would keep a training from saving its state.
    """
    stages = psutil.Process().children(recursive=True)
    for stage in stages:
        _send(stage, signal.SIGTERM)
    _, alive = psutil.wait_procs(stages, timeout=GRACE)
    for stage in alive:
        _send(stage, signal.SIGKILL)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return  # it has ended
