"""Contact sheets: pages on which a person judges copies, image beside image.

Three sheets, each of as many pages as it needs: groups with several labels, pairs from the weakest
up, and test images with a copy in train. A line under what was decided says how to overrule it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from croquis.core.progress import progress
from croquis.core.text import counted
from croquis.report.decisions import Conflict, Pair, Said, conflicts, pairs_of, weakest
from croquis.report.images import Thumbnails
from croquis.report.inputs import Data
from croquis.report.templates import template

SIDE = 64  # pixels of an image; a page then weighs some 200 KB
PER_PAGE = 60  # pairs
SHOWN = 3_000  # pairs: as many as a person may look through, and 10 MB
ONE_AND_MANY = {
    "conflicts": ("group with several labels", "groups with several labels"),
    "duplicates": ("pair", "pairs"),
    "twins": (
        "test image with a copy in train",
        "test images with a copy in train",
    ),
}


@dataclass(frozen=True)
class ContactSheet:
    """One kind of pages.

    Attributes:
        name: of ONE_AND_MANY; what the names of its files begin with.
        total: how many groups or pairs there are.
        pages: those that are shown.
    """

    name: str
    total: int
    pages: list[list[Conflict]] | list[list[Pair]]

    @property
    def shown(self) -> int:
        """How many of `total` are on the pages."""
        return sum(map(len, self.pages))

    @property
    def title(self) -> str:
        """What is on the pages: All 681 pairs, weakest first."""
        found = counted(self.total, *ONE_AND_MANY[self.name])
        if self.shown < self.total:
            return f"The {self.shown:,} weakest of {found}"
        if self.total == 1:
            return found
        return f"All {found}" + ("" if self.name == "conflicts" else ", weakest first")

    def file(self, number: int) -> str:
        """The name of a page, counted from 1."""
        return f"{self.name}-{number}.html"


def sheets(data: Data) -> list[ContactSheet]:
    """The sheets that have something to show."""
    said = Said(data.overrides, data.groups["id"].tolist())
    class_names = data.index.set_index("id")["class_name"]
    disputed = conflicts(data.groups, data.duplicates, said, class_names)
    twins = data.twins.rename(columns={"train_id": "id_a", "id": "id_b"}).assign(
        grouped=True
    )
    made = [ContactSheet("conflicts", len(disputed), filled(disputed))]
    for name, table in {"duplicates": data.duplicates, "twins": twins}.items():
        # Overrides are of training images alone: of a test image there is nothing to decide.
        found = pairs_of(
            weakest(table).head(SHOWN), said if name == "duplicates" else None
        )
        parts = [
            found[start : start + PER_PAGE] for start in range(0, len(found), PER_PAGE)
        ]
        made.append(ContactSheet(name, len(table), parts))
    return [sheet for sheet in made if sheet.pages]


def pages(name: str, data: Data) -> Iterator[tuple[str, str]]:
    """The pages of all sheets, one after the other: file name and HTML.

    Equal input gives equal text, and nothing in it asks for anything outside its folder.

    Args:
        name: of the competition.
        data: the images.
    """
    made = sheets(data)
    html = template("contact.html")
    thumbnails = Thumbnails(data.pixels, data.index, SIDE)
    every = [
        (sheet, number, rows)
        for sheet in made
        for number, rows in enumerate(sheet.pages, start=1)
    ]
    for sheet, number, rows in progress(every, "report: pages of copies", unit="page"):
        shown = {"sheets": made, "sheet": sheet, "number": number, "rows": rows}
        named = links(number, len(sheet.pages))
        text = html.render(name=name, links=named, thumbnails=thumbnails.of, **shown)
        yield sheet.file(number), text + "\n"


def filled(found: Sequence[Conflict]) -> list[list[Conflict]]:
    """Conflicts on pages, each with as many as have room beside each other, and at least one."""
    parts: list[list[Conflict]] = []
    room = 0
    for conflict in found:
        images = len(conflict.images) + 2 * len(conflict.pairs)
        if images > room:
            parts.append([])
            room = 2 * PER_PAGE
        parts[-1].append(conflict)
        room -= images
    return parts


def links(number: int, count: int) -> list[int | None]:
    """The pages that page `number` of `count` names: both ends and its neighbours; None is a gap.

    A gap of one page is that page: dots would take as much room.
    """
    named = sorted({1, count, *range(max(number - 1, 1), min(number + 1, count) + 1)})
    found: list[int | None] = named[:1]
    for before, page in pairwise(named):
        gap = {1: [], 2: [page - 1]}.get(page - before, [None])
        found += [*gap, page]
    return found
