"""Has DVC end whole where it is asked to: SIGTERM, as of a machine that is taken back, and SIGHUP.

DVC puts HEAD and a person's edits back when an experiment ends, whatever ends it, but these signals
end Python at once. And a stage would go on without the DVC that records it.
"""

import atexit
import functools
import os
import signal
import sys
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


def end_whole() -> None:
    """From now on these signals end this process as Ctrl-C does, and its stage before it."""
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` ignores SIGHUP
            signal.signal(number, _end)


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
