"""What Gradio's queue keeps of each client: bounded, as nobody has to fetch the answers.

A client names its session itself. Gradio keeps the name, and each answer until it is fetched.
"""

from typing import Any, Literal

import fastapi
import gradio as gr
from gradio.data_classes import PredictBodyInternal

LONGEST_NAME = 64  # characters; those of Gradio's own clients have 32 at most
MOST_UNREAD = 64  # messages of a session; an answer takes four
Pushed = tuple[
    bool,
    str | list[dict[str, Any]],
    Literal["success", "error", "queue_full", "validator_error"],
]


def bound_sessions(blocks: gr.Blocks) -> None:
    """Refuses long names, and sessions that ask and never read; forgets those that are gone."""
    queue = blocks._queue
    push = queue.push

    async def push_bounded(
        body: PredictBodyInternal, request: fastapi.Request, username: str | None
    ) -> Pushed:
        name = body.session_hash or ""
        if len(name) > LONGEST_NAME:
            text = (
                f"session: expected a name of at most {LONGEST_NAME} characters,"
                f" received {len(name):,}; name it as docs/serving.md does"
            )
            return False, text, "error"
        messages = queue.pending_messages_per_session.get(name)
        if messages is not None and messages.qsize() > MOST_UNREAD:
            text = "session: expected a client that reads its answers; fetch them first"
            return False, text, "queue_full"
        _forget(queue.pending_event_ids_session, queue.pending_messages_per_session)
        return await push(body, request, username)

    queue.push = push_bounded  # type: ignore[method-assign]  # Gradio takes no queue of ours


def _forget(events: dict[str, set[str]], kept: dict[str, Any]) -> None:
    """Gradio bounds the sessions whose messages it keeps, and not those of its events."""
    if len(events) > len(kept) + MOST_UNREAD:
        for name in [*events]:
            if name not in kept:
                del events[name]
