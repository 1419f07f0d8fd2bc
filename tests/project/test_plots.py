"""The page of `dvc plots show` and `diff`: whole without a network, with the charts asked for."""

from pathlib import Path

import pytest
from dvc.config import Config
from dvc_render import VegaRenderer
from dvc_render.html import render_html
from playwright.sync_api import Browser

from support.opened import DESK, PHONE, Opened, opened

PLOTS = Path(".dvc/plots").absolute()
TWO = ("workspace", "main")


def curves() -> list[dict]:
    """Two members, two folds, three epochs, two revisions; a csv's cells are strings to DVC."""
    keys = [
        (r, m, f, e)
        for r in TWO
        for m in ("a", "b")
        for f in (0, 1)
        for e in range(3)
    ]
    names = ("rev", "member", "fold", "epoch", "val_accuracy")
    return [
        dict(zip(names, map(str, (*key, 0.2 * key[-1])), strict=True))
        for key in keys
    ]


def confused() -> list[dict]:
    """Two classes: three right, one wrong, in each revision."""
    pairs = [("cat", "cat"), ("cat", "cat"), ("dog", "dog"), ("cat", "dog")]
    return [
        {"rev": rev, "actual": a, "predicted": b} for rev in TWO for a, b in pairs
    ]


def reliable() -> list[dict]:
    """Two binnings, raw and calibrated, two bins, two revisions."""
    keys = [
        (r, k, w, b)
        for r in TWO
        for k in ("width", "mass")
        for w in ("raw", "calibrated")
        for b in (0, 1)
    ]
    return [
        {"rev": rev, "binning": binning, "which": which, "bin": place, "count": 5}
        | {"confidence": 0.3 + 0.4 * place, "accuracy": 0.2 + 0.5 * place}
        for rev, binning, which, place in keys
    ]


PLOTTED = {
    "curves": (curves, "epoch", "val_accuracy"),
    "confusion": (confused, "actual", "predicted"),
    "reliability": (reliable, "confidence", "accuracy"),
}


def drawn(browser: Browser, folder: Path, name: str, size: dict = DESK) -> Opened:
    """The page that DVC makes of one of our plots."""
    rows, x, y = PLOTTED[name]
    properties = {
        "x": x,
        "y": y,
        "template": name,
        "template_dir": str(PLOTS),
        "title": "Title",
    }
    renderer = VegaRenderer(rows(), name, **properties)
    render_html(
        [renderer], folder / "index.html", html_template=PLOTS / "page.html"
    )
    return opened(browser, folder / "index.html", viewport=size)


def test_dvc_takes_the_page_that_loads_nothing() -> None:
    assert (
        Config(".dvc", validate=False)["plots"]["html_template"]
        == "plots/page.html"
    )


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", PLOTTED)
def test_a_plot_asks_nothing_of_the_network_and_fits(
    browser: Browser, tmp_path: Path, name: str, size: dict
) -> None:
    seen = drawn(browser, tmp_path, name, size)
    assert seen.outside == [] and seen.complaints == []
    assert (
        seen.page.evaluate("document.documentElement.scrollWidth") == size["width"]
    )
    assert seen.page.inner_text("h2") == "Title"


def test_curves_have_a_chart_a_member_and_a_line_a_fold_and_revision(
    browser: Browser, tmp_path: Path
) -> None:
    page = drawn(browser, tmp_path, "curves").page
    assert page.locator("figcaption").all_inner_texts() == ["a", "b"]
    assert page.locator("figure >> nth=0 >> path").count() == 4
    dashes = page.locator("figure >> nth=0 >> path").evaluate_all(
        "paths => paths.map((path) => path.getAttribute('stroke-dasharray'))"
    )
    assert sorted(set(dashes)) == ["", "6 4"]
    assert page.inner_text(".key >> nth=0").split("\n") == [
        "●fold 0",
        "■fold 1",
        *TWO,
    ]
    ticks = page.locator("figure >> nth=0 >> text[text-anchor=middle]:not(.shape)")
    assert ticks.all_text_contents() == ["0", "1", "2", "epoch"]  # no half epochs
    shapes = page.locator("figure >> nth=0 >> .shape").all_text_contents()
    assert sorted(shapes) == ["■"] * 6 + ["●"] * 6  # two revisions of three epochs


def test_confusion_has_a_matrix_a_revision_and_a_cell_a_pair(
    browser: Browser, tmp_path: Path
) -> None:
    page = drawn(browser, tmp_path, "confusion").page
    assert page.locator("figcaption").all_inner_texts() == list(TWO)
    cells = page.locator("figure >> nth=0 >> rect title").all_text_contents()
    assert (
        "predicted dog, actual cat: 1" in cells
        and "predicted cat, actual cat: 2" in cells
    )
    assert len(cells) == 3


def test_confusion_is_as_strong_as_its_share_of_the_actual_class(
    browser: Browser, tmp_path: Path
) -> None:
    """It was the share of the predicted one: one of two dogs, where one of three cats was wrong."""
    page = drawn(browser, tmp_path, "confusion").page
    strength = page.locator("rect", has_text="predicted dog, actual cat").first
    assert float(strength.get_attribute("fill-opacity")) == pytest.approx(
        0.45 + 0.55 / 3
    )
    assert page.inner_text(".key >> nth=0").endswith(
        "larger share of its actual class"
    )


def test_colours_go_by_name_and_folds_by_number(
    browser: Browser, tmp_path: Path
) -> None:
    """Raw was blue here, and calibrated blue in the report, whose first colour this is."""
    page = drawn(browser, tmp_path, "reliability").page
    assert page.inner_text(".key >> nth=0").split("\n")[:2] == [
        "●calibrated",
        "■raw",
    ]
    tints = page.locator(".key >> nth=0 >> b").evaluate_all(
        "all => all.map((b) => b.style.color)"
    )
    assert tints == [
        "rgb(59, 130, 246)",
        "rgb(194, 98, 10)",
    ]  # COLOURS[0] and RAW of report/plots
    rows = [row | {"fold": f"{fold}"} for fold in (10, 2) for row in curves()[:3]]
    encoding = {
        "x": {"field": "epoch"},
        "y": {"field": "val_accuracy"},
        "color": {"field": "fold"},
    }
    spec = {"data": {"values": rows}, "mark": "line", "encoding": encoding}
    page.evaluate("(spec) => vegaEmbed('h2', spec)", spec)
    assert page.inner_text("h2 .key").split("\n") == ["●fold 2", "■fold 10"]


def test_reliability_has_its_diagonal(browser: Browser, tmp_path: Path) -> None:
    page = drawn(browser, tmp_path, "reliability").page
    found = page.locator("figcaption").all_inner_texts()
    assert found == ["bins of equal width", "bins of equal mass"]
    # raw and calibrated of two revisions, and the diagonal
    assert page.locator("figure >> nth=0 >> path").count() == 5
    first, last = (
        page.locator("figure >> nth=0 >> path >> nth=4")
        .get_attribute("d")
        .split("L")
    )
    assert first == "M44.0 206.0" and last == "352.0 12.0"  # from corner to corner


def test_many_rows_of_one_group_are_gone_through_once(
    browser: Browser, tmp_path: Path
) -> None:
    """A copy of the group for each of its rows took 13 s."""
    page = drawn(browser, tmp_path, "confusion").page
    plot = """() => {
        const row = {rev: "main", actual: "cat", predicted: "cat"}, start = performance.now();
        const encoding = {x: {field: "actual"}, y: {field: "predicted"}};
        vegaEmbed("h2", {data: {values: Array(60000).fill(row)}, mark: "rect", encoding});
        return performance.now() - start;
    }"""
    assert page.evaluate(plot) < 4_000
