"""What a competition is called: the name of its data source, and its address without secrets."""

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from croquis.core.files import root

# Words of file names that tell no competition from another.
GENERIC = frozenset(
    "all archive archives challenge comp competition competitions content copy data dataset"
    " datasets download downloads export extracted file files final full image images img imgs"
    " input main master new old photos pics images public raw release resolve source src temp"
    " test tmp train training unpacked unzipped upload uploads v version x zip".split()
)
# Keys of a URL's query that name the data, and are never a secret.
NAMING = ("id", "file", "filename", "name", "path", "dataset", "version")


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
    return source.rstrip("/").rsplit("/", 1)[-1].split(".", 1)[0] or "croquis"


def address(source: str) -> str:
    """The source without what may be secret: user, password, and most of a URL's query.

    A signed URL has another signature tomorrow, so a query keeps the keys of NAMING alone.
    """
    if "://" not in source:
        return source
    url = urlsplit(source)
    naming = [
        (key, value) for key, value in parse_qsl(url.query) if key.lower() in NAMING
    ]
    host = url.netloc.rpartition("@")[2]
    return url._replace(netloc=host, query=urlencode(naming), fragment="").geturl()


def _parts(source: str) -> list[str]:
    """Folders and the file's name; of a URL its host first, of a relative path the project's."""
    if "://" in source:
        url = urlsplit(source)
        return [
            url.netloc.rpartition("@")[2].partition(":")[0],
            *unquote(url.path).split("/"),
        ]
    start = [] if source.startswith(("/", "~")) else root().resolve().parts[1:]
    return [*start, *source.split("/")]


def _generic(name: str) -> bool:
    """Whether all words of a name are generic: `train_images`, `archive (1)`, `data-v2`."""
    words = re.findall(r"[^\W\d_]+", name.split(".", 1)[0].lower())
    return all(word in GENERIC for word in words)
