"""One stage of a parcel, run in a checkout of it: `croquis work`, on any machine.

This process stands between whoever starts it and `dvc`. Whatever ends either of them, the training
saves its state, and nothing is left alive.
"""

import contextlib
import hashlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.full_disk import WORDS, is_full_disk
from croquis.core.workspaces import temporary_folder
from croquis.fanout.checkouts import alone, in_use, sweep_checkouts
from croquis.fanout.parcel import unpack
from croquis.fanout.snapshot import git_environment
from croquis.fanout.supervisor.ends import EndRequests, heard, leave_group
from croquis.fanout.supervisor.group import POLL, GroupEnd, run_group
from croquis.fanout.supervisor.status_file import StatusFile

FAILED = 1
AGAIN = 75  # EX_TEMPFAIL of sysexits.h: what another attempt may cure
HOME = Path(".fanout/checkouts")
# Of DVC's and of this program's own: a stage in a checkout belongs to no run around it.
OF_A_RUN = ("DVC_ROOT", "DVC_STAGE", "DVC_PARALLEL", "DVC_NO_TTY")
# Words of CUDA about a card that another one may replace.
BROKEN_CARD = (
    "uncorrectable ECC error",
    "CUDA-capable device(s) is/are busy or unavailable",
    "GPU is lost",
    "fallen off the bus",
    "no CUDA-capable device is detected",
)


@dataclass(frozen=True)
class WorkOrder:
    """One stage to run.

    Attributes:
        stage: its name.
        parcel: the file that holds the project.
        home: where checkouts are.
        cache: DVC's cache; None: the checkout's own.
        root: the project's folder, where states to go on from are; None: the checkout.
        remote: DVC's remote, to pull inputs from and push results to; None: the cache is enough.
        parent: the process that it works for, by number; None: nobody's.
        status: the file that says where the stage is; None: none.
    """

    stage: str
    parcel: Path
    home: Path
    cache: Path | None = None
    root: Path | None = None
    remote: str | None = None
    parent: int | None = None
    status: Path | None = None


def work_command(
    stage: str,
    parcel: Path,
    home: Path,
    *,
    cache: Path | None,
    root: Path | None,
    remote: str | None,
    parent: int | None,
    status: Path | None,
) -> list[str]:
    """The command line of `croquis work`; its arguments are those of `WorkOrder`."""
    command = [sys.executable, "-m", "croquis.commands.main", "work"]
    command += ["--parcel", str(parcel), "--home", str(home)]
    options = {
        "cache": cache,
        "root": root,
        "remote": remote,
        "parent": parent,
        "status": status,
    }
    for name, value in options.items():
        if value is not None:
            command += [f"--{name}", str(value)]
    return [*command, "--", stage]


def run_order(order: WorkOrder) -> int:
    """Runs a stage, and leaves its results in DVC's run cache or in the remote.

    Returns:
        0 done; 1 the stage failed by itself; 75 what another attempt may cure; 128 + n ended by
        signal n, with its state saved.

    Raises:
        InputError: if the parcel cannot be used here.
    """
    if order.parent is not None:
        leave_group()
    requests = EndRequests(order.parent)
    with heard(requests):
        try:
            return _run_in_checkout(order, requests)
        except (OSError, InputError) as error:
            if not is_full_disk(error):
                raise
            print(f"error: {error}", file=sys.stderr)
            return AGAIN


def _run_in_checkout(order: WorkOrder, requests: EndRequests) -> int:
    sweep_checkouts(order.home)
    parcel = _read(order.parcel)
    for _ in range(3):  # it may be swept before it is in use
        folder = unpack(parcel, order.home, cache=order.cache)
        top = _top(folder, order.home)
        with in_use(top) as lock:
            if folder.is_dir():
                return _run_alone(order, folder, requests, lock)
    raise InputError(
        order.home,
        expected="a checkout that stays",
        received="one that another program removes",
        fix="name another folder with --home",
    )


def _run_alone(
    order: WorkOrder, folder: Path, requests: EndRequests, lock: int | None
) -> int:
    """Runs the steps once no earlier attempt is at work in the checkout, saving its state."""
    digest = hashlib.sha256(order.stage.encode()).hexdigest()[:16]
    path = folder / ".dvc" / "tmp" / f"croquis-{digest}.lock"

    def wait() -> None:
        if (number := requests.look()) is not None:
            raise SystemExit(128 + number)
        time.sleep(POLL)

    with alone(path, wait) as stage_lock, temporary_folder("work") as desk:
        locks = [each for each in (lock, stage_lock) if each is not None]
        return _Run(order, folder, desk, requests, locks).all_steps()


def _read(parcel: Path) -> bytes:
    try:
        return parcel.read_bytes()
    except OSError as error:
        raise InputError(
            parcel,
            expected="a parcel",
            received=error.strerror or str(error),
            fix="`croquis fanout --pack` makes one",
        ) from error


def _top(folder: Path, home: Path) -> Path:
    home = home.absolute()
    return home / folder.relative_to(home).parts[0]


def checkout_environment(
    folder: Path, root: Path | None, progress: Path
) -> dict[str, str]:
    """The environment of what runs in a checkout: its own modules, and the project's states.

    Args:
        folder: the checkout's.
        root: the project's; None: the checkout.
        progress: the file that a stage writes its progress to.
    """
    environment = git_environment()
    for name in OF_A_RUN:
        environment.pop(name, None)
    # Of the checkout, as they are what DVC hashes; an editable install would win otherwise.
    places = [str(folder / "src"), environment.get("PYTHONPATH", "")]
    scripts = [str(Path(sys.executable).parent), environment.get("PATH", "")]
    return environment | {
        "PYTHONPATH": os.pathsep.join(filter(None, places)),
        "PATH": os.pathsep.join(filter(None, scripts)),
        "CROQUIS_ROOT": str((root or folder).absolute()),
        "CROQUIS_PROGRESS": str(progress),
        "DVC_NO_ANALYTICS": "1",
    }


class _Run:
    """The steps of one stage: its inputs, itself, its results sent home."""

    def __init__(
        self,
        order: WorkOrder,
        folder: Path,
        desk: Path,
        requests: EndRequests,
        locks: Sequence[int],
    ) -> None:
        self._order = order
        self._folder = folder
        self._requests = requests
        self._kept_open = (
            locks  # by `dvc`, too, which outlives a kill of this process
        )
        progress = desk / "progress.json"
        self._environment = checkout_environment(folder, order.root, progress)
        self._status = StatusFile(order.status, progress)

    def all_steps(self) -> int:
        order = self._order
        self._status.say("inputs")
        inputs = (
            "croquis.fanout.supervisor.inputs",
            order.stage,
            order.remote or "",
        )
        if status := self._step(*inputs):
            return status
        self._status.say("running")
        guard = "croquis.commands.guarded_dvc"
        repro = ("--wait-for-lock", "repro", "--single-item", order.stage)
        if status := self._step(guard, *repro):
            return status
        if order.remote is not None:
            self._status.say("results")
            push = ("push", "--run-cache", "--remote", order.remote, order.stage)
            # The results are there: only the way to the remote can fail.
            if status := self._step(guard, *push):
                return AGAIN if status == FAILED else status
        self._status.say("done")
        return 0

    def _step(self, module: str, *arguments: str) -> int:
        """The status of a step, in the words of `run_order`."""
        command = [sys.executable, "-m", module, *arguments]
        end = run_group(
            command,
            self._folder,
            self._environment,
            self._requests,
            look=self._status.look,
            kept_open=self._kept_open,
        )
        return status_of(end)


def status_of(end: GroupEnd) -> int:
    """The status of `croquis work` after a step that ended in a way."""
    if end.status == 0:
        return 0
    if end.asked is not None:
        return 128 + end.asked
    if end.signal is not None:
        return 128 + end.signal
    if end.status > 128 and end.status - 128 in {int(n) for n in _ENDS}:
        return end.status
    if end.status == AGAIN or _is_machine(end.tail):
        return AGAIN
    return FAILED


_ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL)


def _is_machine(tail: str) -> bool:
    """Whether what a step printed last is about the machine and not about the stage."""
    lines = tail.splitlines()[-40:]
    return any(
        WORDS.search(line) or any(word in line for word in BROKEN_CARD)
        for line in lines
    )


def stage_of_line(parcel: Path, number: int) -> str:
    """The stage in a line of the file beside a parcel, whose name ends in `.stages`.

    Args:
        parcel: the file of the parcel.
        number: of the line, from 0: an index of an array of jobs.

    Raises:
        InputError: if there is no such file or line.
    """
    path = parcel.with_suffix(".stages")
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8").split()
    if not 0 <= number < len(lines):
        raise InputError(
            "--nth",
            expected=f"a line of {path}, from 0 to {len(lines) - 1}"
            if lines
            else f"the file {path}",
            received=str(number),
            fix="`croquis fanout --pack` writes it beside the parcel",
        )
    return lines[number]


def usual_places(
    order: Mapping[str, Path | str | None],
) -> tuple[Path | None, Path | None]:
    """Cache and root where nothing names them: those of the project in this folder.

    Args:
        order: `cache`, `root` and `remote`, as they were given.

    Raises:
        InputError: if results would stay in the checkout.
    """
    from croquis.fanout.checkout_settings import cache_folder

    cache, root = (
        Path(each) if (each := order[key]) is not None else None
        for key in ("cache", "root")
    )
    here = Path.cwd()
    if root is None and (here / ".dvc").is_dir():
        root = here
    if cache is None and order["remote"] is None:
        if root is None or not (root / ".dvc").is_dir():
            raise InputError(
                "croquis work",
                expected="a place for the results: --cache, --remote, or a project around it",
                received="none",
                fix="say it in the project's folder, or with `--remote NAME`",
            )
        cache = cache_folder(root)
    return cache, root
