"""Unpacking: what honest packers write comes out whole, and what nobody honest writes stays in."""

import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download import entries
from croquis.download.archives import unpack
from croquis.download.entries import Meter
from croquis.download.kinds.file_checks import kind_of_file
from support.packed import packed

FILES = {
    "data/train.csv": b"image_path,target\n",
    "data/train/cat/0.png": bytes(1000),
}


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in files
    }


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.zip"])
def test_each_format_comes_out_as_it_went_in(
    tmp_path: Path, out: Path, name: str
) -> None:
    unpack(packed(tmp_path / name, FILES), out, where="a")
    assert contents(out) == FILES


def test_the_first_bytes_tell_the_format_not_the_name(
    tmp_path: Path, out: Path
) -> None:
    packed(tmp_path / "a.zip", FILES).rename(tmp_path / "a.tar.gz")
    unpack(tmp_path / "a.tar.gz", out, where="a")
    assert contents(out) == FILES


def test_junk_is_dropped_even_with_a_bad_path(tmp_path: Path, out: Path) -> None:
    junk = [
        "._data",
        "data/._train.csv",
        "data/train/.DS_Store",
        "__MACOSX/data/x",
        "../._x",
    ]
    junk += ["data/Thumbs.db"]
    unpack(
        packed(tmp_path / "a.tgz", FILES | dict.fromkeys(junk, b"junk")),
        out,
        where="a",
    )
    assert contents(out) == FILES


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_folders_of_tools_are_dropped_and_their_images_counted(
    tmp_path: Path, out: Path, name: str
) -> None:
    """Thumbnails of a NAS were test images."""
    tools = [
        "data/test/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg",
        "$RECYCLE.BIN/1.png",
        "data/.git/config",
        "data/.dvcignore",
    ]
    archive = packed(tmp_path / name, FILES | dict.fromkeys(tools, b"x"))
    assert unpack(archive, out, where="a") == [
        "2 images are in folders of a system or a tool, and left out: $RECYCLE.BIN/1.png,"
        " data/test/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg"
    ]
    assert contents(out) == FILES


def test_links_into_folders_of_tools_become_copies(
    tmp_path: Path, out: Path
) -> None:
    """git-annex and DVC keep the images there, and pack links to them."""
    link = special(
        "data/train/cat/1.png", tarfile.SYMTYPE, "../../.git/annex/objects/1.png"
    )
    files = FILES | {"data/.git/annex/objects/1.png": b"1"}
    unpack(packed(tmp_path / "a.tar", files, link), out, where="a")
    assert contents(out) == FILES | {"data/train/cat/1.png": b"1"}


def test_hidden_folders_stay_as_a_table_may_name_their_images(
    tmp_path: Path, out: Path
) -> None:
    files = FILES | {"data/train/.ipynb_checkpoints/0-checkpoint.png": b"0"}
    assert unpack(packed(tmp_path / "a.zip", files), out, where="a") == []
    assert contents(out) == files


def test_paths_with_windows_slashes_become_folders(
    tmp_path: Path, out: Path
) -> None:
    unpack(packed(tmp_path / "a.zip", {"train\\cat\\0.png": b"x"}), out, where="a")
    assert contents(out) == {"train/cat/0.png": b"x"}


def test_names_that_differ_in_case_are_two(tmp_path: Path, out: Path) -> None:
    files = {"train/a/0.PNG": b"x", "train/a/0.png": b"y", "train/A/0.png": b"z"}
    unpack(packed(tmp_path / "a.tar", files), out, where="a")
    assert contents(out) == files


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_two_normal_forms_of_a_name_are_said_to_be_that(
    tmp_path: Path, out: Path, suffix: str
) -> None:
    files = {"train/caf\u00e9/0.png": b"x", "train/cafe\u0301/0.png": b"y"}
    with pytest.raises(
        InputError, match=r"twice, in two normal forms \(NFC, NFD\);"
    ):
        unpack(packed(tmp_path / f"a{suffix}", files), out, where="a")


def test_a_folder_in_two_normal_forms_may_hold_two_images(
    tmp_path: Path, out: Path
) -> None:
    files = {"train/caf\u00e9/0.png": b"x", "train/cafe\u0301/1.png": b"y"}
    unpack(packed(tmp_path / "a.tar", files), out, where="a")
    assert contents(out) == files


def test_links_inside_become_copies(tmp_path: Path, out: Path) -> None:
    hard = special("b.png", tarfile.LNKTYPE, "data/train/cat/0.png")
    soft = special("data/c.png", tarfile.SYMTYPE, "../data/train/cat/0.png")
    unpack(packed(tmp_path / "a.tar", FILES, hard, soft), out, where="a")
    assert contents(out)["b.png"] == contents(out)["data/c.png"] == bytes(1000)
    assert not any(path.is_symlink() for path in out.rglob("*"))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("../evil", ".tar"),
        ("data/../../evil", ".tgz"),
        ("/tmp/evil", ".tar"),
        ("../evil", ".zip"),
        ("/tmp/evil", ".zip"),
        ("..\\evil", ".zip"),
    ],
)
def test_a_path_that_leaves_is_refused(
    tmp_path: Path, out: Path, name: str, suffix: str
) -> None:
    archive = packed(tmp_path / f"a{suffix}", {name: b"x"})
    with pytest.raises(
        InputError, match=r"a: expected entries that stay inside, received.*evil"
    ):
        unpack(archive, out, where="a")
    assert not contents(out) and not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            special("x", tarfile.SYMTYPE, "../../etc/passwd"),
            "'x', a link to '../../etc/passwd'",
        ),
        (
            special("x", tarfile.LNKTYPE, "/etc/passwd"),
            "'x', a link to '/etc/passwd'",
        ),
        (
            special("x", tarfile.SYMTYPE, "nowhere"),
            "'x', a link to 'nowhere', which is none",
        ),
        (special("x", tarfile.CHRTYPE), "expected files and folders, received 'x'"),
        (
            special("x", tarfile.FIFOTYPE),
            "expected files and folders, received 'x'",
        ),
    ],
)
def test_links_out_and_devices_are_refused(
    tmp_path: Path, out: Path, entry: tarfile.TarInfo, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        unpack(packed(tmp_path / "a.tar", {}, entry), out, where="a")
    assert not contents(out)


def test_a_link_never_leads_a_later_file_out(tmp_path: Path, out: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.addfile(special("door", tarfile.SYMTYPE, str(tmp_path)))
        info = tarfile.TarInfo("door/evil")
        tar.addfile(info, io.BytesIO())
    with pytest.raises(InputError, match="stay inside"):
        unpack(tmp_path / "a.tar", out, where="a")
    assert not (tmp_path / "evil").exists()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip"])
@pytest.mark.parametrize(
    "damage", [cut, lambda _: b"", lambda _: b"<html>404</html>" * 99]
)
def test_a_damaged_archive_is_refused(
    tmp_path: Path, out: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    archive = packed(tmp_path / name, {str(i): os.urandom(3000) for i in range(9)})
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(
        InputError, match=r"the-source: expected a whole, readable .*; fetch it"
    ):
        unpack(archive, out, where="the-source")


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_one_wrong_byte_is_noticed(tmp_path: Path, out: Path, name: str) -> None:
    archive = packed(tmp_path / name, {"x": os.urandom(30_000)})
    archive.write_bytes(flipped(archive.read_bytes()))
    with pytest.raises(InputError, match="whole, readable"):
        unpack(archive, out, where="a")


def test_a_damaged_header_in_a_tar_is_not_its_end(
    tmp_path: Path, out: Path
) -> None:
    archive = packed(tmp_path / "a.tar", {"x": bytes(512), "y": bytes(512)})
    content = bytearray(archive.read_bytes())
    content[1024 + 3] ^= 255  # in the name of the second entry
    archive.write_bytes(content)
    with pytest.raises(InputError, match="bad checksum"):
        unpack(archive, out, where="a")


def test_a_checksum_after_the_last_entry_is_read(tmp_path: Path, out: Path) -> None:
    archive = packed(tmp_path / "a.tgz", FILES)
    content = archive.read_bytes()
    archive.write_bytes(content[:-8] + bytes(4) + content[-4:])
    with pytest.raises(InputError, match="CRC check failed"):
        unpack(archive, out, where="a")


def test_an_encrypted_zip_says_so(tmp_path: Path, out: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"x": b"secret"})
    content = archive.read_bytes().replace(
        b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01"
    )
    content = content.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )
    archive.write_bytes(content)
    with pytest.raises(InputError, match="password required"):
        unpack(archive, out, where="a")


@pytest.mark.parametrize("name", ["bomb.tar.gz", "bomb.zip"])
def test_a_bomb_stops_at_the_bytes_that_come_out(
    tmp_path: Path, out: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "HARMLESS_BYTES", 2**22)
    archive = packed(
        tmp_path / name, {"zeros": bytes(2**25)}
    )  # 32 MiB in some 32 KiB
    with pytest.raises(
        InputError, match=r"at most [\d,]+ bytes unpacked, received more.*bomb"
    ):
        unpack(archive, out, where="a")
    # 200 times what was packed, and the one buffer that went too far was never written.
    assert (out / "zeros").stat().st_size <= max(
        2**22, 200 * archive.stat().st_size
    )


def test_a_bomb_of_junk_is_no_way_around(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "HARMLESS_BYTES", 2**22)
    archive = packed(tmp_path / "a.tgz", {"._zeros": bytes(2**25)})
    with pytest.raises(InputError, match="bomb"):
        unpack(archive, out, where="a")


def test_what_is_small_or_shrinks_little_is_no_bomb(
    tmp_path: Path, out: Path
) -> None:
    unpack(packed(tmp_path / "a.tgz", {"zeros": bytes(2**22)}), out, where="a")
    assert (out / "zeros").stat().st_size == 2**22


def test_more_entries_than_the_size_allows_are_a_bomb(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "HARMLESS_ENTRIES", 50)
    archive = packed(tmp_path / "a.tgz", {f"{i:03}": b"" for i in range(900)})
    most = max(50, archive.stat().st_size // 16)
    assert most < 900
    with pytest.raises(InputError, match=f"at most {most} entries"):
        unpack(archive, out, where="a")


def test_more_than_the_disk_has_free_stops(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(entries.shutil, "disk_usage", lambda _: usage)
    archive = packed(tmp_path / "a.tar", {"x": bytes(20_000)})
    with pytest.raises(
        InputError, match=r"at most 10,000 bytes as the disk has free.*free some"
    ):
        unpack(archive, out, where="a")


def test_a_name_for_a_file_and_a_folder_is_damage(
    tmp_path: Path, out: Path
) -> None:
    archive = packed(tmp_path / "a.tar", {"x": b"", "x/y": b""})
    with pytest.raises(InputError, match="whole, readable"):
        unpack(archive, out, where="a")


def test_gzip_of_a_plain_file_is_no_archive(tmp_path: Path, out: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(
        gzip.compress(b"just text, and no tar" * 99)
    )
    with pytest.raises(InputError, match="whole, readable"):
        unpack(tmp_path / "a.tar.gz", out, where="a")


def test_a_sparse_file_is_refused(tmp_path: Path) -> None:
    """A hole of a terabyte is a few bytes of the archive, and the meter sees these alone."""
    info = tarfile.TarInfo("train/cat/0.png")
    info.size = 1
    info.pax_headers = {
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": "1000000",
        "GNU.sparse.numblocks": "1",
    }
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(b"x"))
    (tmp_path / "out").mkdir()
    with pytest.raises(
        InputError, match=r"expected files and folders, received 'train/cat/0.png'"
    ):
        unpack(tmp_path / "a.tar", tmp_path / "out", where="a.tar")


def test_an_archive_may_have_as_many_entries_as_the_limit_says(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.zip").write_bytes(b"0" * 16)
    meter = Meter(tmp_path / "a.zip", tmp_path, "a.zip")
    assert meter.most_entries == 10_000
    for _ in range(10_000):
        meter.add_entry()
    with pytest.raises(InputError, match="at most 10,000 entries"):
        meter.add_entry()


@pytest.mark.parametrize("name", ["PKLot", "BZhang"])
def test_a_tar_whose_first_folder_is_called_as_a_zip_begins_is_a_tar(
    tmp_path: Path, name: str
) -> None:
    archive = packed(tmp_path / "a.tar", {f"{name}/0.png": b"0"})
    assert kind_of_file(archive, archive.name) is None
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out", "a.tar")
    assert (tmp_path / "out" / name / "0.png").read_bytes() == b"0"


def test_an_xz_that_takes_much_memory_is_told_so(tmp_path: Path) -> None:
    tar = packed(tmp_path / "a.tar", {"0.png": b"0"}).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**16, "preset": 0}]
    content = bytearray(lzma.compress(tar, filters=filters))
    # The dictionary's size as the block's header has it: 2**29 bytes, and a new checksum.
    header = content[12:24]
    assert header[2:4] == b"\x21\x01"
    header[4] = 34
    header[8:] = zlib.crc32(header[:8]).to_bytes(4, "little")
    content[12:24] = header
    path = tmp_path / "a.tar.xz"
    path.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(
        InputError, match="more than 256 MB of memory; unpack it by"
    ):
        unpack(path, tmp_path / "out", "a.tar.xz")


def test_images_in_a_folder_of_junk_are_counted(tmp_path: Path) -> None:
    files = {"0.png": b"0", "__MACOSX/1.png": b"1", "__MACOSX/._0.png": b"2"}
    archive = packed(tmp_path / "a.zip", files)
    (tmp_path / "out").mkdir()
    notes = unpack(archive, tmp_path / "out", "a.zip")
    assert notes == [
        "1 image is in folders of a system or a tool, and left out: __MACOSX/1.png"
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.png"]
