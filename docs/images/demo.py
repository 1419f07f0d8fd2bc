"""The images of the page to draw on, from the last run: python docs/images/demo.py

Starts `croquis demo`, draws a house as a person would, and writes the images of docs/serving.md
beside this file. Half a minute; needs Chromium.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PORT = 7899
FOLDER = Path(__file__).parent
SCREENS = {
    "desktop-light": {
        "viewport": {"width": 1000, "height": 700},
        "color_scheme": "light",
    },
    "phone-dark": {
        "viewport": {"width": 390, "height": 1040},
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": "dark",
    },
}
HOUSE = (  # strokes, corner by corner in shares of the paper
    ((0.17, 0.51), (0.35, 0.34), (0.51, 0.17), (0.67, 0.35), (0.84, 0.5)),
    ((0.27, 0.43), (0.26, 0.83), (0.74, 0.84), (0.75, 0.44)),
    ((0.43, 0.83), (0.44, 0.6), (0.57, 0.61), (0.57, 0.82)),
)


def main() -> None:
    """Writes an image of each screen."""
    program = "from croquis.commands.main import app; app()"
    command = [sys.executable, "-c", program, "demo", f"--port={PORT}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stdout or ():
                print(line, end="")
                if "http://" in line:  # before it, what is being loaded
                    break
            with sync_playwright() as playwright:
                path = shutil.which("chromium") or shutil.which("google-chrome")
                browser = playwright.chromium.launch(
                    executable_path=path, args=["--no-sandbox"]
                )
                for screen in SCREENS:
                    _image(browser, screen)
                browser.close()
        finally:
            server.terminate()


def _image(browser: Browser, screen: str) -> None:
    context = browser.new_context(**SCREENS[screen])
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{PORT}")
    page.wait_for_selector("#paper .undo")
    for stroke in HOUSE:
        _draw(page, stroke)
    page.wait_for_selector(".answer li")
    page.wait_for_load_state("networkidle")
    path = FOLDER / f"demo-{screen}.png"
    page.screenshot(path=path)
    context.close()
    # 64 colours are enough for a page in two of them, and a third of the bytes.
    Image.open(path, formats=["PNG"]).convert("RGB").quantize(64).save(
        path, optimize=True
    )
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")


def _draw(page: Page, corners: tuple[tuple[float, float], ...]) -> None:
    box = page.locator("#paper canvas").bounding_box()
    places = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"])
        for x, y in corners
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    page.wait_for_selector("#answer[aria-busy=false]")


if __name__ == "__main__":
    main()
