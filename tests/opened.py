"""Pages from disk in headless Chromium, and what they asked for and complained about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@contextmanager
def launched() -> Iterator[Browser]:
    """Headless Chromium, without a sandbox, as root has none; skips where it is not installed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Opened:
    """A page, what it asked for, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """What it asked of the network; data: is the page itself."""
        return [url for url in self.requests if not url.startswith(("file://", "data:"))]


def opened(browser: Browser, path: Path, *, anchor: str = "", **settings: object) -> Opened:
    """A file as a person opens it; `settings` are playwright's, such as color_scheme."""
    made = Opened(browser.new_page(**{"viewport": DESK} | settings))
    made.page.on("request", lambda request: made.requests.append(request.url))
    made.page.on("console", lambda message: made.complaints.append(message.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.goto(path.as_uri() + anchor)
    return made
