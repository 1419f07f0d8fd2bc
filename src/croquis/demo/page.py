"""The page to draw on, made of Gradio's parts: a sheet of paper, an upload, and the guesses."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from croquis.core.errors import InputError
from croquis.demo import texts
from croquis.demo.examples import Examples
from croquis.demo.guesses import as_json
from croquis.report.readable_names import readable_names
from croquis.serving.inference import Ensemble
from croquis.serving.sheets import MAX_BYTES, check_size, from_base64

WAITING = 200  # requests; more are told that the queue is full
FOLDER = Path(__file__).parent
TURN = "ensemble"  # an image at a time, whoever asks: the networks take all cores


class Guesser:
    """The functions behind the page."""

    def __init__(self, ensemble: Ensemble, examples: Examples) -> None:
        self.ensemble = ensemble
        self._examples = examples
        self.names = np.array(
            readable_names(ensemble.settings.classes), dtype=np.str_
        )

    def paper(self, url: str | None) -> str:
        """The guesses for what is on the paper, or what is wrong with it, as HTML.

        Args:
            url: an image's data URL, nothing for white paper, or "size:" and the bytes of a file
                that the page did not even send.
        """
        if not url:
            return texts.message(texts.EMPTY)
        try:
            if url.startswith("size:"):
                check_size(int(url.removeprefix("size:")), "your image")
            sheet = self.ensemble.prepare(
                from_base64(url, "your image"), "your image"
            )
        except InputError as error:
            return texts.message(str(error), "problem")
        if sheet.min() == 255:
            return texts.message(texts.EMPTY)
        answer = self.ensemble.answer_prepared(sheet[None])
        return texts.answer_html(answer, sheet, self.names, self._examples)

    def guess(self, image: str | None) -> dict[str, Any]:
        """The five most probable classes of an image's file, and what each member says alone."""
        if image is None:
            raise gr.Error(
                "image: expected a file, received none", print_exception=False
            )
        try:
            answer = self.ensemble.answer([Path(image).read_bytes()])
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from error
        return as_json(answer, self.names)


def demo_page(guesser: Guesser) -> gr.Blocks:
    """The page, ready to be launched."""
    ensemble = guesser.ensemble
    # What people upload is deleted after ten minutes.
    with gr.Blocks(
        title="croquis", analytics_enabled=False, delete_cache=(60, 600)
    ) as blocks:
        _html(texts.headline(ensemble))
        with gr.Row():
            with gr.Column(min_width=320):
                paper = _paper()
            with gr.Column(min_width=320):
                answer = _html(texts.message(texts.EMPTY), elem_id="answer")
        _html(texts.meaning(ensemble.recipe) + texts.class_list(guesser.names))
        _answer_strokes(guesser, paper, answer)
        _answer_api(guesser)
    return blocks.queue(max_size=WAITING)


def _answer_strokes(guesser: Guesser, paper: gr.HTML, answer: gr.HTML) -> None:
    """Each stroke asks the ensemble; paper.js sends the drawing and hears of the answer."""
    asked = paper.input(
        guesser.paper,
        paper,
        answer,
        js="(url) => window.paper.asks(url)",
        # While one drawing is looked at, only the newest of those that follow is kept.
        trigger_mode="always_last",
        api_visibility="private",
        show_progress="hidden",
        concurrency_id=TURN,
        concurrency_limit=1,
    )
    asked.success(
        None,
        answer,
        js="(html) => window.paper.hears(html)",
        api_visibility="private",
        show_progress="hidden",
    )
    asked.failure(
        None,
        js="() => window.paper.fails()",
        api_visibility="private",
        show_progress="hidden",
    )


def _answer_api(guesser: Guesser) -> None:
    """The page's API, `/guess`: a file in, JSON out."""
    image = gr.File(label="image", visible=False)
    guesses = gr.JSON(visible=False)
    button = gr.Button(visible=False)
    button.click(
        guesser.guess,
        image,
        guesses,
        api_name="guess",
        concurrency_id=TURN,
        concurrency_limit=1,
    )


def launch(
    blocks: gr.Blocks, port: int, *, prevent_thread_lock: bool = False
) -> str:
    """Serves the page on this machine alone; its address.

    Args:
        blocks: `demo_page`.
        port: on this machine.
        prevent_thread_lock: whether to come back while the page is served.
    """
    # Fonts of the system: those of a theme come from elsewhere.
    theme = gr.themes.Default(
        primary_hue="neutral",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    _, address, _ = blocks.launch(
        server_name="127.0.0.1",
        server_port=port,
        share=False,
        quiet=True,
        max_file_size=MAX_BYTES,
        theme=theme,
        css_paths=FOLDER / "style.css",
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        prevent_thread_lock=prevent_thread_lock,
    )
    return address


def _paper() -> gr.HTML:
    """Gradio's own sketchpad asks for a tool before the first stroke, and is small on a phone."""
    return gr.HTML(
        html_template=(FOLDER / "paper.html").read_text(encoding="utf-8"),
        js_on_load=(FOLDER / "paper.js").read_text(encoding="utf-8"),
        elem_id="paper",
        apply_default_css=False,
        max_bytes=MAX_BYTES,
    )


def _html(text: str, elem_id: str | None = None) -> gr.HTML:
    return gr.HTML(text, apply_default_css=False, elem_id=elem_id)
