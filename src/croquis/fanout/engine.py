"""The seam between the driver, which decides what runs next, and what starts it somewhere."""

from collections.abc import Collection, Sequence
from typing import Protocol

from croquis.fanout.jobs import Attempt, Progress, Result


class Engine(Protocol):
    """Starts attempts on slots, here or on other machines, and says how they end.

    It neither orders jobs nor repeats them: the driver does.
    """

    @property
    def uses_remote(self) -> bool:
        """Whether results of any machine are in DVC's remote, and not in its cache here."""
        ...

    def slots(self, avoid: Collection[str] = ()) -> float:
        """How many GPUs (or slots of one) there are now, apart from machines in `avoid`."""
        ...

    def submit(self, attempt: Attempt, avoid: Collection[str] = ()) -> None:
        """Starts an attempt on a free slot; never on the machines in `avoid`."""
        ...

    def changes(self, timeout: float) -> Sequence[Progress | Result]:
        """What has changed since the last call; waits for it, at most `timeout` seconds."""
        ...

    def cancel_all(self, at_once: bool = False) -> None:
        """Asks all attempts to save their state and end, or ends them at once.

        Their results come from `changes`.
        """
        ...

    def close(self) -> None:
        """Leaves nothing of it alive."""
        ...
