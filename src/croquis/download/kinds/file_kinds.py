"""What a file is, by its first bytes: people get a web page, or a 7z, where they expect a zip."""

import re
import tarfile
from pathlib import Path
from typing import NamedTuple

HEAD = 512  # bytes that tell an archive from anything else: one block of a tar
# The beginnings of .zip (of an empty one, too), .gz, .bz2 and .xz.
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
LONGEST_NOTE = 4096  # bytes of a pointer or of a small page
SHOWN_CHARACTERS = 40
PAGE = "a web page"
PAGE_TAGS = (
    b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title",
)  # fmt: skip
AGAIN = "fetch it again, and see that it comes whole"


class FileKind(NamedTuple):
    """What a file is that is no archive we read.

    Attributes:
        name: as an error's `received` says it.
        fix: what to do; {file} stands for the file's name, quoted for a shell.
    """

    name: str
    fix: str

    def fix_of(self, file: str) -> str:
        """The fix, with the file's name as a shell reads it."""
        return self.fix.replace("{file}", file)


def _packed(name: str, command: str) -> FileKind:
    return FileKind(name, f"unpack it with `{command}`, and name the folder")


def _single(name: str, wanted: str = "the folder of all images") -> FileKind:
    return FileKind(name, f"name {wanted}, or an archive of it")


SEVEN_ZIP = _packed("a 7z archive", "7z x {file}")
IMAGE = _single("a single image")
PROGRAM = FileKind(
    "a program, and not the data", "name the archive or the folder with the images"
)
TABLE = _single("a table alone", "the folder that holds it and the images")
PICKLE = _single("a pickle of Python, which may run any code")
TORCH = FileKind(
    "a file of PyTorch (weights or tensors)",
    "as weights it goes to `pretrained:` of a model; here name the images",
)
ENCRYPTED = FileKind(
    "an encrypted file", "decrypt it first, and name what comes out"
)
DISK_IMAGE = FileKind(
    "a disk image", "open it, copy the folder out of it, and name the folder"
)
LFS = FileKind(
    "a pointer of Git LFS, which stands in for the file",
    "say `git lfs pull` in its clone, or download the file itself",
)
DVC_FILE = FileKind(
    "a .dvc file, which stands in for the data",
    "say `dvc pull {file}` in its clone, and name the file or folder without .dvc",
)
# By a word in the title of a page that came instead of a file.
PAGE_FIXES = {
    "google drive": "choose Download anyway on that page, or say `gdown ID`, with the ID in its"
    " link",
    "kaggle": "say `kaggle competitions download -c NAME`, which logs in, and name its zip",
    "dropbox": "download it by its link with dl=1 at the end",
    "sign in": "log in with a browser, and download the file there",
    "log in": "log in with a browser, and download the file there",
    "login": "log in with a browser, and download the file there",
}
EMPTY = FileKind("an empty file", AGAIN)
ZEROS = FileKind("a file of zeros alone, whose bytes never came", AGAIN)
PARTIAL = FileKind(
    "a download that has not ended",
    "let the browser end it, and name the file that it leaves",
)
PART = FileKind(
    "one part of an archive in several",
    "unpack all parts together (`7z x` of the .zip or the .001), and name the folder",
)
# By what a file begins with.
STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (b"Rar!\x1a\x07", _packed("a rar archive", "unrar x {file}` or `7z x {file}")),
    (b"\x28\xb5\x2f\xfd", _packed("a zstd file", "tar --zstd -xf {file}")),
    (b"\x04\x22\x4d\x18", _packed("an lz4 file", "lz4 -dc {file} | tar -x")),
    (b"\x5d\x00\x00", _packed("an lzma file", "tar --lzma -xf {file}")),
    (b"LZIP", _packed("an lzip file", "tar --lzip -xf {file}")),
    (b"\x1f\x9d", _packed("a file of `compress`", "tar -xZf {file}")),
    (b"\x89LZO", _packed("an lzop file", "tar --lzop -xf {file}")),
    (b"MSCF", _packed("a Windows cabinet", "7z x {file}")),
    (b"xar!", _packed("a xar archive, as a macOS installer is", "7z x {file}")),
    (b"!<arch>\n", _packed("an ar archive, as a .deb is", "7z x {file}")),
    (b"070701", _packed("a cpio archive", "cpio -id < {file}")),
    (b"\xed\xab\xee\xdb", PROGRAM),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"#!", PROGRAM),
    (b"hsqs", DISK_IMAGE),
    (b"koly", DISK_IMAGE),
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF8", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
    (b"RIFF", _single("an image (WEBP), a sound or a film")),
    (b"%PDF", _single("a PDF")),
    (b"PAR1", _single("a Parquet table", "the images, saved as files")),
    (b"ARROW1", _single("an Arrow table", "the images, saved as files")),
    (b"\x89HDF\r\n", _single("an HDF5 file", "the images, saved as files")),
    (b"\x93NUMPY", _single("a .npy file", "the images, saved as files")),
    (b"MATLAB", _single("a file of MATLAB", "the images, saved as files")),
    (
        b"SQLite format 3",
        _single("an SQLite database", "the images, saved as files"),
    ),
    (b"\xd0\xcf\x11\xe0", _single("an old file of Office, such as .xls")),
    (b"Salted__", ENCRYPTED),
    (b"-----BEGIN PGP", ENCRYPTED),
    (b"age-encryption.org", ENCRYPTED),
    (b"\x8c\x0d", ENCRYPTED),
    (b"\x85\x01", ENCRYPTED),
    (b"\x85\x02", ENCRYPTED),
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9", TORCH),
    (b"version https://git-lfs.github.com/spec", LFS),
    (b"version https://hawser.github.com/spec", LFS),
    (b"d8:announce", FileKind("a torrent", "download it with a torrent program")),
    (b"PK\x07\x08", PART),
    (b"PK00PK\x03\x04", PART),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_DVC = re.compile(rb"(?:^|\n)outs:\s*\n\s*- ")
_LINK = re.compile(rb"\[InternetShortcut\]|<key>URL</key>")
_PART_NAME = re.compile(r"\.(?:z\d\d|\d{3}|a[a-z]|part-?\w{2,3})", re.IGNORECASE)
_PARTIAL_NAMES = (
    ".crdownload", ".part", ".partial", ".download", ".opdownload", ".aria2",
)  # fmt: skip
_SECRET_NAMES = (".gpg", ".pgp", ".asc", ".age", ".enc", ".aes")


def is_archive(head: bytes) -> bool:
    """Whether the first HEAD bytes of a file are those of an archive that can be unpacked."""
    return head.startswith((*ZIPS, *PACKED)) or is_tar_header(head)


def is_tar_header(head: bytes) -> bool:
    """Whether the first HEAD bytes of a file name the first file in a tar."""
    if len(head) < HEAD:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:HEAD], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def kind_of_bytes(head: bytes) -> FileKind | None:
    """What a file is that begins so; None where it may be an archive that we read.

    Args:
        head: the first HEAD bytes, or up to LONGEST_NOTE; all of a shorter file.
    """
    if not head:
        return EMPTY
    for start, kind in STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return _single("an image (HEIC, AVIF) or a film")
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return IMAGE  # a text may begin with BM, too
    if _PICKLE.match(head):
        return PICKLE
    return _kind_of_text(head)


def kind_by_name(name: str) -> FileKind | None:
    """What the end of a name says of a file whose bytes say nothing, or too little."""
    suffix = Path(name).suffix.lower()
    if suffix in _PARTIAL_NAMES:
        return PARTIAL
    if _PART_NAME.fullmatch(suffix):
        return PART
    return ENCRYPTED if suffix in _SECRET_NAMES else None


def is_page(head: bytes) -> bool:
    """Whether a file is a web page, by its first bytes."""
    start = re.sub(rb"\A<\?xml[^>]*>", b"", _text_start(head)).lstrip()
    start = re.sub(rb"\A(?:<!--.*?-->\s*)+", b"", start, flags=re.DOTALL)
    return start.startswith(PAGE_TAGS)


def shown_start(head: bytes) -> str:
    """What bytes begin with, for an error."""
    text = head[:SHOWN_CHARACTERS].decode("latin-1")
    return f"bytes that begin with {text!r}"


def _kind_of_text(head: bytes) -> FileKind | None:
    """What a text is; None for other bytes."""
    start = _text_start(head)
    if is_page(head):
        title = _titled(head)
        fixes = (fix for word, fix in PAGE_FIXES.items() if word in title.lower())
        return FileKind(title, next(fixes, "download the file itself in a browser"))
    if start.startswith(b"<error") or start.startswith(b"<?xml"):
        return FileKind(_quoted("an answer in XML", head), "ask for the file again")
    if start.startswith((b"{", b"[{")):
        return FileKind(
            _quoted("an answer in JSON", head), "ask for the file again"
        )
    if _DVC.search(head) and b"md5" in head:
        return DVC_FILE
    if _LINK.search(head):
        return FileKind("a link of a desktop", "name what it leads to")
    text = _decoded(head)
    if text is None:
        return None
    if any(sign in text.split("\n")[0] for sign in ",;\t"):
        return TABLE
    begins = f"a text, bytes that begin with {text[:SHOWN_CHARACTERS]!r}"
    return FileKind(begins, "name an archive, or a folder of images")


def _decoded(head: bytes) -> str | None:
    """The text of a file in UTF-8 or UTF-16; None for bytes that are none."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = head.decode(encoding, "strict")
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < len(head) - 3:
            return None  # else a letter is cut at the end
        text = head[: error.start].decode(encoding, "replace")
    plain = text.replace("\n", "").replace("\r", "").replace("\t", "")
    return text if plain.isprintable() else None


def _text_start(head: bytes) -> bytes:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def _titled(head: bytes) -> str:
    """A web page with its title, as far as that is here."""
    match = re.search(rb"<title[^>]*>([^<]{1,80})", head, re.IGNORECASE)
    if match is None:
        return PAGE
    title = " ".join(match.group(1).decode("utf-8", "replace").split())
    return f"{PAGE} ({title!r})" if title else PAGE


def _quoted(name: str, head: bytes) -> str:
    text = " ".join(head.decode("utf-8", "replace").split())
    more = " ..." if len(text) > 2 * SHOWN_CHARACTERS else ""
    return f"{name} ({text[: 2 * SHOWN_CHARACTERS]!r}{more})"
