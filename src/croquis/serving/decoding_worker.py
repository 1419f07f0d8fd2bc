"""The process that decodes the images of strangers: it may take so much memory and time.

Whatever a file does to a decoder, it does it here. `python -m croquis.serving.decoding_worker`
reads files from its standard input and writes what became of them, one after the other.
"""

import json
import re
import resource
import signal
import struct
import sys
import warnings
from dataclasses import asdict, dataclass
from typing import IO, Any, Literal

import numpy as np
from PIL import AvifImagePlugin

from croquis.prepare.decoding import FITS, Fit, decode, gray_of
from croquis.prepare.opening import Limits, TooLarge, Unreadable

MEGABYTES = 190  # for one image, its file and what is left of the one before
SECONDS = 1.8  # of one processor
# 25 million pixels in colour, at seven bytes each.
UPLOAD = Limits(pixels=50_000_000, side=20_000, aspect=1_000, memory=175_000_000)
_KEPT = 16 * 2**20  # that may stay allocated after an image, for the next one
_SIZES = struct.Struct("<QQ")


@dataclass(frozen=True)
class SheetShape:
    """What a stored image looks like.

    Attributes:
        side: in pixels.
        fit: how the image gets there, one of FITS.
        gray: whether it has one channel.
    """

    side: int
    fit: Fit
    gray: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """(side, side), or (side, side, 3)."""
        return (self.side, self.side) if self.gray else (self.side, self.side, 3)


@dataclass(frozen=True)
class Reply:
    """What became of a file.

    Attributes:
        kind: "ok", why there is no image, or "memory".
        reason: why it is unreadable, or the size that was received.
        expected: of an image that is too large.
        leaving: whether the process ends now, as the image left it too little memory.
    """

    kind: Literal["ok", "unreadable", "too large", "memory"]
    reason: str = ""
    expected: str = ""
    leaving: bool = False


def send(pipe: IO[bytes], head: SheetShape | Reply, body: bytes) -> None:
    """Writes a request or a reply, and the bytes of a file or of pixels."""
    text = json.dumps(asdict(head)).encode()
    pipe.write(_SIZES.pack(len(text), len(body)) + text)
    pipe.write(body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """The fields of what was sent, and the bytes.

    Raises:
        EOFError: if the other side has ended.
    """
    text, body = _SIZES.unpack(_read(pipe, _SIZES.size))
    return json.loads(_read(pipe, text)), _read(pipe, body)


def _read(pipe: IO[bytes], count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content


def main() -> None:
    """Answers until the input ends, or an image takes more than it may."""
    # Threads of decoders would each reserve memory, as many as the machine has cores.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    warnings.simplefilter("ignore")  # damaged metadata costs no pixel
    base = _data_bytes()
    if base:  # elsewhere than on Linux, the limits of size alone hold
        most = base + MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    leaving = False
    while not leaving:
        try:
            fields, content = receive(sys.stdin.buffer)
        except EOFError:
            return
        # The default answer to this signal is to end the process, even within a decoder.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        reply, pixels = _answer(content, SheetShape(**fields))
        signal.setitimer(signal.ITIMER_PROF, 0)
        del content
        leaving = _data_bytes() > base + _KEPT
        reply = Reply(reply.kind, reply.reason, reply.expected, leaving)
        send(sys.stdout.buffer, reply, pixels)


def _answer(content: bytes, sheet: SheetShape) -> tuple[Reply, bytes]:
    try:
        return Reply("ok"), _stored(content, sheet).tobytes()
    except TooLarge as error:
        return Reply("too large", error.received, error.expected), b""
    except Unreadable as error:
        return Reply("unreadable", str(error)), b""
    except MemoryError:
        return Reply("memory"), b""


def _stored(content: bytes, sheet: SheetShape) -> np.ndarray:
    """The image as `prepare` would store it."""
    pixels = decode(content, UPLOAD).pixels
    fitted = FITS[sheet.fit](gray_of(pixels) if sheet.gray else pixels, sheet.side)
    if not sheet.gray and fitted.ndim == 2:
        return np.repeat(fitted[..., None], 3, axis=2)
    return np.ascontiguousarray(fitted)


def _data_bytes() -> int:
    """The memory that this process has taken, as RLIMIT_DATA counts it; 0 where nobody says."""
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            match = re.search(r"VmData:\s+(\d+) kB", file.read())
    except OSError:
        return 0
    return int(match[1]) * 1024 if match else 0


if __name__ == "__main__":
    main()
