"""What a competition is called: the name of its data source, in which no secret is."""

import re
from urllib.parse import unquote, urlsplit

from croquis.core.addresses import HIDDEN, address
from croquis.core.files import root

# Words of file names that tell no competition from another.
GENERIC = frozenset(
    "all archive archives challenge comp competition competitions content copy data dataset"
    " datasets download downloads export extracted file files final full image images img imgs"
    " input main master new old photos pics images public raw release resolve source src temp"
    " test tmp train training unpacked unzipped upload uploads v version x zip".split()
)


def competition(source: str) -> str:
    """The name of a data source, without suffixes; a generic one with a folder above it.

    `~/sketch/data.tar.gz` is `sketch-data`; what lies in the project's folder has that folder's
    name before it. `quickdraw345.tar.gz` is `quickdraw345` wherever it lies.
    """
    parts = [part for part in _parts(source) if part.strip("./\\ ")]
    if not parts or (source.rstrip("/").endswith("..") and "://" not in source):
        return "croquis"
    name = parts[-1].split(".", 1)[0] or parts[-1].strip(".") or "croquis"
    if not _generic(name):
        return name
    above = [part for part in reversed(parts[:-1]) if not _generic(part)]
    return f"{above[0]}-{name}" if above else name


def older(source: str) -> str:
    """The name that a former version gave it: the last part alone."""
    last = address(source).rstrip("/").rsplit("/", 1)[-1]
    return last.split(".", 1)[0] or "croquis"


def _parts(source: str) -> list[str]:
    """Folders and the file's name; of a URL its host first, of a relative path the project's."""
    if "://" in source:
        url = urlsplit(address(source))
        path = [part.partition(";")[0] for part in unquote(url.path).split("/")]
        host = url.netloc.partition(":")[0]
        return [host, *(part for part in path if HIDDEN not in part)]
    start = [] if source.startswith(("/", "~")) else root().resolve().parts[1:]
    return [*start, *source.split("/")]


def _generic(name: str) -> bool:
    """Whether all words of a name are generic: `train_images`, `archive (1)`, `data-v2`."""
    words = re.findall(r"[^\W\d_]+", name.split(".", 1)[0].lower())
    return all(word in GENERIC for word in words)
