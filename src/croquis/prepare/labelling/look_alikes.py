"""Class names that people take for one: by case, blanks, signs without width, letters alike."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

NAMED = 3  # pairs that a note shows
# Letters that look like these Latin ones.
_LOOKS = {
    # Cyrillic capitals
    **str.maketrans(
        "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421"
        "\u0422\u0423\u0425\u050c\u051a\u051c",
        "ABESIJKMHOPCTYXGQW",
    ),
    # Cyrillic small letters
    **str.maketrans(
        "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u0501\u04bb"
        "\u051b\u051d\u0475\u04cf",
        "aesijopcyxdhqwvl",
    ),
    # Greek capitals
    **str.maketrans(
        "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
        "\u03a5\u03a7",
        "ABEZHIKMNOPTYX",
    ),
    # Greek small letters
    **str.maketrans(
        "\u03b1\u03bd\u03b9\u03ba\u03bf\u03c1\u03c5\u03c7",
        "avikopux",
    ),
}


def look_alikes(names: Iterable[str]) -> list[str]:
    """A line that names the class names that look alike, or none.

    They stay two classes: `a` and `A` may well be two letters, and only people know.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[_looks(name)].append(name)
    pairs = [(group[0], other) for group in groups.values() for other in group[1:]]
    if not pairs:
        return []
    shown = "; ".join(_difference(*pair) for pair in pairs[:NAMED])
    more = "; ..." if len(pairs) > NAMED else ""
    count = "1 pair of class names looks"
    if len(pairs) > 1:
        count = f"{len(pairs):,} pairs of class names look"
    return [f"{count} alike, and they stay apart ({shown}{more})"]


def _looks(name: str) -> str:
    """What people see of a name: equal for names that look alike."""
    text = unicodedata.normalize("NFKC", name).translate(_LOOKS)
    # Twice, as folding the case can bring other letters, too.
    text = unicodedata.normalize("NFKC", text.casefold())
    text = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    text = re.sub(r"^\s*0*(\d+)(\.0*)?\s*$", r"\1", text)  # 1, 01 and 1.0
    return " ".join(text.replace("_", " ").replace("-", " ").split())


def _difference(one: str, other: str) -> str:
    """Both names, and the sign that tells them apart where nobody would see it."""
    if one.lower() == other.lower():
        return f"{one!r} and {other!r} differ in case"
    strange = [sign for sign in other if sign not in one and not sign.isascii()]
    strange += [sign for sign in one if sign not in other and not sign.isascii()]
    if not strange:
        return f"{one!r} and {other!r}"
    sign = strange[0]
    name = unicodedata.name(sign, "a sign without a name")
    return f"{one!r} and {other!r}, by U+{ord(sign):04X} {name}"
