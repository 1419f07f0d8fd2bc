"""Archives that are small and cost much: in headers, names, links and directories."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.archives import unpack
from support.memory import outcome_and_megabytes
from support.packed import packed

MOST_MEGABYTES = 300
UNPACK = "unpack(path, others[0], 'a')"
IMPORTS = "from croquis.download.archives import unpack"
BLOCK = 512


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def one_record_of_200_mb() -> bytes:
    size = 200 * 2**20
    text = b"%d comment=" % size
    record = text + b"x" * (size - len(text) - 1) + b"\n"
    return header("x", tarfile.XHDTYPE, size) + record


def a_long_name_of_200_mb() -> bytes:
    return header("x", tarfile.GNUTYPE_LONGNAME, 200 * 2**20) + bytes(200 * 2**20)


def long_names_of_long_names() -> bytes:
    return 900 * (header("x", tarfile.GNUTYPE_LONGNAME, 2**18) + bytes(2**18))


def attributes_of_all_entries() -> bytes:
    parts = []
    for number in range(100):
        lines = [f"20 {number:03}{at:06}=abcdef\n" for at in range(25_000)]
        records = "".join(lines).encode()
        padding = bytes(-len(records) % BLOCK)
        parts += [header("x", tarfile.XGLTYPE, len(records)), records, padding]
        parts.append(header(f"{number}", tarfile.REGTYPE, 0))
    return b"".join(parts)


def a_sparse_map_without_end() -> bytes:
    first = bytearray(header("x", tarfile.GNUTYPE_SPARSE, 0))
    first[482] = 1  # "more of the map follows"
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = b"00000000001\0" * 42 + b"\1" + bytes(7)
    return bytes(first) + more * (200 * 2**20 // BLOCK)


def a_sparse_map_in_the_data() -> bytes:
    info = tarfile.TarInfo("x")
    info.size = 200 * 2**20
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    return info.tobuf(tarfile.PAX_FORMAT) + b"999999999\n" + b"0\n" * (100 * 2**20)


def links_with_long_names() -> bytes:
    parts = []
    for number in range(42_000):
        info = tarfile.TarInfo(f"{number:06}" + "/n" * 60)
        info.type = tarfile.SYMTYPE
        info.linkname = "/".join(["x" * 200] * 4)
        parts.append(info.tobuf(tarfile.GNU_FORMAT))
    return b"".join(parts)


TARS = [
    one_record_of_200_mb,
    a_long_name_of_200_mb,
    long_names_of_long_names,
    attributes_of_all_entries,
    a_sparse_map_without_end,
    a_sparse_map_in_the_data,
    links_with_long_names,
]


@pytest.mark.parametrize("bomb", TARS, ids=lambda bomb: bomb.__name__)
def test_a_header_of_a_tar_takes_little_memory(
    tmp_path: Path, bomb: Callable[[], bytes]
) -> None:
    archive = tmp_path / "a.tgz"
    archive.write_bytes(gzip.compress(bomb(), 1))
    (tmp_path / "out").mkdir()
    outcome, megabytes = outcome_and_megabytes(
        IMPORTS, UNPACK, archive, tmp_path / "out"
    )
    assert outcome.startswith("a: expected")
    assert "\n" not in outcome
    assert megabytes < MOST_MEGABYTES


def directory_of(entries: int, *, name: int = 1, extra: int = 0) -> bytes:
    """A zip's directory of entries that all are the one at the beginning."""
    content = b"".join(
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0,
            name, extra, 0, 0, 0, 0, 0,
        ) + f"{number:07}".encode()[-name:].ljust(name, b"n") + bytes(extra)
        for number in range(entries)
    )  # fmt: skip
    count = min(entries, 0xFFFF)
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(content), 30, 0
    )
    local = struct.pack(
        "<4s2B4HL2L2H", b"PK\3\4", 20, 0, 0, 0, 0, 33, 0, 0, 0, 0, 0
    )
    return local + content + end


@pytest.mark.parametrize(
    ("entries", "name", "extra"),
    [(300_000, 7, 0), (2_000_000, 7, 0), (3_000, 60_000, 0), (2_000, 7, 60_000)],
)
def test_a_directory_of_a_zip_takes_little_memory(
    tmp_path: Path, entries: int, name: int, extra: int
) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(directory_of(entries, name=name, extra=extra))
    (tmp_path / "out").mkdir()
    outcome, megabytes = outcome_and_megabytes(
        IMPORTS, UNPACK, archive, tmp_path / "out"
    )
    assert outcome.startswith("a: expected")
    assert megabytes < MOST_MEGABYTES


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_comes_out_in_one_piece_is_refused(tmp_path: Path, kind: int) -> None:
    """A kilobyte of bzip2 is 45 MB, and no limit of ours is asked meanwhile."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", kind) as bundle:
        bundle.writestr("train/a/0.png", bytes(2**20))
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"deflate, as is usual.*bzip2 or lzma"):
        unpack(archive, tmp_path / "out", where="a")


def test_an_entry_that_claims_to_be_endless_ends_with_the_archive(
    tmp_path: Path,
) -> None:
    """tarfile itself would count to that size, for years."""
    info = tarfile.TarInfo("._junk")
    info.size = 2**62
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(BLOCK))
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="unexpected end of data"):
        unpack(tmp_path / "a.tar", tmp_path / "out", where="a")


@pytest.mark.parametrize("kind", [".tgz", ".zip"])
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("train/" + "n" * 256, "names of at most 255 bytes, received one of 256"),
        ("train/" + "é" * 128, "names of at most 255 bytes, received one of 256"),
        ("d/" * 64 + "0.png", "paths of at most 64 folders, received one of 65"),
        (
            "long/" * 300 + "0.png",
            "paths of at most 1,024 bytes, received one of 1,506",
        ),
    ],
)
def test_a_name_that_no_disk_takes_is_said(
    tmp_path: Path, kind: str, name: str, limit: str
) -> None:
    archive = packed(tmp_path / f"a{kind}", {name: b"x"})
    (tmp_path / "out").mkdir()
    fix = "give it a shorter name, and pack it again"
    with pytest.raises(InputError, match=r"^a: expected") as caught:
        unpack(archive, tmp_path / "out", where="a")
    assert str(caught.value) == f"a: expected {limit}, {name[:40]!r} ...; {fix}"


def test_folders_that_no_entry_names_count_as_entries(tmp_path: Path) -> None:
    files = {f"{number}/" + "d/" * 60 + "x": b"" for number in range(200)}
    archive = packed(tmp_path / "a.tgz", files)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="at most 10,000 entries"):
        unpack(archive, tmp_path / "out", where="a")


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize(
    "second",
    ["train/é/0.png", "train/./é/0.png", "train//é/0.png", "train/e\u0301/0.png"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_comes_once(tmp_path: Path, kind: str, second: str) -> None:
    archive = tmp_path / "a"
    names = ["train/é/0.png", second]
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            for name in names:
                bundle.writestr(name, name)
    else:
        with tarfile.open(archive, "w") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 1
                tar.addfile(info, io.BytesIO(b"x"))
    (tmp_path / "out").mkdir()
    with pytest.raises(
        InputError, match=r"expected each name once, received .* twice"
    ):
        unpack(archive, tmp_path / "out", where="a")


def test_a_link_and_a_file_of_one_name_are_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("train/a.png")
    link.type = tarfile.LNKTYPE
    link.linkname = "train/a.png"
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("train/a.png"))
        tar.addfile(link)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="each name once"):
        unpack(tmp_path / "a.tar", tmp_path / "out", where="a")


def test_names_that_differ_in_case_are_two_names(tmp_path: Path) -> None:
    """A set of letters has a class a and a class A, and Linux has both."""
    archive = packed(
        tmp_path / "a.zip", {"train/a/0.png": b"a", "train/A/0.png": b"A"}
    )
    out = tmp_path / "out"
    out.mkdir()
    unpack(archive, out, where="a")
    assert (out / "train/a/0.png").read_bytes() == b"a"
    assert (out / "train/A/0.png").read_bytes() == b"A"


@pytest.mark.parametrize("suffix", [".tar", ".tgz"])
def test_what_follows_the_end_of_a_tar_is_not_lost_unsaid(
    tmp_path: Path, suffix: str
) -> None:
    one = packed(tmp_path / f"one{suffix}", {"a": b"1"}).read_bytes()
    two = packed(tmp_path / f"two{suffix}", {"b": b"2"}).read_bytes()
    (tmp_path / "both").write_bytes(one + two)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match=r"expected one archive.*joined by `cat`"):
        unpack(tmp_path / "both", tmp_path / "out", where="a")


def test_a_tar_padded_with_zeros_is_one_archive(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar", {"a": b"1"})
    archive.write_bytes(archive.read_bytes() + bytes(30_000))
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out", where="a")
    assert (tmp_path / "out" / "a").read_bytes() == b"1"
