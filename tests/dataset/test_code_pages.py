"""Names in a country's code page: read where tables prove it, else named with their readings."""

import os
import unicodedata
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.naming.code_pages import decode_names
from croquis.dataset.naming.names import to_utf8

# Of 表 and 能 the second byte is a backslash in CP932, and so is that of 功 in Big5.
# 猫 in GB18030 is è in UTF-8.
NAMES = {
    "cp949": ["강아지", "고양이"],
    "cp932": ["表", "ソフト", "能力"],
    "gb18030": ["苹果", "香蕉", "猫"],
    "cp950": ["蘋果", "功"],
    "latin1": ["café", "Bär"],
    "cp850": ["café", "Bär"],
    "mac_roman": ["café", "Bär"],
    "cp1251": ["жук", "щи"],
    "cp866": ["жук", "щи"],
    "koi8_r": ["жук", "щи"],
    "cp1250": ["kůň", "žába"],
}


def put(folder: Path, names: list[bytes], csv: str | bytes = "") -> Path:
    """train/<name>/0.png for each name, and a table."""
    for name in names:
        place = os.path.join(os.fsencode(folder), b"train", name)
        os.makedirs(place)
        open(os.path.join(place, b"0.png"), "w").close()
    content = csv if isinstance(csv, bytes) else csv.encode()
    (folder / "train.csv").write_bytes(content)
    return folder


def table_of(names: list[str]) -> str:
    return "image_path\n" + "".join(f"{name}/0.png\n" for name in names)


def folders(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "train").iterdir())


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_tables_prove_the_code_page(tmp_path: Path, page: str, form: str) -> None:
    names = NAMES[page]
    csv = table_of([unicodedata.normalize(form, name) for name in names])
    put(tmp_path, [name.encode(page) for name in names], csv)
    (note,) = to_utf8(tmp_path, "set")
    assert folders(tmp_path) == sorted(names)
    assert note.startswith(f"{len(names)} file names were read as {page.upper()} (")
    assert f"), as tables have them: '{min(names)}'" in note


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_of_windows_proves_it_too(tmp_path: Path, encoding: str) -> None:
    csv = table_of(["りんご", "みかん"]).replace("/", "\\").encode(encoding)
    put(tmp_path, ["りんご".encode("cp932"), "みかん".encode("cp932")], csv)
    to_utf8(tmp_path, "set")
    assert folders(tmp_path) == ["みかん", "りんご"]


def test_the_other_names_follow_those_that_tables_have(tmp_path: Path) -> None:
    names = ["りんご", "ぶどう", "もも"]
    csv = table_of(names[:1])
    put(tmp_path, [name.encode("cp932") for name in names], csv)
    to_utf8(tmp_path, "set")
    assert folders(tmp_path) == sorted(names)


def test_each_name_of_a_mix_is_read_in_its_own(tmp_path: Path) -> None:
    raw = ["りんご".encode("cp932"), "강아지".encode("cp949"), "고양이".encode()]
    put(tmp_path, raw, table_of(["りんご", "강아지", "고양이"]))
    assert to_utf8(tmp_path, "set") == [
        "1 file names were read as CP932 (Japanese Windows), as tables have them: 'りんご'",
        "1 file names were read as CP949 (Korean Windows), as tables have them: '강아지'",
    ]
    assert folders(tmp_path) == sorted(["りんご", "강아지", "고양이"])


def test_ids_without_suffixes_prove_the_code_page(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("id,label\nлыжи,0\n", encoding="utf-8")
    open(
        os.path.join(os.fsencode(tmp_path), "лыжи.png".encode("cp866")), "w"
    ).close()
    to_utf8(tmp_path, "set")
    assert (tmp_path / "лыжи.png").exists()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("classes.txt", "고양이\nりんご\nみかん\n"),
        ("list.txt", "train/りんご/0.png 0\ntrain/みかん/0.png 1\n"),
        (
            "metadata.jsonl",
            '{"file_name": "りんご/0.png"}\n{"file_name": "みかん/0.png"}',
        ),
    ],
)
def test_lists_and_lines_of_json_prove_it_too(
    tmp_path: Path, table: str, text: str
) -> None:
    put(tmp_path, ["りんご".encode("cp932"), "みかん".encode("cp932")])
    (tmp_path / table).write_text(text, encoding="utf-8")
    to_utf8(tmp_path, "set")
    assert folders(tmp_path) == ["みかん", "りんご"]


@pytest.mark.parametrize(
    ("page", "reading"),
    [
        ("cp932", "'表' in cp932"),
        ("gb18030", "'猫' in gb18030"),
        ("latin1", "'Bär' in latin1"),
    ],
)
def test_without_a_proof_the_readings_are_named(
    tmp_path: Path, page: str, reading: str
) -> None:
    put(
        tmp_path, [name.encode(page) for name in NAMES[page]], "image_path\n0.png\n"
    )
    with pytest.raises(InputError, match=r"expected file names in UTF-8") as caught:
        to_utf8(tmp_path, "set")
    assert f"convmv -r --notest -f {page} -t utf8" in str(caught.value)


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("latin1", ["20°C"]),
        ("cp932", ["りんご", "みかん"]),
        ("gb18030", ["狗", "鸟"]),
        ("gb18030", ["苹果", "梨"]),
        ("cp950", ["狗", "鳥"]),
    ],
)
def test_what_is_hangul_by_chance_is_not_korean(
    page: str, texts: list[str]
) -> None:
    """A dog in GBK is the syllable of a dry land in CP949; few Korean names have such ones."""
    assert decode_names([text.encode(page) for text in texts], frozenset()) == {}


@pytest.mark.parametrize(
    "text", ["강아지 (1)", "사진·고양이", "똠양꿍과 밥", "Ⅱ형"]
)
def test_korean_names_may_have_signs(text: str) -> None:
    (name,) = decode_names([text.encode("cp949")], frozenset()).values()
    assert name.text == text


def test_a_name_that_tables_have_in_two_ways_is_not_certain() -> None:
    """b"\\xe9" is é in Western Europe and й in Russia."""
    tables = frozenset(["caf\xe9", "cafй"])
    assert decode_names([b"caf\xe9"], tables) == {}
