"""Who waits for whom: small images for small ones, large ones for large ones."""

import asyncio
import struct
import threading
import time
import zlib
from collections.abc import Awaitable

import pytest
from PIL import Image

from croquis.serving import turns
from croquis.serving.sheets import png
from croquis.serving.turns import LARGE, Busy, Turns, pixels_of


async def take(
    lanes: Turns, seconds: float, pixels: int = 1, size: int = 1
) -> float:
    """The time at which work of some seconds was done."""

    def work() -> float:
        time.sleep(seconds)
        return time.perf_counter()

    return await lanes.take(work, pixels=lambda: pixels, size=size)


def together(*given: Awaitable[float]) -> list[float]:
    async def gathered() -> list[float]:
        return await asyncio.gather(*given, return_exceptions=True)

    return asyncio.run(gathered())


def test_a_large_image_does_not_hold_up_small_ones() -> None:
    async def crowd() -> tuple[float, float]:
        lanes = Turns()
        large = [asyncio.create_task(take(lanes, 0.3, LARGE + 1)) for _ in range(3)]
        await asyncio.sleep(0.05)
        small = [asyncio.create_task(take(lanes, 0.1)) for _ in range(8)]
        return max(await asyncio.gather(*small)), sorted(
            await asyncio.gather(*large)
        )[1]

    last_small, second_large = asyncio.run(crowd())
    assert last_small < second_large  # the first one was at work already


def test_a_large_image_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.1)

    async def crowd() -> tuple[float, float]:
        lanes = Turns()
        small = [asyncio.create_task(take(lanes, 0.02)) for _ in range(40)]
        large = asyncio.create_task(take(lanes, 0.01, LARGE + 1))
        return await large, max(await asyncio.gather(*small))

    first, last = asyncio.run(crowd())
    assert first < last


def test_large_images_wait_for_each_other() -> None:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        time.sleep(0.02)
        with lock:
            running.pop()

    async def crowd(pixels: int) -> int:
        lanes = Turns()
        most.clear()
        each = (lanes.take(work, pixels=lambda: pixels, size=1) for _ in range(6))
        await asyncio.gather(*each)
        return max(most)

    assert asyncio.run(crowd(LARGE + 1)) == 1
    assert asyncio.run(crowd(LARGE)) == turns.SMALL_AT_ONCE


def test_small_images_are_looked_at_in_their_order() -> None:
    async def crowd() -> list[float]:
        lanes = Turns()
        tasks = []
        for _ in range(8):
            tasks.append(asyncio.create_task(take(lanes, 0.02)))
            await asyncio.sleep(0.002)
        return await asyncio.gather(*tasks)

    done = asyncio.run(crowd())
    # Two are at work at once, so neighbours may change places.
    assert all(
        later > earlier for earlier, later in zip(done, done[2:], strict=False)
    )


@pytest.mark.parametrize(
    ("limit", "pixels", "size", "kind"),
    [
        ("WAITING", 1, 1, "requests"),
        ("WAITING_LARGE", LARGE + 1, 1, "large images"),
        ("WAITING_BYTES", 1, 10, "large requests"),
    ],
)
def test_who_comes_when_many_wait_is_told_so_at_once(
    limit: str, pixels: int, size: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, limit, 3 * size)
    lanes = Turns()
    outcomes = together(*(take(lanes, 0.05, pixels, size) for _ in range(5)))
    refused = [error for error in outcomes if isinstance(error, Busy)]
    assert len(refused) == 2
    assert f"server: expected few {kind} at once" in str(refused[0])
    assert str(refused[0]).endswith("try again in a few seconds")


def test_a_place_is_free_again_after_an_error() -> None:
    def fail() -> None:
        raise ValueError("no image")

    async def fail_often() -> None:
        lanes = Turns()
        for pixels in (1, LARGE + 1):
            for _ in range(turns.WAITING + 1):
                with pytest.raises(ValueError, match="no image"):
                    await lanes.take(
                        fail, pixels=lambda pixels=pixels: pixels, size=2**20
                    )

    asyncio.run(fail_often())


def test_the_size_of_an_image_is_read_from_its_head() -> None:
    assert pixels_of(png(Image.new("L", (30, 20)))) == 600
    assert pixels_of(png(Image.new("RGB", (3000, 2000), "#123"))) == 6_000_000


def test_a_line_of_50_million_pixels_is_large() -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", 1, 49_999_999, 8, 0, 0, 0, 0)
    crc = struct.pack(">I", zlib.crc32(head))
    line = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + crc
    assert pixels_of(line + bytes(12)) > LARGE


@pytest.mark.parametrize(
    "content", [b"", b"text", bytes(2**20), b"%!PS-Adobe-3.0 EPSF"]
)
def test_what_does_not_say_its_size_counts_as_large(content: bytes) -> None:
    assert pixels_of(content) > LARGE
