"""Names in bytes that are no UTF-8: the code page that they are from, where that is certain."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from croquis.dataset.naming.name_forms import plain, without_suffix

# By Python's names, those first that seldom decode what is not theirs; and who writes them.
CODE_PAGES = {
    "cp949": "Korean Windows",
    "cp932": "Japanese Windows",
    "gb18030": "Chinese Windows",
    "cp950": "traditional Chinese Windows",
    "euc_jp": "Japanese Unix",
    "latin1": "Western Windows",
    "cp1252": "Western Windows",
    "cp850": "Western DOS",
    "cp437": "DOS",
    "mac_roman": "old macOS",
    "cp1250": "Central European Windows",
    "cp852": "Central European DOS",
    "cp1251": "Cyrillic Windows",
    "cp866": "Cyrillic DOS",
    "koi8_r": "Cyrillic Unix",
    "cp874": "Thai Windows",
    "cp1254": "Turkish Windows",
}
TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl")
MOST_TABLES = 20
MOST_BYTES = 2**26  # of a table that is read for names


# Nine of ten syllables in Korean names are of these, and one of four in what Chinese names become
# when they are read as Korean.
USUAL = frozenset(
    "가각간갈감갑값강갖같개객갱거걱건걸검것게겨격견결경계고곡곤골곰공과관광교구국군굴궁권귀규균그극근글금급기긴길김"
    "까깔깨꺼꼬꽃꾸끼나낙난날남납낫낭내냄냉너널넓네녀년념노녹논놀농누눈뉴느능니다단달닭담답당대댁더덕던덜덤데도독돈돌"
    "동되두둑둘뒤드득든들등디따딸때떡또뜨라락란람랑래량러런레려력련렬령례로록론료루류륙률르른를름릉리린림립링마막만말"
    "망매맥머먹멀메며면명모목몬몸못무묵문물미민밀바박반발밤밥방배백뱀버번벌범법베벼벽변별병보복본볼봄봉부북분불붕브"
    "비빈빙빛빵빨사산살삼상새색생서석선설섬성세센셔소속손솔송쇠수숙순술숭숲쉬스슬습승시식신실심십싱쌀써쓰씨아악안알암"
    "압앙애액야약양어억언얼엄업에여역연열염엽영예오옥온올옷와완왕왜외요욕용우욱운울웃원월위유육윤율융으은을음읍응의이"
    "익인일임입잉자작잔잘잠잡장재쟁저적전절점접정제조족존졸종좌죄주죽준줄중즈즉증지직진질짐집징짜째찌차착찬찰참창채책"
    "처천철첨청체초촉촌총최추축춘출충취측층치칙친칠침카칼캐커컴컵케코콘콜콩쿠크큰클키타탁탄탈탑탕태택터테토통투트특튼"
    "티파판팔패퍼페편평폐포폭표푸품풍프플피필하학한할함합항해핵행향허헌험혁현혈협형혜호혹혼홍화확환활황회획횡효후훈훼"
    "휘휴흑흔흥희히"
)


class DecodedName(NamedTuple):
    """A name, the code page that it was read in, and whether a table has it."""

    text: str
    page: str
    is_proven: bool


def decodings(name: bytes) -> dict[str, str]:
    """What a name is in each code page that has all of its bytes."""
    texts = {}
    for page in CODE_PAGES:
        try:
            text = name.decode(page)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            texts[page] = text
    return texts


def likely_decodings(name: bytes) -> dict[str, str]:
    """Those that give letters, and no half-width ones of Japan; Hangul would have been read."""
    return {
        page: text
        for page, text in decodings(name).items()
        if page != "cp949" and all(map(_is_likely, text))
    }


def decode_names(
    names: Collection[bytes], in_tables: frozenset[str]
) -> dict[bytes, DecodedName]:
    """Those of `names` that are certain: a table has them, or they are Korean throughout.

    Where one code page gives all names that tables have, the other names are read in it, too. Where
    several do, they must agree. Names from several code pages are each read in their own.

    Args:
        names: parts of paths.
        in_tables: the names that tables have, as `plain`.
    """
    texts = {name: decodings(name) for name in sorted(names)}
    proven = {
        name: pages for name in texts if (pages := _proven(texts[name], in_tables))
    }
    if not proven:
        return _korean(texts)
    shared = [
        page for page in CODE_PAGES if all(page in p for p in proven.values())
    ]
    decoded = {}
    for name, pages in proven.items():
        page = shared[0] if shared else next(iter(pages))
        decoded[name] = DecodedName(pages[page], page, True)
    others = {name: texts[name] for name in texts if name not in proven}
    if not shared:
        return decoded | _korean(others)
    for name, pages in others.items():
        likely = [page for page in shared if page in pages]
        if len({pages[page] for page in likely}) == 1:
            decoded[name] = DecodedName(pages[likely[0]], likely[0], False)
    return decoded


def is_in_tables(name: str, in_tables: frozenset[str]) -> bool:
    """Whether a table has a name, or a part of one that is a path, with its suffix or without."""
    parts = [part for part in name.split("\\") if not part.isascii()]
    forms = {
        plain(form)
        for part in parts
        for form in (part, without_suffix(part) or part)
    }
    return not forms.isdisjoint(in_tables)


def names_in_tables(folder: Path) -> frozenset[str]:
    """All parts of paths in the csv files under a folder, as `plain`; ASCII ones left out."""
    tables = (path for path in folder.rglob("*") if path.suffix.lower() in TABLES)
    sizes = [(path.stat().st_size, path) for path in tables if path.is_file()]
    names: set[str] = set()
    for size, path in sorted(sizes)[:MOST_TABLES]:
        if size <= MOST_BYTES:
            names |= _names_in(path.read_bytes())
    return frozenset(names)


def _names_in(content: bytes) -> set[str]:
    """The names of a table; none where its own encoding would have to be guessed."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return set()
    separators = r'[,;\t|\r\n"/\\]+'
    parts = {*re.split(separators, text), *re.split(rf"(?:{separators}|\s+)", text)}
    return {plain(part) for part in parts if not part.isascii()}


def _proven(texts: dict[str, str], in_tables: frozenset[str]) -> dict[str, str]:
    """The decodings that a table has; none where it has two different ones."""
    named = {
        page: text for page, text in texts.items() if is_in_tables(text, in_tables)
    }
    return named if len(set(named.values())) == 1 else {}


def _korean(texts: dict[bytes, dict[str, str]]) -> dict[bytes, DecodedName]:
    """The names that are Hangul without other letters, most of it of the usual syllables.

    The bytes of Chinese and Japanese names are Hangul, too, but syllables that Korean hardly has.
    """
    korean = {
        name: pages["cp949"]
        for name, pages in texts.items()
        if "cp949" in pages and _is_korean(pages["cp949"])
    }
    hangul = [sign for text in korean.values() for sign in text if _is_hangul(sign)]
    usual = sum(sign in USUAL for sign in hangul)
    if 2 * usual < len(hangul) or not hangul:
        return {}
    return {
        name: DecodedName(text, "cp949", False) for name, text in korean.items()
    }


def _is_korean(text: str) -> bool:
    others = [sign for sign in text if not sign.isascii() and not _is_hangul(sign)]
    is_letter = any(unicodedata.category(sign)[0] in "LM" for sign in others)
    return any(map(_is_hangul, text)) and not is_letter


def _is_likely(sign: str) -> bool:
    return sign.isascii() or (sign.isalnum() and not "\uff61" <= sign <= "\uff9f")


def _is_hangul(sign: str) -> bool:
    return "가" <= sign <= "힣"
