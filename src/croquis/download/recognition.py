"""Whether a `data.source` can be one, as far as that costs nothing: no network, no unpacking."""

import os
from collections.abc import Callable

from croquis.core.errors import InputError
from croquis.core.files import root
from croquis.download.kinds.file_checks import refuse_other_file
from croquis.download.kinds.pages import fix_of_page, shows_page
from croquis.download.local_paths import is_as_written, local, without_quotes
from croquis.download.sources import kind_of


def recognised(source: str) -> str:
    """The text to write into params.yaml for a source, as a person has typed it.

    Raises:
        InputError: if nothing is there, or it is known to be no data set.
    """
    kind = kind_of(source)
    check = CHECKS.get(kind)
    text = without_quotes(source) if kind in ("url", "remote") else source
    return text if check is None else check(text)


def _archive(source: str) -> str:
    path = local(source)
    refuse_other_file(path, source, str(path))
    return _path_text(source)


def _folder(source: str) -> str:
    path = local(source)
    if not any(path.iterdir()):
        raise InputError(
            "data.source",
            expected="a folder with images",
            received=f"{source!r}, an empty folder",
            fix="name another one",
        )
    return _path_text(source)


def _path_text(source: str) -> str:
    """The path as typed, or as it was found: seen from the project where it lies there."""
    if is_as_written(source):
        return source
    path = local(source)
    inside = path.is_relative_to(root())
    return os.fspath(path.relative_to(root()) if inside else path)


def _url(source: str) -> str:
    if shows_page(source):
        raise InputError(
            "data.source",
            expected="the address of an archive",
            received=f"{source!r}, which shows a page",
            fix=fix_of_page(source),
        )
    return source


def _remote(source: str) -> str:
    # Imported here: it brings requests.
    from croquis.download.remote import refuse_missing_driver

    refuse_missing_driver(source)
    return source


CHECKS: dict[str, Callable[[str], str]] = {
    "archive": _archive,
    "folder": _folder,
    "url": _url,
    "remote": _remote,
}
