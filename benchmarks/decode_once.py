"""Images a second from a packed array, against decoding the files at every epoch.

Draws 600 line drawings of 700 px as JPEGs, packs them as `prepare` does, then reads each of them
both ways in turn. Run: `python benchmarks/decode_once.py`; under a minute on one core.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COUNT = 600
NATIVE = 700
STORED = 96
ROUNDS = 3


def drawing(number: int) -> Image.Image:
    """A page of forty random strokes."""
    rng = np.random.default_rng(number)
    sheet = Image.new("L", (NATIVE, NATIVE), 255)
    pen = ImageDraw.Draw(sheet)
    for points in rng.integers(0, NATIVE, size=(40, 4)):
        pen.line([int(point) for point in points], fill=0, width=4)
    return sheet


def decoded(path: Path) -> np.ndarray:
    """The image of a file at the stored size, (S, S) uint8."""
    with Image.open(path, formats=["PNG", "JPEG"]) as image:
        small = image.convert("L").resize(
            (STORED, STORED), Image.Resampling.BICUBIC
        )
    return np.asarray(small)


def rate(read: Callable[[int], np.ndarray]) -> float:
    """Images a second of one pass over all of them."""
    start = time.perf_counter()
    total = sum(int(read(number)[0, 0]) for number in range(COUNT))
    assert total >= 0
    return COUNT / (time.perf_counter() - start)


def main() -> None:
    """Prints the two rates and their ratio, as medians over rounds that take turns."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.jpg" for number in range(COUNT)]
        for number, path in enumerate(files):
            drawing(number).save(path, quality=90)
        packed = Path(folder) / "pixels.npy"
        np.save(packed, np.stack([decoded(path) for path in files]))
        array = np.load(packed, mmap_mode="r")
        pairs = [
            (rate(lambda n: decoded(files[n])), rate(lambda n: np.array(array[n])))
            for _ in range(ROUNDS)
        ]
    slow, fast = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"{COUNT} drawings of {NATIVE} px at {STORED} px, medians of {ROUNDS} rounds"
    )
    print(f"decoded at every epoch {slow:10,.0f} images/s")
    print(
        f"read from pixels.npy   {fast:10,.0f} images/s   {ratio:,.0f} times as many"
    )


if __name__ == "__main__":
    main()
