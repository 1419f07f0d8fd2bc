"""The names of a zip's entries: where the zip does not say UTF-8, Python takes DOS's letters."""

import struct
import zipfile
import zlib

UTF8_FLAG = 0x800
UNICODE_PATH = 0x7075  # of Info-ZIP: the name in UTF-8, beside one in a code page
DOS_FOLDER = 0x10


def zip_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry, with slashes between its folders.

    Packers of macOS write UTF-8 without saying so, those of Windows their country's code page. As
    bytes that are no text such a name is left to whoever looks at all names; so are its
    backslashes, as Japanese and Chinese letters have bytes that look like one.
    """
    if info.flag_bits & UTF8_FLAG:
        return info.filename.replace("\\", "/")
    try:
        packed = info.filename.encode("cp437")
    except UnicodeEncodeError:  # Python has read the name from its field
        return info.filename.replace("\\", "/")
    unicode_path = _unicode_path(info.extra, packed)
    if unicode_path is not None:
        return unicode_path.replace("\\", "/")
    try:
        return packed.decode("utf-8").replace("\\", "/")
    except UnicodeDecodeError:
        is_folder = packed.endswith(b"\\") and info.external_attr & DOS_FOLDER
        packed = packed[:-1] + b"/" if is_folder else packed
        return packed.decode("utf-8", "surrogateescape")


def _unicode_path(extra: bytes, packed: bytes) -> str | None:
    """The name in a field of its own, if it is there and belongs to this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field = extra[4 : 4 + size]
        extra = extra[4 + size :]
        if kind == UNICODE_PATH and len(field) > 5 and field[0] == 1:
            (checksum,) = struct.unpack("<L", field[1:5])
            if checksum == zlib.crc32(packed):
                return _utf8(field[5:])
    return None


def _utf8(name: bytes) -> str | None:
    try:
        return name.decode("utf-8").split("\0")[0]
    except UnicodeDecodeError:
        return None
