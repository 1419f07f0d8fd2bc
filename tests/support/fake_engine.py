"""An engine of the imagination: attempts end as a script says, in milliseconds."""

from collections.abc import Callable, Collection, Sequence

from croquis.fanout.jobs import Attempt, Ending, Job, Progress, Result

Script = Callable[[Attempt, int], Ending | None]  # None: it runs on


class FakeEngine:
    """Ends what runs as `script(attempt, round)` says, and checks what it is asked for."""

    def __init__(
        self,
        script: Script,
        slots: Callable[[int], float] = lambda _: 2.0,
        node: Callable[[Attempt], str] = lambda _: "here",
    ) -> None:
        self.script, self._slots, self._node = script, slots, node
        self.round = 0
        self.running: dict[str, Attempt] = {}
        self.submitted: list[tuple[str, int]] = []
        self.avoided: list[frozenset[str]] = []
        self.most = 0.0
        self.cancelled: list[bool] = []

    def slots(self, avoid: Collection[str] = ()) -> float:
        return self._slots(self.round) if "here" not in avoid else 0.0

    def submit(self, attempt: Attempt, avoid: Collection[str] = ()) -> None:
        assert attempt.job.stage not in self.running
        self.running[attempt.job.stage] = attempt
        self.submitted.append((attempt.job.stage, attempt.number))
        self.avoided.append(frozenset(avoid))
        used = sum(each.job.gpus for each in self.running.values())
        self.most = max(self.most, used)

    def changes(self, timeout: float) -> Sequence[Progress | Result]:
        self.round += 1
        results = []
        for stage, attempt in list(self.running.items()):
            ending = self.script(attempt, self.round)
            if self.cancelled:
                ending = ending or Ending.STOPPED
            if ending is not None:
                del self.running[stage]
                results.append(Result(stage, ending, 1.0, node=self._node(attempt)))
        return results

    def cancel_all(self, at_once: bool = False) -> None:
        self.cancelled.append(at_once)

    def close(self) -> None:
        pass


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def began(self, attempt: Attempt) -> None:
        self.lines.append(f"began {attempt.job.stage} {attempt.number}")

    def progressed(self, progress: Progress) -> None:
        self.lines.append(f"progress {progress.stage} {progress.text}")

    def ended(self, result: Result, *, again: bool) -> None:
        word = "again" if again else result.ending.value
        self.lines.append(f"{word} {result.stage}")

    def waits(self, running: int, waiting: int, slots: float) -> None:
        pass


def jobs(*names: str, gpus: float = 1.0) -> list[Job]:
    """Jobs that need nothing."""
    return [Job(name, gpus=gpus) for name in names]
