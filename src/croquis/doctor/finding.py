"""What `croquis doctor` finds: one thing looked at, how it is, and what would correct it."""

import textwrap
from dataclasses import dataclass
from typing import Literal

WIDTH = 100  # columns of a terminal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: in a word or two.
        state: "warning" works, but slower or with less than wanted; "problem" will fail.
        says: what there is.
        fix: what to do; empty where nothing is wrong.
    """

    topic: str
    state: Literal["ok", "warning", "problem"]
    says: str
    fix: str = ""


def finding_lines(findings: list[Finding]) -> list[str]:
    """The findings as a person reads them, at most 100 columns wide but for commands to copy."""
    width = max(len(finding.topic) for finding in findings)
    lines = []
    for finding in findings:
        head = f"{finding.state:<8}  {finding.topic:<{width}}  "
        lines += _wrap(finding.says, head)
        if finding.fix:
            lines += _wrap(f"-> {finding.fix}", " " * len(head))
    counts = {
        state: sum(f.state == state for f in findings)
        for state in ("problem", "warning")
    }
    return [*lines, "", _verdict(counts["problem"], counts["warning"])]


def _verdict(problems: int, warnings: int) -> str:
    if problems:
        return f"{problems} to correct before a run (problem), {warnings} to know of (warning)"
    return (
        f"ready to run; {warnings} to know of (warning)"
        if warnings
        else "ready to run"
    )


def _wrap(text: str, head: str) -> list[str]:
    # Commands stay in one piece, so that they can be copied.
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
