"""Makes report-*.png, for the README and docs/report.md, from the report of a finished run.

    make images        (or: python docs/images/report.py data/report docs/images)

Headless Chromium opens the pages from disk; each image has 128 colours, 40 to 250 KB.
"""

import io
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

COLOURS = 128


class Shot(NamedTuple):
    """An image: its name, the page and what to scroll to, the window and its colours."""

    name: str
    page: str
    scheme: str
    width: int
    height: int


SHOTS = (
    Shot("report-top", "index.html", "light", 1280, 960),
    Shot("report-errors", "errors.html", "light", 1280, 900),
    Shot("report-mistakes", "index.html#mistakes", "dark", 1280, 900),
    Shot("report-copies", "duplicates-1.html", "light", 1280, 900),
    Shot("report-phone", "index.html", "dark", 390, 844),
)


def screenshot(browser: Browser, report: Path, shot: Shot) -> Image.Image:
    """The top of a window that shows a page, in few colours."""
    name, _, anchor = shot.page.partition("#")
    window = {"width": shot.width, "height": shot.height}
    page = browser.new_page(viewport=window, color_scheme=shot.scheme)
    page.goto((report / name).resolve().as_uri() + (f"#{anchor}" if anchor else ""))
    image = Image.open(io.BytesIO(page.screenshot()), formats=["PNG"])
    page.close()
    # By coverage: by frequency the few red words and rings would turn gray.
    return image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)


def main(report: Path, folder: Path) -> None:
    """Writes all images of `report` that its run has pages for to `folder`."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not (report / "index.html").is_file():
        sys.exit(
            f"expected Chromium and {report}/index.html: apt-get install chromium, make repro"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        for shot in SHOTS:
            if not (report / shot.page.partition("#")[0]).is_file():
                continue  # a run without copies has no page of them
            path = folder / f"{shot.name}.png"
            screenshot(browser, report, shot).save(path, optimize=True)
            print(f"{path}: {path.stat().st_size / 1000:.0f} KB")
        browser.close()


if __name__ == "__main__":
    main(
        *map(
            Path,
            sys.argv[1:3] if len(sys.argv) == 3 else ("data/report", "docs/images"),
        )
    )
