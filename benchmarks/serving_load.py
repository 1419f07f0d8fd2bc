"""How long a drawing waits while others send what costs most, and what 500 in a row leave behind.

    make demo                                            in another shell, or `make serve`
    python benchmarks/serving_load.py demo               http://127.0.0.1:7860
    python benchmarks/serving_load.py server             http://127.0.0.1:5001
    python benchmarks/serving_load.py demo --hostile 0   drawings alone

Drawings go as the page sends them, or as docs/serving.md asks the server. 100 are sent at once,
with hostile clients beside them and without, in turn; then 500 one after another. Each hostile
client sends one bad request after another: bombs, noise, broken files, huge JSON.
"""

import argparse
import asyncio
import base64
import io
import itertools
import multiprocessing
import os
import statistics
import struct
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.sharedctypes import Synchronized
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
from PIL import Image, ImageDraw

AT_ONCE = 100
IN_A_ROW = 500
ROUNDS = 3
CANVAS = 480  # pixels, as the page's
DEFAULTS = {"demo": "http://127.0.0.1:7860", "server": "http://127.0.0.1:5001"}
MB = 2**20
JSON = {"Content-Type": "application/json"}

Switch = Synchronized  # 1 while hostile clients send
Ask = Callable[[httpx.AsyncClient, bytes], Awaitable[bool]]


def drawing(number: int) -> bytes:
    """A PNG of ten random strokes."""
    rng = np.random.default_rng(number)
    sheet = Image.new("L", (CANVAS, CANVAS), 255)
    pen = ImageDraw.Draw(sheet)
    for points in rng.integers(0, CANVAS, size=(10, 4)):
        pen.line([int(point) for point in points], fill=0, width=8)
    return _png(sheet)


def bomb(width: int, height: int, *, profile: bytes = b"") -> bytes:
    """A PNG that says this size and holds next to nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(MB))
    middle = [(b"iCCP", profile)] if profile else []
    return _chunks((b"IHDR", head), *middle, (b"IDAT", pixels))


# What a stranger may upload, by its name.
IMAGES: dict[str, Callable[[], bytes]] = {
    "a line of 50 million pixels": lambda: bomb(1, 49_999_999),
    "a colour profile of 100 MB": lambda: bomb(
        8, 8, profile=b"a\0\0" + zlib.compress(bytes(100 * MB), 1)
    ),
    "49 million white pixels": lambda: _png(Image.new("L", (7000, 7000), 255)),
    "8 MB of noise": lambda: np.random.default_rng(0).bytes(8 * MB - 1024),
    "a PNG that ends early": lambda: drawing(0)[:1000],
}
# What a stranger may send in place of a request.
BODIES: dict[str, Callable[[], bytes]] = {
    "10 MB that are no JSON": lambda: b"x" * 10 * MB,
    "a million objects": lambda: b'{"data": [' + b"{}," * 1_000_000 + b"{}]}",
    "100,000 brackets": lambda: b"[" * 100_000,
    "11 MB that are no base64": lambda: b'{"inputs": ["' + b"?" * 11 * MB + b'"]}',
}


async def ask_demo(client: httpx.AsyncClient, content: bytes) -> bool:
    """Whether the page got guesses for an image in base64; waits for an answer of any kind."""
    session = uuid.uuid4().hex
    head = f'{{"fn_index": 0, "session_hash": "{session}", "data": ["data:image/png;base64,'
    body = head.encode() + content + b'"]}'
    joined = await client.post("/gradio_api/queue/join", content=body, headers=JSON)
    if joined.status_code != 200:
        return False
    url = f"/gradio_api/queue/data?session_hash={session}"
    async with client.stream("GET", url) as events:
        async for line in events.aiter_lines():
            if "process_completed" in line:
                return 'class=\\"name\\"' in line
    return False


async def ask_server(client: httpx.AsyncClient, content: bytes) -> bool:
    """Whether the server gave probabilities for an image in base64."""
    body = b'{"inputs": {"image": ["' + content + b'"]}}'
    answer = await client.post("/invocations", content=body, headers=JSON)
    return answer.status_code == 200


async def seconds_at_once(ask: Ask, url: str) -> list[float]:
    """How long each of 100 drawings took that were sent at once, the quickest first."""

    async def timed(content: bytes) -> float:
        async with httpx.AsyncClient(base_url=url, timeout=600) as client:
            await start.wait()
            before = time.perf_counter()
            assert await ask(client, content), "a drawing was refused"
            return time.perf_counter() - before

    start = asyncio.Event()
    tasks = [
        asyncio.create_task(timed(base64.b64encode(drawing(number))))
        for number in range(AT_ONCE)
    ]
    await asyncio.sleep(0)  # all of them wait
    start.set()
    return sorted(await asyncio.gather(*tasks))


def attack(kind: str, url: str, clients: int, only: str, on: Switch) -> None:
    """A process of hostile clients: each sends one bad request after another while it is on."""
    os.nice(10)  # their own work is not what is measured
    images = {
        name: base64.b64encode(make())
        for name, make in IMAGES.items()
        if only in name
    }
    bodies = {name: make() for name, make in BODIES.items() if only in name}
    names = [*images, *bodies]
    path = "/invocations" if kind == "server" else "/gradio_api/queue/join"

    async def client_of(first: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=600) as client:
            for number in itertools.count(first):
                while not on.value:
                    await asyncio.sleep(0.05)
                name = names[number % len(names)]
                with suppress(httpx.HTTPError):
                    if name in images:
                        await ASKS[kind](client, images[name])
                    else:
                        body = bodies[name]
                        await client.post(path, content=body, headers=JSON)

    async def all_clients() -> None:
        await asyncio.gather(*map(client_of, range(clients)))

    on.value = 0  # all is prepared
    asyncio.run(all_clients())


@contextmanager
def attackers(kind: str, url: str, clients: int, only: str) -> Iterator[Switch]:
    """Hostile clients, and the switch that lets them send."""
    context = multiprocessing.get_context("spawn")
    on = context.Value("i", -1)
    process = context.Process(
        target=attack, args=(kind, url, clients, only, on), daemon=True
    )
    process.start()
    while on.value < 0 and process.is_alive():
        time.sleep(0.1)
    yield on
    process.terminate()


async def load(
    kind: str, url: str, *, hostile: int, only: str, number_of_rounds: int
) -> None:
    """Prints seconds with hostile clients and without, and memory over 500 in a row."""
    ask = ASKS[kind]
    server = _listening(urlsplit(url).port or 80)
    await seconds_at_once(ask, url)  # warm
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    with attackers(kind, url, hostile, only) as on:
        for _ in range(number_of_rounds):
            alone.append(await seconds_at_once(ask, url))
            on.value = 1
            await asyncio.sleep(1)
            beside.append(await seconds_at_once(ask, url))
            on.value = 0
            await asyncio.sleep(3)  # what they began is done
    print(f"{AT_ONCE} drawings at once, medians of {number_of_rounds} rounds")
    print(f"{'':<26}{'median':>9}{'slowest':>9}")
    for name, rounds in (("alone", alone), (f"beside {hostile} hostile", beside)):
        middle = statistics.median(statistics.median(each) for each in rounds)
        slowest = statistics.median(each[-1] for each in rounds)
        print(f"{name:<26}{middle:>7.2f} s{slowest:>7.2f} s")
    ratio = statistics.median(
        each[-1] / quiet[-1] for each, quiet in zip(beside, alone, strict=True)
    )
    print(f"the slowest takes {ratio:.2f}x")
    print(f"memory after them {_mb(server):.0f} MB, at most {_peak(server):.0f} MB")
    if not only:
        await in_a_row(ask, url, server)


async def in_a_row(ask: Ask, url: str, server: psutil.Process) -> None:
    """Prints the memory before, during and after 500 drawings, one after another."""
    memory = [_mb(server)]
    before = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=600) as client:
        for number in range(IN_A_ROW):
            content = base64.b64encode(drawing(number))
            assert await ask(client, content), "a drawing was refused"
            memory.append(_mb(server))
    seconds = time.perf_counter() - before
    steady = memory[IN_A_ROW // 5 :]
    slope = float(np.polyfit(np.arange(len(steady)), steady, 1)[0])
    print(
        f"{IN_A_ROW} in a row: {seconds / IN_A_ROW:.3f} s each; memory before"
        f" {memory[0]:.0f} MB, after {memory[-1]:.0f} MB, at most {max(memory):.0f} MB;"
        f" {100 * slope:+.2f} MB per 100 after the first {IN_A_ROW // 5}"
    )


ASKS: dict[str, Ask] = {"demo": ask_demo, "server": ask_server}


def _listening(port: int) -> psutil.Process:
    """The process that answers on a port of this machine."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            for connection in process.net_connections():
                if connection.status == "LISTEN" and connection.laddr.port == port:
                    return process
    raise SystemExit(
        f"nothing listens on port {port}; run `make demo` or `make serve`"
    )


def _mb(process: psutil.Process) -> float:
    return process.memory_info().rss / MB


def _peak(process: psutil.Process) -> float:
    """The most memory that a process ever had, in MB; Linux alone says so."""
    with suppress(OSError):
        for line in open(f"/proc/{process.pid}/status", encoding="utf-8"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _chunks(*parts: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks."""
    written = [b"\x89PNG\r\n\x1a\n"]
    for name, content in (*parts, (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        written += [struct.pack(">I", len(content)), name, content, checksum]
    return b"".join(written)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=ASKS)
    parser.add_argument("--url", help="where it answers")
    parser.add_argument("--hostile", type=int, default=8, help="clients")
    parser.add_argument("--only", default="", help="bad requests of this name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    asyncio.run(
        load(
            options.kind,
            options.url or DEFAULTS[options.kind],
            hostile=options.hostile,
            only=options.only,
            number_of_rounds=options.rounds,
        )
    )
