"""What the page's API says of a request that is none: Gradio answers `null`, and prints pages."""

from typing import Any

import gradio as gr


def say_why(blocks: gr.Blocks) -> None:
    """Names what a function cannot take: a path that was not uploaded, text for a file."""
    preprocess = blocks.preprocess_data

    async def preprocess_or_refuse(*arguments: Any, **named: Any) -> list[Any]:
        try:
            return await preprocess(*arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(
                "image: expected a file that was just uploaded, received something else;"
                " upload it as docs/serving.md shows",
                print_exception=False,
            ) from error

    blocks.preprocess_data = preprocess_or_refuse  # type: ignore[method-assign]  # Gradio has no place for it
