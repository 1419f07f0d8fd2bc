"""Pages from disk in headless Chromium, and what they asked for and complained about."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@dataclass
class Opened:
    """A page, what it asked for, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """What it asked of the network; data: is the page itself."""
        return [
            url for url in self.requests if not url.startswith(("file://", "data:"))
        ]


def opened(
    browser: Browser, path: Path, *, anchor: str = "", **settings: object
) -> Opened:
    """A file as a person opens it; `settings` are playwright's, such as color_scheme."""
    made = Opened(browser.new_page(**{"viewport": DESK} | settings))
    made.page.on("request", lambda request: made.requests.append(request.url))
    made.page.on("console", lambda message: made.complaints.append(message.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.goto(path.as_uri() + anchor)
    return made
