"""The pages of copies: what is on which page, paging, and lines that can be copied."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from croquis.dataset.dedup_overrides import Overrides, read_overrides
from croquis.report.decisions import Conflict, CopyPair
from croquis.report.page_data import ImageData
from croquis.report.sections import copy_pages
from croquis.report.sections.copy_pages import (
    copy_page_sets,
    copy_pages_html,
    fill_pages,
    page_links,
)
from support.leftovers import TRAIN, crowd, data_of, leave
from support.outline import Outline


@pytest.fixture
def data(drawn: Path) -> ImageData:
    leave(drawn)
    return data_of(drawn)


def test_conflicts_fill_pages_and_none_is_cut_in_two() -> None:
    pair = CopyPair("a", "b", "copy", 0.96, 0.96, "identity", cut=False, line="")
    small = Conflict(0, 20, [("a", True, "")] * 20, [pair] * 20, 0)  # 60 images
    large = Conflict(1, 500, [("a", True, "")] * 500, [], 0)
    assert list(map(len, fill_pages([small, small, small, large, small]))) == [
        2,
        1,
        1,
        1,
    ]
    assert fill_pages([]) == []


@pytest.mark.parametrize(
    ("number", "count", "expected"),
    [
        (1, 1, [1]),
        (2, 3, [1, 2, 3]),
        (1, 9, [1, 2, None, 9]),
        (4, 7, [1, 2, 3, 4, 5, 6, 7]),
        (5, 9, [1, None, 4, 5, 6, None, 9]),
        (50, 50, [1, None, 49, 50]),
    ],
)
def test_a_pager_names_both_ends_and_the_neighbours(
    number: int, count: int, expected: list[int | None]
) -> None:
    assert page_links(number, count) == expected


def test_pages_hold_sixty_pairs_and_lead_to_each_other(data: ImageData) -> None:
    made = dict(copy_pages_html("drawn", replace(data, duplicates=crowd(130))))
    assert list(made) == [
        "conflicts-1.html",
        *(f"duplicates-{n}.html" for n in (1, 2, 3)),
    ]
    counts = [
        html.count("flip") + html.count("second mirrored") for html in made.values()
    ]
    assert counts == [0, 60, 60, 10]
    second = made["duplicates-2.html"]
    assert '<a href="duplicates-1.html" rel="prev">' in second
    assert '<a href="duplicates-3.html" rel="next">' in second
    assert "All 130 pairs, weakest first (2 of 3): drawn" in second
    outlines = [Outline(html) for html in made.values()]
    assert all(outline.open == [] for outline in outlines)
    named = {address for outline in outlines for address in outline.addresses}
    assert {name for name in named if not name.startswith("data:")} == {
        *made,
        "index.html#copies",
    }


def test_of_too_many_pairs_the_weakest_are_shown_and_the_rest_counted(
    data: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_pages, "MAX_PAIRS", 100)
    many = replace(data, duplicates=crowd(101))
    _, listed = copy_page_sets(many)
    assert (listed.title, listed.paged) == ("The 100 weakest of 101 pairs", 100)
    assert (
        listed.pages[0][0].ink == pytest.approx(0.99)
        and listed.pages[-1][-1].ink < 1
    )
    text = Outline(dict(copy_pages_html("drawn", many))["duplicates-1.html"]).text
    assert "1 pair with more ink in common is not shown" in text


def test_a_page_tells_tier_score_ink_symmetry_classes_and_cuts(
    data: ImageData,
) -> None:
    pairs = data.duplicates.assign(grouped=[True, False, True])
    text = Outline(
        dict(copy_pages_html("drawn", replace(data, duplicates=pairs)))[
            "duplicates-1.html"
        ]
    ).text
    assert "ssim .960 cut pole ink .900, second turned 90° left" in text
    assert "cosine .950 pole and spot ink .910, as is" in text


def test_the_page_of_conflicts_says_which_images_are_dropped(
    data: ImageData,
) -> None:
    groups = data.groups.assign(keep=data.groups["id"] != TRAIN[5])
    text = Outline(
        dict(copy_pages_html("drawn", replace(data, groups=groups)))[
            "conflicts-1.html"
        ]
    ).text
    assert "Group 1 3 images, 2 pairs" in text and text.count(" dropped ") == 1


def test_where_a_person_decided_there_is_no_line(data: ImageData) -> None:
    said = replace(data, overrides=Overrides(drop=(4,), same=((0, 3),)))
    made = dict(copy_pages_html("drawn", said))
    codes = [code for html in made.values() for code in Outline(html).codes]
    assert (
        codes
        and f"{TRAIN[1]},drop," in codes
        and f"{TRAIN[4]},different,{TRAIN[5]}" in codes
    )
    assert not any(
        f"{TRAIN[4]},drop," == code or TRAIN[0] in code for code in codes
    )


def test_test_images_are_shown_beside_their_twin_with_nothing_to_decide(
    data: ImageData,
) -> None:
    row = {
        "id": "test/1.png",
        "train_id": TRAIN[2],
        "tier": "copy",
        "score": 0.96,
        "ink": 0.96,
    }
    twins = pd.DataFrame([row | {"symmetry": "identity"}])
    outline = Outline(
        dict(copy_pages_html("drawn", replace(data, twins=twins)))["twins-1.html"]
    )
    assert "1 test image with a copy in train The test image" in outline.text
    assert f"copy .960 spot ink .960, as is {TRAIN[2]} test/1.png" in outline.text
    assert outline.codes == []


def test_where_nothing_is_a_copy_there_are_no_pages(drawn: Path) -> None:
    leave(drawn)
    for name in (
        "duplicates.csv",
        "twins.csv",
    ):  # as read, so that no column has a type
        header = (drawn / name).read_text().splitlines()[0]
        (drawn / name).write_text(header + "\n")
    data = data_of(drawn)
    unanimous = replace(
        data, groups=data.groups.assign(conflict=False, group=range(12))
    )
    assert (
        copy_page_sets(unanimous) == []
        and list(copy_pages_html("drawn", unanimous)) == []
    )


def test_hostile_ids_never_become_markup_and_their_lines_can_be_read(
    drawn: Path,
) -> None:
    leave(drawn)
    evil = 'train/<b onclick="x()">, &amp;  "two"/'
    data = data_of(drawn)
    index, groups, pairs = (
        table.replace("train/pole/", evil, regex=True).replace("pole", "<i>$</i>")
        for table in (data.index, data.groups, data.duplicates)
    )
    pixels = replace(data.pixels, ids=pd.Index(index["id"]))
    data = replace(
        data, index=index, groups=groups, duplicates=pairs, pixels=pixels
    )
    for html in dict(copy_pages_html("<script>", data)).values():
        assert (
            "<b onclick" not in html and "<script" not in html and "<i>" not in html
        )
        assert "&lt;i&gt;$" in html
    outline = Outline(dict(copy_pages_html("drawn", data))["duplicates-1.html"])
    lines = [code for code in outline.codes if ",different," in code]
    (drawn / "overrides.csv").write_text(
        "\n".join(["id,decision,other", *lines]) + "\n"
    )
    decided = read_overrides(drawn / "overrides.csv", index["id"].to_numpy()[:12])
    assert decided.different == ((0, 3), (1, 4), (4, 5))


def test_pages_ask_nothing_of_the_network_and_are_the_same_every_time(
    data: ImageData,
) -> None:
    made = dict(copy_pages_html("drawn", data))
    assert made == dict(copy_pages_html("drawn", data))
    for html in made.values():
        assert not any(
            word in html for word in ("http", "<script", "@import", "url(")
        )
