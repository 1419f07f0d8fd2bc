"""Archives in a data set: unpacked in their place, said, bounded as one, and never above it."""

import bz2
import gzip
import io
import lzma
import shutil
import zipfile
import zlib
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.download import entries
from croquis.download.nested import unpack_nested
from croquis.download.sources import fetch
from support.packed import packed

TABLE = b"image_path,class_name\ntrain/0.png,cup\ntrain/1.png,star\n"
IMAGES = {"0.png": b"0", "1.png": b"1"}
IN_FOLDER = {f"train/{name}": content for name, content in IMAGES.items()}
WHOLE = {"train.csv": TABLE, **IN_FOLDER}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def bytes_of(files: dict[str, bytes], suffix: str = ".zip") -> bytes:
    """An archive in memory."""
    path = packed(Path(f"inner{suffix}"), files)
    content = path.read_bytes()
    path.unlink()
    return content


def bring(source: Path) -> list[str]:
    wanted = DataParams(source=str(source), sha256=None)
    notes = fetch(wanted, Path("data/raw"), Path("data/solution.csv"))
    return [note for note in notes if "to pin" not in note]


def raw() -> dict[str, bytes]:
    """What is in data/raw; the next source finds nothing."""
    files = {
        path.relative_to("data/raw").as_posix(): path.read_bytes()
        for path in Path("data/raw").rglob("*")
        if path.is_file()
    }
    shutil.rmtree("data/raw")
    return files


def as_folder(path: Path) -> Path:
    folder = path.with_suffix("")
    shutil.unpack_archive(path, folder)
    return folder


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz"])
@pytest.mark.parametrize("inner", [IMAGES, IN_FOLDER])
@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_a_split_in_an_archive_of_its_own_is_unpacked_in_its_place(
    tmp_path: Path, suffix: str, inner: dict[str, bytes], kind: str
) -> None:
    files = {"train.csv": TABLE, f"train{suffix}": bytes_of(inner, suffix)}
    source = packed(tmp_path / "all.zip", files)
    if kind == "folder":
        source = as_folder(source)
    assert bring(source) == [f"train{suffix} inside was unpacked, 2 images"]
    assert raw() == WHOLE
    if kind == "folder":  # which is a person's own
        assert sorted(path.name for path in source.iterdir()) == sorted(files)


def test_parts_of_a_split_become_one_folder(tmp_path: Path) -> None:
    """As the images_001.tar.gz .. images_012.tar.gz of a set of X-rays."""
    files = {
        "train.csv": TABLE,
        "train_001.tar.gz": bytes_of({"train/0.png": b"0"}, ".tar.gz"),
        "train_002.tar.gz": bytes_of({"train/1.png": b"1"}, ".tar.gz"),
    }
    assert len(bring(packed(tmp_path / "all.zip", files))) == 2
    assert raw() == WHOLE


def test_parts_that_hold_the_same_file_are_refused(tmp_path: Path) -> None:
    part = bytes_of({"train/0.png": b"0"})
    files = {"train.csv": TABLE, "train_1.zip": part, "train_2.zip": part}
    with pytest.raises(InputError, match=r"train_2.zip: .*'0.png', which is there"):
        bring(packed(tmp_path / "all.zip", files))


def test_a_table_packed_alone_comes_out_beside_the_images(tmp_path: Path) -> None:
    files = {
        "train.csv.zip": bytes_of({"train.csv": TABLE}),
        "train.zip": bytes_of(IMAGES),
    }
    assert bring(packed(tmp_path / "all.zip", files)) == [
        "train.csv.zip inside was unpacked, 0 images",
        "train.zip inside was unpacked, 2 images",
    ]
    assert raw() == WHOLE


def test_classes_in_archives_of_their_own_stay_apart(tmp_path: Path) -> None:
    """Both hold a folder `images`: in one folder, classes would be merged."""
    files = {
        "flowers/rose.zip": bytes_of({"images/0.png": b"0"}),
        "flowers/tulip.zip": bytes_of({"images/0.png": b"1"}),
        "flowers/daisy.zip": bytes_of({"0.png": b"2"}),
    }
    desk = Path("desk")
    desk.mkdir()
    shutil.unpack_archive(packed(tmp_path / "all.zip", files), desk)
    unpack_nested(desk, "all.zip")
    left = {path.relative_to(desk).as_posix() for path in desk.rglob("*.png")}
    assert left == {
        "flowers/rose/images/0.png",
        "flowers/tulip/images/0.png",
        "flowers/daisy/0.png",
    }


def test_a_note_beside_the_folder_changes_no_place(tmp_path: Path) -> None:
    inner = bytes_of({**IN_FOLDER, "README.txt": b"hello"})
    bring(packed(tmp_path / "all.zip", {"train.csv": TABLE, "train.zip": inner}))
    assert raw() == {**WHOLE, "train/README.txt": b"hello"}
    twice = bytes_of({"train.zip": bytes_of(IN_FOLDER)})
    bring(packed(tmp_path / "all.zip", {"train.csv": TABLE, "train.zip": twice}))
    assert raw() == WHOLE


def test_a_whole_data_set_in_an_archive_in_an_archive(tmp_path: Path) -> None:
    once = bytes_of(WHOLE)
    assert bring(packed(tmp_path / "a.zip", {"data.zip": once})) == [
        "data.zip inside was unpacked, 2 images"
    ]
    assert raw() == WHOLE
    twice = bytes_of({"d/train.csv": TABLE, "d/train.zip": bytes_of(IMAGES)})
    assert bring(packed(tmp_path / "b.zip", {"archive.zip": twice})) == [
        "archive.zip inside was unpacked, 0 images",
        "archive/d/train.zip inside was unpacked, 2 images",
    ]
    assert raw() == WHOLE


def test_three_levels_are_too_many(tmp_path: Path) -> None:
    content = bytes_of(WHOLE)
    for level in range(3):
        content = bytes_of({f"level{level}.zip": content})
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(
        InputError, match="in more than 2 archives; unpack it by hand"
    ):
        bring(tmp_path / "a.zip")


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_what_was_unpacked_once_is_not_unpacked_again(
    tmp_path: Path, kind: str
) -> None:
    others = {
        "train.zip": b"PK not even a zip",
        "notes.zip": b"PK",
        "old.7z": b"7z",
        "train.csv.zip": b"PK",
    }
    source = packed(tmp_path / "all.zip", WHOLE | others)
    if kind == "folder":
        source = as_folder(source)
    assert bring(source) == [
        "4 archives left packed beside the images: notes.zip, old.7z, train.csv.zip, ..."
    ]
    assert WHOLE.items() <= raw().items()


def test_a_split_that_is_still_packed_is_unpacked_beside_the_other(
    tmp_path: Path,
) -> None:
    files = {**WHOLE, "test.zip": bytes_of({"5.png": b"5"}), "old.zip": b"PK"}
    notes = bring(packed(tmp_path / "all.zip", files))
    assert notes == [
        "test.zip inside was unpacked, 1 image",
        "1 archive left packed beside the images: old.zip",
    ]
    assert raw()["test/5.png"] == b"5"


def test_a_backup_of_the_images_changes_nothing(tmp_path: Path) -> None:
    """`train.zip` beside class folders: unpacked, it would be a second data set."""
    classes = {"cup/0.png": b"0", "star/1.png": b"1"}
    backup = {"train.zip": bytes_of(classes), "train_backup.zip": bytes_of(classes)}
    bring(packed(tmp_path / "a.zip", classes | backup))
    assert {f"train/{name}" for name in classes} <= set(raw())
    others = ("train_backup", "images", "devices", "evaluation", "old_test", "imgs")
    left = {f"{name}.zip": b"PK" for name in others}
    (line,) = bring(packed(tmp_path / "b.zip", WHOLE | left))
    assert line.startswith("6 archives left packed") and raw() == WHOLE | left


@pytest.mark.parametrize(
    ("name", "content", "received"),
    [
        ("train.7z", b"7z\xbc\xaf\x27\x1c", "train.7z, a 7z archive"),
        ("train.rar", b"Rar!\x1a\x07\0", "train.rar, a rar archive"),
        ("train.tar.zst", b"\x28\xb5\x2f\xfd", "train.tar.zst, a zstd file"),
        ("train.zip.001", b"PK\x03\x04", "train.zip.001, in more than"),
    ],
)
def test_an_archive_inside_that_is_not_read_is_named(
    tmp_path: Path, name: str, content: bytes, received: str
) -> None:
    """As the train.7z in the zip of CIFAR-10's competition."""
    source = packed(tmp_path / "a.zip", {"train.csv": TABLE, name: content})
    with pytest.raises(InputError) as caught:
        bring(source)
    assert received in str(caught.value) and "7z x" in str(caught.value)


def test_a_folder_of_archives_that_are_not_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "cifar"
    folder.mkdir()
    (folder / "trainLabels.csv").write_bytes(b"id,label\n")
    (folder / "train.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    with pytest.raises(
        InputError, match=r"received train.7z, a 7z archive; unpack it"
    ):
        bring(folder)


def test_an_archive_without_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="received one without files"):
        bring(packed(tmp_path / "a.zip", {}))


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, gzip.compress])
def test_one_file_packed_alone_is_no_archive(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    for content, said in ((bytes_of(WHOLE), "a zip"), (b"a text" * 99, "one file")):
        (tmp_path / "a").write_bytes(pack(content))
        with pytest.raises(InputError, match=f"received {said} packed once more"):
            bring(tmp_path / "a")


def test_a_page_called_zip_inside_is_named(tmp_path: Path) -> None:
    files = {"train.csv": TABLE, "train.zip": b"<html><title>Sign in</title>"}
    with pytest.raises(InputError, match=r"train.zip: .*a web page \('Sign in'\)"):
        bring(packed(tmp_path / "a.zip", files))


def test_thousands_of_archives_are_no_data_set(tmp_path: Path) -> None:
    files = {f"items/{number}.zip": b"PK" for number in range(100)}
    with pytest.raises(InputError, match=r"fewer than 100 archives .*received 100"):
        bring(packed(tmp_path / "a.zip", files))


@pytest.mark.parametrize("name", ["../evil.png", "/tmp/evil.png", "..\\evil.png"])
def test_an_inner_name_cannot_leave(tmp_path: Path, name: str) -> None:
    files = {"train.csv": TABLE, "train.zip": bytes_of({name: b"x"})}
    with pytest.raises(InputError, match=r"train.zip: expected entries that stay"):
        bring(packed(tmp_path / "a.zip", files))


def test_bombs_inside_count_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is under the limit, as 1 MiB; all of them are not."""
    monkeypatch.setattr(entries, "HARMLESS_BYTES", 2**21)
    monkeypatch.setattr(entries, "MOST_RATIO", 1)
    bomb = bytes_of({"0.png": bytes(2**20)})
    files = {f"part{number}.zip": bomb for number in range(3)}
    source = packed(tmp_path / "a.zip", files)
    for each in (source, as_folder(source)):
        with pytest.raises(InputError, match="how a zip bomb behaves"):
            bring(each)


def test_entries_inside_count_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "HARMLESS_ENTRIES", 30)
    monkeypatch.setattr(entries, "BYTES_PER_ENTRY", 2**20)
    inner = bytes_of({f"{number}.png": b"" for number in range(12)})
    files = {f"part{number}.zip": inner for number in range(3)}
    with pytest.raises(InputError, match="at most 30 entries"):
        bring(packed(tmp_path / "a.zip", files))


# ---- .tar.bz2 and .tar.xz


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress, gzip.compress])
def test_tars_are_read_whatever_packs_them(tmp_path: Path, pack: object) -> None:
    tar = packed(tmp_path / "a.tar", WHOLE).read_bytes()
    half = len(tar) // 2
    assert callable(pack)
    # Two streams in a row, as programs write that use several processors.
    (tmp_path / "a.tgz").write_bytes(pack(tar[:half]) + pack(tar[half:]))
    assert bring(tmp_path / "a.tgz") == [] and raw() == WHOLE
    content = (tmp_path / "a.tgz").read_bytes()
    for damaged in (content[:-20], content[:-30] + b"\xff" * 30, content + b"junk"):
        (tmp_path / "b.tgz").write_bytes(damaged)
        with pytest.raises(InputError, match="whole, readable"):
            bring(tmp_path / "b.tgz")


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_a_bomb_of_another_packer_stops_at_the_limit(
    tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "HARMLESS_BYTES", 2**20)
    assert callable(pack)
    tar = packed(tmp_path / "a.tar", {"0.png": bytes(2**22)}).read_bytes()
    (tmp_path / "a.tar.xz").write_bytes(pack(tar))
    with pytest.raises(InputError, match="how a zip bomb behaves"):
        bring(tmp_path / "a.tar.xz")


def test_an_xz_that_asks_for_gigabytes_of_memory_is_refused(tmp_path: Path) -> None:
    tar = packed(tmp_path / "a.tar", WHOLE).read_bytes()
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0}]
    content = bytearray(lzma.compress(tar, filters=filters))
    # The size of the dictionary is a byte of the block's header: 40 asks for 4 GiB.
    place = content.index(b"\x21\x01", 12) + 2
    content[place] = 40
    header = (content[12] + 1) * 4
    content[12 + header - 4 : 12 + header] = _crc(content[12 : 12 + header - 4])
    (tmp_path / "a.tar.xz").write_bytes(content)
    with pytest.raises(InputError, match=r"[Mm]emory"):
        bring(tmp_path / "a.tar.xz")


def _crc(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")


def test_two_packed_tars_joined_are_refused(tmp_path: Path) -> None:
    one = bytes_of(WHOLE, ".tgz")
    two = bytes_of({"train/2.png": b"2"}, ".tgz")
    (tmp_path / "a.tgz").write_bytes(one + two)
    with pytest.raises(InputError, match="expected one archive"):
        bring(tmp_path / "a.tgz")


def test_an_office_file_or_weights_are_no_archive(tmp_path: Path) -> None:
    for name, said in (
        ("[Content_Types].xml", "a file of Office"),
        ("model/data.pkl", "a file of PyTorch"),
    ):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as bundle:
            bundle.writestr(name, b"x")
            bundle.writestr("model/version", b"3")
        (tmp_path / "a.zip").write_bytes(file.getvalue())
        with pytest.raises(InputError, match=said):
            bring(tmp_path / "a.zip")


def test_parts_of_a_folder_in_several_archives_make_one_folder() -> None:
    classes = {"train/cup/0.png": b"0", "train/star/1.png": b"1"}
    parts = {
        "train_1.zip": bytes_of(classes),
        "train_2.zip": bytes_of({"train/cup/2.png": b"2"}),
    }
    bring(packed(Path("all.zip"), parts))
    folders = {path.name for path in Path("data/raw/train").iterdir()}
    assert folders == {"cup", "star"}  # no empty train/ in train/
    assert raw() == {**classes, "train/cup/2.png": b"2"}
