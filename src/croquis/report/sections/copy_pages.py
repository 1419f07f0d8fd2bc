"""Pages on which a person judges copies, image beside image.

Three sets, each of as many pages as it needs: groups with several labels, pairs from the weakest
up, and test images with a copy in train. A line under a decision says how to overrule it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from croquis.core.progress import progress
from croquis.core.text import counted
from croquis.report.decisions import (
    Conflict,
    CopyPair,
    PriorDecisions,
    conflicts,
    copy_pairs,
    weakest,
)
from croquis.report.page_data import ImageData
from croquis.report.templates import template
from croquis.report.thumbnails import Thumbnails

THUMBNAIL_SIDE = 64  # pixels; a page then weighs some 200 KB
PER_PAGE = 60  # pairs
MAX_PAIRS = 3_000  # as many as a person may look through, and 10 MB
ONE_AND_MANY = {
    "conflicts": ("group with several labels", "groups with several labels"),
    "duplicates": ("pair", "pairs"),
    "twins": (
        "test image with a copy in train",
        "test images with a copy in train",
    ),
}


@dataclass(frozen=True)
class CopyPageSet:
    """One kind of pages.

    Attributes:
        name: of ONE_AND_MANY; what the names of its files begin with.
        total: how many groups or pairs there are.
        pages: the groups or pairs of each page.
    """

    name: str
    total: int
    pages: list[list[Conflict]] | list[list[CopyPair]]

    @property
    def paged(self) -> int:
        """How many of `total` are on the pages."""
        return sum(map(len, self.pages))

    @property
    def title(self) -> str:
        """What is on the pages: All 681 pairs, weakest first."""
        total = counted(self.total, *ONE_AND_MANY[self.name])
        if self.paged < self.total:
            return f"The {self.paged:,} weakest of {total}"
        if self.total == 1:
            return total
        return f"All {total}" + (
            "" if self.name == "conflicts" else ", weakest first"
        )

    def file(self, number: int) -> str:
        """The name of a page, counted from 1."""
        return f"{self.name}-{number}.html"


def copy_page_sets(images: ImageData) -> list[CopyPageSet]:
    """The sets that have something to show."""
    decisions = PriorDecisions(images.overrides, images.groups["id"].tolist())
    class_names = images.index.set_index("id")["class_name"]
    disputed = conflicts(images.groups, images.duplicates, decisions, class_names)
    in_test = images.twins.rename(columns={"train_id": "id_a", "id": "id_b"})
    sets = [
        CopyPageSet("conflicts", len(disputed), fill_pages(disputed)),
        _set_of_pairs("duplicates", images.duplicates, decisions),
        # Overrides are of training images alone: of a test image there is nothing to decide.
        _set_of_pairs("twins", in_test.assign(grouped=True), None),
    ]
    return [each for each in sets if each.pages]


def _set_of_pairs(
    name: str, table: pd.DataFrame, decisions: PriorDecisions | None
) -> CopyPageSet:
    pairs = copy_pairs(weakest(table).head(MAX_PAIRS), decisions)
    starts = range(0, len(pairs), PER_PAGE)
    pages = [pairs[start : start + PER_PAGE] for start in starts]
    return CopyPageSet(name, len(table), pages)


def copy_pages_html(name: str, images: ImageData) -> Iterator[tuple[str, str]]:
    """The pages of all sets, one after the other: file name and HTML.

    Equal input gives equal text, and nothing in it asks for anything outside its folder.

    Args:
        name: of the competition.
        images: with their tables.
    """
    sets = copy_page_sets(images)
    html = template("copy_page.html")
    thumbnails = Thumbnails(images.pixels, images.index, THUMBNAIL_SIDE)
    pages = [
        (each, number, rows)
        for each in sets
        for number, rows in enumerate(each.pages, start=1)
    ]
    for each, number, rows in progress(
        pages, "report: pages of copies", unit="page"
    ):
        text = html.render(
            name=name,
            sets=sets,
            current=each,
            number=number,
            links=page_links(number, len(each.pages)),
            rows=rows,
            thumbnails=thumbnails.of,
        )
        yield each.file(number), text + "\n"


def fill_pages(conflicts: Sequence[Conflict]) -> list[list[Conflict]]:
    """Conflicts on pages, each with as many as have room beside each other, and at least one."""
    pages: list[list[Conflict]] = []
    room = 0
    for conflict in conflicts:
        images = len(conflict.images) + 2 * len(conflict.pairs)
        if images > room:
            pages.append([])
            room = 2 * PER_PAGE
        pages[-1].append(conflict)
        room -= images
    return pages


def page_links(number: int, count: int) -> list[int | None]:
    """The pages that page `number` of `count` names: both ends and its neighbours; None is a gap.

    A gap of one page is that page: dots would take as much room.
    """
    named = sorted(
        {1, count, *range(max(number - 1, 1), min(number + 1, count) + 1)}
    )
    links: list[int | None] = [*named[:1]]
    for before, page in pairwise(named):
        if page - before == 2:
            links.append(page - 1)
        elif page - before > 2:
            links.append(None)
        links.append(page)
    return links
