"""The path that a `data.source` means, however a person has written it."""

import difflib
import os
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from croquis.core.errors import InputError
from croquis.core.files import root

QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_FILE = re.compile(r"file:(?://(?:localhost)?)?(/.*)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:\S+")
_USER = re.compile(r"[^\s/:@]+:[^\s/@]+@[\w.-]+(?:[:/]|$)")  # and a password
_WEB = re.compile(
    r"(?:www\.|(?:kaggle|github|huggingface|dropbox)\.(?:com|co)/)\S+"
)
MOST_NAMES = 10_000  # of a folder, that are looked at for a name that is alike


def local(source: str) -> Path:
    """The path that a `data.source` means; relative ones start at the project's folder.

    The very text counts first. Where nothing is there, it may mean a path without the blanks or
    quotes around it, a file:// address, a variable such as $HOME, or a name in the other normal
    form of Unicode, as macOS writes Korean ones. Where nothing is there either, it is the path as
    written.
    """
    written = _path(source)
    paths = [written, *map(_path, _other_forms(source))]
    for path in paths:
        if os.path.lexists(path):
            return path
    for path in paths:
        alike = _other_normal_form(path)
        if alike is not None:
            return alike
    is_address = _FILE.fullmatch(without_quotes(source))
    return paths[-1] if is_address else written


def missing_error(source: str) -> InputError:
    """The error where nothing stands at the path that a `data.source` means."""
    plain = without_quotes(source)
    if _USER.match(plain):
        return InputError(
            "data.source",
            expected="an address that begins with https:// or the like",
            received=f"'***@{plain.rpartition('@')[2]}', with a user and a password",
            fix="write https:// and the host, and put the password into ~/.netrc"
            " (docs/data.md)",
        )
    return InputError(
        "data.source",
        expected="'icons', an http(s) URL, or the path of an archive or a folder",
        received=repr(source),
        fix=_fix_of_missing(source, local(source)),
    )


def _path(text: str) -> Path:
    try:
        return root() / Path(text).expanduser()
    except RuntimeError:  # ~nobody
        return root() / text


def without_quotes(source: str) -> str:
    """A text without the blanks and the quotes around it."""
    return source.strip().strip(QUOTES).strip()


def is_as_written(source: str) -> bool:
    """Whether a `data.source` names its path by the very text."""
    return local(source) == _path(source)


def _other_forms(source: str) -> Iterator[str]:
    """What a text may mean that names nothing as it is."""
    plain = without_quotes(source)
    if not plain:
        return
    if match := _FILE.fullmatch(plain):
        yield match.group(1)
        plain = unquote(match.group(1))
    yield plain
    yield os.path.expandvars(plain)
    yield plain.replace("\\ ", " ")  # as a shell would read it
    yield unquote(plain)


def _other_normal_form(path: Path) -> Path | None:
    """The path on the disk that has the same letters, composed or not; None if there is none."""
    here = Path(path.anchor)
    for part in path.parts[len(here.parts) :]:
        step = here / part
        if not os.path.lexists(step):
            wanted = unicodedata.normalize("NFC", part)
            names = [
                name
                for name in _names_in(here)
                if unicodedata.normalize("NFC", name) == wanted
            ]
            if len(names) != 1:
                return None
            step = here / names[0]
        here = step
    return here


def _names_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in islice(entries, MOST_NAMES)]
    except OSError:
        return []


def _fix_of_missing(source: str, path: Path) -> str:
    plain = without_quotes(source)
    if _DRIVE.match(plain):
        linux = f"/mnt/{plain[0].lower()}/{plain[3:]}".replace("\\", "/")
        return f"that is a path of Windows: in WSL it is {linux}"
    has_host = re.match(r"file://(?!localhost/)[^/]", plain, re.IGNORECASE)
    if plain.startswith("\\\\") or has_host:
        return "mount the share of Windows, and name the path where it is mounted"
    if _SCP.fullmatch(plain):
        return f"fetch it, as with `scp {plain} .`, and name the file"
    if _WEB.match(plain):
        return f"write https:// before it: https://{plain}"
    slashed = _path(plain.replace("\\", "/"))
    if "\\" in plain and slashed.exists():
        return f"write it with /: {plain.replace(chr(92), '/')}"
    there = path
    while not there.parent.is_dir():
        there = there.parent
    folder = there.parent
    names = [name for name in _names_in(folder) if not name.startswith(".")]
    by_lower = {name.lower(): name for name in names}
    names_near = difflib.get_close_matches(there.name.lower(), by_lower, n=1)
    missing = f"nothing is at {there}"
    if names_near:
        return f"{missing}; did you mean {str(folder / by_lower[names_near[0]])!r}?"
    return f"{missing}; relative paths start at the project's folder"
