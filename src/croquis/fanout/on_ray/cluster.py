"""The engine of several machines: each attempt is a task of Ray on a machine chosen here.

Ray assigns GPUs, carries the parcel to each machine once, and notices machines that are gone. It
neither orders nor repeats: its retries would queue behind all others.
"""

import contextlib
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from croquis.fanout.jobs import Attempt, Ending, Progress, Result
from croquis.fanout.on_ray.connecting import connect
from croquis.fanout.on_ray.nodes import Node, emptiest, misfit, room_of
from croquis.fanout.on_ray.questions import answer, ask, forget
from croquis.fanout.on_ray.tasks import (
    Mailbox,
    StageOrder,
    run_stage,
)
from croquis.fanout.this_machine import ending_of
from croquis.fanout.work import HOME

PATIENCE = 20.0  # seconds for a word of the mailbox, which is on this machine
NEW_NODES = 2.0  # seconds between two looks at which machines there are
LAST_LINES = 15  # of a log, for the reason of a failure
# What an attempt has to have as the driver has it.
PASSED_ON = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_EXPERIMENT_NAME",
    "DVC_EXP_NAME",
    "DVC_EXP_BASELINE_REV",
    "CROQUIS_DETERMINISTIC",
    "CROQUIS_WORKERS",
    "OMP_NUM_THREADS",
)


@dataclass
class _Running:
    attempt: Attempt
    node: Node
    reference: Any
    began: float = field(default_factory=time.monotonic)
    place: str = ""


class RayCluster:
    """Runs attempts on the machines of a cluster."""

    def __init__(
        self,
        address: str,
        root: Path,
        parcel: Path,
        *,
        cache: Path,
        remote: str,
        push_inputs: Callable[[], None],
        say: Callable[[str], None] = print,
        command: Callable[..., list[str]] | None = None,
    ) -> None:
        """Joins the cluster; machines get work once they have been looked at.

        Args:
            address: `auto`, or HOST:PORT of its head.
            root: the project's folder.
            parcel: the project as it is to run.
            cache: DVC's.
            remote: DVC's, for machines that do not share the disk; empty: none.
            push_inputs: sends there what stages read, before the first such machine gets work.
            say: prints a line, of machines that get no work.
            command: of a supervisor; None: `work_command`.

        Raises:
            InputError: if there is no such cluster, or it does not take the token.
        """
        self._ray = ray = connect(address)
        self._root, self._cache, self._remote = root, cache, remote
        self._push_inputs, self._say, self._command = push_inputs, say, command
        self._logs = root / ".fanout" / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._question = ask(root, cache)
        self._question_ref = ray.put(self._question)
        self._parcel = ray.put(parcel.read_bytes())
        self._here = ray.get_runtime_context().get_node_id()
        self._mailbox = (
            ray.remote(Mailbox)
            .options(
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                scheduling_strategy=self._on(self._here),
            )
            .remote()
        )
        self._nodes: dict[str, Node] = {}
        self._asked: dict[
            str, Any
        ] = {}  # machines that have been looked at, or are
        self._running: dict[str, _Running] = {}
        self._waiting: list[tuple[Attempt, frozenset[str]]] = []
        self._told: list[Progress] = []
        self._times_asked = 0
        self._looked_at = 0.0
        self._lacks_disk = False
        self._look_at_nodes(wait=PATIENCE)

    @property
    def uses_remote(self) -> bool:
        """Whether results of any machine are in DVC's remote, and not in its cache here."""
        return self._lacks_disk

    def slots(self, avoid: Collection[str] = ()) -> float:
        """GPUs, or cores in a cluster without any, of the machines that there are now."""
        self._look_at_nodes()
        return sum(n.room for n in self._nodes.values() if n.name not in avoid)

    def submit(self, attempt: Attempt, avoid: Collection[str] = ()) -> None:
        """Starts an attempt on the machine with most room, or once one has any."""
        self._waiting.append((attempt, frozenset(avoid)))
        self._start_waiting()

    def changes(self, timeout: float) -> Sequence[Progress | Result]:
        """What has changed; waits for it, at most `timeout` seconds."""
        references = [run.reference for run in self._running.values()]
        if references:
            self._ray.wait(references, timeout=timeout)
        else:
            time.sleep(timeout)
        self._read_mail()
        found: list[Progress | Result] = [*self._told]
        self._told.clear()
        for stage, run in list(self._running.items()):
            done, _ = self._ray.wait([run.reference], timeout=0)
            if done:
                del self._running[stage]
                run.node.users.pop(stage, None)
                found.append(self._result(run))
        if self._times_asked:
            found += [
                Result(attempt.job.stage, Ending.STOPPED, 0.0)
                for attempt, _ in self._waiting
            ]
            self._waiting.clear()
        self._start_waiting()
        return found

    def cancel_all(self, at_once: bool = False) -> None:
        """Has all attempts save their state and end, or end at once."""
        self._times_asked = 2 if at_once else 1
        self._read_mail()

    def close(self) -> None:
        """Leaves the cluster; what still runs there ends with its state saved."""
        forget(self._question)
        self._ray.shutdown()

    def _start_waiting(self) -> None:
        for attempt, avoid in list(self._waiting):
            allowed = {k: n for k, n in self._nodes.items() if n.name not in avoid}
            node = emptiest(allowed, attempt.job.gpus)
            if node is not None:
                self._waiting.remove((attempt, avoid))
                self._start(attempt, node)

    def _start(self, attempt: Attempt, node: Node) -> None:
        stage, share = attempt.job.stage, attempt.job.gpus
        node.users[stage] = share
        order = StageOrder(
            stage,
            home=str(self._home(node)) if node.shares_disk else "",
            root=str(self._root) if node.shares_disk else "",
            cache=str(self._cache) if node.shares_disk else "",
            remote="" if node.shares_disk else self._remote,
            share=share,
            slots=node.room,
            environment={n: os.environ[n] for n in PASSED_ON if n in os.environ},
        )
        if attempt.number == 1:
            (self._logs / f"{stage}.log").unlink(missing_ok=True)
        task = self._ray.remote(_run_with_mailbox).options(
            num_cpus=0,
            num_gpus=share if self._has_gpus else 0,
            max_retries=0,
            scheduling_strategy=self._on(node.key),
        )
        reference = task.remote(order, self._parcel, self._mailbox, self._command)
        self._running[stage] = _Running(attempt, node, reference, place=node.name)

    def _home(self, node: Node) -> Path:
        """One a machine, also on a shared disk: locks of DVC are no affair of two machines."""
        if node.key == self._here:
            return self._root / HOME
        return self._root / ".fanout" / "machines" / node.name

    def _result(self, run: _Running) -> Result:
        stage = run.attempt.job.stage
        log = self._logs / f"{stage}.log"
        try:
            status = self._ray.get(run.reference)
        except (
            Exception
        ) as error:  # Ray has a dozen: killed, out of memory, a node gone
            ending, reason = Ending.LOST, _first_line(error)
        else:
            ending, reason = ending_of(status, was_asked=self._times_asked > 0)
        if self._times_asked and ending is Ending.LOST:
            ending = Ending.STOPPED
        if ending in (Ending.FAILED, Ending.LOST):
            reason = "\n".join(filter(None, [_last_lines(log), reason]))
        return Result(
            stage,
            ending,
            time.monotonic() - run.began,
            place=run.place,
            node=run.node.name,
            reason=reason,
            log=log if log.exists() else None,
        )

    def _read_mail(self) -> None:
        # Without its words a run goes on: results come another way.
        with contextlib.suppress(self._ray.exceptions.RayError):
            words = self._ray.get(
                self._mailbox.take.remote(self._times_asked), timeout=PATIENCE
            )
            for word in words:
                self._read(word)

    def _read(self, word: Mapping[str, Any]) -> None:
        stage, status = word["stage"], word["status"]
        if word["log"]:
            with (self._logs / f"{stage}.log").open("ab") as file:
                file.write(word["log"])
        run = self._running.get(stage)
        if run is None or not status or status.get("text") == "done":
            return  # the result says so itself
        self._told.append(
            Progress(
                stage,
                run.place,
                str(status.get("text", "")),
                status.get("done"),
                status.get("total"),
                str(status.get("unit") or ""),
            )
        )

    def _look_at_nodes(self, wait: float = 0.0) -> None:
        """Machines that have come are asked what they are; those that are gone get no more."""
        if time.monotonic() - self._looked_at < NEW_NODES and not wait:
            return
        self._looked_at = time.monotonic()
        alive = {n["NodeID"]: n for n in self._ray.nodes() if n["Alive"]}
        for key in set(self._nodes) - set(alive):
            del self._nodes[key]
        self._has_gpus = any(n["Resources"].get("GPU") for n in alive.values())
        look = self._ray.remote(answer)
        for key in set(alive) - set(self._asked):
            self._asked[key] = look.options(
                num_cpus=0, max_retries=0, scheduling_strategy=self._on(key)
            ).remote(self._question_ref)
        open_questions = {k: r for k, r in self._asked.items() if r is not None}
        if not open_questions:
            return
        answered, _ = self._ray.wait(
            list(open_questions.values()),
            num_returns=len(open_questions),
            timeout=wait,
        )
        for key, reference in open_questions.items():
            if reference in answered:
                self._asked[key] = None
                self._take_in(key, alive.get(key), reference)

    def _take_in(
        self, key: str, node: Mapping[str, Any] | None, reference: Any
    ) -> None:
        if node is None:  # it went before it answered
            return
        name = str(node["NodeManagerHostname"])
        room = room_of(node["Resources"], has_gpus=self._has_gpus)
        if not room:
            return
        try:
            said = self._ray.get(reference)
        except Exception as error:
            self._say(f"{name} gets no work: {_first_line(error)}")
            return
        if why := misfit(said, self._remote):
            self._say(f"{name} gets no work: {why}")
            return
        if not said.shares_disk and not self._lacks_disk:
            self._push_inputs()
            self._lacks_disk = True
        self._nodes[key] = Node(key, name, room, said.shares_disk)

    @staticmethod
    def _on(node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node, soft=False)


def _run_with_mailbox(
    order: StageOrder, parcel: bytes, mailbox: Any, command: Any
) -> int:
    """An attempt on a node of the cluster: `run_stage`, which tells the mailbox."""
    import ray

    def tell(word: dict[str, Any]) -> int:
        return int(ray.get(mailbox.tell.remote(word), timeout=PATIENCE))

    return run_stage(order, parcel, tell, command)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0][:200]


def _last_lines(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])
    return ""
