"""Numbers and symmetries as people read them, on the page and in the terminal."""

from collections.abc import Mapping

# By the names of croquis.core.symmetries: how to turn the second image of a pair into the first.
SYMMETRIES = {
    "identity": "as is",
    "rot90": "second turned 90° left",
    "rot180": "second turned 180°",
    "rot270": "second turned 90° right",
    "flip_lr": "second mirrored",
    "flip_ud": "second mirrored top to bottom",
    "transpose": "second mirrored, then turned 90° left",
    "antitranspose": "second mirrored, then turned 90° right",
}


def symmetry(name: str) -> str:
    """A symmetry of a pair in plain words."""
    return SYMMETRIES[name]


def share(number: float, digits: int = 3) -> str:
    """A share with its leading zero dropped: .725, -.012, 1.000."""
    text = f"{number:.{digits}f}"
    has_zero = abs(number) < 1 and text.lstrip("-")[0] == "0"
    return text.replace("0.", ".", 1) if has_zero else text


def ends(score: Mapping[str, float]) -> str:
    """The two ends of an accuracy's interval: .703 .. .747."""
    return f"{share(score['accuracy_low'])} .. {share(score['accuracy_high'])}"


def side_of_interval(test: dict[str, float]) -> str:
    """Where single folds' test accuracy lies, as OOF estimates it: inside the interval, or not."""
    if test["inside_interval"]:
        return "inside the interval"
    chance = "no more" if test["gap_low"] <= 0 <= test["gap_high"] else "more"
    return f"outside the interval, by {chance} than chance in both sets"


def gain(number: float) -> str:
    """A difference of shares with its sign: +.019, -.012, .000."""
    text = share(number).replace("-.000", ".000")
    return f"+{text}" if number > 0 and text != ".000" else text


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 fold, 5 folds, 1,204 images."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def odds(p: float) -> str:
    """A p-value: .136, or < .001."""
    return "< .001" if p < 0.001 else share(p)


def duration(minutes: float) -> str:
    """A time: under 1 s, 40 s, 12 min, 3 h 5 min."""
    if minutes < 1 / 60:
        return "under 1 s"
    seconds = round(60 * minutes)
    if seconds < 60:
        return f"{seconds} s"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"
