"""The report in a real browser, opened from disk as a person opens it."""

import io
import shutil
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from croquis.report.page_data import ImageData, PageData, RunOutcome
from croquis.report.pages import write_pages
from croquis.tables.predictions import Predictions
from support.leftovers import crowd, data_of, leave, metrics, outcome_of
from support.opened import DESK, PHONE, opened

ERRORS = ".errors > li"
EVIL = "<script>window.hurt = 1</script>"


@pytest.fixture
def report(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on 132 images, of which 122 are wrong, with names that would be markup."""
    folder = tmp_path_factory.getbasetemp() / "opened"
    if folder.is_dir():  # seconds: made for the first test
        return folder
    leave(drawn)
    crowd(61).to_csv(drawn / "duplicates.csv", index=False)  # two pages
    data, outcome = many(data_of(drawn), outcome_of(drawn))
    write_pages(folder, PageData(f"../{EVIL}", data, outcome, metrics()))
    return folder


def many(data: ImageData, outcome: RunOutcome) -> tuple[ImageData, RunOutcome]:
    """120 images more, of which odd ones are poles taken for bars and even ones bars for spots.

    Each is surer than the one before.
    """
    ids = [f"train/{EVIL}/{row}.png" for row in range(120)]
    labels, names = np.arange(120) % 2, np.array(["bar", "pole", EVIL])
    index = data.index.head(1).drop(columns=["id", "label", "class_name"])
    index = pd.concat([index] * 120).assign(
        id=ids, label=labels, class_name=names[labels]
    )
    index = pd.concat([data.index, index], ignore_index=True)
    index["class_name"] = index["class_name"].replace("spot", EVIL)
    folds = pd.concat([data.folds.head(1)] * 120).assign(
        id=ids, label=labels, group=range(100, 220)
    )
    array = np.concatenate([data.pixels.array, np.zeros((120, 32, 32), np.uint8)])
    sure = 0.51 + np.arange(120) / 300
    wrong = np.zeros((120, 3))
    wrong[np.arange(120), np.where(labels == 1, 0, 2)] = sure
    wrong[np.arange(120), labels] = 1 - sure
    oof = Predictions(
        [*outcome.oof.ids, *ids], np.concatenate([outcome.oof.probs, wrong]), names
    )
    data = changed(
        data,
        index=index,
        folds=pd.concat([data.folds, folds], ignore_index=True),
        pixels=changed(data.pixels, ids=pd.Index(index["id"]), array=array),
    )
    return data, changed(outcome, oof=oof, members={"head": oof, "tiny": oof})


def found(page: Page) -> str:
    """How many errors the page says that it shows."""
    return page.inner_text("#found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["index", "errors", "duplicates-1", "conflicts-1"])
def test_every_page_opens_whole_and_fits(
    browser: Browser, report: Path, name: str, size: dict, scheme: str
) -> None:
    seen = opened(
        browser, report / f"{name}.html", viewport=size, color_scheme=scheme
    )
    assert seen.complaints == []
    assert seen.outside == []
    assert (
        seen.page.evaluate("document.documentElement.scrollWidth") == size["width"]
    )
    assert seen.page.evaluate("window.hurt") is None
    broken = "[...document.images].filter((image) => !image.naturalWidth).length"
    assert seen.page.evaluate(broken) == 0
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (
        paper == {"light": "rgb(252, 252, 251)", "dark": "rgb(20, 21, 26)"}[scheme]
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_is_cut_shows_a_shade_until_its_end(
    browser: Browser, report: Path, scheme: str
) -> None:
    """A phone cut tables at its edge, and nothing said that they scroll."""
    page = opened(
        browser, report / "index.html", viewport=PHONE, color_scheme=scheme
    ).page
    table = page.locator("#members .wide").first
    table.scroll_into_view_if_needed()
    paper = {"light": 252, "dark": 20}[scheme]
    assert abs(_edge(table) - paper) > 20
    table.evaluate("table => table.scrollTo(table.scrollWidth, 0)")
    assert abs(_edge(table) - paper) < 3


def _edge(table: Locator) -> int:
    """The red of the last pixel but one of a table's first line."""
    image = Image.open(io.BytesIO(table.screenshot()))
    return image.getpixel((image.width - 2, 2))[0]


def test_the_top_tells_the_score_and_leads_to_the_errors(
    browser: Browser, report: Path
) -> None:
    seen = opened(browser, report / "index.html")
    assert seen.page.inner_text(".headline strong") == ".750"
    seen.page.click("text=in the error browser")
    assert seen.page.inner_text("h1") == "122 errors of 132 images"


def test_errors_come_fifty_a_page_the_surest_first(
    browser: Browser, report: Path
) -> None:
    seen = opened(browser, report / "errors.html")
    assert (
        seen.page.locator(ERRORS).count() == 50
        and found(seen.page) == "122 errors, 1 to 50 shown"
    )
    assert "is pole" in seen.page.locator(ERRORS).first.inner_text()
    assert EVIL in seen.page.locator(ERRORS).first.inner_text()  # as text
    seen.page.click(".pager >> nth=0 >> text=3")
    expect(seen.page.locator(ERRORS)).to_have_count(22)
    assert found(seen.page) == "122 errors, 101 to 122 shown"
    seen.page.reload()
    assert seen.page.locator(ERRORS).count() == 22  # the page stands in the address


def test_each_error_stands_beside_three_images_of_both_classes(
    browser: Browser, report: Path
) -> None:
    seen = opened(browser, report / "errors.html")
    assert seen.page.locator(ERRORS).first.locator(".examples").count() == 2
    assert seen.page.locator(ERRORS).first.locator(".examples .sprite").count() == 6
    # Sheets are loaded, none that is not shown.
    sheets = {
        url.rsplit("/", 1)[1] for url in seen.requests if url.endswith(".webp")
    }
    assert sheets == {"wrong-0.webp", "class-0.webp"}


def test_filters_by_class_and_by_confidence(browser: Browser, report: Path) -> None:
    seen = opened(browser, report / "errors.html")
    seen.page.select_option("select[name=label]", "1")
    assert found(seen.page) == "61 errors, 1 to 50 shown"
    seen.page.select_option("select[name=guess]", "0")
    assert (
        found(seen.page) == "60 errors, 1 to 50 shown"
    )  # one pole is a spot to the ensemble
    # .51 + row / 300 up to .8: the odd ones of rows 1 to 87
    seen.page.fill("input[name=to]", "0.8")
    assert found(seen.page) == "44 errors"
    assert seen.page.locator(".pager").first.is_hidden()
    seen.page.fill("input[name=from]", "0.79")  # 85 and 87
    assert seen.page.locator(ERRORS).count() == 2
    seen.page.click("text=show all")
    seen.page.wait_for_selector(
        "text=122 errors"
    )  # the change of the address is told a bit later
    assert found(seen.page) == "122 errors, 1 to 50 shown"


def test_a_link_may_choose_what_is_shown(browser: Browser, report: Path) -> None:
    seen = opened(browser, report / "errors.html", anchor="#label=0&guess=2")
    assert found(seen.page) == "60 errors, 1 to 50 shown"
    names = seen.page.locator("select[name=label] option").all_inner_texts()
    assert names == ["any class", f"{EVIL} (1)", "bar (60)", "pole (61)"]


def test_a_class_without_errors_stays_chosen(
    browser: Browser, report: Path
) -> None:
    """A select drops what is no option of it, so that all errors were shown, from page 2 on."""
    page = opened(browser, report / "errors.html", anchor="#label=9&page=2").page
    assert found(page) == "no errors of this class: show all 122 errors"
    assert page.locator(ERRORS).count() == 0 and page.url.endswith("#label=9")
    page.click("text=show all 122 errors")
    expect(page.locator("#found")).to_have_text("122 errors, 1 to 50 shown")
    page.goto(page.url.split("#")[0] + "#label=0&guess=0")
    expect(page.locator("#found")).to_have_text(
        "no errors of this choice: show all 122 errors"
    )


def test_pages_are_turned_by_keyboard_and_back(
    browser: Browser, report: Path
) -> None:
    """Enter on a page's number used to leave the keyboard at the top of the document."""
    page = opened(browser, report / "errors.html").page
    status = page.locator("#found")
    page.focus(".pager >> nth=0 >> text=next")
    page.keyboard.press("Enter")
    expect(status).to_have_text("122 errors, 51 to 100 shown")
    expect(status).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".pager >> nth=0 >> text=previous")).to_be_focused()
    page.keyboard.press("Enter")
    expect(status).to_have_text("122 errors, 1 to 50 shown")
    assert page.locator(".pager a").all_inner_texts() == ["2", "3", "next"] * 2
    page.go_back()
    expect(status).to_have_text("122 errors, 51 to 100 shown")


def test_another_address_behind_the_hash_is_followed(
    browser: Browser, report: Path
) -> None:
    page = opened(browser, report / "errors.html", anchor="#guess=2").page
    page.evaluate("location.hash = 'label=1&page=2'")
    expect(page.locator("#found")).to_have_text("61 errors, 51 to 61 shown")
    assert page.input_value("select[name=guess]") == ""


@pytest.mark.parametrize("name", ["errors", "duplicates-1"])
def test_what_turns_pages_is_a_thumb_wide(
    browser: Browser, report: Path, name: str
) -> None:
    page = opened(browser, report / f"{name}.html", viewport=PHONE).page
    boxes = [link.bounding_box() for link in page.locator(".pager a").all()]
    assert boxes and min(min(box["width"], box["height"]) for box in boxes) >= 44


def test_wide_tables_scroll_by_keyboard(browser: Browser, report: Path) -> None:
    page = opened(browser, report / "index.html", viewport=PHONE).page
    names = page.locator(".wide").evaluate_all(
        "all => all.map((one) => one.tabIndex === 0 && one.role === 'region' && one.ariaLabel)"
    )
    assert len(names) >= 5 and all(names) and len(set(names)) == len(names)
    members = page.get_by_role("region", name="Scores of the members")
    members.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelector('#members .wide').scrollLeft > 0"
    )


def test_a_page_without_its_table_says_so(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    """MLflow shows each file alone."""
    shutil.copy(report / "errors.html", tmp_path)
    seen = opened(browser, tmp_path / "errors.html")
    assert "errors/errors.js is not beside this page" in found(seen.page)
    assert not [
        text for text in seen.complaints if "ERR_FILE_NOT_FOUND" not in text
    ]


def test_confused_classes_lead_to_their_errors(
    browser: Browser, report: Path
) -> None:
    seen = opened(browser, report / "index.html")
    seen.page.click(".confused a >> nth=0")
    assert found(seen.page).startswith("60 errors")


def test_copies_lead_to_their_pages(browser: Browser, report: Path) -> None:
    seen = opened(browser, report / "index.html")
    seen.page.click("text=All 61 pairs, weakest first")
    assert seen.page.locator(".doubles > li").count() == 60
    assert seen.page.inner_text("h1") == "All 61 pairs, weakest first"
