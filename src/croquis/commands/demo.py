"""`croquis demo`: a page to draw on, which the ensemble of the last run guesses at."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.workspaces import temporary_folder

if TYPE_CHECKING:  # takes seconds to import
    from gradio import Blocks


def demo(
    port: Annotated[int, typer.Option(help="on this machine alone")] = 7860,
    parameters: Annotated[Path, typer.Option(help="as the run had it")] = Path(
        "params.yaml"
    ),
    images: Annotated[Path, typer.Option(help="of prepare")] = Path("data/images"),
    ensemble: Annotated[Path, typer.Option(help="of ensemble")] = Path(
        "data/ensemble"
    ),
    checkpoints: Annotated[Path, typer.Option(help="of train")] = Path(
        "data/checkpoints"
    ),
    allow_host: Annotated[
        list[str], typer.Option(help="a proxy's host, whose pages may ask, too")
    ] = [],  # noqa: B006  # Typer copies it
) -> None:
    """Opens a page to draw on at http://127.0.0.1:<port>; Ctrl-C ends it."""
    with (
        temporary_folder("demo") as folder,
        cli.one_line(),
    ):
        # What people upload goes when the page does.
        os.environ["GRADIO_TEMP_DIR"] = str(folder)
        # Gradio would keep ten thousand events, and make a table of them after each.
        os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
        blocks = _page(parameters, images, ensemble, checkpoints)
        _serve(blocks, port, allow_host)


def _page(
    parameters: Path, images: Path, ensemble: Path, checkpoints: Path
) -> "Blocks":
    from croquis.demo.loading import loading_line

    if (ensemble / "recipe.json").is_file():  # else an error says what is missing
        typer.echo(loading_line(ensemble / "recipe.json"))
    # Networks and Gradio take seconds to import.
    from croquis.demo.examples import Examples
    from croquis.demo.page import Guesser, demo_page
    from croquis.serving.agreement import load_run

    _, loaded = load_run(
        parameters=parameters,
        images=images,
        ensemble=ensemble,
        checkpoints=checkpoints,
    )
    return demo_page(
        Guesser(loaded, Examples(images / "index.csv", images / "pixels.npy"))
    )


def _serve(blocks: "Blocks", port: int, hosts: list[str]) -> None:
    from croquis.demo.page import launch

    try:
        address = launch(blocks, port, hosts, prevent_thread_lock=True)
    except OSError as error:
        fix = f"say PORT={port + 1}, or another"
        raise InputError(
            f"port {port}", expected="a free port", received="one in use", fix=fix
        ) from error
    typer.echo(f"demo: {address} draws on this machine alone; Ctrl-C ends it")
    blocks.block_thread()
