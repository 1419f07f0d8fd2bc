"""An image of a stranger meets its limits in a process of its own; the next image is answered."""

import os
import re
import signal
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from croquis.prepare.decoding import decode, pad
from croquis.prepare.opening import TooLarge, Unreadable
from croquis.serving import decoding_worker
from croquis.serving.decoding_process import DecodingProcess, _why_ended
from croquis.serving.decoding_worker import UPLOAD, SheetShape
from tests.support.bombs import chunk, icon, png, saved

SHAPE = SheetShape(side=32, fit="pad", gray=False)
BOUND = 200 * 10**6  # bytes above the base, for one image
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
NOISE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def process() -> Iterator[DecodingProcess]:
    process = DecodingProcess()
    yield process
    process.stop()


def drawing_is_answered(process: DecodingProcess) -> bool:
    pixels = process.decode(saved(Image.fromarray(NOISE)), SHAPE)
    return bool((pixels == pad(NOISE, 32)).all())


def peak_bytes(process: DecodingProcess) -> int:
    assert process._worker is not None
    status = Path(f"/proc/{process._worker.pid}/status").read_text("utf-8")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) * 1024


def test_the_process_answers_as_prepare_stores(process: DecodingProcess) -> None:
    assert drawing_is_answered(process)
    gray = process.decode(
        saved(Image.fromarray(NOISE)), SheetShape(16, "squash", True)
    )
    assert gray.shape == (16, 16) and gray.flags.writeable


def test_what_is_no_image_is_told_apart(process: DecodingProcess) -> None:
    with pytest.raises(Unreadable, match="not an image in a known format"):
        process.decode(b"text", SHAPE)
    with pytest.raises(TooLarge) as error:
        process.decode(png(20_001, 100), SHAPE)
    assert error.value.expected == "sides of at most 20,000 pixels"
    assert error.value.received == "20,001 x 100"


TEXT = b"k\0\1\0\0\0" + zlib.compress(("\U0001f600" + "a" * (2**20 - 8)).encode())
BOMBS: dict[str, Callable[[], bytes]] = {
    "largest in gray": lambda: png(7_000, 7_000),
    "largest in colour": lambda: png(5_000, 4_990, colour=2),
    "largest with alpha": lambda: png(5_000, 4_990, colour=6),
    "largest of 16 bits": lambda: png(6_600, 6_600, depth=16),
    "larger in colour": lambda: png(7_000, 7_000, colour=2),
    "texts that unpack to 250 MB": lambda: png(
        900,
        900,
        before=b"".join(chunk(b"iTXt", b"%d" % n + TEXT) for n in range(62)),
    ),
    "icon of a large image": lambda: icon(png(7_000, 7_000, colour=6)),
}


@linux
@pytest.mark.parametrize("name", BOMBS)
def test_no_image_takes_more_than_200_mb(name: str) -> None:
    """Measured in the process; what it had before is the base."""
    process = DecodingProcess()
    try:
        assert drawing_is_answered(process)
        base = peak_bytes(process)
        first = process._worker
        try:
            process.decode(BOMBS[name](), SHAPE)
        except Unreadable:
            assert name[:7] != "largest"
        if process._worker is first:
            assert peak_bytes(process) - base < BOUND
        assert drawing_is_answered(process)
    finally:
        process.stop()


@linux
def test_memory_beyond_the_limit_is_an_error_of_the_image(
    process: DecodingProcess,
) -> None:
    """Whatever the decoder is: here texts, which unpack before any limit of size is looked at."""
    with pytest.raises(Unreadable, match="more than 190 MB to decode it"):
        process.decode(BOMBS["texts that unpack to 250 MB"](), SHAPE)
    assert drawing_is_answered(process)


def test_an_image_that_takes_too_long_ends_its_process_alone(
    process: DecodingProcess,
) -> None:
    """Scans of a progressive JPEG: 990 of some bytes each, all over 49 million pixels."""
    content = saved(Image.new("L", (7_000, 7_000), 90), "JPEG", progressive=True)
    last = content[content.rfind(b"\xff\xda") : -2]
    with pytest.raises(Unreadable, match=r"more than 1\.8 seconds to decode it"):
        process.decode(content[:-2] + last * 990 + content[-2:], SHAPE)
    assert drawing_is_answered(process)


def test_a_decoder_that_crashes_takes_no_server_with_it(
    process: DecodingProcess,
) -> None:
    assert drawing_is_answered(process)
    assert process._worker is not None
    os.kill(process._worker.pid, signal.SIGSEGV)
    process._worker.wait()
    assert drawing_is_answered(process)
    assert _why_ended(-11) == "a decoder that fails on it (exit status -11)"


def test_an_image_whose_process_is_killed_meanwhile_is_asked_about_again(
    process: DecodingProcess,
) -> None:
    """Somebody tidies up, or the system needs memory: the image has no part in it."""
    assert drawing_is_answered(process)
    assert process._worker is not None
    worker = process._worker.pid
    os.kill(worker, signal.SIGSTOP)
    timer = threading.Timer(0.3, os.kill, (worker, signal.SIGKILL))
    timer.start()
    assert drawing_is_answered(process)
    timer.join()


def test_threads_may_ask_at_once(process: DecodingProcess) -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(drawing_is_answered(process))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


def test_the_process_ends_with_its_server() -> None:
    """It reads the end of its input, even where nobody could say good-bye."""
    process = DecodingProcess()
    assert drawing_is_answered(process)
    worker = process._worker
    assert worker is not None and worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(timeout=20) == 0
    process.stop()


def test_a_photograph_of_a_phone_is_decoded_as_prepare_does(
    process: DecodingProcess,
) -> None:
    """24 million pixels are stored to the bit as by `prepare`; 50 million at half their size."""
    noise = Image.fromarray(NOISE)
    photograph = saved(noise.resize((5_712, 4_284)), "JPEG")
    sheet = process.decode(photograph, SHAPE)
    np.testing.assert_array_equal(sheet, pad(decode(photograph).pixels, 32))
    large = saved(noise.resize((8_160, 6_120)), "JPEG")
    half = decode(large, UPLOAD).pixels
    assert half.shape == (3_060, 4_080, 3)
    assert (
        np.abs(process.decode(large, SHAPE).astype(int) - pad(half, 32)).max() == 0
    )


def test_the_limits_of_an_upload_are_those_of_its_memory() -> None:
    assert UPLOAD.memory == 7 * 25_000_000
    assert UPLOAD.memory < decoding_worker.MEGABYTES * 2**20 < BOUND
