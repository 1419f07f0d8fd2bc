"""Sessions of the page: a client names its own, and nobody has to read what it asked for."""

import asyncio
from types import SimpleNamespace
from typing import Any

import gradio as gr

from croquis.demo.sessions import LONGEST_NAME, MOST_UNREAD, bound_sessions


class Queue:
    """What of Gradio's queue is looked at; it takes everything."""

    def __init__(self) -> None:
        self.pending_messages_per_session: dict[str, asyncio.Queue[int]] = {}
        self.pending_event_ids_session: dict[str, set[str]] = {}

    async def push(self, body: Any, request: Any, username: Any) -> Any:
        return True, "pushed", "success"


def bounded() -> Queue:
    queue = Queue()
    bound_sessions(SimpleNamespace(_queue=queue))
    return queue


def push(queue: Queue, name: str | None) -> Any:
    return asyncio.run(queue.push(SimpleNamespace(session_hash=name), None, None))


def test_a_session_with_a_long_name_is_refused() -> None:
    queue = bounded()
    assert push(queue, "a" * LONGEST_NAME)[0] and push(queue, None)[0]
    passed, text, kind = push(queue, "a" * 1_000_000)
    assert not passed and kind == "error"
    assert "at most 64 characters, received 1,000,000" in text


def test_a_session_that_never_reads_is_refused() -> None:
    queue = bounded()
    queue.pending_messages_per_session["a"] = messages = asyncio.Queue()
    for number in range(MOST_UNREAD):
        messages.put_nowait(number)
    assert push(queue, "a")[0]
    messages.put_nowait(MOST_UNREAD)
    assert push(queue, "a")[2] == "queue_full"
    assert push(queue, "b")[0]


def test_events_of_sessions_that_are_gone_are_forgotten() -> None:
    queue = bounded()
    queue.pending_messages_per_session["here"] = asyncio.Queue()
    names = ["here", *(str(number) for number in range(1 + MOST_UNREAD))]
    queue.pending_event_ids_session = {name: {"event"} for name in names}
    push(queue, "here")
    assert list(queue.pending_event_ids_session) == ["here"]


def test_gradios_queue_has_what_is_bounded() -> None:
    async def made() -> gr.Blocks:  # in a loop, or Gradio leaves one of its own
        return gr.Blocks(analytics_enabled=False).queue()

    blocks = asyncio.run(made())
    bound_sessions(blocks)
    assert blocks._queue.push.__name__ == "push_bounded"
    assert blocks._queue.pending_messages_per_session == {}
    assert blocks._queue.pending_event_ids_session == {}
