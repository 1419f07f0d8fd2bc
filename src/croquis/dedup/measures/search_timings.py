"""What a search cost: seconds a step, and how many candidates each bound left."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Grows while a search runs.

    Attributes:
        seconds: wall time by step.
        candidates: pairs under a symmetry that passed each bound.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    candidates: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds the time of the block to `seconds[name]`."""
        start = time.perf_counter()
        yield
        self.seconds[name] = (
            self.seconds.get(name, 0.0) + time.perf_counter() - start
        )
