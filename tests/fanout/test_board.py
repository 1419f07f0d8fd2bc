"""What is shown: lines in a log, a table on a terminal, sums at the end."""

import io

from rich.console import Console

from croquis.fanout.board import Board, closing_line, opening_line
from croquis.fanout.jobs import Attempt, Ending, Job, Progress, Result

JOBS = [
    Job("train@a-0", seconds=7200),
    Job("train@a-1", seconds=3600),
    Job("probe@p-0", seconds=3600),
]


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_line_says_how_many_where_and_how_long() -> None:
    assert opening_line(JOBS, 2) == (
        "2 trainings, 1 probe on 2 slots, longest first; about 2 h 0 min by their last runs,"
        " 100% of ideal"
    )
    assert (
        opening_line([Job("train@a-0")], 1) == "1 training on 1 slot, longest first"
    )


def test_in_a_log_each_change_is_a_line() -> None:
    lines: list[str] = []
    clock = Clock()
    with Board(JOBS, 2, on_terminal=False, say=lines.append, clock=clock) as board:
        clock.now += 2
        board.began(Attempt(JOBS[0]))
        board.progressed(Progress("train@a-0", "gpu 0", "epoch 1 of 9", 1, 9))
        board.progressed(Progress("train@a-0", "gpu 0", "epoch 2 of 9", 2, 9))
        lost = Result(
            "train@a-0", Ending.LOST, 5, "gpu 0", reason="log\nended by SIGKILL"
        )
        board.ended(lost, again=True)
        board.began(Attempt(JOBS[0], 2))
        clock.now += 58
        board.ended(Result("train@a-0", Ending.DONE, 55, "gpu 0"), again=False)
    assert lines[1:] == [
        "[    2.0] train@a-0  begins",
        "[    2.0] train@a-0  epoch 1 of 9 on gpu 0",
        "[    2.0] train@a-0  ended too early, goes on (ended by SIGKILL) on gpu 0",
        "[    2.0] train@a-0  begins again",
        "[   60.0] train@a-0  done in 55 s on gpu 0",
        "1 job of 1 in 1 min on 2 slots; 1 ended too early and went on",
    ]


def test_the_table_counts_and_tells_what_is_left() -> None:
    clock = Clock()
    board = Board(JOBS, 2, on_terminal=True, clock=clock)
    board.began(Attempt(JOBS[0]))
    board.began(Attempt(JOBS[1]))
    board.progressed(Progress("train@a-0", "gpu 0", "epoch 1 of 10", 1, 10))
    clock.now += 60
    board.progressed(Progress("train@a-0", "gpu 0", "epoch 2 of 10", 2, 10))
    console = Console(width=90, record=True, file=io.StringIO())
    console.print(board.table())
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert [line.split() for line in lines] == [
        "train@a-0 epoch 2 of 10 gpu 0 8 min left".split(),
        "train@a-1 begins 59 min left".split(),
        "done 0, running 2, waiting 1".split(),
    ]


def test_the_last_line_compares_with_one_after_the_other() -> None:
    ended = [Result(f"t{k}", Ending.DONE, 90.0) for k in range(4)]
    assert closing_line(ended, [], 4, 100.0) == (
        "4 jobs of 4 in 2 min on 4 slots: 3.60 times as many at once (90% of the slots busy)"
    )
