"""Where git's HEAD is, and how it came there."""

import re
from dataclasses import dataclass

from croquis.restore.git import git_lines, succeeds

NEWEST = 1000  # moves of HEAD that are looked at
MOVE = re.compile(r"checkout: moving from (?P<source>\S+) to (?P<target>\S+)")
# What DVC writes when it is done; as it puts a run off twice, it stands before the second time.
RESTORED = re.compile(r"\w+: Restore HEAD to '(?P<source>.*)'")


@dataclass(frozen=True)
class Move:
    """A checkout in git's log of HEAD.

    Attributes:
        when: seconds since 1970.
        source: the branch or commit that HEAD came from.
        after_restore: whether HEAD was put back by DVC right before.
        committed: whether something was committed since, before the next checkout.
        restored: whether DVC has put HEAD back since, before the next checkout.
    """

    when: int
    source: str
    after_restore: bool
    committed: bool
    restored: bool


def is_detached() -> bool:
    """Whether git is on no branch; false outside of a repository."""
    return succeeds("rev-parse", "--verify", "-q", "HEAD") and not succeeds(
        "symbolic-ref", "--quiet", "HEAD"
    )


def read_moves() -> list[Move]:
    """The checkouts of this working tree, newest first."""
    command = ("log", "-g", "--date=unix", "--format=%gd %gs")
    lines = git_lines(*command, f"--max-count={NEWEST}", "HEAD", "--")
    moves = []
    since: list[str] = []  # what HEAD went through after the move
    for place, line in enumerate(lines):
        when, _, text = line.partition(" ")
        match = MOVE.fullmatch(text)
        if match is None:
            since.append(text)
            continue
        before = (
            lines[place + 1].partition(" ")[2] if place + 1 < len(lines) else ""
        )
        moves.append(
            Move(
                when=int(when.rpartition("{")[2].rstrip("}")),
                source=match["source"],
                after_restore=RESTORED.fullmatch(before) is not None,
                committed=any(each.startswith("commit") for each in since),
                restored=any(RESTORED.fullmatch(each) for each in since),
            )
        )
        since.clear()
    return moves


def branch_before(moves: list[Move]) -> str | None:
    """The branch that HEAD was on before DVC moved it; None where it was on none.

    A second run that was killed began where the first one had left HEAD.
    """
    for place, move in enumerate(moves):
        if succeeds("show-ref", "--verify", "-q", f"refs/heads/{move.source}"):
            return move.source
        older = moves[place + 1 : place + 2]
        if not older or not older[0].after_restore:
            return None
    return None
