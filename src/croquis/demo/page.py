"""The page to draw on, made of Gradio's parts: a sheet of paper, an upload, and the guesses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from croquis.core.errors import InputError
from croquis.demo import texts
from croquis.demo.examples import Examples
from croquis.demo.guesses import as_json
from croquis.demo.refusals import say_why
from croquis.demo.sessions import bound_sessions
from croquis.demo.uploads import demo_gate
from croquis.report.readable_names import readable_names
from croquis.serving.connections import bound
from croquis.serving.inference import Ensemble
from croquis.serving.sheets import MAX_BYTES, check_size, from_base64
from croquis.serving.turns import WAITING, Turns, pixels_of

FOLDER = Path(__file__).parent
SESSIONS = 4  # pages of which Gradio keeps the last image, up to 11 MB each


class Guesser:
    """The functions behind the page."""

    def __init__(self, ensemble: Ensemble, examples: Examples) -> None:
        self.ensemble = ensemble
        self._examples = examples
        self._turns = Turns()
        self.names = np.array(
            readable_names(ensemble.settings.classes), dtype=np.str_
        )

    async def paper(self, url: str | None) -> str:
        """The guesses for what is on the paper, or what is wrong with it, as HTML.

        Args:
            url: an image's data URL, nothing for white paper, or "size:" and the bytes of a file
                that the page did not even send.
        """
        if not url:
            return texts.message(texts.EMPTY)
        try:
            _check_text(url)
            if url.startswith("size:"):
                check_size(_number(url.removeprefix("size:")), "your image")
            return await self._paper_in_turn(url)
        except InputError as error:
            return texts.message(str(error), "problem")

    async def guess(self, image: str | None) -> dict[str, Any]:
        """The five most probable classes of an image's file, and what each member says alone."""
        if image is None:
            raise gr.Error(
                "image: expected a file, received none", print_exception=False
            )
        try:
            content = _uploaded(Path(image))
            return await self._turns.take(
                lambda: as_json(self.ensemble.answer([content]), self.names),
                pixels=lambda: pixels_of(content),
                size=len(content),
            )
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def _paper_in_turn(self, url: str) -> str:
        """Nothing is unpacked, not even base64, before the request has its place."""
        contents: list[bytes] = []

        def pixels() -> int:
            contents.append(from_base64(url, "your image"))
            return pixels_of(contents[0])

        return await self._turns.take(
            lambda: self._answer(contents[0]), pixels=pixels, size=len(url)
        )

    def _answer(self, content: bytes) -> str:
        sheet = self.ensemble.prepare(content, "your image")
        if sheet.min() == 255:
            return texts.message(texts.EMPTY)
        answer = self.ensemble.answer_prepared(sheet[None])
        return texts.answer_html(answer, sheet, self.names, self._examples)


def _check_text(url: object) -> None:
    """Raises InputError for what the page would never send."""
    if not isinstance(url, str):
        raise InputError(
            "your image",
            expected="base64",
            received="something else",
            fix="send an image's data URL",
        )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _uploaded(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            "image",
            expected="a file that was just uploaded",
            received=error.strerror or "none",
            fix="upload it again",
        ) from error


def _refuse_addresses(component: gr.blocks.Block) -> None:
    """Gradio would fetch an address that a request names in place of an uploaded file."""
    move = component.async_move_resource_to_block_cache

    async def move_upload(path: str | Path | None) -> str | None:
        if path is not None and "://" in str(path):
            raise gr.Error(
                "image: expected an uploaded file, received an address; upload it",
                print_exception=False,
            )
        return await move(path)

    component.async_move_resource_to_block_cache = move_upload  # type: ignore[assignment, method-assign]  # a subclass would write a .pyi here


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
    # Turns bounds what waits, and says so in the page's own words.
    blocks.queue(max_size=2 * WAITING)
    bound_sessions(blocks)
    say_why(blocks)
    return blocks


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
        concurrency_limit=None,
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
    _refuse_addresses(image)
    guesses = gr.JSON(visible=False)
    button = gr.Button(visible=False)
    button.click(
        guesser.guess,
        image,
        guesses,
        api_name="guess",
        concurrency_limit=None,
    )


def launch(
    blocks: gr.Blocks,
    port: int,
    hosts: Sequence[str] = (),
    *,
    prevent_thread_lock: bool = False,
) -> str:
    """Serves the page on this machine alone; its address.

    Args:
        blocks: `demo_page`.
        port: on this machine.
        hosts: names beside this machine's own under which it may be asked, as a proxy's.
        prevent_thread_lock: whether to come back while the page is served.
    """
    # Fonts of the system: those of a theme come from elsewhere.
    theme = gr.themes.Default(
        primary_hue="neutral",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    uploads = Path(gr.utils.get_upload_folder())
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
        max_threads=2 * WAITING,
        state_session_capacity=SESSIONS,
        app_kwargs={"middleware": demo_gate(uploads, hosts)},
        prevent_thread_lock=prevent_thread_lock,
    )
    bound(blocks.server.config)
    return address


def _paper() -> gr.HTML:
    """Gradio's own sketchpad asks for a tool before the first stroke, and is small on a phone."""
    paper = gr.HTML(
        html_template=(FOLDER / "paper.html").read_text(encoding="utf-8"),
        js_on_load=(FOLDER / "paper.js").read_text(encoding="utf-8"),
        elem_id="paper",
        apply_default_css=False,
        max_bytes=MAX_BYTES,
    )
    _refuse_addresses(paper)
    return paper


def _html(text: str, elem_id: str | None = None) -> gr.HTML:
    return gr.HTML(text, apply_default_css=False, elem_id=elem_id)
