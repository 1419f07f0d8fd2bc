"""The functions behind the page to draw on; test_browser.py opens it."""

import asyncio
import base64
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from croquis.demo import texts
from croquis.demo.examples import Examples
from croquis.demo.loading import loading_line
from croquis.demo.page import Guesser, demo_page
from croquis.serving import turns
from croquis.serving.inference import Ensemble
from croquis.serving.sheets import data_url, png
from croquis.tables import predictions
from support.served import CPU, leave_run, sheets_of_test


@pytest.fixture
def guesser(drawn: Path) -> Guesser:
    ensemble = Ensemble(leave_run(drawn), CPU)
    return Guesser(ensemble, Examples(drawn / "index.csv", drawn / "pixels.npy"))


def paper(guesser: Guesser, url: object) -> str:
    return asyncio.run(guesser.paper(url))


def guess(guesser: Guesser, image: str | None) -> dict:
    return asyncio.run(guesser.guess(image))


def test_the_api_answers_as_the_batch(guesser: Guesser, drawn: Path) -> None:
    batch = predictions.load_predictions(drawn / "ensemble" / "test.npz")
    for row, sheet in enumerate(sheets_of_test(drawn)):
        (drawn / "it.png").write_bytes(png(Image.fromarray(sheet)))
        answer = guess(guesser, str(drawn / "it.png"))
        probs = {
            guess["class"]: guess["probability"] for guess in answer["guesses"]
        }
        expected = dict(
            zip(batch.classes.tolist(), batch.probs[row].tolist(), strict=True)
        )
        assert probs == pytest.approx(expected, abs=1e-5)


def test_a_drawing_is_answered_in_html(guesser: Guesser, drawn: Path) -> None:
    html = paper(guesser, data_url(sheets_of_test(drawn)[0]))
    assert (
        html.count("<li>") == 3 and html.count("<tr") == 3
    )  # classes; head and two members
    assert (
        html.count("data:image/png") == 3 * 3 + 1
    )  # examples, and the drawing itself
    assert "as the networks get it, 32 px" in html


@pytest.mark.parametrize(
    "url", [None, "", data_url(np.full((50, 50), 255, np.uint8))]
)
def test_white_paper_gets_a_friendly_word(
    guesser: Guesser, url: str | None
) -> None:
    assert "The paper is still white: draw something" in paper(guesser, url)


def test_an_erased_drawing_on_clear_paper_is_white_too(guesser: Guesser) -> None:
    assert texts.EMPTY in paper(guesser, data_url(np.zeros((9, 9, 4), np.uint8)))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "data:text/plain;base64,dGV4dA==",
            "expected an image, received not an image in a known",
        ),
        (
            "size:52428800",
            "expected an image of at most 8 MB, received 50 MB; make it smaller",
        ),
        ("/etc/passwd", "your image: expected base64, received"),
        ("size:1", "your image: expected base64"),
        ("size:" + "9" * 5000, "your image: expected base64"),
        ("size:x", "your image: expected base64"),
        ({"a": 1}, "your image: expected base64, received something else"),
        (3, "your image: expected base64, received something else"),
    ],
)
def test_what_is_no_image_is_refused_politely(
    guesser: Guesser, url: str, message: str
) -> None:
    html = paper(guesser, url)
    assert message in html and 'class="answer problem"' in html


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a file, received none"),
        (b"text", "received not an image in a known"),
    ],
)
def test_the_api_says_what_is_wrong(
    guesser: Guesser, drawn: Path, content: bytes | None, message: str
) -> None:
    path = drawn / "it.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(gr.Error, match=message):
        guess(guesser, None if content is None else str(path))


def test_names_are_escaped(guesser: Guesser, drawn: Path) -> None:
    guesser.names = np.array(["<b>bar</b>", "pole", "spot"])
    html = paper(guesser, data_url(sheets_of_test(drawn)[0])) + texts.class_list(
        guesser.names
    )
    assert "<b>" not in html and html.count("&lt;b&gt;bar") >= 2


def test_wnids_are_shown_as_words(drawn: Path) -> None:
    made = leave_run(drawn)
    ensemble = Ensemble(made, CPU)
    wnids = ["n02119789", "n01440764", "n01530575"]
    ensemble.settings = made.settings.model_copy(update={"classes": wnids})
    examples = Examples(drawn / "index.csv", drawn / "pixels.npy")
    assert Guesser(ensemble, examples).names.tolist() == [
        "kit fox",
        "tench",
        "brambling",
    ]


def test_only_one_function_is_public_and_turns_are_given_by_one_hand(
    guesser: Guesser,
) -> None:

    async def built() -> (
        gr.Blocks
    ):  # without a running loop Gradio makes some, and closes none
        return demo_page(guesser)

    blocks = asyncio.run(built())
    names = list(blocks.get_api_info()["named_endpoints"])
    assert names == ["/guess"]
    served = [
        fn for fn in blocks.fns.values() if fn.fn
    ]  # the others run in the browser
    assert {fn.fn.__self__ for fn in served} == {guesser}  # whose turns they take
    assert {fn.concurrency_limit for fn in served} == {None}
    assert blocks.analytics_enabled is False


def test_the_headline_counts(guesser: Guesser) -> None:
    said = "Draw one of 3 things. After each stroke 2 members, each trained on 2 folds, say what"
    assert said in texts.headline(guesser.ensemble)


def test_the_page_says_what_its_percentages_are(guesser: Guesser) -> None:
    recipe = guesser.ensemble.recipe
    said = texts.meaning(recipe.model_copy(update={"temperature": 0.8}))
    assert (
        "here 2 folds of each member vote" in said
        and "metrics/submission.json" in said
    )
    ones = dict.fromkeys(recipe.temperatures, 1.0)
    plain = recipe.model_copy(update={"temperature": 1.0, "temperatures": ones})
    assert "nothing was calibrated" in texts.meaning(plain)


def test_what_is_loaded_is_said_before_it_is(guesser: Guesser, drawn: Path) -> None:
    said = loading_line(drawn / "ensemble" / "recipe.json")
    assert said == "demo: loading 2 members x 2 folds ..."


def test_an_image_sent_as_text_survives(guesser: Guesser, drawn: Path) -> None:
    """A JPEG keeps its bytes: nothing is encoded a second time on the way."""
    path = drawn / "it.jpg"
    Image.fromarray(sheets_of_test(drawn)[0]).save(path, quality=80)
    url = f"data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}"
    first = guess(guesser, str(path))["guesses"][0]
    assert f'<span class="name">{first["class"]}</span>' in paper(guesser, url)


def test_too_many_at_once_are_told_so(
    guesser: Guesser, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAITING", 0)
    url = data_url(sheets_of_test(drawn)[0])
    assert "server: expected few requests at once" in paper(guesser, url)
    path = drawn / "it.png"
    path.write_bytes(png(Image.fromarray(sheets_of_test(drawn)[0])))
    with pytest.raises(gr.Error, match="try again in a few seconds"):
        guess(guesser, str(path))


def test_an_upload_that_has_gone_is_said(guesser: Guesser, drawn: Path) -> None:
    with pytest.raises(gr.Error, match="just uploaded, received No such file"):
        guess(guesser, str(drawn / "gone.png"))


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.png", "https://a.b/c"])
def test_no_component_fetches_an_address(guesser: Guesser, address: str) -> None:
    """Gradio would fetch what a request names in place of an upload, for any of its inputs."""

    async def asked() -> None:
        blocks = demo_page(guesser)
        for fn in blocks.fns.values():
            for component in fn.inputs if fn.fn else []:
                with pytest.raises(
                    gr.Error, match="received an address; upload it"
                ):
                    await component.async_move_resource_to_block_cache(address)

    asyncio.run(asked())
