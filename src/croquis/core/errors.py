"""The one exception for bad input, so that every message has the same three parts."""

import reprlib
import unicodedata
from pathlib import Path

from croquis.core.addresses import hide_secrets

# Characters of a part: a value may be a file's whole content, and a screen has a few lines.
LONGEST_PART = 400
LONGEST_PLACE = 250
LONGEST_VALUE = 80


class InputError(Exception):
    """Something a person gave us is wrong: where, what was expected, what came, and the fix."""

    def __init__(
        self, where: object, *, expected: str, received: str, fix: str
    ) -> None:
        # What was received may be an address with a password in it, or name one.
        super().__init__(
            f"{_cut(where, LONGEST_PLACE)}: expected {_cut(expected)},"
            f" received {_cut(received)}; {_cut(fix)}"
        )

    def within(self, outer: str) -> "InputError":
        """The same, said of a part of `outer`, such as a model of params.yaml."""
        error = InputError("", expected="", received="", fix="")
        error.args = (f"{outer}.{self}",)
        return error


def bring_back(path: Path) -> str:
    """What to do where a file of a run is damaged, or was never there."""
    if not path.exists():
        return "run `dvc repro`, or `make repro`, which writes it"
    return (
        f"`dvc checkout -f {path}` brings it back, or `make repro` writes it again"
    )


class _Brief(reprlib.Repr):
    """Values as Python writes them, but of long ones only the start."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = LONGEST_VALUE
        self.maxother = LONGEST_VALUE
        self.maxlist = 6
        self.maxdict = 6
        self.maxlevel = 3

    def repr_str(self, x: str, level: int) -> str:
        """Text; its middle is left out, and with it what tells an address from other text."""
        return super().repr_str(hide_secrets(x[: 10 * LONGEST_PART]), level)

    def repr_int(self, x: int, level: int) -> str:
        """A number; Python refuses to write one of thousands of digits."""
        bits = x.bit_length()
        return f"a number of {bits:,} bits" if bits > 1024 else repr(x)


def brief(value: object) -> str:
    """A value for an error's `received`, at most 80 characters long."""
    try:
        text = _Brief().repr(value)
    except Exception as error:  # of a class of a stranger
        text = f"a {type(value).__name__} ({type(error).__name__})"
    return _cut(text, LONGEST_VALUE)


def _cut(part: object, longest: int = LONGEST_PART) -> str:
    """A part in one line without secrets, and only its start if it is long."""
    # Hidden before it is cut: half an address is no longer known as one.
    text = hide_secrets(str(part)[: 10 * longest])
    lines = [line.strip() for line in text.splitlines()]
    line = " ".join(lines) if len(lines) > 1 else text
    if not line.isprintable():  # a control sequence would be the terminal's
        line = "".join(map(_printable, line))
    return line if len(line) <= longest else f"{line[:longest]} ..."


def _printable(sign: str) -> str:
    is_control = unicodedata.category(sign) in ("Cc", "Cf")
    return ascii(sign)[1:-1] if is_control else sign
