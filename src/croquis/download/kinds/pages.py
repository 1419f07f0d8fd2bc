"""Hosts that show a page where people expect the file: what to do instead."""

import re
import shlex
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from croquis.core.addresses import hide_secrets

Fixer = Callable[[str], str]
NAME_FILE = "and name the file that comes"
_WORD = r"([\w.-]+)"
_SURE_PAGE = re.compile(
    r"https?://(?:www\.)?(?:"
    r"kaggle\.com/(?:c|competitions|datasets)/"
    r"|drive\.google\.com/(?:file/d/|drive/|open\?)"
    r"|github\.com/[^/?#]+/[^/?#]+(?:/blob/[^?#]+)?/?(?:[?#](?!raw=).*)?$"
    r"|gitlab\.com/.+/-/blob/"
    r"|huggingface\.co/(?:.+/blob/|datasets/[^/?#]+/[^/?#]+/?$)"
    r"|dropbox\.com/.+[?&]dl=0"
    r"|zenodo\.org/records?/\d+/?$"
    r")",
    re.IGNORECASE,
)


def shows_page(address: str) -> bool:
    """Whether an address is known to show a page to everybody, without asking its host."""
    return _SURE_PAGE.match(address.strip()) is not None


def fix_of_page(address: str) -> str:
    """What brings the data of an address that shows a page; "" where nothing is known of it.

    Nothing is known, too, of an address that should bring the file itself.
    """
    try:
        host = (urlsplit(address.strip()).hostname or "").lower()
    except ValueError:  # brackets that are no address of version 6
        return ""
    for end, fixer in HOSTS.items():
        if host == end or host.endswith(f".{end}"):
            return hide_secrets(fixer(address.strip()))
    return ""


def _kaggle(address: str) -> str:
    path = urlsplit(address).path
    if path.startswith("/api/"):
        return ""
    if match := re.match(rf"/(?:c|competitions)/{_WORD}", path):
        command = f"kaggle competitions download -c {match.group(1)}"
        return f"join the competition there, say `{command}`, {NAME_FILE}"
    if match := re.match(rf"/(?:datasets/)?{_WORD}/{_WORD}", path):
        return f"say `kaggle datasets download {'/'.join(match.groups())}`, {NAME_FILE}"
    return f"download it with the program `kaggle`, {NAME_FILE}"


def _google(address: str) -> str:
    parts = urlsplit(address)
    if match := re.search(r"/folders/([\w-]+)", parts.path):
        return (
            f"say `gdown --folder {match.group(1)}`, and name the folder that comes"
        )
    in_path = re.search(r"/d/([\w-]+)", parts.path)
    name = (
        in_path.group(1) if in_path else dict(parse_qsl(parts.query)).get("id", "")
    )
    if not re.fullmatch(r"[\w-]+", name):
        return f"download it in a browser, {NAME_FILE}"
    return f"say `gdown {name}`, {NAME_FILE}"


def _dropbox(address: str) -> str:
    parts = urlsplit(address)
    if ("dl", "1") in parse_qsl(parts.query):
        return ""
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "dl"]
    direct = urlunsplit(parts._replace(query=urlencode([*query, ("dl", "1")])))
    return f"end the address with dl=1: {direct}"


def _code_host(address: str) -> str:
    """GitHub, and those that are built alike: the page of a file says blob."""
    parts = urlsplit(address)
    if "/blob/" in parts.path:
        raw = parts.path.replace("/blob/", "/raw/", 1)
        return f"name {urlunsplit(parts._replace(path=raw, query=''))}"
    if match := re.fullmatch(rf"/{_WORD}/{_WORD}/?", parts.path):
        archive = "/".join(["", *match.groups(), "archive", "HEAD.zip"])
        return f"name {urlunsplit(parts._replace(path=archive, query=''))}, or clone it"
    return ""


def _github_raw(address: str) -> str:
    parts = urlsplit(address)
    if parts.hostname != "raw.githubusercontent.com":
        return ""
    media = parts._replace(
        netloc="media.githubusercontent.com", path=f"/media{parts.path}", query=""
    )
    return f"where it is in Git LFS, name {urlunsplit(media)}"


def _hugging_face(address: str) -> str:
    parts = urlsplit(address)
    if "/resolve/" in parts.path:
        return ""
    if "/blob/" in parts.path:
        path = parts.path.replace("/blob/", "/resolve/", 1)
        return f"name {urlunsplit(parts._replace(path=path, query=''))}"
    if match := re.match(rf"/datasets/{_WORD}/{_WORD}", parts.path):
        name = "/".join(match.groups())
        folder = shlex.quote(match.group(2))
        command = f"hf download {name} --repo-type dataset --local-dir {folder}"
        return f"say `{command}`, and name the folder"
    return ""


def _zenodo(address: str) -> str:
    path = urlsplit(address).path
    if "/files/" in path:
        return ""
    if match := re.search(r"/records?/(\d+)", path):
        place = f"https://zenodo.org/records/{match.group(1)}/files/NAME?download=1"
        return f"name one of its files: {place}"
    return f"download it in a browser, {NAME_FILE}"


def _by_browser(address: str) -> str:
    return f"download it in a browser, {NAME_FILE}"


HOSTS: dict[str, Fixer] = {
    "kaggle.com": _kaggle,
    "drive.google.com": _google,
    "drive.usercontent.google.com": _google,
    "docs.google.com": _google,
    "dropbox.com": _dropbox,
    "raw.githubusercontent.com": _github_raw,
    "github.com": _code_host,
    "gitlab.com": _code_host,
    "huggingface.co": _hugging_face,
    "zenodo.org": _zenodo,
    "mega.nz": _by_browser,
    "1drv.ms": _by_browser,
    "onedrive.live.com": _by_browser,
    "sharepoint.com": _by_browser,
    "figshare.com": _by_browser,
    "disk.yandex.com": _by_browser,
    "box.com": _by_browser,
    "mybox.naver.com": _by_browser,
    "roboflow.com": _by_browser,
}
