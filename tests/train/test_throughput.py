"""Speed by hand, on a clock that moves when a test moves it."""

from collections.abc import Iterator

import pytest
import torch

from croquis.images.batches import Batch
from croquis.train.throughput import Throughput

FOUR_MORE = tuple(torch.zeros(4) for _ in range(3))  # targets, weights, positions
FOUR = Batch(torch.zeros(4), *FOUR_MORE)


class Clock:
    """Seconds that pass only in `wait`."""

    def __init__(self) -> None:
        self.now = 100.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(
        "croquis.train.throughput.time.perf_counter", lambda: made.now
    )
    return made


def epoch(
    throughput: Throughput, clock: Clock, *steps: tuple[float, float]
) -> tuple[float, float]:
    """An epoch of batches of four that take (to come, to train) seconds."""

    def batches() -> Iterator[Batch]:
        for coming, _ in steps:
            clock.wait(coming)
            yield FOUR

    throughput.begin()
    training = (seconds for _, seconds in steps)
    for _ in throughput.fetch(batches()):
        clock.wait(next(training))
    return throughput.end()


def test_images_over_seconds_and_the_share_of_waiting(clock: Clock) -> None:
    throughput = Throughput(torch.device("cpu"))
    assert epoch(throughput, clock, (2, 10), (1, 3)) == (8 / 16, 3 / 16)
    assert epoch(throughput, clock, (1, 3), (0, 4)) == (8 / 8, 1 / 8)
    # Of the whole the first update is left out, in which a network may be compiled.
    assert throughput.images_per_second == 12 / 12


def test_what_pauses_a_training_is_none_of_its_time(clock: Clock) -> None:
    throughput = Throughput(torch.device("cpu"))
    throughput.begin()
    for _ in throughput.fetch(iter([FOUR, FOUR])):
        clock.wait(2)
        with throughput.pause():
            clock.wait(50)
    assert throughput.end() == (8 / 4, 0) and throughput.images_per_second == 4 / 2


def test_the_speed_is_that_of_images_of_the_last_size(clock: Clock) -> None:
    throughput, small = Throughput(torch.device("cpu")), torch.zeros(4, 16, 16)
    large = torch.zeros(4, 32, 32)
    throughput.begin()
    for images in (small, small, large, large, large):
        for _ in throughput.fetch(iter([Batch(images, *FOUR_MORE)])):
            clock.wait(1 if images is small else 5)
    throughput.end()
    assert throughput.images_per_second == 8 / 10  # without the first of that size


def test_of_a_single_update_nothing_is_known(clock: Clock) -> None:
    throughput = Throughput(torch.device("cpu"))
    assert throughput.images_per_second is None
    epoch(throughput, clock, (1, 1))
    assert throughput.images_per_second is None


def test_one_batch_in_memory_is_timed_ten_times_or_for_three_seconds(
    clock: Clock,
) -> None:
    throughput = Throughput(torch.device("cpu"))
    epoch(throughput, clock, (1, 1))
    given = []

    def update(batch: Batch) -> None:
        given.append(batch)
        clock.wait(2.0 if len(given) == 1 else 0.1)

    assert throughput.time_updates(update) == pytest.approx(
        4 / 0.1
    )  # the median: once it was slow
    assert len(given) == 10 and all(batch is throughput.batch for batch in given)
    slow = []
    assert (
        throughput.time_updates(lambda batch: (slow.append(batch), clock.wait(2)))
        == 4 / 2
    )
    assert len(slow) == 2
