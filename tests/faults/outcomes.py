"""What became of each fault: a table for the terminal, and the same one for the docs."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

BEGIN = "<!-- made by `make faults`: begin -->"
END = "<!-- made by `make faults`: end -->"
HEAD = ("Fault", "Where", "Times", "As promised")


@dataclass(frozen=True)
class Outcome:
    """One fault.

    Attributes:
        kind: what was done, as `SIGKILL to dvc alone`.
        place: where, as the stage.
        wrong: what was not as promised; empty where all was.
        skipped: whether it could not be tried here.
    """

    kind: str
    place: str
    wrong: str = ""
    skipped: bool = False

    def __str__(self) -> str:
        failure = f": FAILED, {self.wrong}" if self.wrong else ""
        return f"{self.kind}, {self.place}{failure}"


def rows(outcomes: list[Outcome]) -> list[tuple[str, str, str, str]]:
    """A row for each kind: how often, and how often all was as promised."""
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    return [_row(kind, [o for o in outcomes if o.kind == kind]) for kind in kinds]


def _row(kind: str, outcomes: list[Outcome]) -> tuple[str, str, str, str]:
    tried = [outcome for outcome in outcomes if not outcome.skipped]
    places = Counter(outcome.place for outcome in tried)
    named = ", ".join(f"{name} {count}" for name, count in places.items())
    fine = sum(not outcome.wrong for outcome in tried)
    return kind, named or "not tried here", str(len(tried)), str(fine)


def show(outcomes: list[Outcome], console: Console) -> None:
    """Prints the table, and a line for each failure."""
    table = Table(*HEAD)
    for row in rows(outcomes):
        table.add_row(*row)
    console.print(table)
    for outcome in outcomes:
        if outcome.wrong:
            console.print(str(outcome), style="red", markup=False, soft_wrap=True)


def markdown(outcomes: list[Outcome], command: str) -> str:
    """The table in Markdown, with the command that gave it."""
    lines = [
        f"| {' | '.join(row)} |" for row in (HEAD, ("---",) * 4, *rows(outcomes))
    ]
    return "\n".join([f"`{command}`:", "", *lines])


def write_block(page: Path, text: str) -> None:
    """Replaces what stands between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
