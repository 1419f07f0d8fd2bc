"""A hook of mkdocs: pages that lie outside of docs/ join the site, and links between all work.

README.md is the site's first page; a link to a file of code becomes its name.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
# Pages of the repository that the site has under another name.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/RESULTS.md": "results.md",
}
LINK = re.compile(
    r"(?<!!)\[([^\[\]]*)\]\(([^)\s]+)\)"
)  # a text that holds no image
TARGET = re.compile(r"\]\(([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages from outside."""
    for source, name in PAGES.items():
        content = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turns links as the repository has them into links of the site."""
    outside = {name: source for source, name in PAGES.items()}
    source = outside.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = posixpath.dirname(source)
    # Of a file of code the site has no page: its name stays, without a link.
    without_code = LINK.sub(
        lambda link: link[0] if _page(link[2], folder) else link[1], markdown
    )
    return TARGET.sub(
        lambda end: f"]({_page(end[1], folder) or end[1]})", without_code
    )


def _page(target: str, folder: str) -> str:
    """The target of a link, seen from a folder of the repository, on the site; else empty."""
    path, _, anchor = target.partition("#")
    if "://" in target or not path:
        return target
    place = posixpath.normpath(posixpath.join(folder, path))
    ending = f"#{anchor}" if anchor else ""
    if place in PAGES:
        return PAGES[place] + ending
    return place.removeprefix("docs/") + ending if place.startswith("docs/") else ""
